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

from tribe_np.cortex.meshes import Surface, load_surface
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import ConfigError, ShapeError
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
    moved = coordinates.astype(np.float64) @ MNI305_TO_MNI152[:3, :3].T + MNI305_TO_MNI152[:3, 3]
    return moved.astype(np.result_type(coordinates.dtype, np.float32), copy=False)


def surfaces_in_space(
    mesh: str, kinds: Sequence[str], space: str, subjects_dir: str | Path | None = None
) -> SpaceSurfaces:
    """Surfaces such as white and pial in `space`; `subjects_dir` is SUBJECTS_DIR where it is not given.

    Raises   ConfigError for an unknown mesh or space, or MNI152 surfaces that are damaged, of another mesh or not in
             MNI152; what `load_surface` raises where there is no mesh
    """
    mesh = mesh_name(mesh)
    check_space(space)
    own = {kind: load_surface(mesh, kind, subjects_dir=subjects_dir) for kind in kinds}
    if space == "mni305":
        note = "coordinates are MNI305, the space of FreeSurfer's fsaverage; MNI152 lies about 2 mm away"
        return SpaceSurfaces(space, "MNI305", own, False, note)
    moved = {kind: replace(found, coordinates=in_space(found.coordinates, space)) for kind, found in own.items()}
    given = subjects_dir if subjects_dir is not None else os.environ.get("SUBJECTS_DIR")
    folder = Path(given) / MNI152_FOLDER if given else None
    if folder is not None and folder.is_dir():
        names = {kind: [f"{side[0]}h.{kind}.{_file_mesh(mesh)}.gii" for side in HEMISPHERES] for kind in kinds}
        missing = [name for both in names.values() for name in both if not (folder / name).is_file()]
        if not missing:
            true = {kind: _true_surface(folder, names[kind], moved[kind]) for kind in kinds}
            note = f"surfaces made in {TEMPLATE}, from {folder}"
            return SpaceSurfaces(space, TEMPLATE, true, False, note)
        why = f"{folder} lacks {missing[0]}"
    else:
        why = f"no {MNI152_FOLDER.parts[0]} in a subjects folder"
    note = f"MNI152 approximated from MNI305 by FreeSurfer's published 4 x 4 ({why})"
    return SpaceSurfaces(space, "MNI152", moved, True, note)


def _file_mesh(mesh: str) -> str:
    """How upstream's file names spell a mesh."""
    return "fsaverage" if mesh == "fsaverage7" else mesh


def _true_surface(folder: Path, names: Sequence[str], expected: Surface) -> Surface:
    """Both hemispheres from two GIFTI files, checked against where the 4 x 4 puts the same vertices."""
    per_side = VERTICES_PER_HEMISPHERE[expected.mesh]
    sides = [_read(folder / name, per_side) for name in names]
    for side, name, (coordinates, _) in zip(HEMISPHERES, names, sides, strict=True):
        away = np.median(np.linalg.norm(coordinates - expected.hemisphere(side)[0], axis=1))
        if not away <= FARTHEST:
            raise ConfigError(
                f"{folder / name}: its vertices lie {away:.0f} mm (median) from where MNI152 has them; expected the "
                f"{side} hemisphere of {expected.mesh} in MNI152 coordinates"
            )
    coordinates = np.concatenate([found for found, _ in sides]).astype(np.float32)
    faces = np.concatenate([sides[0][1], sides[1][1] + per_side]).astype(np.int32)
    return replace(expected, coordinates=coordinates, faces=faces, origin=str(folder))


def _read(path: Path, n_vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n_vertices, 3) and faces of a GIFTI surface."""
    import nibabel  # a third of a second

    try:
        coordinates, faces = nibabel.load(path).agg_data(("pointset", "triangle"))
    except Exception as error:  # expat, zlib, nibabel and numpy each have their own
        raise ConfigError(f"{path}: is not a GIFTI surface: {error}") from error
    found, triangles = np.asarray(coordinates), np.asarray(faces)
    if found.shape != (n_vertices, 3) or triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ConfigError(f"{path}: has points {found.shape}, expected ({n_vertices}, 3) and triangles")
    if triangles.min() < 0 or triangles.max() >= n_vertices:
        raise ConfigError(f"{path}: has triangles of vertices that it does not have")
    return found, triangles
