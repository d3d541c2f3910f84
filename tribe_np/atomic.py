"""Files that appear whole or not at all: written under a hidden name beside their place, then renamed."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def passing_name(path: Path, ending: str) -> Path:
    """A hidden name beside `path` that no other call gives, on any machine, and never longer than names may be."""
    return path.with_name(f".{path.name[:40]}.{os.getpid()}.{secrets.token_hex(4)}.{ending}")


def remove_if_possible(path: Path) -> None:
    """Removes a file that is of no more use; one of another user, or already gone, is left as it is."""
    with suppress(OSError):
        path.unlink()


def remove_leftovers(folder: Path, *, older_than: float = 86400.0) -> None:
    """Removes what killed writers left in the folder so many seconds ago; what belongs to others stays."""
    for path in folder.glob(".*.partial"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than:
                path.unlink()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The path to write to; the file takes its name when the block ends well, and is gone when it does not.

    Raises   OSError from the disk: callers say what was being written
    """
    partial = passing_name(path, "partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        with suppress(OSError):  # a parent that is a file: the block has failed already
            partial.unlink(missing_ok=True)
