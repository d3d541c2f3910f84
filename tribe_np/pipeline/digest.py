"""Content digests: what a cache key and run.json are made of."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tribe_np.errors import MediaError

BLOCK = 1 << 20


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes.

    Raises   MediaError when it cannot be read
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def folder_digest(folder: str | Path) -> str:
    """SHA-256 over the names and bytes of the files of a model folder, in name order; dot files are passed over.

    Raises   MediaError when a file cannot be read
    """
    files = sorted(p for p in Path(folder).iterdir() if p.is_file() and not p.name.startswith("."))
    return value_digest({p.name: file_digest(p) for p in files})


def value_digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON-able mapping; keys in any order give the same."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()
