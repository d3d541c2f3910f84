"""Parcellations in a folder, under any names: pairs of files that differ in the mark of the hemisphere, or one for all.

A table (.csv, .tsv) counts where its first line has a column `region`, a .gii without .label where it has labels:
surfaces and maps have the same ending.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from tribe_np.cortex.hemisphere_marks import counterpart, marked
from tribe_np.cortex.parcellations.parcellation_names import name_of_file
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ParcellationError, reason_of
from tribe_np.formats.label_table import has_region_column
from tribe_np.shown import quoted, some_of

BOTH_IN_ONE = (".dlabel.nii", ".csv", ".tsv")
IN_FOLDERS = (".annot", ".gii", *BOTH_IN_ONE)
GIFTI_HEAD = 65_536  # bytes; the table of labels comes before the arrays


@dataclass(frozen=True)
class Candidate:
    """Files that are a parcellation of both hemispheres, by their names."""

    shown: str  # the name of the file, or of both with `*` for the hemisphere
    paths: tuple[Path, ...]  # one for both, or left and right

    @property
    def name(self) -> str | None:
        """The parcellation that the files are called by, where it is a known one."""
        return name_of_file(self.shown)


def candidates(folder: Path) -> list[Candidate]:
    """The parcellations in a folder, sorted; files of one hemisphere alone are left out.

    Raises   ParcellationError for a folder that cannot be read
    """
    pairs: dict[str, dict[str, Path]] = {}
    found = []
    for path in _files(folder):
        side, key = marked(path.name)
        if side is not None:
            pairs.setdefault(key, {})[side] = path
        elif path.name.lower().endswith(BOTH_IN_ONE):
            found.append(Candidate(path.name, (path,)))
    whole = [Candidate(key, tuple(pair[side] for side in HEMISPHERES)) for key, pair in pairs.items() if len(pair) == 2]
    return sorted(found + whole, key=lambda candidate: candidate.shown)


def _files(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise ParcellationError(f"{folder}: cannot be read: {reason_of(error)}") from error
    named = [folder / name for name in names if name.lower().endswith(IN_FOLDERS) and not name.startswith(".")]
    return [path for path in named if os.path.isfile(path) and _may_be_of_labels(path)]


def _may_be_of_labels(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith((".csv", ".tsv")):
        return has_region_column(path)
    if not name.endswith(".gii") or name.endswith(".label.gii"):
        return True
    try:
        with path.open("rb") as file:
            return b"<Label " in file.read(GIFTI_HEAD)
    except OSError:
        return False


def only(found: list[Candidate], where: str) -> Candidate:
    """The one that was found.

    Raises   ParcellationError where there are several, with their names, or none
    """
    if not found:
        raise ParcellationError(
            f"{where}: holds no parcellation of both hemispheres; expected two files whose names differ in lh and rh, "
            "hemi-L and hemi-R, .L. and .R. or left and right (.annot, .gii), or one .dlabel.nii or table"
        )
    if len(found) > 1:
        raise ParcellationError(
            f"{where}: holds {len(found)} parcellations; give the file of one: {some_of([c.shown for c in found], 6)}"
        )
    return found[0]


def partner(path: Path) -> Path:
    """The file of the other hemisphere beside that of one.

    Raises   ParcellationError where the name has no mark of a hemisphere, or the other file is not there
    """
    side, key = marked(path.name)
    if side is None:
        raise ParcellationError(
            f"{path}: holds one hemisphere, and its name does not say which (lh, rh, hemi-L, .R., left ...); "
            "give the files of both"
        )
    if beside := counterpart(path.name, [file.name for file in _files(path.parent)]):
        return path.with_name(beside)
    other = next(each for each in HEMISPHERES if each != side)
    raise ParcellationError(
        f"{path}: is the {side} hemisphere, but beside it is no file of the {other} ({quoted(key)}, * for its mark); "
        "give the files of both"
    )
