"""How the value of each target vertex is made of some source vertices': weights by distance, or within a triangle.

Source   inverse distance and labels: tribev2 7239908 plotting.base.BasePlotBrain.get_stat_map;
         barycentric: what Connectome Workbench calls BARYCENTRIC
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tribe_np.errors import MeshError

N_NEIGHBOURS = 5
AT_THE_SAME_PLACE = 1e-12  # mm, in place of a distance of 0
CANDIDATES = (8, 32, 128)  # triangles nearest to a point, among which the one around it is looked for
OUTSIDE = -1e-6  # of a triangle's size: rounding puts a point on an edge that far outside of both its triangles


@dataclass(frozen=True, eq=False)
class SourceWeights:
    """For each of n targets: k source vertices, (n, k), and their weights, (n, k) float64, which sum to 1."""

    vertices: np.ndarray
    weights: np.ndarray

    def nearest(self) -> np.ndarray:
        """The source vertex of the largest weight, (n,)."""
        first = self.weights.argmax(axis=1)
        return np.take_along_axis(self.vertices, first[:, None], axis=1)[:, 0]


def inverse_distance(source: np.ndarray, target: np.ndarray) -> SourceWeights:
    """Weights 1 / distance of the five nearest source vertices; at distance 0 a source vertex takes all but 1e-12."""
    distances, vertices = cKDTree(source).query(target, k=N_NEIGHBOURS)
    weights = 1 / np.where(distances == 0, AT_THE_SAME_PLACE, distances)
    return SourceWeights(vertices, weights / weights.sum(axis=1, keepdims=True))


def copies(vertices: np.ndarray) -> SourceWeights:
    """Each target takes the value of one source vertex."""
    return SourceWeights(vertices[:, None], np.ones((len(vertices), 1)))


def barycentric(source: np.ndarray, faces: np.ndarray, target: np.ndarray) -> SourceWeights:
    """Weights of the corners of the triangle that the line from the centre through each target meets.

    Shapes   source (V, 3), faces (F, 3), target (n, 3): two spheres around 0, of any radius, registered to each other
    Numerics exact at a source vertex, and for values that are linear in the triangle; workbench takes the point of the
             triangle nearest to the target, which differs by the square of an edge
    Raises   MeshError where some target is in no triangle: the source is no closed sphere
    """
    points, corners = _unit(target), _unit(source)[faces]  # (n, 3), (F, 3 corners, 3)
    centres, sides = cKDTree(_unit(corners.sum(axis=1))), _sides(corners)
    vertices, weights = np.zeros((len(points), 3), np.int64), np.zeros((len(points), 3))
    left = np.arange(len(points))
    for n_candidates in CANDIDATES:
        _, near = centres.query(points[left], k=min(n_candidates, len(faces)))
        inside = np.einsum("nd,ntcd->ntc", points[left], sides[near])
        total = inside.sum(axis=2, keepdims=True)
        shares = np.where(total > 0, inside / np.where(total > 0, total, 1), -1)
        best = shares.min(axis=2).argmax(axis=1)
        chosen = shares[np.arange(len(left)), best]
        found = chosen.min(axis=1) >= OUTSIDE
        vertices[left[found]] = faces[near[np.arange(len(left)), best][found]]
        weights[left[found]] = np.maximum(chosen[found], 0)
        left = left[~found]
        if not len(left):
            return SourceWeights(vertices, weights / weights.sum(axis=1, keepdims=True))
    raise MeshError(f"{len(left)} of {len(points)} target vertices are in no triangle: the source is no closed sphere")


def _sides(corners: np.ndarray) -> np.ndarray:
    """For each corner, the normal of the plane through the centre and the other two, to the corner's side."""
    normals = np.stack([np.cross(corners[:, (c + 1) % 3], corners[:, (c + 2) % 3]) for c in range(3)], axis=1)
    volumes = np.sum(corners[:, 0] * normals[:, 0], axis=1)
    sides: np.ndarray = normals * np.sign(np.median(volumes))  # triangles may turn either way round, but all one way
    return sides


def weighted_mean(values: np.ndarray, by: SourceWeights) -> tuple[np.ndarray, np.ndarray]:
    """One row (V,) on the targets, (n,), and which of them lack some of their sources.

    A value that is not finite is left out and the other weights grow to 1; where it is the nearest, the target has NaN.
    """
    taken = values[by.vertices]
    is_there = np.isfinite(taken)
    if is_there.all():
        return np.sum(taken * by.weights, axis=1), np.zeros(len(taken), bool)
    weights = by.weights * is_there
    totals = weights.sum(axis=1)
    means = np.sum(np.where(is_there, taken, 0) * weights, axis=1) / np.where(totals > 0, totals, 1)
    is_short = (by.weights > 0) & ~is_there
    return np.where(np.isfinite(values[by.nearest()]), means, np.nan), is_short.any(axis=1)


def most_frequent(labels: np.ndarray, by: SourceWeights, *, is_weighted: bool) -> np.ndarray:
    """The label (V,) that most of each target's sources have, or that has most of the weight; the lowest of equals."""
    taken = labels[by.vertices]
    weights = by.weights if is_weighted else (by.weights > 0).astype(np.float64)
    order = np.argsort(taken, axis=1, kind="stable")
    taken, weights = np.take_along_axis(taken, order, axis=1), np.take_along_axis(weights, order, axis=1)
    votes = np.sum((taken[:, :, None] == taken[:, None, :]) * weights[:, None, :], axis=2)
    return np.take_along_axis(taken, votes.argmax(axis=1)[:, None], axis=1)[:, 0]


def _unit(coordinates: np.ndarray) -> np.ndarray:
    wide = coordinates.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=-1, keepdims=True)
    if (lengths == 0).any():
        raise MeshError(f"{int((lengths == 0).sum())} vertices of the sphere lie in its centre")
    directions: np.ndarray = wide / lengths
    return directions
