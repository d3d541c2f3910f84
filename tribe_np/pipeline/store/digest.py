"""Content digests: what a cache key and run.json are made of."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tribe_np.errors import MediaError
from tribe_np.formats.weights import INDEX_NAME, SINGLE_NAME
from tribe_np.pipeline.progress import Progress

BLOCK = 1 << 20
SHOWN_BYTES = 1 << 28  # about a second of SHA-256 on a slow machine
MODEL_SUFFIXES = {".json", ".yaml", ".safetensors", ".ckpt"}  # what is read; a README changes no number
TORCH_SUFFIX = ".bin"  # read only where no safetensors are


def file_digest(path: str | Path, step: Callable[[int], object] = lambda n: None) -> str:
    """SHA-256 of a file's bytes; `step` is told the bytes read since its last call.

    Raises   MediaError when it cannot be read
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                step(len(block))
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def model_files(folder: str | Path) -> list[Path]:
    """The files of a model folder that a model is made of, in name order."""
    files = [p for p in Path(folder).iterdir() if not p.name.startswith(".") and p.is_file()]
    has_safetensors = any(p.name in (SINGLE_NAME, INDEX_NAME) for p in files)  # as read_folder chooses
    read = MODEL_SUFFIXES if has_safetensors else MODEL_SUFFIXES | {TORCH_SUFFIX}
    return sorted(p for p in files if p.suffix in read)


def folder_digest(folder: str | Path, step: Callable[[int], object] = lambda n: None) -> str:
    """SHA-256 over the names and bytes of `model_files`.

    Raises   MediaError when a file cannot be read
    """
    return value_digest({p.name: file_digest(p, step) for p in model_files(folder)})


def shown_digest(path: str | Path, progress: Progress) -> str:
    """The digest of a file or a model folder; reading much of it is a stage of its own, in MB.

    Raises   MediaError when a file cannot be read
    """
    path = Path(path)
    digest = folder_digest if path.is_dir() else file_digest
    try:
        n_bytes = sum(p.stat().st_size for p in (model_files(path) if path.is_dir() else [path]))
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror or error}") from error
    if n_bytes < SHOWN_BYTES:
        return digest(path)
    with progress.stage(f"digest of {path.name}", n_bytes >> 20, "MB") as step:
        return digest(path, lambda n: step(n >> 20))


def value_digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON-able mapping; keys in any order give the same."""
    digest = hashlib.sha256()
    # piece by piece: the contexts of an hour of words are long
    for piece in json.JSONEncoder(sort_keys=True, ensure_ascii=True, default=repr).iterencode(value):
        digest.update(piece.encode())
    return digest.hexdigest()
