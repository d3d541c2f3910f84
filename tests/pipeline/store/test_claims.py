"""Claims: one of several processes has the work, and nothing that one of them leaves blocks the others."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tribe_np.errors import OutputError
from tribe_np.files.leftovers import this_process
from tribe_np.pipeline.store import claims as claims_module
from tribe_np.pipeline.store.claims import EXPIRES_AFTER, Claim, Claims

KEY = f"video-features-{'0a' * 20}"
OTHER_HOST = "00000000-12-34"
DEAD = this_process().replace(f"-{os.getpid()}-", "-4194304-")  # more than Linux ever gives
CHILD = """
import sys, time
from pathlib import Path
from tribe_np.pipeline.store.claims import Claims

claim = Claims(Path(sys.argv[1])).take(sys.argv[2])
print("none" if claim is None else "mine", flush=True)
if claim is not None:
    with claim:
        sys.stdin.readline()
"""


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path / "claims")


def left_by(claims: Claims, process: str, age: float = 0.0, key: str = KEY) -> Path:
    """A claim of another process, as it stands."""
    path = claims.path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"host": "node7", "process": process, "since": 5.0, "token": process}))
    touched = time.time() - age
    os.utime(path, (touched, touched))
    return path


@contextmanager
def child(claims: Claims) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that takes the key, and what it got."""
    command = [sys.executable, "-c", CHILD, str(claims.folder), KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().strip()  # type: ignore[union-attr]
        finally:
            process.kill()


def test_one_of_two_processes_has_a_key(claims: Claims) -> None:
    with child(claims) as (process, said):
        assert said == "mine"
        assert claims.take(KEY) is None
        holder = claims.holder(KEY)
        assert holder is not None
        assert f"-{process.pid}-" in holder.process
        assert holder.host
        assert abs(holder.since - time.time()) < 60
        assert not holder.is_stale
        assert claims.live() == {KEY: holder}
        process.communicate("\n", timeout=30)  # it ends, and gives it back
        assert claims.holder(KEY) is None
        assert claims.live() == {}
        with claims.take(KEY) as claim, child(claims) as (_, said):  # type: ignore[union-attr]
            assert said == "none"
            assert not claim.is_lost


def test_a_process_of_this_machine_that_was_killed_is_followed_at_once(claims: Claims) -> None:
    with child(claims) as (process, said):
        assert said == "mine"
        process.kill()
        process.wait()
        holder = claims.holder(KEY)
        assert holder is not None
        assert holder.is_stale
        assert claims.live() == {}
        assert claims.take(KEY) is not None


def test_one_of_another_machine_is_waited_for(claims: Claims) -> None:
    left_by(claims, OTHER_HOST, age=EXPIRES_AFTER - 60)
    assert claims.take(KEY) is None
    path = left_by(claims, OTHER_HOST, age=EXPIRES_AFTER + 60)
    assert claims.holder(KEY).is_stale  # type: ignore[union-attr]
    with claims.take(KEY) as claim:  # type: ignore[union-attr]
        assert claim.path == path
        assert json.loads(path.read_text())["process"] == this_process()
    assert [p for p in claims.folder.rglob("*") if p.is_file()] == []


def test_a_clock_that_was_wrong_does_not_block(claims: Claims) -> None:
    left_by(claims, OTHER_HOST, age=-86400)
    assert claims.take(KEY) is not None


def test_the_disks_clock_counts_not_ours(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    path = left_by(claims, OTHER_HOST)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 86400)
    assert not claims.holder(KEY).is_stale  # type: ignore[union-attr]
    assert claims.take(KEY) is None
    os.utime(path, (now() - EXPIRES_AFTER - 60,) * 2)
    monkeypatch.setattr(time, "time", lambda: now() - EXPIRES_AFTER)
    assert claims.holder(KEY).is_stale  # type: ignore[union-attr]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff", b"[" * 9000, b'{"process": 3, "since": "x"}'])
def test_a_damaged_claim_expires_as_others_do(claims: Claims, content: bytes) -> None:
    path = left_by(claims, OTHER_HOST)
    for age, is_stale in ((0.0, False), (EXPIRES_AFTER + 60, True)):
        path.write_bytes(content)
        os.utime(path, (time.time() - age,) * 2)
        holder = claims.holder(KEY)
        assert holder is not None
        assert (holder.host, holder.process, holder.is_stale) == ("", "", is_stale)
        assert (claims.take(KEY) is not None) == is_stale


def test_it_is_renewed_and_given_back(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "RENEWED_EVERY", 0.02)
    with claims.take(KEY) as claim:  # type: ignore[union-attr]
        os.utime(claim.path, (0, 0))
        deadline = time.monotonic() + 30
        while claim.path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert claim.path.stat().st_mtime > 0
        assert any(thread.name == f"claim {KEY}" and thread.daemon for thread in threading.enumerate())
    assert not claim.path.exists()
    assert not any(thread.name == f"claim {KEY}" for thread in threading.enumerate())


def test_an_error_gives_it_back(claims: Claims) -> None:
    claim = claims.take(KEY)
    assert claim is not None
    with pytest.raises(KeyError), claim:
        raise KeyError
    assert claims.holder(KEY) is None


@pytest.mark.parametrize("is_there", [True, False])
def test_one_that_another_took_is_left_to_him(claims: Claims, is_there: bool) -> None:
    with claims.take(KEY) as claim:  # type: ignore[union-attr]
        claim.renew()
        assert not claim.is_lost
        claim.path.unlink()
        path = left_by(claims, OTHER_HOST, age=100.0) if is_there else claim.path
        before = path.stat().st_mtime if is_there else None
        claim.renew()
        assert claim.is_lost
    assert path.exists() == is_there
    assert before is None or path.stat().st_mtime == before


def test_of_two_that_take_over_one_has_it(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one judged the forsaken claim, and then finds the quicker one's in its place."""
    left_by(claims, DEAD)
    plain, quicker = Path.rename, []

    def late(self: Path, target: Path) -> Path:
        if not quicker:
            monkeypatch.setattr(Path, "rename", plain)
            quicker.append(Claims(claims.folder).take(KEY))
        return plain(self, target)

    monkeypatch.setattr(Path, "rename", late)
    assert claims.take(KEY) is None
    (claim,) = quicker
    assert claim is not None
    claim.renew()
    assert not claim.is_lost
    assert [p for p in claims.folder.rglob("*") if p.is_file()] == [claim.path]


def test_many_that_take_over_at_once(claims: Claims) -> None:
    for trial in range(20):
        key = f"video-features-{trial:040x}"
        left_by(claims, DEAD, key=key)
        start, got = threading.Barrier(4), []

        def take(key: str = key, start: threading.Barrier = start, got: list[Claim | None] = got) -> None:
            start.wait()
            got.append(Claims(claims.folder).take(key))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(claim is not None for claim in got) >= 1, "never a block"
        assert sum(claim is not None for claim in got) <= 2, "seldom double work"
        assert len([p for p in claims.path(key).parent.iterdir() if p.name.startswith(".")]) == 0
    assert len(claims.live()) == 20


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "no links here")


def test_where_there_are_no_links(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    with claims.take(KEY) as claim:  # type: ignore[union-attr]
        assert claims.take(KEY) is None
        claim.renew()
        assert not claim.is_lost
    left_by(claims, DEAD)
    assert claims.take(KEY) is not None


def test_a_server_that_answers_the_second_time(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.link

    def twice(one: Path, other: Path) -> None:
        plain(one, other)
        raise FileExistsError(errno.EEXIST, "exists")

    monkeypatch.setattr(os, "link", twice)
    claim = claims.take(KEY)
    assert claim is not None
    claim.renew()
    assert not claim.is_lost


def refuse(number: int) -> Callable[..., None]:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
@pytest.mark.parametrize("name", ["mkdir", "write_text"])
def test_a_folder_that_cannot_be_written_is_one_clear_error(
    claims: Claims, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    monkeypatch.setattr(Path, name, refuse(number))
    with pytest.raises(OutputError, match=rf"claims folder .*/claims cannot be written \({os.strerror(number)}\)"):
        claims.take(KEY)


def test_who_only_looks_writes_nothing_where_nothing_can_be_written(
    claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claims.live() == {}
    assert claims.holder(KEY) is None
    left_by(claims, OTHER_HOST)
    monkeypatch.setattr(Path, "write_text", refuse(errno.EROFS))
    assert list(claims.live()) == [KEY]
    assert not claims.holder(KEY).is_stale  # type: ignore[union-attr]


def test_keys_lie_in_folders_by_their_digests(claims: Claims) -> None:
    assert claims.path(KEY) == claims.folder / "0a" / f"{KEY}.json"
    ranged = f"{KEY}.10-20"
    assert claims.path(ranged) == claims.folder / "0a" / f"{ranged}.json"
    taken = [claims.take(key) for key in (KEY, ranged, "prediction-film")]
    assert None not in taken
    assert set(claims.live()) == {KEY, ranged, "prediction-film"}


def test_what_killed_processes_left_goes(claims: Claims) -> None:
    folder = claims.path(KEY).parent
    folder.mkdir(parents=True)
    left = folder / f".{KEY[:40]}.{DEAD}.0123abcd.partial"
    left.write_bytes(b"x")
    assert claims.take(KEY) is not None
    assert not left.exists()


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_expires_as_others_do(claims: Claims, kind: str) -> None:
    path = claims.path(KEY)
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
        (path / "notes").touch()
    else:
        path.symlink_to("nowhere")
    assert claims.take(KEY) is None
    assert list(claims.live()) == [KEY]
    old = time.time() - EXPIRES_AFTER - 1
    os.utime(path, (old, old), follow_symlinks=False)
    claim = claims.take(KEY)
    assert claim is not None
    claim.release()
    assert list(path.parent.iterdir()) == []


def test_tidying_takes_what_nobody_holds(claims: Claims) -> None:
    other = f"video-features-{'0b' * 20}"
    gone, kept = left_by(claims, DEAD), left_by(claims, OTHER_HOST, key=other)
    claims.folder.joinpath(f".clock.{DEAD}.00.partial").touch()
    claims.tidy()
    assert not gone.exists()
    assert [path for path in claims.folder.rglob("*") if path.is_file()] == [kept]
