"""Registered spheres: two meshes whose spheres lie in one space, so that a place on one is the same place on the other.

fsaverage's meshes share one sphere. fsLR-32k has none in that space of its own: HCP publishes the one that was
registered, fs_LR-deformed_to-fsaverage.L.sphere.32k_fs_LR.surf.gii, which the user gives. fs_LR's own sphere, which is
in more packages, has the same vertices at other places; it is recognised and refused beside fsaverage's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from tribe_np.cortex.meshes.surface_files import read_surface_file
from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.sizes import FS_LR, HEMISPHERES, VERTICES_PER_HEMISPHERE
from tribe_np.errors import ConfigError, MeshError

Pair = tuple[str | Path, str | Path] | list[str | Path] | list[Path]
ROUND = 0.01  # how far lengths may differ, of their mean
OWN_TOLERANCE = 0.1  # mm
OWN = {  # three corners of the icosahedron from which a mesh was made: vertices of its sphere until that is registered
    "fsaverage": ((0.0, 0.0, 100.0), (27.64, -85.07, 44.72), (89.44, 0.0, 44.72)),
    FS_LR: ((85.065, 0.0, 52.573), (0.0, -52.573, 85.065), (-85.065, 0.0, 52.573)),
}
NAMES = {  # of the registered spheres in a folder: HCP's, templateflow's, micapipe's
    FS_LR: ("fs_LR-deformed_to-fsaverage.{}.sphere.32k_fs_LR.surf.gii",
            "tpl-fsLR_space-fsaverage_hemi-{}_den-32k_sphere.surf.gii", "fsLR-32k.{}.sphere.reg.surf.gii"),
    "fsaverage4": ("fsaverage4_std_sphere.{0}.3k_fsavg_{0}.surf.gii",),
    "fsaverage5": ("fsaverage5_std_sphere.{0}.10k_fsavg_{0}.surf.gii", "fsaverage5.{}.sphere.reg.surf.gii"),
    "fsaverage6": ("fsaverage6_std_sphere.{0}.41k_fsavg_{0}.surf.gii",),
    "fsaverage7": ("fsaverage_std_sphere.{0}.164k_fsavg_{0}.surf.gii",),
}  # fmt: skip
HOW_TO = (
    f"{FS_LR} needs its sphere registered to fsaverage: give HCP's files "
    f"{NAMES[FS_LR][0].format('L')} and .R (its folder resample_fsaverage) with --to-sphere LEFT RIGHT, or the "
    "folder that holds them with --spheres"
)


@dataclass(frozen=True)
class GivenSpheres:
    """What the user gives: two files of the source's sphere, two of the target's, or a folder that holds them."""

    source: Pair | None = None
    target: Pair | None = None
    folder: str | Path | None = None

    def __bool__(self) -> bool:
        return any(part is not None for part in (self.source, self.target, self.folder))


def registered_spheres(
    source: str, target: str, given: GivenSpheres, subjects_dir: str | Path | None
) -> tuple[Surface, Surface]:
    """The spheres of two meshes: the files given, else those in the folder given, else fsaverage's own.

    Raises   MeshError: none for fsLR-32k, no spheres, of another mesh, or both unregistered
    """
    one = _sphere(source, given.source, given.folder, subjects_dir)
    other = _sphere(target, given.target, given.folder, subjects_dir)
    if FS_LR in (source, target):
        own = [_is_own(sphere, FS_LR if sphere.mesh == FS_LR else "fsaverage") for sphere in (one, other)]
        if all(own):
            sphere = one if one.mesh == FS_LR else other
            raise MeshError(
                f"{sphere.origin}: this is fs_LR's own sphere, which is not registered to fsaverage; "
                f"expected {NAMES[FS_LR][0].format('L')} and .R of HCP's folder resample_fsaverage"
            )
    return one, other


def _sphere(mesh: str, files: Pair | None, folder: str | Path | None, subjects_dir: str | Path | None) -> Surface:
    paths = list(map(Path, files)) if files is not None else _in_folder(mesh, folder)
    if paths is None and mesh == FS_LR:
        where = f"{folder}: has none of the files' names; " if folder is not None else ""
        raise MeshError(f"{where}{HOW_TO}")
    if paths is not None and len(paths) != 2:
        raise ConfigError(f"the sphere of {mesh}: expected two files, left and right, got {len(paths)}")
    sphere = load_surface(mesh, "sphere", subjects_dir=subjects_dir) if paths is None else _read(mesh, paths)
    lengths = np.linalg.norm(sphere.coordinates.astype(np.float64), axis=1)
    if np.ptp(lengths) > ROUND * lengths.mean():
        reach = f"{lengths.min():.4g} to {lengths.max():.4g} mm"
        raise MeshError(f"{sphere.origin}: not a sphere around 0: its vertices lie {reach} from there")
    return sphere


def _in_folder(mesh: str, folder: str | Path | None) -> list[Path] | None:
    if folder is None:
        return None
    if not Path(folder).is_dir():
        raise MeshError(f"{folder}: no such folder; expected registered spheres")
    for name in NAMES.get(mesh, ()):
        paths = [Path(folder) / name.format(letter) for letter in "LR"]
        if any(path.is_file() for path in paths):
            return paths
    return None


def _read(mesh: str, paths: list[Path]) -> Surface:
    per_side, digests = VERTICES_PER_HEMISPHERE[mesh], {}
    coordinates, faces = [], []
    for number, (side, path) in enumerate(zip(HEMISPHERES, paths, strict=True)):
        read = read_surface_file(path, side)
        if len(read.coordinates) != per_side:
            raise MeshError(f"{path}: has {len(read.coordinates)} vertices, but a hemisphere of {mesh} has {per_side}")
        coordinates.append(read.coordinates)
        faces.append(read.faces + number * per_side)
        digests[str(path)] = read.sha256
    if len(set(digests)) == 1:
        raise MeshError(f"{paths[0]}: given for both hemispheres; expected a left and a right one")
    return Surface(mesh, "sphere", np.concatenate(coordinates), np.concatenate(faces), str(paths[0]), digests)


def _is_own(sphere: Surface, mesh: str) -> bool:
    """Whether both hemispheres are the sphere that the mesh was made as, registered to no other."""
    trees = [cKDTree(sphere.hemisphere(side)[0]) for side in HEMISPHERES]
    return all((tree.query(OWN[mesh])[0] < OWN_TOLERANCE).all() for tree in trees)


def all_digests(*surfaces: Surface) -> Mapping[str, str]:
    """The digests of all files of some surfaces."""
    return {path: digest for surface in surfaces for path, digest in surface.digests.items()}
