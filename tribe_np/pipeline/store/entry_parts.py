"""Parts of an unfinished entry, in a folder of their own beside it, which goes when the entry is written.

A killed run goes on from them, and processes that share the work on an entry put theirs together in them. A part holds
what was made of the numbers first to stop of an entry: clips of a chunk of film, passes of a text. It is written whole,
with its digest, and never again: numbers may be in several parts, since equal work gives equal bytes.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.errors import CheckpointError, OutputError
from tribe_np.files.leftovers import is_passing_name, remove_if_possible, remove_leftovers
from tribe_np.formats.safetensors import read_header
from tribe_np.pipeline.store.cache import ENTRY_SUFFIX, PARTS_SUFFIX, FeatureCache
from tribe_np.pipeline.store.digest import fan_out

PART = re.compile(rf"(?P<first>\d{{1,9}})-(?P<stop>\d{{1,9}})(?:-(?P<tag>[0-9a-f]{{16}}))?\{ENTRY_SUFFIX}")
OLD_PART = re.compile(
    rf"(?P<key>[^.]+)\.(?:(?P<clips>clips)|block(?P<number>\d{{1,9}})-(?P<tag>[0-9a-f]{{16}}))\{ENTRY_SUFFIX}"
)
ATTEMPTS = 3


@dataclass(frozen=True, order=True)
class Part:
    """What a part holds: numbers from `first` up to `stop`; `tag` tells those apart that depend on how work is cut."""

    first: int
    stop: int
    tag: str = ""

    @property
    def name(self) -> str:
        """Its file's."""
        return f"{self.first}-{self.stop}{self.tag and '-'}{self.tag}{ENTRY_SUFFIX}"


@dataclass(frozen=True)
class EntryParts:
    """The parts of the entry that `key` will name; without a cache there are none, and none are kept."""

    cache: FeatureCache
    key: str

    @property
    def folder(self) -> Path | None:
        """Where they lie."""
        cache = self.cache.folder
        return None if cache is None else cache / fan_out(self.key) / f"{self.key}{PARTS_SUFFIX}"

    def kept(self) -> list[Part]:
        """Those that are there, by their names alone."""
        found = (PART.fullmatch(path.name) for path in _paths(self.folder))
        return sorted(Part(int(name["first"]), int(name["stop"]), name["tag"] or "") for name in found if name)

    def hold(self, first: int, stop: int) -> bool:
        """Whether parts of all these numbers are there, by their names alone: damaged ones are found when read."""
        for part in self.kept():
            if part.first <= first < part.stop:
                first = part.stop
        return first >= stop

    def load(self, part: Part, fits: Callable[[np.ndarray], bool]) -> np.ndarray | None:
        """The features of a part; None where it is not there, or not as it was written, or does not fit.

        One of no use is noted and removed, so that it is made again.
        """
        if self.folder is None:
            return None
        path, shown = self.folder / part.name, f"{self.folder.name}/{part.name}"
        found = self.cache.read(path, shown)
        features = None if found is None else found.get("features")
        if features is not None and fits(features):
            return features
        if found is not None:
            self.cache.notes.append(f"cache entry {shown} holds something else and was recomputed")
        if path.exists():
            remove_if_possible(path)
        return None

    def store(self, part: Part, features: np.ndarray) -> None:
        """Keeps a part, whole or not at all.

        Raises   OutputError when the disk is full or the folder not writable
        """
        if self.folder is None:
            return
        for attempt in range(ATTEMPTS):
            try:
                return self.cache.write(self.folder / part.name, {"features": features})
            except OutputError:
                # somebody has written the entry and removed the folder meanwhile, or emptied the cache
                if self.folder.is_dir() or attempt + 1 == ATTEMPTS:
                    raise
                if self.cache.has(self.key):
                    return None
        return None

    def clear(self) -> None:
        """Removes all parts: the entry is written. What is not ours stays, and what somebody writes just now."""
        if self.folder is None or not self.folder.is_dir():
            return
        for path in _paths(self.folder):
            if PART.fullmatch(path.name):
                remove_if_possible(path)
        remove_leftovers(self.folder)
        with suppress(OSError):
            self.folder.rmdir()


def is_part_name(name: str) -> bool:
    """Whether a file in a folder of parts is ours."""
    return PART.fullmatch(name) is not None or is_passing_name(name)


def adopt_old_parts(cache: FeatureCache) -> None:
    """Parts that older versions put beside the entries become parts as they are now; damaged ones go."""
    for path in _paths(cache.folder):
        found = OLD_PART.fullmatch(path.name)
        if found is None:
            continue
        parts, number = EntryParts(cache, found["key"]), int(found["number"] or 0)
        try:
            stop = read_header(path)[0]["features"].shape[-1] if found["clips"] else number + 1
        except (CheckpointError, LookupError):
            stop = None
        if stop is None or parts.folder is None or cache.has(parts.key):
            remove_if_possible(path)
            continue
        with suppress(OSError):  # another process has just done it
            parts.folder.mkdir(parents=True, exist_ok=True)
            path.replace(parts.folder / Part(number, stop, found["tag"] or "").name)


def _paths(folder: Path | None) -> list[Path]:
    if folder is not None:
        with suppress(OSError):
            return list(folder.iterdir())
    return []
