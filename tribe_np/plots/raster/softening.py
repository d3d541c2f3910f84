"""Borders within a surface drawn without stairs: of thresholds and of labels, from how fast values change on the way.

A fragment is one point. How much of its pixel lies beyond a border follows from the border's distance in pixels.
"""

from collections.abc import Callable

import numpy as np

from tribe_np.plots.raster.raster import Raster
from tribe_np.plots.raster.zbuffer import Triangles, mixed

STEPS = 16  # of opacity across a pixel, and
REACH = 6  # rows of a table around a jump in which a canvas looks for its pixels
JUMP_OF_ALPHA = 64  # of 255 from a row of a table to the next: a border, no ramp
MOST_JUMPS = 8  # of a table


def weight_slopes(raster: Raster) -> np.ndarray:
    """How the corners' weights change per pixel to the right and downwards, (P, 3, 2) float32; 0 where it is not known
    (a triangle seen from its edge)."""
    places = raster.camera.place(raster.surface.coordinates)[0][raster.vertices]
    slopes = Triangles.between(places, np.zeros(places.shape[:2])).slopes.reshape(-1, 2, 2)
    slopes = np.concatenate([slopes, -slopes.sum(axis=1, keepdims=True)], axis=1)
    return np.asarray(np.nan_to_num(slopes, posinf=0, neginf=0), np.float32)


def change_per_pixel(slopes: np.ndarray, at_corners: np.ndarray) -> np.ndarray:
    """How much values change over a pixel where they change most, (P,).

    Shapes   slopes (P, 3, 2), at_corners (P, 3)
    """
    x, y = (mixed(at_corners, slopes[:, :, axis]) for axis in (0, 1))
    return np.asarray(np.sqrt(x * x + y * y))


def share_beyond(distance: np.ndarray, change: np.ndarray) -> np.ndarray:
    """How much of a pixel lies beyond a border, 0 to 1: `distance` past it in values that `change` so much a pixel."""
    with np.errstate(divide="ignore", invalid="ignore"):
        soft = np.clip(distance / change + 0.5, 0, 1)
    return np.where(change > 0, soft, distance >= 0)


def share_above(raster: Raster, values: np.ndarray, threshold: float) -> np.ndarray:
    """How much of each fragment has values at least so far from 0, (P,) from 0 to 1; 0 where they are NaN.

    Shapes   values (2 V,)
    """
    at_corners = raster.checked(values)[raster.vertices]
    change = change_per_pixel(weight_slopes(raster), at_corners)
    share = share_beyond(np.abs(raster.at_pixels(values)) - threshold, change)
    return np.asarray(np.nan_to_num(share))


def label_colours(raster: Raster, labels: np.ndarray, colours: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Colours (P, 4) of labels: at a border those of both sides, each by its share of the pixel.

    Shapes   labels (2 V,); colours gives (n, 4) RGBA from 0 to 1 for labels (n,)
    """
    mine = raster.checked(labels)[raster.vertices]
    same = mine[:, :, None] == mine[:, None, :]
    total = (same * raster.weights[:, None, :]).sum(axis=2)  # of each corner's label
    rows = np.arange(len(mine))
    best = total.argmax(axis=1)
    second = np.where(same[rows, best], -1, total).argmax(axis=1)
    sign = same[rows, best].astype(np.float32) - (same[rows, second] & ~same[rows, best])
    change = change_per_pixel(weight_slopes(raster), sign)
    other = same[rows, best].all(axis=1)
    share = np.where(other, 1, share_beyond(total[rows, best] - total[rows, second], change))[:, None]
    one, two = (np.array(colours(mine[rows, corner]), np.float64) for corner in (best, second))
    opacity = one[:, 3:] * share + two[:, 3:] * (1 - share)
    colour = one[:, :3] * one[:, 3:] * share + two[:, :3] * two[:, 3:] * (1 - share)
    return np.asarray(np.concatenate([colour / np.maximum(opacity, 1e-6), opacity], axis=1), np.float32)


def soften_rows(
    at: np.ndarray,
    indices: np.ndarray,
    table: np.ndarray,
    at_corners: Callable[[np.ndarray], np.ndarray],
    slopes: np.ndarray,
) -> np.ndarray:
    """The table with rows between those where its opacity jumps; fragments at such a border get them as `indices`.

    Shapes   at (P,) places in the table, fractions too; indices (P,) int, changed; table (n, 4) from 0 to 1;
             at_corners gives (m, 3) such places for fragments (m,); slopes (P, 3, 2)
    """
    jumps = np.flatnonzero(np.abs(np.diff(table[:-1, 3])) * 255 >= JUMP_OF_ALPHA) + 1
    for jump in jumps if len(jumps) <= MOST_JUMPS else ():
        near = np.flatnonzero(np.abs(at - jump) < REACH)
        share = share_beyond(at[near] - jump, change_per_pixel(slopes[near], at_corners(near)))
        step = np.round(share * STEPS).astype(int)
        between = (step > 0) & (step < STEPS)
        indices[near[between]] = len(table) - 1 + step[between]
        table = np.concatenate([table, _between(table[jump - 1], table[jump])])
    return table


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Rows (STEPS - 1, 4) on the way from one colour with opacity to another."""
    share = (np.arange(1, STEPS) / STEPS)[:, None]
    opacity = low[3] * (1 - share) + high[3] * share
    colour = low[:3] * low[3] * (1 - share) + high[:3] * high[3] * share
    return np.concatenate([colour / np.maximum(opacity, 1e-6), opacity], axis=1).astype(np.float32)
