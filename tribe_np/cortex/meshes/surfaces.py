"""The surfaces of fsaverage3 to fsaverage7 and the maps on them: both hemispheres, left first, every count checked.

Coordinates are FreeSurfer's, in mm: those of white and pial are MNI305, not MNI152.
Source   `half`: tribev2 7239908 plotting.base.BasePlotBrain.get_mesh
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tribe_np.cortex.meshes.mesh_sources import FREESURFER_NAMES, mesh_files
from tribe_np.cortex.meshes.surface_files import IN_PLACE, read_map_file, read_surface_file
from tribe_np.cortex.sizes import FS_LR, HEMISPHERES, VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import ConfigError, MeshError
from tribe_np.shown import did_you_mean, quoted

OVERLAYS = ("sulc", "curv", "area", "thickness")
SURFACES = (*(kind for kind in FREESURFER_NAMES if kind not in OVERLAYS), "half")
HALF = 0.5  # of the way from pial to inflated


@dataclass(frozen=True, eq=False)
class Surface:
    """A surface of both hemispheres.

    Shapes   coordinates (2 V, 3) float32, faces (n, 3) int32 into both: the left hemisphere's come first. Of a flat
             map faces are fewer than of the others, and vertices in no face mean nothing
    Units    mm
    """

    mesh: str
    kind: str
    coordinates: np.ndarray
    faces: np.ndarray
    origin: str  # where it was found, in words
    digests: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of each file's content, unpacked

    def hemisphere(self, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates (V, 3) of "left" or "right", and faces (n, 3) counted within it."""
        per_side = len(self.coordinates) // 2
        first = HEMISPHERES.index(side) * per_side
        mine = (self.faces[:, 0] >= first) & (self.faces[:, 0] < first + per_side)
        return self.coordinates[first : first + per_side], self.faces[mine] - first

    def apart(self, gap: float = 0.0) -> "Surface":
        """The hemispheres moved along x until `gap` mm lie between each and the midline, as upstream draws them."""
        per_side = len(self.coordinates) // 2
        moved = self.coordinates.copy()
        moved[:per_side, 0] -= moved[:per_side, 0].max() + np.float32(gap)
        moved[per_side:, 0] -= moved[per_side:, 0].min() - np.float32(gap)
        return replace(self, coordinates=moved)


def load_surface(mesh: str, kind: str, *, subjects_dir: str | Path | None = None) -> Surface:
    """A surface of fsaverage: white, pial, inflated, sphere, flat, or half (midway from pial to inflated).

    Found in: subjects_dir, or the folder that SUBJECTS_DIR names; nilearn's own fsaverage5; nilearn's fetcher.
    Raises   ConfigError for an unknown mesh or kind; MeshError for files that are missing, damaged, of another mesh or
             of the other hemisphere; MissingDependencyError where nilearn is needed and missing
    """
    mesh = _fsaverage(mesh)
    _check_kind(kind, SURFACES, "surface")
    if kind == "half":
        return _half(mesh, subjects_dir)
    files, per_side = mesh_files(mesh, kind, subjects_dir), VERTICES_PER_HEMISPHERE[mesh]
    spheres = mesh_files(mesh, "sphere", subjects_dir) if kind == "flat" else None
    coordinates, faces, digests = [], [], {}
    for side in HEMISPHERES:
        path = files.of(side)
        whole = None if spheres is None else spheres.of(side)
        read = read_surface_file(path, side, in_place=kind in IN_PLACE, whole=whole)
        _check_count(path, len(read.coordinates), mesh)
        coordinates.append(read.coordinates)
        faces.append(read.faces + HEMISPHERES.index(side) * per_side)
        digests[str(path)] = read.sha256
    return Surface(mesh, kind, np.concatenate(coordinates), np.concatenate(faces), files.origin, digests)


def load_overlay(mesh: str, kind: str, *, subjects_dir: str | Path | None = None) -> np.ndarray:
    """A map of fsaverage, (2 V,) float32: sulc, curv, area (mm2) or thickness (mm).

    Raises   as `load_surface`
    """
    mesh = _fsaverage(mesh)
    _check_kind(kind, OVERLAYS, "map")
    files = mesh_files(mesh, kind, subjects_dir)
    sides = []
    for side in HEMISPHERES:
        values, _ = read_map_file(files.of(side), side)
        _check_count(files.of(side), len(values), mesh)
        sides.append(values)
    return np.concatenate(sides)


def _half(mesh: str, subjects_dir: str | Path | None) -> Surface:
    pial, inflated = (load_surface(mesh, kind, subjects_dir=subjects_dir) for kind in ("pial", "inflated"))
    coordinates = inflated.coordinates * np.float32(HALF) + np.float32(1 - HALF) * pial.coordinates
    return replace(pial, kind="half", coordinates=coordinates, digests={**pial.digests, **inflated.digests})


def _fsaverage(mesh: str) -> str:
    if (name := mesh_name(mesh)) == FS_LR:
        raise MeshError(f"surfaces of {FS_LR} are found by no name; expected a mesh of fsaverage")
    return name


def _check_kind(kind: str, known: tuple[str, ...], what: str) -> None:
    if kind not in known:
        raise ConfigError(f"{what} {quoted(kind)} is unknown; known are {', '.join(known)}{did_you_mean(kind, known)}")


def _check_count(path: Path, n_vertices: int, mesh: str) -> None:
    if n_vertices != VERTICES_PER_HEMISPHERE[mesh]:
        raise MeshError(
            f"{path}: has {n_vertices} vertices, but a hemisphere of {mesh} has {VERTICES_PER_HEMISPHERE[mesh]}"
        )
