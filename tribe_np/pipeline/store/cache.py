"""The feature cache: one safetensors file per key, written whole or not at all, verified when read.

A key is the digest of what determines the numbers: content of the stimulus, options, content of the model, this
package's cache version. Not in it is what only rounds otherwise: the machine, the number of threads, versions of NumPy
and BLAS; an entry is the bytes of the run that made it. A damaged entry is recomputed.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError, OutputError
from tribe_np.files.leftovers import passing_name, remove_if_possible, remove_leftovers
from tribe_np.formats.safetensors import TensorEntry, read_header, write_safetensors
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.pipeline.store.digest import value_digest


class FeatureCache:
    """Entries below `folder`; None keeps nothing.

    Raises   OutputError when the folder cannot be written
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.notes: list[str] = []
        if folder is not None:
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
        return None if self.folder is None else self.folder / f"{key}.safetensors"

    def load(self, key: str) -> dict[str, np.ndarray] | None:
        """The arrays stored under `key`; None when there are none or they are damaged (which is noted)."""
        path = self.path(key)
        if path is None or not path.is_file():
            return None
        try:
            entries, metadata = read_header(path)
            arrays = {name: entry.read() for name, entry in entries.items()}
        except CheckpointError as error:
            if not path.exists():  # another run has just removed it
                return None
            self.notes.append(f"cache entry {path.name} is damaged and was recomputed ({error})")
            return None
        if metadata.get("sha256") != arrays_digest(arrays):
            self.notes.append(f"cache entry {path.name} does not match its digest and was recomputed")
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
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)  # somebody may have emptied the cache meanwhile
            write_safetensors(path, arrays, metadata={"sha256": arrays_digest(arrays)})
        except OSError as error:
            raise OutputError(f"cache entry {path} cannot be written: {error}") from error


def arrays_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, dtypes, shapes and values: what an entry is checked against."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(json.dumps([name, array.dtype.name, list(array.shape)]).encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
