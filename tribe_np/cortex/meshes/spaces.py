"""The spaces that coordinates are given in. fsaverage's own is FreeSurfer's MNI305, which is not MNI152.

Two ways lead to MNI152: FreeSurfer's published 4 x 4, an affine approximation, and surfaces that were made in MNI152,
which are preferred where a subjects folder has them.
Source   FreeSurfer wiki, CoordinateSystems, use case 8 (from average/mni152.register.dat); tribev2 7239908
         utils_fmri.load_mni_mesh (names and places of the MNI152 surfaces)
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tribe_np.cortex.meshes.mesh_sources import VARIABLE
from tribe_np.cortex.meshes.surface_files import read_surface_file
from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import ConfigError, MeshError, MissingDependencyError, ShapeError
from tribe_np.shown import did_you_mean, quoted

SPACES = ("mni305", "mni152")
MNI305_TO_MNI152 = np.array([
    [0.9975, -0.0073, 0.0176, -0.0429],
    [0.0146, 1.0009, -0.0024, 1.5496],
    [-0.0130, -0.0093, 0.9971, 1.1840],
    [0.0, 0.0, 0.0, 1.0],
])  # fmt: skip
TEMPLATE = "MNI152NLin2009cAsym"
MNI152_FOLDER = Path(f"tpl-{TEMPLATE}_res-01", "surf", "surf_hybrid_mni_gii")
FARTHEST = 10.0  # mm, median: true MNI152 surfaces lie within a few of the 4 x 4; other coordinate systems do not


@dataclass(frozen=True, eq=False)
class SpaceSurfaces:
    """Surfaces of one mesh in one space, and how they came there.

    `template` is the name that BIDS has for the space: MNI305, MNI152NLin2009cAsym, or MNI152 without a version where
    the affine cannot tell one from another. `note` is a sentence for a sidecar and the terminal.
    """

    space: str
    template: str
    surfaces: Mapping[str, Surface]
    is_approximate: bool
    note: str


def check_space(space: str) -> str:
    """The name of a space.

    Raises   ConfigError for one that is not known
    """
    if space not in SPACES:
        raise ConfigError(
            f"space {quoted(space)} is unknown; known are {', '.join(SPACES)}{did_you_mean(space, SPACES)}"
        )
    return space


def in_space(coordinates: np.ndarray, space: str) -> np.ndarray:
    """Coordinates of fsaverage, which are MNI305, as coordinates in `space`; MNI152 by the published 4 x 4.

    Shapes   coordinates (n, 3) -> (n, 3), in the same dtype
    Units    mm
    Raises   ConfigError for an unknown space; ShapeError for another shape
    """
    coordinates = np.asarray(coordinates)
    if coordinates.ndim != 2 or coordinates.shape[1] != 3:
        raise ShapeError(f"coordinates must have shape (n, 3), got {coordinates.shape}")
    if check_space(space) == "mni305":
        return coordinates
    moved: np.ndarray = coordinates.astype(np.float64) @ MNI305_TO_MNI152[:3, :3].T + MNI305_TO_MNI152[:3, 3]
    return moved.astype(np.result_type(coordinates.dtype, np.float32), copy=False)


def surfaces_in_space(
    mesh: str, kinds: Sequence[str], space: str, subjects_dir: str | Path | None = None
) -> SpaceSurfaces:
    """Surfaces such as white and pial in `space`; `subjects_dir` is SUBJECTS_DIR where it is not given.

    Raises   ConfigError for an unknown mesh or space; MeshError for MNI152 surfaces that are damaged, of another mesh
             or not in MNI152; what `load_surface` raises where there is no mesh
    """
    mesh = mesh_name(mesh)
    check_space(space)
    if space == "mni152" and (folder := _mni152_folder(subjects_dir)) is not None:
        names = {kind: [f"{side[0]}h.{kind}.{_file_mesh(mesh)}.gii" for side in HEMISPHERES] for kind in kinds}
        missing = [name for both in names.values() for name in both if not (folder / name).is_file()]
        if not missing:
            true = {kind: _true_surface(mesh, kind, folder, names[kind], subjects_dir) for kind in kinds}
            return SpaceSurfaces(space, TEMPLATE, true, False, f"surfaces made in {TEMPLATE}, from {folder}")
        why = f"{folder} lacks {missing[0]}"
    else:
        why = f"no {MNI152_FOLDER.parts[0]} in a subjects folder"
    own = {kind: load_surface(mesh, kind, subjects_dir=subjects_dir) for kind in kinds}
    if space == "mni305":
        note = "coordinates are MNI305, the space of FreeSurfer's fsaverage; MNI152 lies about 2 mm away"
        return SpaceSurfaces(space, "MNI305", own, False, note)
    moved = {kind: replace(found, coordinates=in_space(found.coordinates, space)) for kind, found in own.items()}
    note = f"MNI152 approximated from MNI305 by FreeSurfer's published 4 x 4 ({why})"
    return SpaceSurfaces(space, "MNI152", moved, True, note)


def _mni152_folder(subjects_dir: str | Path | None) -> Path | None:
    """Where MNI152 surfaces lie, if there is such a folder."""
    given = subjects_dir if subjects_dir is not None else os.environ.get(VARIABLE)
    folder = Path(given) / MNI152_FOLDER if given else None
    return folder if folder is not None and folder.is_dir() else None


def _file_mesh(mesh: str) -> str:
    """How upstream's file names spell a mesh."""
    return "fsaverage" if mesh == "fsaverage7" else mesh


def _true_surface(mesh: str, kind: str, folder: Path, names: Sequence[str], subjects_dir: str | Path | None) -> Surface:
    """Both hemispheres from their files, checked against where the 4 x 4 puts the same vertices, where it can."""
    per_side = VERTICES_PER_HEMISPHERE[mesh]
    sides = [
        read_surface_file(folder / name, side, in_place=True) for name, side in zip(names, HEMISPHERES, strict=True)
    ]
    for name, found in zip(names, sides, strict=True):
        if len(found.coordinates) != per_side:
            raise MeshError(
                f"{folder / name}: has {len(found.coordinates)} vertices, but a hemisphere of {mesh} has {per_side}"
            )
    coordinates = np.concatenate([found.coordinates for found in sides])
    faces = np.concatenate([sides[0].faces, sides[1].faces + per_side])
    try:
        expected = in_space(load_surface(mesh, kind, subjects_dir=subjects_dir).coordinates, "mni152")
    except (MeshError, MissingDependencyError):
        expected = coordinates  # these are all there is
    away = float(np.median(np.linalg.norm(coordinates - expected, axis=1)))
    if away > FARTHEST:
        raise MeshError(
            f"{folder / names[0]}: its vertices lie {away:.0f} mm (median) from where MNI152 has those of {mesh}; "
            "expected MNI152 coordinates in mm"
        )
    digests = {str(folder / name): found.sha256 for name, found in zip(names, sides, strict=True)}
    return Surface(mesh, kind, coordinates, faces, str(folder), digests)
