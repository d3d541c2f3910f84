"""A subject's own surfaces, as FreeSurfer made them, and the way from their vertices to fsaverage's.

FreeSurfer writes coordinates about the centre of its own volume ("tkRAS"), scanners and fMRIPrep's images about
another: they differ by c_ras, which the surface's file states, commonly some millimetres, and images are sampled in
the scanner's. Vertices are matched on the sphere to which both brains are registered (`sphere.reg`).
Source   FreeSurfer wiki, CoordinateSystems, use cases 1 and 3; mri_surf2surf --mapmethod nnf (nearest)
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from tribe_np.cortex.meshes.mesh_sources import VARIABLE
from tribe_np.cortex.meshes.surface_files import SurfaceFile, read_surface_file
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.formats.voxel_files import open_voxels
from tribe_np.shown import quoted

TKRAS = np.array([[-1, 0, 0], [0, 0, 1], [0, -1, 0]], float)  # directions of FreeSurfer's own axes, one a column


@dataclass(frozen=True, eq=False)
class NativeSide:
    """A subject's hemisphere.

    Shapes   vertices (n,) those that fsaverage's ones are made of; pial, white (V, 3) in scanner mm; faces (F, 3);
             shares (V_fsaverage, n)
    """

    vertices: np.ndarray
    pial: np.ndarray
    white: np.ndarray
    faces: np.ndarray
    shares: sparse.csr_matrix


def subject_folder(subjects_dir: str | Path | None, subject: str) -> Path:
    """The folder of a subject's surfaces.

    Raises   ConfigError where it is not there
    """
    given = subjects_dir or os.environ.get(VARIABLE)
    if not given:
        raise ConfigError(
            f"a subject's own surfaces need FreeSurfer's subjects folder: --subjects-dir (subjects_dir) or {VARIABLE}"
        )
    folder = Path(given) / subject / "surf"
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; is {quoted(subject)} a subject of {given}?")
    return folder


def native_sides(folder: Path, shares: list[sparse.csr_matrix]) -> tuple[list[NativeSide], dict[str, str]]:
    """Both hemispheres with their surfaces in scanner coordinates, and the files' digests.

    Raises   MeshError for a missing or damaged surface; MeasurementError where c_ras is not to be had
    """
    sides, digests = [], {}
    for side, weights in zip(HEMISPHERES, shares, strict=True):
        surfaces = {}
        for kind in ("pial", "white"):
            path = folder / f"{side[0]}h.{kind}"
            read = read_surface_file(path, side, in_place=True)
            digests[str(path)] = read.sha256
            if len(read.coordinates) != weights.shape[1]:
                raise MeasurementError(
                    f"{path}: has {len(read.coordinates)} vertices, but sphere.reg has {weights.shape[1]}"
                )
            surfaces[kind] = read, to_scanner(path, read)
        used = np.unique(weights.indices)
        (pial, pial_at), (_, white_at) = surfaces["pial"], surfaces["white"]
        sides.append(NativeSide(used, pial_at, white_at, pial.faces, weights[:, used]))
    return sides, digests


def to_scanner(path: Path, surface: SurfaceFile) -> np.ndarray:
    """The surface's vertices in the scanner's mm, (V, 3), from the volume geometry in its file, or mri/orig.mgz."""
    turn, centre = _geometry(path)
    return np.asarray(surface.coordinates.astype(np.float64) @ (turn @ np.linalg.inv(TKRAS)).T + centre)


def _geometry(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Directions of the volume's axes in the scanner, one a column, and its centre (c_ras)."""
    import warnings

    from nibabel.freesurfer import io

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no geometry is a warning there
            read_geometry: Any = io.read_geometry
            *_, info = read_geometry(str(path), read_metadata=True)
        if str(info.get("valid", "")).startswith("1"):
            axes = np.stack([np.asarray(info[name], float) for name in ("xras", "yras", "zras")], axis=1)
            centre = np.asarray(info["cras"], float)
            if axes.shape == (3, 3) and centre.shape == (3,) and abs(abs(np.linalg.det(axes)) - 1) < 0.01:
                return axes, centre
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return _geometry_of_volume(path)


def _geometry_of_volume(path: Path) -> tuple[np.ndarray, np.ndarray]:
    volume = path.parent.parent / "mri" / "orig.mgz"
    if not volume.is_file():
        raise MeasurementError(
            f"{path}: does not say where its volume lay in the scanner (c_ras), and {volume} is not there; without it "
            "the surface would lie some millimetres off"
        )
    file = open_voxels(volume)
    if file.affine is None:
        raise MeasurementError(f"{volume}: has no orientation, and {path.name} does not say c_ras")
    axes = file.affine[:3, :3] / np.linalg.norm(file.affine[:3, :3], axis=0)
    centre = file.affine[:3, :3] @ (np.array(file.shape) / 2) + file.affine[:3, 3]
    return axes, centre
