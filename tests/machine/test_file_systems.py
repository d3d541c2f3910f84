"""The kind of file system a file lies on, from what Linux says of its mounts."""

import os
from pathlib import Path

import pytest

from tribe_np.machine.file_systems import file_system_of

LINES = """22 1 {other} / / rw,relatime - ext4 /dev/sda1 rw
36 22 {device} /export /data rw,noatime shared:1 master:3 - lustre mds@tcp:/data rw,flock
37 22 {device} / /data/again rw - nfs4 x rw
"""


@pytest.fixture
def device(tmp_path: Path) -> str:
    number = tmp_path.stat().st_dev
    return f"{os.major(number)}:{os.minor(number)}"


def test_by_the_device_of_the_file(tmp_path: Path, device: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(LINES.format(device=device, other="999:1"))
    assert file_system_of(tmp_path, mounts) == "lustre"


def test_where_nobody_says(tmp_path: Path, device: str) -> None:
    mounts = tmp_path / "mountinfo"
    assert file_system_of(tmp_path, mounts) is None
    for text in ("", "\n", f"36 22 {device}", f"36 22 {device} / / rw - ", "\x00\xff"):
        mounts.write_text(text)
        assert file_system_of(tmp_path, mounts) is None
    mounts.write_text(LINES.format(device="999:2", other="999:1"))
    assert file_system_of(tmp_path, mounts) is None
    assert file_system_of(tmp_path / "absent", mounts) is None
