"""Which kind of file system a file lies on.

Source   Linux, Documentation/filesystems/proc.rst, /proc/PID/mountinfo
"""

import os
from pathlib import Path

from tribe_np.machine.control_groups import lines_of

MOUNTS = Path("proc/self/mountinfo")


def file_system_of(path: str | Path, mounts: Path = Path("/") / MOUNTS) -> str | None:
    """The kind of file system that a file lies on, as Linux calls it ("nfs4", "lustre"); None where nobody says."""
    try:
        device = os.stat(path).st_dev
    except OSError:
        return None
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in lines_of(mounts):
        mount, _, system = line.partition(" - ")  # before it are as many fields as there happen to be
        if mount.split()[2:3] == [number] and system:
            return system.split()[0]
    return None
