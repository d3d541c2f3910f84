"""Where vertices of fsaverage5 are seen in a picture, by arithmetic of the tests' own."""

from math import cos, radians, sin

import numpy as np

from tests.browser.planted import HALF, surface
from tribe_np.plots.raster.raster import GAP
from tribe_np.plots.views import View

SIDES = {"left": 1, "right": -1}  # patches are red on the left, blue on the right


def seen_places(view: View, box: tuple[float, float, float, float]) -> np.ndarray:
    """x and y (V, 2) in pixels of a brain that fills the box (left, top, right, bottom)."""
    elevation, azimuth = radians(view.elevation), radians(view.azimuth)
    towards = np.array([cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)])
    right = np.array([-sin(azimuth), cos(azimuth), 0])
    points = surface("half").apart(GAP).coordinates.astype(float)
    is_shown = np.repeat([side in view.hemispheres for side in SIDES], HALF)
    x, y = points @ right, -(points @ np.cross(towards, right))
    places = [
        low + (v - v[is_shown].min()) / np.ptp(v[is_shown]) * (high - low)
        for v, low, high in ((x, box[0], box[2]), (y, box[1], box[3]))
    ]
    return np.stack(places, axis=1)


def box_of(is_brain: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the pixels of a brain, (height, width) bool."""
    inside = np.argwhere(is_brain)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0)
    return left, top, right, bottom
