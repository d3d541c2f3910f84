"""Where the name of a region goes in a picture: into the middle of its largest part that is seen."""

import numpy as np
from scipy import ndimage

CENTRAL = 0.6  # of the largest distance from the part's rim at which its centre of gravity is good enough


def middles_of_parts(labels: np.ndarray) -> dict[int, tuple[float, float, int]]:
    """For each region seen: x and y of a pixel well inside its largest part, and that part's number of pixels.

    Shapes   labels (height, width) int, the region seen at each pixel, below 0 for none
    """
    places = {}
    for region, window in enumerate(ndimage.find_objects(np.maximum(labels, -1) + 1), start=0):
        if window is None:
            continue
        parts, _ = ndimage.label(labels[window] == region)
        sizes = np.bincount(parts.reshape(-1))[1:]
        part = np.pad(parts == sizes.argmax() + 1, 1)
        y, x = _inner_place(part)
        top, left = window[0].start, window[1].start
        places[region] = (left + x - 0.5, top + y - 0.5, int(sizes.max()))  # 1 for the rim, half a pixel for the centre
    return places


def _inner_place(part: np.ndarray) -> tuple[int, int]:
    """Row and column in the part: its centre of gravity, or its thickest place where that is near the rim."""
    depth = ndimage.distance_transform_edt(part)
    rows, columns = np.nonzero(part)
    y, x = round(rows.mean()), round(columns.mean())
    if depth[y, x] < CENTRAL * depth.max():
        y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(y), int(x)
