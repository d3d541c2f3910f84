"""Where a mesh's files are: a FreeSurfer subjects folder, nilearn's own fsaverage5, or what nilearn fetches."""

import contextlib
import io
import os
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import MeshError, reason_of_fetch
from tribe_np.optional import require
from tribe_np.shown import shown

SUBJECTS = {"fsaverage7": ("fsaverage", "fsaverage7")}  # others have their own names
FREESURFER_NAMES = {
    "white": ("white",), "pial": ("pial",), "inflated": ("inflated",), "sphere": ("sphere", "sphere.reg"),
    "flat": ("cortex.patch.flat", "flat"), "sulc": ("sulc",), "curv": ("curv",), "area": ("area",),
    "thickness": ("thickness",),
}  # fmt: skip
NILEARN_NAMES = {"inflated": ("infl", "pial_inflated"), "thickness": ("thick",)}  # others have their own names
ENDINGS = ("", ".gii", ".surf.gii", ".shape.gii", ".gii.gz")
VARIABLE = "SUBJECTS_DIR"


@dataclass(frozen=True)
class MeshFiles:
    """The two files of a kind of surface or map, and in words where they are."""

    left: Path
    right: Path
    origin: str

    def of(self, side: str) -> Path:
        """The file of "left" or "right"."""
        return self.left if side == "left" else self.right


def mesh_files(mesh: str, kind: str, subjects_dir: str | Path | None = None) -> MeshFiles:
    """The files of a kind; a subjects folder comes first, then what nilearn carries, then what it fetches.

    Raises   MeshError that says what to give where there are none; MissingDependencyError without nilearn
    """
    return local_files(mesh, kind, subjects_dir) or _fetched(mesh, kind, _subjects_folder(subjects_dir))


def local_files(mesh: str, kind: str, subjects_dir: str | Path | None = None) -> MeshFiles | None:
    """`mesh_files` without the network; None where a file would have to be fetched."""
    folder = _subjects_folder(subjects_dir)
    return (None if folder is None else _in_subjects(folder, mesh, kind)) or _packaged(mesh, kind)


def _subjects_folder(given: str | Path | None) -> Path | None:
    """The folder that the caller gives, else the one that SUBJECTS_DIR names."""
    if given is not None and not Path(given).is_dir():
        raise MeshError(f"{given}: no such folder; expected FreeSurfer's subjects, fsaverage5 among them")
    named = os.environ.get(VARIABLE)
    return Path(given) if given is not None else Path(named) if named else None


def _in_subjects(folder: Path, mesh: str, kind: str) -> MeshFiles | None:
    """The files of a subjects folder, in FreeSurfer's names or, in a folder that nilearn fetched, in nilearn's."""
    for subject in SUBJECTS.get(mesh, (mesh,)):
        names = [(f"surf/lh.{name}", f"surf/rh.{name}") for name in FREESURFER_NAMES[kind]]
        names += _nilearn_names(kind)
        for left, right in ((f"{left}{end}", f"{right}{end}") for left, right in names for end in ENDINGS):
            pair = folder / subject / left, folder / subject / right
            if any(path.is_file() for path in pair):
                return _pair(*pair, f"the subjects folder {folder}")
    return None


def _nilearn_names(kind: str) -> list[tuple[str, str]]:
    """nilearn has had two spellings: infl_left and pial_inflated.left."""
    left, right = HEMISPHERES
    return [(f"{n}{mark}{left}", f"{n}{mark}{right}") for n in NILEARN_NAMES.get(kind, (kind,)) for mark in "_."]


def _pair(left: Path, right: Path, origin: str) -> MeshFiles:
    for path, other in ((left, right), (right, left)):
        if not path.is_file():
            raise MeshError(f"{path}: no such file, but {other.name} is there; both hemispheres are needed")
    return MeshFiles(left, right, origin)


def _packaged(mesh: str, kind: str) -> MeshFiles | None:
    """What nilearn's package holds, which need not be imported: fsaverage5."""
    spec = find_spec("nilearn") if mesh == "fsaverage5" else None
    for package in map(Path, (spec and spec.submodule_search_locations) or ()):
        for left, right in _nilearn_names(kind):
            paths = [package / "datasets" / "data" / mesh / f"{name}.gii.gz" for name in (left, right)]
            if all(path.is_file() for path in paths):
                return MeshFiles(paths[0], paths[1], "nilearn's fsaverage5")
    return None


def _fetched(mesh: str, kind: str, looked_in: Path | None) -> MeshFiles:
    """What nilearn has in its own data folder, or fetches into it."""
    where = f"not in {looked_in}" if looked_in else "no FreeSurfer subjects folder is given"
    datasets = require("nilearn.datasets", extra="plot", why=f"{kind} of {mesh} ({where})")
    stem = NILEARN_NAMES.get(kind, (kind,))[0]
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            bunch = datasets.fetch_surf_fsaverage(mesh)
        left, right = (Path(str(bunch[f"{stem}_{side}"])) for side in HEMISPHERES)
    except Exception as error:  # of the network, of a server, of a disk: nilearn's fetcher lets all through
        raise MeshError(
            f"{kind} of {mesh}: {where}, and nilearn could not fetch it: {shown(reason_of_fetch(error), 200)}; give a "
            f"FreeSurfer subjects folder that holds {SUBJECTS.get(mesh, (mesh,))[0]} with --subjects-dir or {VARIABLE}"
        ) from error
    return _pair(left, right, f"what nilearn fetched for {mesh}")
