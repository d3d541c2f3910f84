"""How light falls on a surface: from the eye, softly, by the normals of its vertices."""

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.plots.raster.camera import Camera, along
from tribe_np.plots.raster.zbuffer import mixed

AMBIENT = 0.4  # of the light that reaches what is turned away


def vertex_normals(coordinates: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The mean normal of each vertex's faces, larger faces counting more: (V, 3) float64 of length 1, or 0 where a
    vertex has no face with an area.

    Shapes   coordinates (V, 3), faces (n, 3)
    """
    points = coordinates.astype(np.float64)
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    across[~np.isfinite(across).all(axis=1)] = 0
    corner = faces.reshape(-1)
    normals = np.stack([np.bincount(corner, np.repeat(across[:, axis], 3), len(points)) for axis in range(3)], axis=1)
    return _unit(normals)


def light_on(drawn: Surface, corners: np.ndarray, weights: np.ndarray, camera: Camera) -> np.ndarray:
    """How squarely the surface is turned to the eye at points of faces: (P,) float64 from 0 to 1.

    Shapes   corners (P, 3) vertices, weights (P, 3) of them
    """
    normals = vertex_normals(drawn.coordinates, drawn.faces)
    mean = np.stack([mixed(weights, normals[:, axis][corners]) for axis in range(3)], axis=1)
    return np.asarray(np.clip(along(_unit(mean), camera.towards), 0, 1))


def lit(light: np.ndarray) -> np.ndarray:
    """What light leaves of a colour: a little of it also where the surface is turned away."""
    return np.asarray(AMBIENT + (1 - AMBIENT) * light)


def is_turned_here(drawn: Surface, faces: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which faces (n,) can be seen: of a closed hemisphere those turned to the eye; all of another and of a flat map.

    Shapes   faces (n, 3), places (2 V, 2): the vertices in the picture, y downwards
    """
    points = drawn.coordinates.astype(np.float64)
    here = np.ones(len(faces), bool)
    left = faces[:, 0] < len(points) // 2
    for mine in (left, ~left):
        if not is_closed(faces[mine]):
            continue
        a, b, c = points[faces[mine]].transpose(1, 0, 2)
        outward = np.sign(np.nansum(a * np.cross(b, c)))
        (ax, ay), (bx, by), (cx, cy) = places[faces[mine]].transpose(1, 2, 0)
        here[mine] = ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) * outward < 0
    return here


def mean_of_neighbours(values: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Each vertex's value averaged with its neighbours' mean, half and half, (V,) float64: what the mesh's own grain
    leaves in a map of sulci goes. NaN stays where it was, and counts for no neighbour."""
    there = np.concatenate([faces, faces]).reshape(-1)
    back = np.concatenate([faces[:, [1, 2, 0]], faces[:, [2, 0, 1]]]).reshape(-1)
    known = np.isfinite(values)
    filled = np.where(known, values, 0).astype(np.float64)
    total = np.bincount(there, filled[back], len(values))
    count = np.bincount(there, known[back], len(values))
    mean = np.where(count > 0, total / np.maximum(count, 1), filled)
    return np.where(known, (filled + mean) / 2, np.nan)


def is_closed(faces: np.ndarray) -> bool:
    """Whether faces (n, 3) bound a volume: each edge has two faces, which run along it in opposite directions."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    n = int(ends.max(initial=0)) + 1
    there, back = np.sort(ends[:, 0] * n + ends[:, 1]), np.sort(ends[:, 1] * n + ends[:, 0])
    return bool(len(faces) and np.array_equal(there, back) and (np.diff(there) > 0).all())


def _unit(vectors: np.ndarray) -> np.ndarray:
    x, y, z = vectors.T
    length = np.sqrt(x * x + y * y + z * z)
    return np.asarray(vectors / np.maximum(length, 1e-12)[:, None])
