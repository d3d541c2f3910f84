"""The SHA-256 of a file: as run.json and sidecars name what was read, and as the seal beside a file of the cache."""

import hashlib
from pathlib import Path

from tribe_np.errors import TribeError, reason_of


def sha256_of(path: str | Path, *, error: type[TribeError]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits.

    Raises   `error`, naming the file, when it cannot be read
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as failure:
        raise error(f"{path}: cannot be read: {reason_of(failure)}") from failure


def seal_of(path: Path) -> Path:
    """The file beside a file of the cache that holds its digest; without it, the file may be half written."""
    return path.with_name(f"{path.name}.sha256")


def sealed_digest(path: Path) -> str | None:
    """The digest that the seal of a file holds; None where there is no seal that can be read."""
    seal = seal_of(path)
    try:
        return seal.read_text(encoding="ascii", errors="replace").strip() if seal.is_file() else None
    except OSError:
        return None
