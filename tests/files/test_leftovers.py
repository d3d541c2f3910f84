"""What killed writers leave goes; what a living process writes, here or on another host, stays."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tribe_np.files import leftovers
from tribe_np.files.atomic import exchange, whole_file
from tribe_np.files.leftovers import (
    is_passing_name,
    passing_name,
    remove_leftovers,
    remove_scratch,
    scratch_prefix,
    this_process,
)

CHILD = """
import sys, time
from pathlib import Path
from tribe_np.files.leftovers import passing_name
path = passing_name(Path(sys.argv[1]) / "a.wav", "partial")
path.write_bytes(b"x")
print(path.name, flush=True)
time.sleep(60)
"""


def test_a_file_stays_while_its_writer_lives(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    name = child.stdout.readline().strip()
    mine = passing_name(tmp_path / "a.wav", "partial")
    mine.write_bytes(b"x")
    remove_leftovers(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {name, mine.name}
    child.kill()
    remove_leftovers(tmp_path)  # it may be a zombie still
    assert child.wait() == -9
    remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [mine.name]


def test_a_number_that_was_given_to_another_process_since(tmp_path: Path) -> None:
    host, pid, start = this_process().split("-")
    assert pid == str(os.getpid())
    if start == "0":
        pytest.skip("this system does not tell when a process was started")
    (tmp_path / f".a.{host}-{pid}-{int(start) - 1}.00ff00ff.partial").write_bytes(b"x")
    (tmp_path / f".b.{host}-{pid}-{start}.00ff00ff.partial").write_bytes(b"x")
    remove_leftovers(tmp_path)
    assert [p.name[:3] for p in tmp_path.iterdir()] == [".b."]


@pytest.mark.parametrize("owner", ["00000000-1-1", "12345"])
def test_what_another_host_or_an_older_version_wrote_is_left_for_a_day(tmp_path: Path, owner: str) -> None:
    folder = tmp_path / f".out.{owner}.00ff00ff.partial"
    folder.mkdir()
    (folder / "a").write_bytes(b"x")
    old = time.time() - leftovers.DAY - 10
    os.utime(folder, (old, old))
    remove_leftovers(tmp_path)
    assert folder.is_dir(), "what is written into it now shows that it is in use"
    os.utime(folder / "a", (old, old))
    os.utime(folder, (old, old))
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".a.partial", ".a.b.partial", "a.1.ff.partial", ".a.1.ff.part", ".a.1.xyz.partial"])
def test_other_names_are_nobodys(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    os.utime(tmp_path / name, (1e9, 1e9))
    assert not is_passing_name(name)
    remove_leftovers(tmp_path)
    assert (tmp_path / name).is_file()


def test_a_name_is_never_longer_than_names_may_be(tmp_path: Path) -> None:
    path = passing_name(tmp_path / ("\u00fc" * 127), "partial")
    path.write_bytes(b"x")
    assert is_passing_name(path.name)
    assert is_passing_name(passing_name(path, "old").name)


def test_temporary_folders_of_dead_processes_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = tmp_path / scratch_prefix().replace(f"-{os.getpid()}-", "-4194304-")  # more than Linux ever gives
    mine, other = tmp_path / scratch_prefix(), tmp_path / "tribe-np-results"
    for folder in (dead, mine, other):
        folder.mkdir()
        (folder / "a").write_bytes(b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    dead.with_name(f"{dead.name}link").symlink_to(outside)
    remove_scratch()
    assert set(tmp_path.iterdir()) == {mine, other, outside}


def test_where_proc_does_not_tell_a_signal_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_start_of", lambda pid: 0)
    assert leftovers._is_alive(os.getpid(), 0)
    assert not leftovers._is_alive(4194304, 0)
    assert not leftovers._is_alive(10**18, 0)


def test_names_are_exchanged_or_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").mkdir()
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot")
    assert (tmp_path / "b").read_text() == "a"
    assert (tmp_path / "a").is_dir()
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "absent")


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("sync"), sync(descriptor))[1])
    monkeypatch.setattr(Path, "replace", lambda a, b: (done.append("rename"), replace(a, b))[1])
    with whole_file(tmp_path / "a") as partial:
        partial.write_text("x")
    assert done == ["sync", "rename", "sync"]
