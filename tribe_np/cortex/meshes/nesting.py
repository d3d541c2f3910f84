"""Which vertices of a fine mesh are those of a coarse one: proven by the coordinates of their spheres, never assumed.

What is known of FreeSurfer's own icosahedra (all eight compared once, as MNE 1.13 carries them): fsaverage5 is the
first 10,242 vertices of fsaverage6 and 7, to the last digit. fsaverage3 and 4 are not the first vertices of
fsaverage5: theirs lie there in another order, up to 0.010 mm away. nilearn gives fsaverage3 and 4 in FreeSurfer's
order before its version 0.14.0, and in that of fsaverage5 since (nilearn issues 3415 and 5693): so the order depends
on the files, and only their spheres tell it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tribe_np.cortex.sizes import PREFIXES

TOLERANCE = 0.05  # mm on a sphere of radius 100: files round to 0.01, vertices of fsaverage7 are at least 0.85 apart
RADIUS = 100.0


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


def is_prefix(fine: np.ndarray, coarse: np.ndarray, *, tolerance: float = TOLERANCE) -> bool:
    """Whether the vertices of a coarse sphere are proven to be the first of the fine one's, in their order."""
    found = nested_vertices(fine, coarse, tolerance=tolerance)
    return found is not None and found.is_prefix


def prefix_by_definition(fine: str, coarse: str, n_coarse: int) -> Nesting | None:
    """The first vertices, for meshes that FreeSurfer numbers so: fsaverage7, 6 and 5. Nothing is proven; else None."""
    if fine in PREFIXES and coarse in PREFIXES and PREFIXES.index(coarse) < PREFIXES.index(fine):
        return Nesting(np.arange(n_coarse), False)
    return None


def _on_sphere(coordinates: np.ndarray) -> np.ndarray:
    wide = coordinates.astype(np.float64)
    scaled: np.ndarray = wide * (RADIUS / np.linalg.norm(wide, axis=1).mean())
    return scaled
