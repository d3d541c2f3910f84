"""Where points of space come to lie in a picture: seen from infinitely far, at one scale in both directions.

Coordinates of a picture are x to the right and y downwards, in pixels; (0, 0) is its upper left corner, so that the
first pixel's centre is (0.5, 0.5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError
from tribe_np.plots.views import View

MARGIN = 0.02  # of the picture's width or height that stays free at each side
DIGITS = 12  # of sines and cosines, whose last bits differ from one machine to another


@dataclass(frozen=True, eq=False)
class Camera:
    """The picture's three directions in space, its middle and its scale.

    Shapes   right, up, towards (3,) float64, each of length 1; centre (2,) along right and up
    Units    mm; mm_per_pixel says itself
    """

    right: np.ndarray
    up: np.ndarray
    towards: np.ndarray
    centre: np.ndarray
    mm_per_pixel: float
    width: int
    height: int

    def place(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where points (n, 3) lie: x and y (n, 2), and how near the eye they are (n,), all in pixels."""
        across, upwards = along(points, self.right), along(points, self.up)
        x = (across - self.centre[0]) / self.mm_per_pixel + self.width / 2
        y = (self.centre[1] - upwards) / self.mm_per_pixel + self.height / 2
        return np.stack([x, y], axis=1), along(points, self.towards) / self.mm_per_pixel


def along(points: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """How far points (n, 3) lie along a direction, (n,) float64: sums in a fixed order, the same bits everywhere."""
    x, y, z = np.asarray(points, np.float64).T
    return np.asarray(x * direction[0] + y * direction[1] + z * direction[2])


def directions(view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The directions in space of the picture's right, its top and the eye, (3,) each.

    Source   matplotlib 3.10 mpl_toolkits.mplot3d.proj3d._view_axes (roll 0)
    """
    elevation, azimuth = radians(view.elevation), radians(view.azimuth)
    towards = [cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)]
    right = [-sin(azimuth), cos(azimuth), 0.0]
    up = np.cross(towards, right)
    return np.round(right, DIGITS) + 0.0, np.round(up, DIGITS) + 0.0, np.round(towards, DIGITS) + 0.0


def spread_apart(surface: Surface, view: View, gap: float) -> Surface:
    """The surface as it is drawn: hemispheres apart where both are seen; a flat map as it is.

    Raises   ConfigError where a flat map is looked at from elsewhere than above, or another surface as a flat map
    """
    if view.is_flat != (surface.kind == "flat"):
        fits = "flat_left and flat_right" if surface.kind == "flat" else "a surface of kind flat"
        raise ConfigError(f"view {view.name} does not fit the surface {surface.kind}; expected {fits}")
    return surface if view.is_flat else _apart(surface, gap)


def _apart(surface: Surface, gap: float) -> Surface:
    """Hemispheres apart; vertices that are nowhere (NaN) stay nowhere."""
    lost = ~np.isfinite(surface.coordinates).all(axis=1)
    if not lost.any():
        return surface.apart(gap)
    filled = surface.coordinates.copy()
    for side in np.split(np.arange(len(filled)), 2):
        some = side[~lost[side]][:1]
        filled[side[lost[side]]] = filled[some] if len(some) else 0
    moved = replace(surface, coordinates=filled).apart(gap)
    moved.coordinates[lost] = np.nan
    return moved


def seen_faces(surface: Surface, view: View) -> np.ndarray:
    """The faces of the hemispheres that a view shows, (n, 3)."""
    per_side = len(surface.coordinates) // 2
    shown = [HEMISPHERES.index(side) for side in view.hemispheres]
    return surface.faces[np.isin(surface.faces[:, 0] // per_side, shown)]


def extent(surface: Surface, view: View, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest place along right and up of what a view shows, (2,) each, in mm; vertices in no face,
    and those whose coordinates are not finite, do not count."""
    used = np.zeros(len(surface.coordinates), bool)
    used[seen_faces(surface, view)] = True
    points = spread_apart(surface, view, gap).coordinates[used]
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return np.zeros(2), np.zeros(2)
    right, up, _ = directions(view)
    places = np.stack([along(points, right), along(points, up)], axis=1)
    return places.min(axis=0), places.max(axis=0)


def fitted_scale(
    surface: Surface, views: Iterable[View], sizes: Sequence[tuple[int, int]], *, gap: float, margin: float = MARGIN
) -> float:
    """mm per pixel at which each view fits its picture of (width, height): the same brain in all of them."""
    scale = 0.0
    for view, size in zip(views, sizes, strict=True):
        low, high = extent(surface, view, gap)
        scale = max(scale, *((high - low) / (np.array(size) * (1 - 2 * margin))))
    return float(scale) or 1.0


def check_picture(width: int, height: int, margin: float, mm_per_pixel: float | None) -> None:
    """Raises ConfigError for a picture that cannot be made."""
    if width < 1 or height < 1:
        raise ConfigError(f"a picture must have at least one pixel, got {width} x {height}")
    if not 0 <= margin < 0.5:
        raise ConfigError(
            f"margin {margin} must be at least 0 and below 0.5, a share of the picture's width and height"
        )
    if mm_per_pixel is not None and not 0 < mm_per_pixel < np.inf:
        raise ConfigError(f"mm_per_pixel {mm_per_pixel} must be a number above 0")


def camera_for(
    surface: Surface, view: View, width: int, height: int, *, gap: float, margin: float, mm_per_pixel: float | None
) -> Camera:
    """A camera with what the view shows in the picture's middle, as large as fits or at the scale given."""
    low, high = extent(surface, view, gap)
    scale = mm_per_pixel or fitted_scale(surface, [view], [(width, height)], gap=gap, margin=margin)
    return Camera(*directions(view), (low + high) / 2, scale, width, height)
