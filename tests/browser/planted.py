"""Values planted on fsaverage5 that a picture must show: patches whose place is known, a ramp, smooth waves."""

from functools import cache

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface, load_surface

N_VERTICES = 20484
HALF = N_VERTICES // 2
PIECES = tuple(f"MadeUp{place:02d}" for place in range(1, 13))
PLACES = {  # of the middle of a patch on the left hemisphere: mm on the pial surface; the right one is its mirror image
    "lateral": (-63.0, -25.0, 8.0),
    "medial": (-6.0, -58.0, 22.0),
    "dorsal": (-22.0, -22.0, 72.0),
    "ventral": (-38.0, -45.0, -24.0),
    "anterior": (-22.0, 62.0, 8.0),
    "posterior": (-20.0, -98.0, 2.0),
}
RADIUS = 13.0  # of a patch, along a sphere of 100 mm
HEIGHT = (
    1.1  # of a patch on the left hemisphere, well within the limits of the colours; on the right one it is negative
)


@cache
def surface(kind: str) -> Surface:
    """nilearn's fsaverage5, as it lies."""
    return load_surface("fsaverage5", kind)


def patch(name: str, side: str) -> np.ndarray:
    """The vertices of a patch on one hemisphere."""
    first = 0 if side == "left" else HALF
    mirrored = np.array(PLACES[name]) * ([1, 1, 1] if side == "left" else [-1, 1, 1])
    pial = surface("pial").coordinates[first : first + HALF]
    sphere = surface("sphere").coordinates[first : first + HALF] / 100
    middle = np.argmin(((pial - mirrored) ** 2).sum(axis=1))
    angle = np.arccos(np.clip(sphere @ sphere[middle], -1, 1))
    return first + np.flatnonzero(100 * angle <= RADIUS)


def patches() -> dict[tuple[str, str], np.ndarray]:
    """The vertices of every patch by name and hemisphere."""
    return {(name, side): patch(name, side) for name in PLACES for side in ("left", "right")}


def ramp() -> np.ndarray:
    """Values (V,) that rise from the back of the head to its front, -2 to 2."""
    y = surface("pial").coordinates[:, 1]
    return (4 * (y - y.min()) / (y.max() - y.min()) - 2).astype(np.float32)


def planted_values(n_rows: int, *, patch_row: int, ramp_row: int) -> np.ndarray:
    """Values (R, V) float32: waves that move, but for one row of patches on nothing and one that is a ramp."""
    x, y, z = surface("sphere").coordinates.T / 100
    rows = np.arange(n_rows)[:, None]
    values = np.sin(3 * x + 0.7 * rows) + 0.6 * np.cos(4 * y - 0.5 * rows) * np.sin(2 * z + 0.3 * rows)
    values[patch_row] = 0
    for (_, side), vertices in patches().items():
        values[patch_row, vertices] = HEIGHT if side == "left" else -HEIGHT
    values[ramp_row] = ramp()
    return values.astype(np.float32)


@cache
def piece_of() -> np.ndarray:
    """The piece (V,) of the sphere in which each vertex lies, 0 to 11; the same on both hemispheres, mirrored."""
    golden = np.pi * (3 - np.sqrt(5))
    place = np.arange(len(PIECES))
    height = 1 - 2 * (place + 0.5) / len(PIECES)
    middles = np.stack(
        [np.sqrt(1 - height**2) * np.cos(golden * place), np.sqrt(1 - height**2) * np.sin(golden * place), height], 1
    )
    sphere = surface("sphere").coordinates / 100
    left = np.argmax(sphere[:HALF] @ middles.T, axis=1)
    right = np.argmax((sphere[HALF:] * [-1, 1, 1]) @ middles.T, axis=1)
    return np.concatenate([left, right])
