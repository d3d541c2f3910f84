"""Content digests: what a cache key and run.json are made of.

Those of large files are remembered for the next run: reading gigabytes of weights takes longer than many a run. A
digest holds while the file is as it was: the same path, size, inode, and times of change to the nanosecond. Where the
times tell too little, nothing is remembered: a file that changed in the last minute (it may change again within one
tick of the disk's clock, and what a memory map writes is dated up to 35 s early on Linux), and a disk that counts whole
seconds (FAT; the image of a container, where two builds may agree in all of these). File servers that count so are
trusted with files that are older than an hour: none of their users can put back the time of a change, and their clock
is not an hour off ours. A damaged memory is no memory.
"""

import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.errors import CheckpointError, MediaError, reason_of
from tribe_np.files.atomic import whole_file
from tribe_np.formats.weights import INDEX_NAME, SINGLE_NAME
from tribe_np.machine.file_systems import file_system_of
from tribe_np.pipeline.progress import Progress

BLOCK = 1 << 20
SHOWN_BYTES = 1 << 28  # about a second of SHA-256 on a slow machine
LEAST_BYTES = 1 << 20  # of a file that is worth remembering: smaller ones are read in a millisecond
SETTLED_NS = 60_000_000_000  # since the last change
SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS
FILE_SERVERS = {"nfs", "nfs4", "lustre", "beegfs", "gpfs"}  # several count whole seconds, always or often
MODEL_SUFFIXES = {".json", ".yaml", ".safetensors", ".ckpt"}  # what is read; a README changes no number
DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")  # in the names of entries
TORCH_SUFFIX = ".bin"  # read only where no safetensors are


def file_digest(path: str | Path, step: Callable[[int], object] = lambda n: None) -> str:
    """SHA-256 of a file's bytes; `step` is called with the bytes read since its last call.

    Raises   MediaError when it cannot be read
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                step(len(block))
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {reason_of(error)}") from error
    return digest.hexdigest()


def model_files(folder: str | Path) -> list[Path]:
    """The files of a model folder that a model is made of, in name order.

    Raises   CheckpointError for a folder that cannot be listed
    """
    try:
        files = [p for p in Path(folder).iterdir() if not p.name.startswith(".") and p.is_file()]
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be read: {reason_of(error)}") from error
    has_safetensors = any(p.name in (SINGLE_NAME, INDEX_NAME) for p in files)  # as read_folder chooses
    read = MODEL_SUFFIXES if has_safetensors else MODEL_SUFFIXES | {TORCH_SUFFIX}
    return sorted(p for p in files if p.suffix in read)


@dataclass(frozen=True)
class Digests:
    """Digests of files and model folders, remembered below `folder` in a small file each; None remembers nothing."""

    folder: Path | None = None

    def of(self, path: str | Path, progress: Progress) -> str:
        """SHA-256 of a file, or over the names and digests of a model folder's `model_files`.

        Reading much is a stage of its own, in MB.
        Raises   MediaError when it cannot be read, CheckpointError when a model folder cannot
        """
        path = Path(path)
        if not path.is_dir():
            return self._of_files(path, [path], progress)[path.name]
        try:
            return value_digest(self._of_files(path, model_files(path), progress))
        except MediaError as error:
            raise CheckpointError(str(error)) from error

    def _of_files(self, path: Path, files: Sequence[Path], progress: Progress) -> dict[str, str]:
        """Digests by name; a stage, or what is wrong, has the name of `path`."""
        try:
            n_bytes = sum(p.stat().st_size for p in files if self._remembered(_worth_remembering(p)) is None)
        except OSError as error:
            raise MediaError(f"{path}: cannot be read: {reason_of(error)}") from error
        if n_bytes < SHOWN_BYTES:
            return {p.name: self.of_file(p) for p in files}
        with progress.stage(f"digest of {path.name}", n_bytes >> 20, "MB") as step:
            return {p.name: self.of_file(p, lambda n: step(n >> 20)) for p in files}

    def of_file(self, path: str | Path, step: Callable[[int], object] = lambda n: None) -> str:
        """`file_digest`, or what is remembered of it.

        Raises   MediaError when it cannot be read
        """
        before = _worth_remembering(path)
        known = self._remembered(before)
        if known is not None:
            return known
        began = time.time_ns()
        digest = file_digest(path, step)
        if before is not None and _dated(before, began) and before == file_state(path):  # else it changed meanwhile
            self._remember(before, digest)
        return digest

    def _remembered(self, state: Mapping[str, Any] | None) -> str | None:
        if self.folder is None or state is None:
            return None
        try:
            found = json.loads(self._place(self.folder, state).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        whole = isinstance(found, dict) and found.pop("seal", None) == value_digest(found)
        return str(found.pop("sha256")) if whole and found == {**state, "sha256": found.get("sha256")} else None

    def _remember(self, state: Mapping[str, Any], digest: str) -> None:
        if self.folder is None:
            return
        told = {**state, "sha256": digest}
        with suppress(OSError):  # a full disk: the file is read again next time
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self._place(self.folder, state)) as partial:
                partial.write_text(json.dumps(told | {"seal": value_digest(told)}), encoding="utf-8")

    @staticmethod
    def _place(folder: Path, state: Mapping[str, Any]) -> Path:
        return folder / f"digest-{value_digest({'path': state['path']})[:40]}.json"


def file_state(path: str | Path) -> dict[str, Any] | None:
    """What tells whether a file is as it was; None for a folder, or what cannot be read."""
    real = os.path.realpath(path)
    try:
        found = os.stat(real)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return {
        "path": real, "size": found.st_size, "inode": found.st_ino, "mtime_ns": found.st_mtime_ns,
        "ctime_ns": found.st_ctime_ns,  # an edit may put the other back
    }  # fmt: skip


def _worth_remembering(path: str | Path) -> dict[str, Any] | None:
    """`file_state` of a large file; None for any other."""
    state = file_state(path)
    return state if state is not None and state["size"] >= LEAST_BYTES else None


def _dated(state: Mapping[str, Any], now: int) -> bool:
    """Whether another change would show in a file's times."""
    age = now - max(state["mtime_ns"], state["ctime_ns"])
    if state["ctime_ns"] % SECOND_NS == 0:
        return bool(age > HOUR_NS and file_system_of(state["path"]) in FILE_SERVERS)
    return bool(age > SETTLED_NS)


def fan_out(name: str) -> str:
    """Two hex digits, the folder of a file among many: the first of the digest in its name, else of its name's digest.

    >>> fan_out(f"audio-features-{'5e' * 20}")
    '5e'
    """
    found = DIGEST.search(name)
    return (found[0] if found else hashlib.sha256(name.encode()).hexdigest())[:2]


def value_digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON-able mapping; keys in any order give the same."""
    digest = hashlib.sha256()
    # piece by piece: the contexts of an hour of words are long
    for piece in json.JSONEncoder(sort_keys=True, ensure_ascii=True, default=repr).iterencode(value):
        digest.update(piece.encode())
    return digest.hexdigest()
