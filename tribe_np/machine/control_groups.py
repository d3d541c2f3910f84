"""The control groups (a container's limits) that a process is in: where the system keeps their numbers.

Source   Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst
"""

from collections.abc import Iterator
from pathlib import Path

MEMBERSHIP, ROOT = Path("proc/self/cgroup"), Path("sys/fs/cgroup")


def group_folders(controller: str, membership: Path, root: Path) -> Iterator[tuple[Path, int]]:
    """Folders of the process's groups and of those above them, each with the version (1 or 2) of its files.

    Parameters
        controller  "cpu" or "memory": of version 1 only its groups count
        membership  the file that names the groups
        root        where their folders are mounted

    A container may not see the folder that its group is named after: its own limit then lies at the root. Folders that
    are not there are given too.
    """
    for line in lines_of(membership):
        _, colon, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not colon or (controllers and controller not in controllers.split(",")):
            continue
        mounts = [root / controllers, root / controller] if controllers else [root, root / "unified"]
        inner = Path(path.lstrip("/"))
        for part in (inner, *inner.parents):
            for mount in mounts:
                yield mount / part, 1 if controllers else 2


def lines_of(path: Path) -> list[str]:
    """The lines of a small file of the system; none where it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
