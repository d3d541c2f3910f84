"""Folders and files that appear whole: killed at every moment, on disks that can exchange names and not."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tribe_np.errors import OutputError
from tribe_np.files.leftovers import passing_name
from tribe_np.outputs import whole
from tribe_np.outputs.whole import (
    check_file_target,
    check_own_target,
    remove_whole,
    write_file_whole,
    write_whole,
)

MOMENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "ctypes.dlsym")


def fill(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "deep").mkdir()
        for name in ("a", "deep/c"):
            (folder / name).write_text(text)

    return write


def write_number(number: int, path: Path) -> None:
    path.write_text(str(number))


def content(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("a", "deep/c")}


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def killed_at(moment: int, work: Callable[[], object], moments: tuple[str, ...] = MOMENTS) -> bool:
    """Whether a child that does the work was killed before its n-th step on the disk; else it has ended."""
    child = os.fork()
    if child == 0:
        left = moment

        def step(event: str, _: object) -> None:
            nonlocal left
            if event in moments:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(step)
        work()
        os.kill(os.getpid(), signal.SIGTERM)  # at once: no second end of the test suite
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


@pytest.mark.parametrize("can_exchange", [True, False])
def test_killed_at_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    out = tmp_path / "out"
    if not can_exchange:
        monkeypatch.setattr(whole, "exchange", lambda *_: False)
    write_whole(out, fill("0"), "predict")
    moment, missing = 0, 0
    while killed_at(moment, partial(write_whole, out, fill(str(moment + 1)), "predict")):
        missing += not out.exists()
        check_own_target(out, "predict")  # what the next run does first
        assert len(content(out)) == 1
        assert names(tmp_path) == ["out"]
        moment += 1
    assert moment > 20
    assert content(out) == {str(moment + 1)}
    assert names(tmp_path) == ["out"]
    assert (missing == 0) == can_exchange, "without an exchange there is a moment with nothing, from which we recover"


def test_a_file_killed_at_every_moment(tmp_path: Path) -> None:
    out = tmp_path / "e.tsv"
    write_file_whole(out, lambda p: p.write_text("0"), "events")
    moment = 0
    while killed_at(moment, partial(write_file_whole, out, partial(write_number, moment + 1), "events")):
        check_file_target(out, "events")
        assert names(tmp_path) == [".e.tsv.tribe-np", "e.tsv"]
        moment += 1
    assert moment > 5
    assert out.read_text() == str(moment + 1)


@pytest.mark.parametrize("can_exchange", [True, False])
def test_two_that_finish_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    out = tmp_path / "out"
    if not can_exchange:
        monkeypatch.setattr(whole, "exchange", lambda *_: False)
    children = []
    for number in range(5):
        child = os.fork()
        if child == 0:
            try:
                for _ in range(20):
                    write_whole(out, fill(str(number)), "predict")
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGABRT)
        children.append(child)
    ends = [os.WTERMSIG(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [signal.SIGTERM] * 5
    assert len(content(out)) == 1
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_what_came_while_we_worked_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    out = tmp_path / "out"
    if not can_exchange:
        monkeypatch.setattr(whole, "exchange", lambda *_: False)

    def meanwhile(folder: Path) -> None:
        fill("2")(folder)
        out.mkdir(exist_ok=True)
        (out / "notes.txt").write_text("mine")

    write_whole(out, fill("1"), "predict")
    with pytest.raises(
        OutputError, match=r"the folder now holds other files .*notes\.txt.*; the result is in .*out-2$"
    ):
        write_whole(out, meanwhile, "predict")
    assert (out / "notes.txt").read_text() == "mine"
    assert content(out) == {"1"}
    assert content(tmp_path / "out-2") == {"2"}
    assert names(tmp_path) == ["out", "out-2"]


def test_what_changed_in_the_last_moment_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, real = tmp_path / "out", whole.exchange

    def late(one: Path, other: Path) -> bool:
        if (one / "a").read_text() == "2":  # the first time
            (out / "a").write_text("mine")
        return real(one, other)

    write_whole(out, fill("1"), "predict")
    monkeypatch.setattr(whole, "exchange", late)
    with pytest.raises(OutputError, match=r"a was changed .* the result is in"):
        write_whole(out, fill("2"), "predict")
    assert (out / "a").read_text() == "mine"
    assert content(tmp_path / "out-2") == {"2"}


def test_a_person_who_was_faster_than_the_kill_loses_nothing(tmp_path: Path) -> None:
    """Killed just after the exchange: what was replaced lies under a hidden name, and is not what we wrote."""
    out = tmp_path / "out"
    write_whole(out, fill("1"), "predict")
    hidden = passing_name(out, "partial")
    hidden = hidden.with_name(hidden.name.replace(f"-{os.getpid()}-", "-4194304-"))  # no such process
    out.rename(hidden)
    (hidden / "a").write_text("mine")
    write_whole(out, fill("2"), "predict")
    assert (hidden / "a").read_text() == "mine"


def test_places_that_no_result_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for place in (Path("/"), tmp_path / "home", tmp_path / "home" / ".." / "home"):
        with pytest.raises(OutputError, match="is the root or home folder"):
            check_own_target(place, "predict")
    with pytest.raises(OutputError, match="is a mount point"):
        check_own_target(
            Path("/dev/shm") if os.path.ismount("/dev/shm") and not os.listdir("/dev/shm") else _mount(), "x"
        )
    monkeypatch.delenv("HOME")
    check_own_target(tmp_path / "new", "predict")


def _mount() -> Path:
    pytest.skip("no empty mount point here")


@pytest.mark.parametrize("out", ["in", "in/a.tsv", "."])
def test_a_result_never_replaces_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_file_whole(tmp_path / "in" / "a.tsv", lambda p: p.write_text("1"), "events")
    target = Path(out)
    with pytest.raises(OutputError, match=r"holds the transcript|holds other files|is a file"):
        check_own_target(target, "events", {"transcript": Path("in/a.tsv")})
    if target.is_file():
        with pytest.raises(OutputError, match=r"is or contains the transcript in/a\.tsv"):
            check_file_target(target, "events", {"stimulus": None, "transcript": Path("in/a.tsv")})


def test_only_what_is_ours_is_removed(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", fill("1"), "predict")
    write_whole(tmp_path / "b", fill("1"), "predict")
    (tmp_path / "b" / "mine").write_text("mine")
    for name in ("a", "b", "c"):
        remove_whole(tmp_path / name, "predict")
    assert names(tmp_path) == ["b"]
