"""Surfaces to draw: two ellipsoids as hemispheres, sheets, and a plain rasteriser to compare with."""

from functools import cache

import numpy as np

from tests.cortex.icospheres import icosphere
from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.plots.raster.fragments import PLACES

SIZE = np.array([35.0, 85.0, 60.0])  # mm from a hemisphere's centre to its side, its pole and its top


@cache
def ellipsoids(order: int = 3, kind: str = "pial") -> Surface:
    """A brain of two ellipsoids that overlap at the midline until they are moved apart; 642 vertices a side."""
    ball, faces = icosphere(order)
    sides = [ball * SIZE + np.array([x, -15, 10]) for x in (-25, 25)]
    return surface_of(np.concatenate(sides), np.concatenate([faces, faces + len(ball)]), kind)


def surface_of(coordinates: np.ndarray, faces: np.ndarray, kind: str = "pial") -> Surface:
    """A surface of both hemispheres."""
    return Surface("made", kind, coordinates.astype(np.float32), faces.astype(np.int32), "made for a test")


def sheets(*depths: float, kind: str = "pial", n: int = 9) -> Surface:
    """Square sheets (n x n vertices, 80 mm wide) of the left hemisphere at some x, one behind another; as many
    vertices at the right, in no face. A flat map lies in the plane of x and y instead."""
    steps = np.linspace(-40, 40, n)
    across, up = (part.reshape(-1) for part in np.meshgrid(steps, steps))
    row, column = np.divmod(np.arange(n * n), n)
    corner = np.flatnonzero((row < n - 1) & (column < n - 1))
    faces = np.concatenate([[corner, corner + 1, corner + n], [corner + 1, corner + n + 1, corner + n]], axis=1).T
    still = np.zeros_like(up)
    made = [
        np.stack([across, up, still], axis=1) if kind == "flat" else np.stack([still + depth, across, up], axis=1)
        for depth in depths
    ]
    left = np.concatenate(made)
    return surface_of(
        np.concatenate([left, np.full_like(left, 500.0)]),
        np.concatenate([faces + index * n * n for index in range(len(depths))]),
        kind,
    )


def seen_plainly(corners: np.ndarray, depths: np.ndarray, x: float, y: float) -> int:
    """The nearest triangle at a place of the picture, -1 for none: one triangle after another, in plain Python."""
    best, found = -np.inf, -1
    for index, (triangle, (da, db, dc)) in enumerate(zip(corners.tolist(), depths.tolist(), strict=True)):
        (ax, ay), (bx, by), (cx, cy) = triangle
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area == 0:
            continue
        a = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
        b = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
        c = 1 - a - b
        if min(a, b, c) >= -1e-9 and a * da + b * db + c * dc > best:
            best, found = a * da + b * db + c * dc, index
    return found


def front_plainly(corners: np.ndarray, depths: np.ndarray, width: int, height: int) -> np.ndarray:
    """The nearest triangle at the centre of each pixel, (height, width)."""
    return np.array([[seen_plainly(corners, depths, x + 0.5, y + 0.5) for x in range(width)] for y in range(height)])


def share_plainly(corners: np.ndarray, depths: np.ndarray, width: int, height: int) -> np.ndarray:
    """The share of each pixel's 16 places that anything covers, (height, width)."""
    rows = [
        [np.mean([seen_plainly(corners, depths, x + dx, y + dy) >= 0 for dx, dy in PLACES]) for x in range(width)]
        for y in range(height)
    ]
    return np.array(rows)
