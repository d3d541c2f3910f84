"""The files that a prediction was made from, found again and known by their digests.

A folder may have moved to another machine: a file is looked for where run.json names it, then beside the prediction
folder, in it, and where the folder lay that it was resampled from. One that is not the file of the digest any more is
not taken.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tribe_np.errors import MediaError, TribeError
from tribe_np.files.sha256 import sealed_digest, sha256_of


@dataclass(frozen=True, eq=False)
class FileFinder:
    """Looks for the files of one prediction folder; `folders` are places to look, `run` is run.json."""

    folders: Sequence[Path]
    run: Mapping[str, Any]
    _looked: dict[str, tuple[Path | None, str]] = field(default_factory=dict)

    @cached_property
    def stimulus(self) -> tuple[str, str | None]:
        """Path and digest of the stimulus as run.json has them; "" and None where it names none."""
        told = self.run.get("stimulus")
        if not isinstance(told, Mapping) or not isinstance(told.get("path"), str):
            return "", None
        digest = told.get("sha256")
        return told["path"], digest if isinstance(digest, str) else None

    @property
    def kind(self) -> str:
        """The kind of the stimulus as run.json has it, such as "text"; "" where it names none."""
        told = self.run.get("stimulus")
        return str(told.get("kind", "")) if isinstance(told, Mapping) else ""

    def find(self, path: str | Path) -> tuple[Path | None, str]:
        """The file and ""; None and why where it is gone or is another by now."""
        if str(path) not in self._looked:
            self._looked[str(path)] = self._find(Path(path), self._digest_of(path))
        return self._looked[str(path)]

    def _digest_of(self, path: str | Path) -> str | None:
        named, digest = self.stimulus
        return digest if named and Path(named) == Path(path) else self._media_digests.get(Path(path))

    @cached_property
    def _media_digests(self) -> dict[Path, str]:
        """Of the files that a table of events shows, which is the stimulus then."""
        told = self.run.get("stimulus")
        media = told.get("media") if isinstance(told, Mapping) else None
        rows = [row for row in media if isinstance(row, Mapping)] if isinstance(media, list) else []
        return {
            Path(row["path"]): row["sha256"]
            for row in rows
            if isinstance(row.get("path"), str) and isinstance(row.get("sha256"), str)
        }

    def _find(self, path: Path, digest: str | None) -> tuple[Path | None, str]:
        beside = [folder / part for folder in self.folders for part in dict.fromkeys((path, Path(path.name)))]
        there = [place for place in dict.fromkeys([path, *beside]) if _is_file(place)]
        if digest is None:
            return (there[0], "") if there else (None, f"{path} is not there any more")
        changed = None
        for place in there:
            try:
                if sha256_of(place, error=MediaError) == digest:
                    return place, ""
                changed = changed or f"{place} has changed since the prediction"
            except TribeError as error:
                changed = changed or str(error)
        return None, changed or f"{path} is not there any more"


def is_sealed(path: Path) -> bool:
    """Whether a file of the cache is there as it was written, by the digest beside it."""
    told = sealed_digest(path)
    try:
        return told is not None and told == sha256_of(path, error=MediaError)
    except TribeError:
        return False


def folders_of(folder: Path, run: Mapping[str, Any]) -> list[Path]:
    """Where the files of a prediction may lie: beside its folder, in it, and so of those it was resampled from."""
    all_folders = [folder.absolute(), *sources_of(run)]
    return list(dict.fromkeys(place for own in all_folders for place in (own.parent, own)))


def sources_of(run: Mapping[str, Any]) -> list[Path]:
    """The folders that one was resampled from, the last first."""
    found: list[Path] = []
    made: Any = run
    while isinstance(made := made.get("resampled") or made.get("before"), Mapping):
        source = made.get("source")
        if isinstance(source, Mapping) and isinstance(source.get("path"), str):
            found.append(Path(source["path"]))
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no system takes
        return False


def without_folders(note: str) -> str:
    """A note for people who see the result: names of files without their folders, and no advice on options.

    >>> without_folders("/home/me/a.mp4 is not there any more (--stimulus FILE names another place)")
    'a.mp4 is not there any more'
    """
    return re.sub(r"\s*\(--[^)]*\)", "", re.sub(r"(?:(?<=\s)|^)/\S*/(?=\S)", "", note))
