"""Where regions meet on a surface: short straight pieces through the triangles that hold vertices of two regions.

A piece runs from the middle of one edge whose ends differ to the middle of the other; where three regions meet, three
pieces run to the triangle's middle. That is where the fill of `Raster.at_pixels(..., nearest=True)` changes its colour.
"""

from dataclasses import dataclass

import numpy as np

from tribe_np.plots.raster.zbuffer import pairs

SMOOTHING = 4  # passes in which a point moves halfway between its neighbours: 3 mm triangles leave zigzags
SLACK = 1.0  # mm of depth, and
STEEP = 1.5  # pixels, by which a line may lie before or behind what it is drawn on


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Pieces of outline.

    Shapes   points (n, 3) float64 mm; pieces (m, 2) int64, two points each; faces (m,) int64: which face each crosses
    """

    points: np.ndarray
    pieces: np.ndarray
    faces: np.ndarray


def boundaries(coordinates: np.ndarray, faces: np.ndarray, region_of: np.ndarray) -> Boundaries:
    """The outlines of regions on a surface, smoothed a little; ends and places where three regions meet stay.

    Shapes   coordinates (V, 3), faces (n, 3), region_of (V,) int: below 0 is no region
    """
    regions = np.maximum(region_of, -1)[faces]
    differs = regions != regions[:, [1, 2, 0]]  # the edge from a corner to the next
    crossed = np.flatnonzero(differs.any(axis=1))
    differs, crossed_faces = differs[crossed], faces[crossed]
    ends = np.sort(np.stack([crossed_faces, crossed_faces[:, [1, 2, 0]]], axis=2), axis=2).astype(np.int64)
    keys, middle_of = np.unique(ends[..., 0] * len(coordinates) + ends[..., 1], return_inverse=True)
    middle_of = middle_of.reshape(-1, 3)
    first, second = np.divmod(keys, len(coordinates))
    points = coordinates.astype(np.float64)
    middles = (points[first] + points[second]) / 2
    three = np.flatnonzero(differs.all(axis=1))
    centres = points[crossed_faces[three]].sum(axis=1) / 3
    two = np.flatnonzero(~differs.all(axis=1))
    between = middle_of[two][differs[two]].reshape(-1, 2)
    to_centre = np.stack([middle_of[three], np.repeat(np.arange(len(three)) + len(middles), 3).reshape(-1, 3)], axis=2)
    pieces = np.concatenate([between, to_centre.reshape(-1, 2)])
    return Boundaries(
        _smoothed(np.concatenate([middles, centres]), pieces),
        pieces,
        np.concatenate([crossed[two], np.repeat(crossed[three], 3)]),
    )


def _smoothed(points: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    there, back = np.concatenate([pieces, pieces[:, ::-1]]).T
    inner = np.bincount(there, minlength=len(points)) == 2
    for _ in range(SMOOTHING):
        sums = np.stack([np.bincount(there, points[back, axis], len(points)) for axis in range(3)], axis=1)
        points = np.where(inner[:, None], points / 2 + sums / 4, points)
    return points


def line_coverage(
    starts: np.ndarray, stops: np.ndarray, depth: np.ndarray, line_width: float, width: int, height: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels near lines, as (pixel, coverage, depth of the line there), (m,) each; a pixel may occur more than once.

    Shapes   starts, stops (n, 2) x and y in pixels; depth (n, 2) at both ends
    """
    reach = line_width / 2 + 0.5
    edge = np.array([width, height])
    first = np.clip(np.floor(np.minimum(starts, stops) - reach), 0, edge).astype(np.int64)
    last = np.clip(np.floor(np.maximum(starts, stops) + reach), -1, edge - 1).astype(np.int64)
    found = []
    for line, x, y in pairs(first, last, 1_000_000):
        (ax, ay), (bx, by) = starts[line].T, stops[line].T
        dx, dy = bx - ax, by - ay
        length = np.maximum(dx * dx + dy * dy, 1e-12)
        along = np.clip(((x + 0.5 - ax) * dx + (y + 0.5 - ay) * dy) / length, 0, 1)
        distance = np.sqrt((x + 0.5 - ax - along * dx) ** 2 + (y + 0.5 - ay - along * dy) ** 2)
        near = np.flatnonzero(distance < reach)
        line, along = line[near], along[near]
        covered = np.minimum(reach - distance[near], min(1.0, line_width))
        found.append((y[near] * width + x[near], covered, depth[line, 0] * (1 - along) + depth[line, 1] * along))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    pixel, covered, at = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return pixel, covered, at


def chained(points: np.ndarray, pieces: np.ndarray) -> list[np.ndarray]:
    """Pieces (m, 2) put together into lines as long as can be, each (n, 2) places; closed ones end where they began.

    Shapes   points (n, 2) x and y; lines end where other than two pieces meet
    """
    touching: dict[int, list[int]] = {}
    for piece, ends in enumerate(pieces.tolist()):
        for end in ends:
            touching.setdefault(end, []).append(piece)
    used = np.zeros(len(pieces), bool)
    lines = []
    junctions = [end for end, met in touching.items() if len(met) != 2]
    for start in (*sorted(junctions), *sorted(touching)):  # those that are left run in circles
        for piece in touching[start]:
            if not used[piece]:
                lines.append(points[_followed(start, piece, pieces, touching, used)])
    return lines


def _followed(
    start: int, piece: int, pieces: np.ndarray, touching: dict[int, list[int]], used: np.ndarray
) -> list[int]:
    path = [start]
    while True:
        used[piece] = True
        one, other = pieces[piece].tolist()
        path.append(other if one == path[-1] else one)
        met = touching[path[-1]]
        onward = [each for each in met if not used[each]]
        if len(met) != 2 or not onward:
            return path
        piece = onward[0]
