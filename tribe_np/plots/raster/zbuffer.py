"""Which triangle is the nearest to the eye at each place of a picture: a z-buffer, vectorised over triangles.

Every number comes from elementary operations in a fixed order, so that all machines give the same picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MOST_PLACES = 250_000  # at which triangles are looked at together: what bounds the memory
INSIDE = -1e-9  # a weight of a point on an edge, with its rounding: no crack opens between two triangles


@dataclass(frozen=True, eq=False)
class Triangles:
    """Triangles in a picture, as planes: weights and depth grow evenly with x and y.

    Shapes   corners (n, 3, 2) x and y in pixels; depths (n, 3) in pixels, larger is nearer; slopes (n, 4): how the
             first and the second corner's weights grow with x and with y (a by x, a by y, b by x, b by y)
    """

    corners: np.ndarray
    depths: np.ndarray
    slopes: np.ndarray

    @classmethod
    def between(cls, corners: np.ndarray, depths: np.ndarray) -> "Triangles":
        """Triangles of these corners. One without area, or not finite, has slopes of NaN and is never seen."""
        (ax, ay), (bx, by), (cx, cy) = (corners[:, corner].astype(np.float64).T for corner in range(3))
        with np.errstate(divide="ignore", invalid="ignore"):
            area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
            area[(area == 0) | ~np.isfinite(depths).all(axis=1)] = np.nan
            slopes = np.stack([by - cy, cx - bx, cy - ay, ax - cx], axis=1) / area[:, None]
        return cls(corners, depths, slopes)

    def weights(self, which: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the first two corners of triangles (m,) at x and y, (m,) or (m, k); the third has the rest."""
        shape = (-1,) + (1,) * (x.ndim - 1)
        dx = x - self.corners[which, 2, 0].reshape(shape)
        dy = y - self.corners[which, 2, 1].reshape(shape)
        a_x, a_y, b_x, b_y = (part.reshape(shape) for part in self.slopes[which].T)
        return a_x * dx + a_y * dy, b_x * dx + b_y * dy

    def depth(self, which: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """How near triangles (m,) are where the first two corners have these weights (m,)."""
        first, second, third = self.depths[which].T
        return np.asarray(third + a * (first - third) + b * (second - third))

    def all_weights(self, which: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Weights (m, 3) of points inside, none negative and 1 together."""
        a, b = self.weights(which, x, y)
        weights = np.maximum(np.stack([a, b, 1 - a - b], axis=1), 0)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def within(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where a point of these weights lies in its triangle; NaN is outside."""
    return np.asarray((a >= INSIDE) & (b >= INSIDE) & (a + b <= 1 - INSIDE))


def front_triangles(triangles: Triangles, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The triangle seen at each pixel's centre (height * width,) int64, -1 where there is none, and its depth there
    (height * width,) float64, -inf for none. Of two triangles at the same depth the first is seen."""
    found = np.full(width * height, -1, np.int64)
    front = np.full(width * height, -np.inf)
    for which, x, y in pairs(*boxes(triangles.corners, 0.5, width, height), MOST_PLACES):
        a, b = triangles.weights(which, x + 0.5, y + 0.5)
        inside = np.flatnonzero(within(a, b))
        which, a, b = which[inside], a[inside], b[inside]
        keep_nearest(found, front, y[inside] * width + x[inside], which, triangles.depth(which, a, b))
    return found, front


def keep_nearest(found: np.ndarray, front: np.ndarray, place: np.ndarray, which: np.ndarray, depth: np.ndarray) -> None:
    """What stands at each place, in `found` and its depth in `front`, gives way to what is nearer."""
    before = front[place]
    np.maximum.at(front, place, depth)
    found[place[front[place] > before]] = np.iinfo(np.int64).max  # one of those that follow
    won = depth == front[place]
    np.minimum.at(found, place[won], which[won])


def boxes(corners: np.ndarray, centre: float, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last pixel (x, y) of each triangle's box, (n, 2) int64 each: of those whose centre may lie inside
    (`centre` 0.5), or all that it touches (0). A triangle that is not seen has a last before its first."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    bad = ~(np.isfinite(low) & np.isfinite(high)).all(axis=1)
    low[bad], high[bad] = 0, -2
    edge = np.array([width, height]) - 1
    first = np.clip(np.ceil(low - centre) if centre else np.floor(low), 0, edge + 1)
    last = np.clip(np.floor(high - centre), -1, edge)
    return first.astype(np.int64), last.astype(np.int64)


def pairs(first: np.ndarray, last: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Every pixel of every box: index of the box, x and y, (m,) int64 each; about `most` at once."""
    size = np.maximum(last - first + 1, 0)
    shown = np.flatnonzero(size.min(axis=1) > 0)
    first, size = first[shown], size[shown]
    count = size[:, 0] * size[:, 1]
    ends = np.cumsum(count)
    start = 0
    while start < len(count):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + most, side="right")))
        box = np.repeat(np.arange(start, stop), count[start:stop])
        within_box = np.arange(len(box)) - (ends[box] - count[box] - done)
        row, column = np.divmod(within_box, size[box, 0])
        yield shown[box], first[box, 0] + column, first[box, 1] + row
        start = stop


def mixed(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The corners' values (m, 3) at a point of weights (m, 3): (m,)."""
    return np.asarray(weights[:, 0] * values[:, 0] + weights[:, 1] * values[:, 1] + weights[:, 2] * values[:, 2])
