"""The SHA-256 of a file, as run.json and sidecars name what was read."""

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
