"""Which triangle is the nearest to the eye at each place of a picture: a z-buffer, vectorised over triangles.

Every number comes from elementary operations in a fixed order, so that all machines give the same picture.
"""

from collections.abc import Iterator

import numpy as np

MOST_PAIRS = 2_000_000  # of a triangle and a pixel that are held at once
INSIDE = -1e-9  # a weight of a point on an edge, with its rounding: no crack opens between two triangles


def nearest(corners: np.ndarray, depths: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The triangle seen at each pixel's centre, and its depth there.

    Shapes   corners (n, 3, 2) x and y in pixels; depths (n, 3), larger is nearer; -> triangle (height * width,) int64,
             -1 where there is none; depth (height * width,) float64, -inf there
    Numerics float64; of two triangles at the same depth the first; one without area, or not finite, is never seen
    """
    found = np.full(width * height, len(corners), np.int64)
    front = np.full(width * height, -np.inf)
    first, last = boxes(corners, 0.5, width, height)
    for triangle, x, y in pairs(first, last):
        weights, inside = barycentric(corners[triangle], x + 0.5, y + 0.5)
        triangle, place, weights = triangle[inside], (y * width + x)[inside], weights[inside]
        depth = mixed(weights, depths[triangle])
        _keep_nearest(found, front, place, triangle, depth)
    return np.where(front == -np.inf, -1, found), front


def _keep_nearest(
    found: np.ndarray, front: np.ndarray, place: np.ndarray, triangle: np.ndarray, depth: np.ndarray
) -> None:
    before = front[place]
    np.maximum.at(front, place, depth)
    found[place[front[place] > before]] = np.iinfo(np.int64).max  # one of those that follow
    won = depth == front[place]
    np.minimum.at(found, place[won], triangle[won])


def boxes(corners: np.ndarray, centre: float, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last pixel (x, y) of each triangle's box, (n, 2) int64 each: of those whose centre may lie inside
    (`centre` 0.5), or all that it touches (0). A triangle that is not seen has a last before its first."""
    with np.errstate(invalid="ignore"):
        low, high = corners.min(axis=1), corners.max(axis=1)
    bad = ~np.isfinite(low + high).all(axis=1)
    low[bad], high[bad] = 0, -2
    edge = np.array([width, height]) - 1
    first = np.clip(np.ceil(low - centre) if centre else np.floor(low), 0, edge + 1)
    last = np.clip(np.floor(high - centre), -1, edge)
    return first.astype(np.int64), last.astype(np.int64)


def pairs(first: np.ndarray, last: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Every pixel of every box: index of the box, x and y, (m,) int64 each, in pieces of a bounded size."""
    size = np.maximum(last - first + 1, 0)
    count = size[:, 0] * size[:, 1]
    ends = np.cumsum(count)
    start = 0
    while start < len(count):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + MOST_PAIRS, side="right")))
        box = np.repeat(np.arange(start, stop), count[start:stop])
        within = np.arange(len(box)) - (ends[box] - count[box] - done)
        row, column = np.divmod(within, size[box, 0])
        yield box, first[box, 0] + column, first[box, 1] + row
        start = stop


def barycentric(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (m, 3) of a triangle's corners (m, 3, 2) at a point, not negative and 1 together; and which points lie
    inside (m,). Of a triangle without area nothing lies inside."""
    (ax, ay), (bx, by), (cx, cy) = (corners[:, corner].T for corner in range(3))
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
        b = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
        weights = np.stack([a, b, 1 - a - b], axis=1)
        inside = (weights >= INSIDE).all(axis=1)
    weights = np.maximum(weights, 0)
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=1, keepdims=True), inside


def mixed(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The corners' values (m, 3) at a point of weights (m, 3): (m,)."""
    return np.asarray(weights[:, 0] * values[:, 0] + weights[:, 1] * values[:, 1] + weights[:, 2] * values[:, 2])
