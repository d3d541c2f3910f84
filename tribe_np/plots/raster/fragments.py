"""Pieces of a surface under each pixel: one where a pixel shows one smooth piece, several at silhouettes and folds.

First every pixel's centre is looked at. Where neighbours differ (nothing beside something, or a jump in depth), 16
places of the pixel are looked at, and those that belong together become one fragment with its share of the pixel.
"""

from dataclasses import dataclass

import numpy as np

from tribe_np.plots.raster.zbuffer import MOST_PLACES, Triangles, boxes, front_triangles, keep_nearest, pairs, within

SAMPLES = 16
# 16 places of a pixel with no two in one row or column (Hammersley's): edges of every slope get 16 steps
PLACES = np.array([[i + 0.5, int(f"{i:04b}"[::-1], 2) + 0.5] for i in range(SAMPLES)]) / SAMPLES
FROM_MIDDLE = np.argsort(np.argsort(((PLACES - 0.5) ** 2).sum(axis=1), kind="stable"), kind="stable")
JUMP = 1.0  # pixels by which depth may bend from a pixel to the next before the pixel is looked at closely
APART = 2.0  # pixels of depth between two pieces of surface


@dataclass(frozen=True, eq=False)
class Fragments:
    """Shapes   pixels (P,) int64, sorted; triangle (P,) int64; weights (P, 3), coverage (P,), depth (P,) float64"""

    pixels: np.ndarray
    triangle: np.ndarray
    weights: np.ndarray
    coverage: np.ndarray
    depth: np.ndarray


def fragments_of(triangles: Triangles, width: int, height: int) -> Fragments:
    """The fragments of triangles, sorted by pixel and within it from front to back.

    Numerics float64, the same bits on every machine
    """
    found, depth = front_triangles(triangles, width, height)
    edge = _edges(depth.reshape(height, width))
    fine = _fine(triangles, edge)
    is_whole = (fine.coverage == 1) & (found[fine.pixels] >= 0)  # one piece after all: its middle is known
    close = edge.reshape(-1).copy()
    close[fine.pixels[is_whole]] = False
    fine = Fragments(*(part[~is_whole] for part in vars(fine).values()))
    plain = np.flatnonzero((found >= 0) & ~close)
    y, x = np.divmod(plain, width)
    weights = triangles.all_weights(found[plain], x + 0.5, y + 0.5)
    whole = Fragments(plain, found[plain], weights, np.ones(len(plain)), depth[plain])
    joined = [np.concatenate(both) for both in zip(vars(whole).values(), vars(fine).values(), strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return Fragments(*(part[order] for part in joined))


def _edges(depth: np.ndarray) -> np.ndarray:
    """Which pixels (height, width) may show more than one piece of surface, or a piece and nothing."""
    around = np.pad(depth, 1, mode="edge")
    middle = around[1:-1, 1:-1]
    edge = np.zeros(depth.shape, bool)
    with np.errstate(invalid="ignore"):
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
            one = around[1 + dy : around.shape[0] - 1 + dy, 1 + dx : around.shape[1] - 1 + dx]
            other = around[1 - dy : around.shape[0] - 1 - dy, 1 - dx : around.shape[1] - 1 - dx]
            edge |= (np.isinf(one) != np.isinf(middle)) | (np.isinf(other) != np.isinf(middle))
            edge |= np.abs(one + other - 2 * middle) > JUMP
    return edge


def _fine(triangles: Triangles, edge: np.ndarray) -> Fragments:
    """The fragments of the pixels in `edge` (height, width)."""
    height, width = edge.shape
    pixels = np.flatnonzero(edge)
    slot = (np.cumsum(edge.reshape(-1)) - 1) * SAMPLES
    first, last = boxes(triangles.corners, 0, width, height)
    _drop_boxes_without(edge, first, last)
    found = np.full(len(pixels) * SAMPLES, -1, np.int64)
    front = np.full(len(found), -np.inf)
    for which, x, y in pairs(first, last, MOST_PLACES // SAMPLES):
        wanted = np.flatnonzero(edge[y, x])
        which, x, y = which[wanted], x[wanted], y[wanted]
        a, b = triangles.weights(which, x[:, None] + PLACES[:, 0], y[:, None] + PLACES[:, 1])
        pair, sample = np.nonzero(within(a, b))
        which, place = which[pair], slot[y[pair] * width + x[pair]] + sample
        keep_nearest(found, front, place, which, triangles.depth(which, a[pair, sample], b[pair, sample]))
    return _grouped(triangles, pixels, found.reshape(-1, SAMPLES), front.reshape(-1, SAMPLES), width)


def _drop_boxes_without(edge: np.ndarray, first: np.ndarray, last: np.ndarray) -> None:
    """Boxes in which no pixel is an edge become empty."""
    total = np.pad(np.cumsum(np.cumsum(edge, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
    (x0, y0), (x1, y1) = first.T, np.maximum(last + 1, first).T
    none = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] == 0
    last[none] = first[none] - 1


def _grouped(triangles: Triangles, pixels: np.ndarray, found: np.ndarray, front: np.ndarray, width: int) -> Fragments:
    """Samples (E, 16) of each pixel put together where their depths have no gap; that nearest to the pixel's middle
    stands for all."""
    order = np.argsort(-front, axis=1, kind="stable")
    front, found = np.take_along_axis(front, order, axis=1), np.take_along_axis(found, order, axis=1)
    seen = front > -np.inf
    starts = seen.copy()
    with np.errstate(invalid="ignore"):
        starts[:, 1:] &= front[:, :-1] - front[:, 1:] > APART
    group = np.cumsum(starts[seen]) - 1
    row, rank = np.nonzero(seen)
    sample = order[row, rank]
    best = np.lexsort((FROM_MIDDLE[sample], group))[np.flatnonzero(starts[seen])]
    row, sample, which = row[best], sample[best], found[seen][best]
    y, x = np.divmod(pixels[row], width)
    weights = triangles.all_weights(which, x + PLACES[sample, 0], y + PLACES[sample, 1])
    return Fragments(pixels[row], which, weights, np.bincount(group) / SAMPLES, front[seen][best])
