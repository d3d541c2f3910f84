"""How much of each vertex of another mesh goes into each of fsaverage's, where both lie on one registered sphere.

A subject's surface is registered to fsaverage by FreeSurfer (`sphere.reg`), HCP's fsLR-32k by the sphere that HCP
publishes (`cortex.registration`).
"""

from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from tribe_np.cortex.meshes.interpolation import barycentric, copies
from tribe_np.cortex.meshes.registration import GivenSpheres, registered_spheres
from tribe_np.cortex.meshes.surface_files import read_surface_file
from tribe_np.cortex.meshes.surfaces import load_surface
from tribe_np.cortex.sizes import FS_LR, HEMISPHERES
from tribe_np.errors import MeasurementError

REGISTRATIONS = ("barycentric", "nearest")
FARTHEST = 0.05  # of the sphere's radius, median: registered spheres lie within a fraction of a triangle
ENOUGH = 0.5  # of a vertex's shares, that must have a value

Shares = list[sparse.csr_matrix]  # left and right: (V_fsaverage, V_other)


def subject_shares(
    folder: Path, mesh: str, subjects_dir: str | Path | None, registration: str
) -> tuple[Shares, dict[str, str]]:
    """Shares of a subject's vertices, and the digests of the files; `folder` is the subject's surf.

    Raises   MeshError for a missing or damaged sphere; MeasurementError for one that is not registered
    """
    target, found, digests = load_surface(mesh, "sphere", subjects_dir=subjects_dir), [], {}
    for side in HEMISPHERES:
        path = folder / f"{side[0]}h.sphere.reg"
        sphere = read_surface_file(path, side)
        digests[str(path)] = sphere.sha256
        found.append(_between(sphere.coordinates, sphere.faces, target.hemisphere(side)[0], registration, path))
    return found, digests


def fs_lr_shares(
    spheres: str | Path, mesh: str, subjects_dir: str | Path | None, registration: str
) -> tuple[Shares, dict[str, str]]:
    """Shares of fsLR-32k's vertices; `spheres` is a folder with HCP's registered spheres.

    Raises   MeshError where they are missing, damaged or not registered
    """
    source, target = registered_spheres(FS_LR, mesh, GivenSpheres(folder=spheres), subjects_dir)
    shares = [
        _between(*source.hemisphere(side), target.hemisphere(side)[0], registration, spheres) for side in HEMISPHERES
    ]
    return shares, {**source.digests, **target.digests}


def shared(values: np.ndarray, shares: sparse.csr_matrix) -> np.ndarray:
    """Values (n, V_other) at fsaverage's vertices, (n, V); NaN where less than half of its shares has a value."""
    is_missing = np.isnan(values)
    if not is_missing.any():
        return np.asarray((shares @ values.T).T)
    sums = shares @ np.where(is_missing, 0, values).T
    there = shares @ (~is_missing).astype(np.float64).T
    return np.asarray((sums / np.where(there >= ENOUGH, there, np.nan)).T)


def _between(
    source: np.ndarray, faces: np.ndarray, target: np.ndarray, registration: str, origin: str | Path
) -> sparse.csr_matrix:
    theirs, ours = _on_unit_sphere(source), _on_unit_sphere(target)
    away, nearest = cKDTree(theirs).query(ours)
    if np.median(away) > FARTHEST:
        raise MeasurementError(f"{origin}: its vertices do not cover the sphere; is it registered to fsaverage?")
    by = copies(nearest) if registration == "nearest" else barycentric(theirs, faces, ours)
    rows = np.repeat(np.arange(len(ours)), by.vertices.shape[1])
    return sparse.csr_matrix((by.weights.ravel(), (rows, by.vertices.ravel())), (len(ours), len(theirs)))


def _on_unit_sphere(coordinates: np.ndarray) -> np.ndarray:
    points = coordinates.astype(np.float64)
    return np.asarray(points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12))
