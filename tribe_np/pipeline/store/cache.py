"""The feature cache: one safetensors file per key, written whole or not at all, verified when read.

A key is the digest of what determines the numbers: content of the stimulus, options, content of the model, this
package's cache version. Not in it is what only rounds otherwise: the machine, the number of threads, versions of NumPy
and BLAS; an entry is the bytes of the run that made it. A damaged entry is recomputed.

Entries lie in 256 folders by the first digits of their digests, `ab/KEY.safetensors`: a large study has more of them
than one folder of a file server bears. Those that an older version put beside these folders are used where they lie.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError, OutputError
from tribe_np.files.leftovers import passing_name, remove_if_possible, remove_leftovers
from tribe_np.formats.safetensors import TensorEntry, read_header, write_safetensors
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.pipeline.store.digest import fan_out, value_digest

ENTRY_SUFFIX, PARTS_SUFFIX = ".safetensors", ".parts"
FAN = re.compile(r"[0-9a-f]{2}")  # the name of a folder of entries


@dataclass(frozen=True)
class CacheListing:
    """What lies in a cache, by name alone: keys of whole entries, and of those of which parts are kept."""

    whole: frozenset[str]
    in_parts: frozenset[str]


class FeatureCache:
    """Entries below `folder`; None keeps nothing.

    `is_read_only` is for who only looks: the folder need not be there, nor be his to write.
    Raises   OutputError when the folder cannot be written
    """

    def __init__(self, folder: Path | None, *, is_read_only: bool = False) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._tidy: set[Path] = set()  # folders that this process has written to
        if folder is not None and not is_read_only:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                probe = passing_name(folder / "writable", "partial")  # of this process: others may probe as well
                probe.write_bytes(b"")
                remove_if_possible(probe)
                remove_leftovers(folder)
            except OSError as error:
                raise OutputError(
                    f"cache folder {folder} cannot be written ({error.strerror or error}); "
                    "choose another with --cache DIR, or none with --cache none"
                ) from error

    def key(self, kind: str, parts: Mapping[str, Any]) -> str:
        """The name of an entry."""
        return f"{kind}-{value_digest({'version': CACHE_VERSION, 'kind': kind, **parts})[:40]}"

    def path(self, key: str) -> Path | None:
        """Where the entry lies, or would."""
        if self.folder is None:
            return None
        path = self.folder / fan_out(key) / f"{key}{ENTRY_SUFFIX}"
        flat = self.folder / path.name  # of an older version
        return flat if not path.is_file() and flat.is_file() else path

    def has(self, key: str) -> bool:
        """Whether an entry is there; one that is damaged is found out when it is read."""
        path = self.path(key)
        return path is not None and path.is_file()

    def keys(self) -> set[str]:
        """Every entry that is there: quicker than to ask for each of many."""
        return set(self.listing().whole)

    def listing(self) -> CacheListing:
        """Every entry that is there, and those of which parts are kept, by listing the folders."""
        names = list(self._names())
        return CacheListing(_without(names, ENTRY_SUFFIX), _without(names, PARTS_SUFFIX))

    def _names(self) -> Iterator[str]:
        """Names in the folder and its folders of entries."""
        for entry in _scanned(self.folder):
            if FAN.fullmatch(entry.name):
                yield from (inner.name for inner in _scanned(Path(entry.path)))
            else:
                yield entry.name

    def load(self, key: str) -> dict[str, np.ndarray] | None:
        """The arrays stored under `key`; None when there are none or they are damaged (which is noted)."""
        path = self.path(key)
        return None if path is None else self.read(path, path.name)

    def read(self, path: Path, name: str) -> dict[str, np.ndarray] | None:
        """The arrays in a file of the cache, called `name` in the note where it is damaged: then None."""
        if not path.is_file():
            return None
        try:
            entries, metadata = read_header(path)
            arrays = {tensor: entry.read() for tensor, entry in entries.items()}
        except CheckpointError as error:
            if not path.exists():  # another run has just removed it
                return None
            self.notes.append(f"cache entry {name} is damaged and was recomputed ({error})")
            return None
        if metadata.get("sha256") != arrays_digest(arrays):
            self.notes.append(f"cache entry {name} does not match its digest and was recomputed")
            return None
        return arrays

    def place(self, key: str, name: str) -> TensorEntry | None:
        """Where an array of a stored entry lies, to be read later; None without a cache, or if it has gone since."""
        path = self.path(key)
        try:
            return None if path is None else read_header(path)[0][name]
        except CheckpointError:
            if path is not None and path.exists():
                raise
            return None

    def store(self, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes an entry atomically.

        Raises   OutputError when the disk is full or the folder not writable
        """
        path = self.path(key)
        if path is not None:
            self.write(path, arrays)

    def write(self, path: Path, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes a file of the cache atomically; the first time, what killed runs left in its folder goes.

        Raises   OutputError when the disk is full or the folder not writable
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # somebody may have emptied the cache meanwhile
            if path.parent not in self._tidy:
                self._tidy.add(path.parent)
                remove_leftovers(path.parent)
            write_safetensors(path, arrays, metadata={"sha256": arrays_digest(arrays)})
        except OSError as error:
            raise OutputError(f"cache entry {path} cannot be written: {error}") from error


def _scanned(folder: Path | None) -> list["os.DirEntry[str]"]:
    """What is in a folder; nothing where there is none."""
    if folder is not None:
        with suppress(OSError), os.scandir(folder) as found:
            return list(found)
    return []


def _without(names: list[str], suffix: str) -> frozenset[str]:
    """The keys of names that are a key and this suffix."""
    keys = (name.removesuffix(suffix) for name in names if name.endswith(suffix))
    return frozenset(key for key in keys if "." not in key)  # older versions: KEY.clips.safetensors


def arrays_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, dtypes, shapes and values: what an entry is checked against."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(json.dumps([name, array.dtype.name, list(array.shape)]).encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
