"""Files that appear whole or not at all: written under a hidden name beside their place, synced, then renamed."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tribe_np.files.leftovers import passing_name

EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
HERE = -100  # AT_FDCWD
NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)
SYNCED_AT_ONCE = 16
NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def whole_file(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """The path to write to; the file takes its name when the block ends well, and is gone when it does not.

    One that is not `synced` its writer syncs later, with others.
    Raises   OSError from the disk: callers say what was being written
    """
    partial = passing_name(path, "partial")
    try:
        yield partial
        if synced:
            sync(partial)  # else a crash of the machine may leave the name without the content
        partial.replace(path)
        if synced:
            sync_folder(path.parent)
    finally:
        with suppress(OSError):  # a parent that is a file: the block has failed already
            partial.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Waits until a file is on the disk.

    Raises   OSError: some disks say only now that they are full
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_all(paths: Iterable[Path]) -> None:
    """`sync` of many files, several at once: a disk waits once for all that it has been told by then.

    Raises   OSError
    """
    from concurrent.futures import ThreadPoolExecutor  # here: --help does without its logging

    with ThreadPoolExecutor(SYNCED_AT_ONCE) as threads:
        for _ in threads.map(sync, paths):
            pass


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, where the system knows how."""
    with suppress(OSError):
        sync(folder)


def exchange(one: Path, other: Path) -> bool:
    """Gives each of two files or folders the other's name, in one step; False where this cannot be done.

    Raises   OSError, for example when one of them is not there
    """
    rename = _exchanger()
    if rename is None:
        return False
    if rename(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    number = ctypes.get_errno()
    if number in NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def _exchanger() -> Callable[[bytes, bytes], Any] | None:
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if sys.platform == "darwin":
            swap = library.renamex_np
            return lambda one, other: swap(one, other, ctypes.c_uint(EXCHANGE))
        swap = library.renameat2
    except AttributeError:  # an older C library
        return None
    return lambda one, other: swap(HERE, one, HERE, other, ctypes.c_uint(EXCHANGE))
