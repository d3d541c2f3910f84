"""Which vertices of a fine mesh are those of a coarse one: proven by the coordinates of their spheres, never assumed.

What is known of FreeSurfer's own icosahedra (all eight compared once, as MNE 1.13 carries them): fsaverage5 is the
first 10,242 vertices of fsaverage6 and 7, to the last digit. fsaverage3 and 4 are not the first vertices of
fsaverage5: theirs lie there in another order, up to 0.010 mm away. nilearn gives fsaverage3 and 4 in FreeSurfer's
order before its version 0.14.0, and in that of fsaverage5 since (nilearn issues 3415 and 5693): so the order depends
on the files, and only their spheres tell it.

Without the coarse mesh's files, a fine sphere still tells whether its own first vertices form a coarser icosahedron
(`proven_first`): those of nilearn's fsaverage5 do, for fsaverage4 and 3. Their order is then nilearn 0.14's.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

TOLERANCE = 0.05  # mm on a sphere of radius 100: files round to 0.01, vertices of fsaverage7 are at least 0.85 apart
RADIUS = 100.0
PREFIXES = ("fsaverage5", "fsaverage6", "fsaverage7")  # by FreeSurfer's own numbering


@dataclass(frozen=True, eq=False)
class Nesting:
    """The vertex of the fine hemisphere for each of the coarse one, (v,), and how it is known."""

    vertices: np.ndarray
    is_proven: bool  # by the spheres, to `TOLERANCE`; else by FreeSurfer's numbering
    farthest: float = 0.0  # mm between vertices taken for the same

    @property
    def is_prefix(self) -> bool:
        """Whether the coarse vertices are the first of the fine ones, in their order."""
        return bool((self.vertices == np.arange(len(self.vertices))).all())


def nested_vertices(fine: np.ndarray, coarse: np.ndarray, *, tolerance: float = TOLERANCE) -> Nesting | None:
    """The vertices of a fine sphere at the places of a coarse one's; None where some have no vertex of their own.

    Shapes   fine (V, 3), coarse (v, 3), of one hemisphere and around 0; both are scaled to FreeSurfer's radius of 100
    Units    tolerance in mm, at that radius
    """
    if len(coarse) > len(fine):
        return None
    distances, vertices = cKDTree(_on_sphere(fine)).query(_on_sphere(coarse))
    if distances.max() > tolerance or len(np.unique(vertices)) != len(coarse):
        return None
    return Nesting(vertices, True, float(distances.max()))


def proven_first(sphere: np.ndarray, faces: np.ndarray, n_coarse: int) -> Nesting | None:
    """The first n_coarse vertices of a fine sphere, where the sphere itself shows that it was cut from them; else None.

    From level to level (10,242 vertices, 2,562, 642): each later vertex has exactly two neighbours among the first, and
    lies midway between them on the sphere, to `TOLERANCE` (0.013 mm in FreeSurfer's fsaverage5); the triangles between
    three later vertices give those of the first, and each edge of these was cut by exactly one later vertex.

    Shapes   sphere (V, 3) and faces (n, 3) of one hemisphere, around 0
    """
    points, farthest, n = _on_sphere(sphere), 0.0, len(sphere)
    while n > n_coarse:
        first = (n - 2) // 4 + 2  # a triangle becomes four
        parents = _parents(faces, first, n)
        if parents is None:
            return None
        middles = _on_sphere(points[parents].sum(axis=1), each=True)
        farthest = max(farthest, float(np.linalg.norm(middles - points[first:n], axis=1).max()))
        faces = _coarser(faces, parents, first)
        if farthest > TOLERANCE or not np.array_equal(_edges(faces), np.unique(parents, axis=0)):
            return None
        n = first
    return Nesting(np.arange(n_coarse), True, farthest) if n == n_coarse else None


def is_prefix(fine: np.ndarray, coarse: np.ndarray, *, tolerance: float = TOLERANCE) -> bool:
    """Whether the vertices of a coarse sphere are proven to be the first of the fine one's, in their order."""
    found = nested_vertices(fine, coarse, tolerance=tolerance)
    return found is not None and found.is_prefix


def prefix_by_definition(fine: str, coarse: str, n_coarse: int) -> Nesting | None:
    """The first vertices, for meshes that FreeSurfer numbers so: fsaverage7, 6 and 5. Nothing is proven; else None."""
    if fine in PREFIXES and coarse in PREFIXES and PREFIXES.index(coarse) < PREFIXES.index(fine):
        return Nesting(np.arange(n_coarse), False)
    return None


def _edges(faces: np.ndarray) -> np.ndarray:
    """The edges of triangles, (n, 2), each once and its lower vertex first."""
    pairs = faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    found: np.ndarray = np.unique(np.sort(pairs, axis=1), axis=0)
    return found


def _parents(faces: np.ndarray, first: int, n: int) -> np.ndarray | None:
    """The two neighbours (n - first, 2) of each later vertex among the first; None where one has more, or fewer."""
    edges = _edges(faces)
    mixed = edges[(edges[:, 0] < first) & (edges[:, 1] >= first)]
    if not np.array_equal(np.sort(mixed[:, 1]), np.repeat(np.arange(first, n), 2)):
        return None
    parents: np.ndarray = mixed[np.lexsort((mixed[:, 0], mixed[:, 1]))][:, 0].reshape(-1, 2)
    return parents


def _coarser(faces: np.ndarray, parents: np.ndarray, first: int) -> np.ndarray:
    """The triangles of the first vertices, (n, 3): each holds one of three later vertices, midway along its edges."""
    corners = np.sort(parents[faces[(faces >= first).all(axis=1)] - first].reshape(-1, 6), axis=1)
    is_triangle = (corners[:, ::2] == corners[:, 1::2]).all(axis=1)
    coarser: np.ndarray = corners[is_triangle, ::2]
    return coarser


def _on_sphere(coordinates: np.ndarray, *, each: bool = False) -> np.ndarray:
    """Scaled to FreeSurfer's radius: all by one factor, or `each` by its own."""
    wide = coordinates.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    scaled: np.ndarray = wide * (RADIUS / (lengths if each else lengths.mean()))
    return scaled
