"""Names of files and folders that are being written, which tell who writes them, and what killed writers left.

A name is `.NAME.HOST-PID-START.RANDOM.partial` (or `.old`, for what is being replaced). HOST stands for the machine
since it was started and for its process numbers (containers have their own), so that on a shared disk nobody takes
another's running process for a dead one: what another host wrote is left until it is a day old.
"""

import hashlib
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

DAY = 86400.0
OWNER = r"(?:(?P<host>[0-9a-f]{8})-(?P<pid>\d{1,10})-(?P<start>\d{1,20})|\d{1,10})"  # a number alone: older versions
PASSING = re.compile(rf"\.(?P<name>.+)\.{OWNER}\.[0-9a-f]{{2,8}}\.(?P<ending>partial|old)")
SCRATCH = re.compile(rf"tribe-np-{OWNER}-.*")
NAME_LENGTH = 40  # characters of the file's own name: a passing name must not be longer than names may be


def passing_name(path: Path, ending: str) -> Path:
    """A hidden name beside `path` that no other call gives, on any machine; `ending` is partial or old."""
    return path.with_name(f".{path.name[:NAME_LENGTH]}.{this_process()}.{secrets.token_hex(4)}.{ending}")


def scratch_prefix() -> str:
    """The beginning of the name of this process's folders in the system's folder for temporary files."""
    return f"tribe-np-{this_process()}-"


def this_process() -> str:
    """HOST-PID-START: no other process has it, at any time."""
    return f"{_host()}-{os.getpid()}-{_start_of(os.getpid())}"


def has_ended(process: str) -> bool:
    """Whether a process, as `this_process` named it, was one of this machine and runs no more; else nobody can say."""
    found = re.fullmatch(OWNER, process)
    return found is not None and found["host"] == _host() and not _is_alive(int(found["pid"]), int(found["start"]))


def leftovers(folder: Path, name: str | None = None) -> Iterator[tuple[Path, str]]:
    """What dead writers left in `folder`, of one file or folder `name` or of all: the path and its ending."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            found = PASSING.fullmatch(path.name)
            if found and (name is None or found["name"] == name[:NAME_LENGTH]) and _is_left(path, found):
                yield path, found["ending"]


def is_passing_name(name: str) -> bool:
    """Whether a name is one that `passing_name` gives."""
    return PASSING.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> None:
    """Removes what dead writers left in one of our folders; what belongs to others stays."""
    for path, _ in leftovers(folder):
        remove_if_possible(path)


def remove_scratch() -> None:
    """Removes the folders that dead processes of this user left among the temporary files."""
    with suppress(OSError):
        for path in list(Path(tempfile.gettempdir()).iterdir()):
            found = SCRATCH.fullmatch(path.name)
            with suppress(OSError):
                if found and path.lstat().st_uid == os.getuid() and _is_left(path, found):
                    remove_if_possible(path)


def remove_if_possible(path: Path) -> None:
    """Removes a file, a link or a whole folder; one of another user, or already gone, is left as it is."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _is_left(path: Path, found: re.Match[str]) -> bool:
    """Whether the process that wrote this is dead; what cannot be asked is left after a day without a change."""
    if found["host"] == _host():
        return not _is_alive(int(found["pid"]), int(found["start"]))
    return time.time() - _last_change(path) > DAY


def _is_alive(pid: int, start: int) -> bool:
    started = _start_of(pid)
    if started and start:
        return started == start  # else the number was given to another process since
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True


def _start_of(pid: int) -> int:
    """When a process was started, in the system's ticks; 0 where it does not say, or there is none but a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return -1 if fields[0] in "ZX" else int(fields[19])


@cache
def _host() -> str:
    """Eight digits for the machine, since it was started, and its process numbers."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8"))
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _last_change(path: Path) -> float:
    """The newest time in a file or folder: one that is being filled changes inside."""
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    newest = path.lstat().st_mtime
    for each in inside:
        with suppress(OSError):
            newest = max(newest, each.lstat().st_mtime)
    return newest
