"""Reading a small file whole: settings, tables and texts, which end soon and lie on a disk.

A name can lead elsewhere: to a device that never ends (/dev/zero), a pipe that nobody writes to, a socket, a folder,
or a file of gigabytes. Each is an error that says so, before anything is waited for or kept.
"""

import os
import stat
from pathlib import Path

from tribe_np.errors import CheckpointError, TribeError, reason_of

KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip
MEGABYTE = 1 << 20


def read_small_file(path: str | Path, *, most: int, error: type[TribeError] = CheckpointError) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Raises   `error`, naming the file: missing, not readable, no regular file, or larger
    """
    raw = b""
    if (size := check_regular(path, error=error)) <= most:
        try:
            with Path(path).open("rb") as file:
                raw = file.read(most + 1)  # of /proc, files say that they have no bytes
        except OSError as failure:
            raise error(f"{path}: cannot be read: {reason_of(failure)}") from failure
    if max(size, len(raw)) > most:
        limit = f"{most // MEGABYTE} MB" if most >= MEGABYTE else f"{most // 1000} kB"
        raise error(f"{path}: larger than {limit}, the limit for such a file")
    return raw


def check_regular(path: str | Path, *, error: type[TribeError] = CheckpointError) -> int:
    """The size of a regular file, in bytes.

    Raises   `error`, naming the file: missing, or a folder, a pipe, a socket or a device
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the name
        raise error(f"{path}: cannot be read: {reason_of(failure)}") from failure
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise error(f"{path}: cannot be read: it is {kind}, not a regular file")
    return found.st_size
