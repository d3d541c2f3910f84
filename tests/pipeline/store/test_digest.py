"""Digests: by content, of what is read, with progress where there is much of it."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tribe_np.errors import CheckpointError, MediaError
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.store import digest
from tribe_np.pipeline.store.digest import Digests
from tribe_np.pipeline.store.workspace import open_workspace, others_files_in_cache


class Counting(Silent):
    """Keeps the stages and their steps."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[int | None, int]] = {}

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        done: list[int] = []
        yield done.append
        self.stages[name] = (total, sum(done))


def test_only_what_a_model_reads_counts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    first = Digests().of(tmp_path, Silent())
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "pytorch_model.bin").write_bytes(b"the same again")
    (tmp_path / ".lock.json").write_text("x")
    assert Digests().of(tmp_path, Silent()) == first
    (tmp_path / "model.safetensors").write_bytes(b"Weights")
    assert Digests().of(tmp_path, Silent()) != first


def test_pytorch_files_count_where_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"weights")
    (tmp_path / "adapter.safetensors").write_bytes(b"not what is read")
    first = Digests().of(tmp_path, Silent())
    (tmp_path / "pytorch_model.bin").write_bytes(b"others")
    assert Digests().of(tmp_path, Silent()) != first


def test_large_files_show_progress_and_small_ones_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(3 << 20))
    progress = Counting()
    quiet = Digests().of(tmp_path, progress)
    assert progress.stages == {}
    monkeypatch.setattr(digest, "SHOWN_BYTES", 1 << 20)
    assert Digests().of(tmp_path, progress) == quiet
    assert progress.stages == {f"digest of {tmp_path.name}": (3, 3)}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="absent"):
        Digests().of(tmp_path / "absent.mp4", Silent())
    with pytest.raises(MediaError, match="absent"):
        digest.file_digest(tmp_path / "absent.mp4")


def test_a_model_that_cannot_be_read_is_no_stimulus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("open", "iterdir"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, name, refused)
            with pytest.raises(CheckpointError, match="cannot be read: Permission denied"):
                Digests().of(tmp_path, Silent())


def test_a_value_is_digested_as_its_json_text() -> None:
    value = {"words": [["é\U0001f600", "a b"], ["", 'q"']], "n": None, "x": 0.1, "nested": {"b": [], "a": True}}
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    assert digest.value_digest(value) == hashlib.sha256(text.encode()).hexdigest()
    assert digest.value_digest({"p": Path("x")}) == digest.value_digest({"p": repr(Path("x"))})


LARGE = digest.LEAST_BYTES


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written count as settled."""
    now = time.time_ns
    monkeypatch.setattr(digest.time, "time_ns", lambda: now() + 10 * digest.SETTLED_NS)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose bytes were read."""
    names: list[str] = []
    plain = digest.file_digest

    def noted(path: Path, step: Callable[[int], object] = lambda n: None) -> str:
        names.append(Path(path).name)
        return plain(path, step)

    monkeypatch.setattr(digest, "file_digest", noted)
    return names


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.usefixtures("later")
def test_a_large_file_is_read_once_and_a_small_one_each_time(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "large").write_bytes(bytes(LARGE))
    (tmp_path / "small").write_bytes(bytes(LARGE - 1))
    for _ in range(3):
        for name in ("large", "small"):
            assert Digests(tmp_path / "memory").of_file(tmp_path / name) == sha256(tmp_path / name)
    assert read == ["large", "small", "small", "small"]


@pytest.mark.usefixtures("later")
def test_a_model_folder_is_remembered_file_by_file(tmp_path: Path, read: list[str]) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "other.safetensors"):
        (folder / name).write_bytes(name.encode() + bytes(LARGE))
    digests = Digests(tmp_path / "memory")
    first = digests.of(folder, Silent())
    (folder / "other.safetensors").write_bytes(bytes(LARGE))
    assert digests.of(folder, Silent()) == Digests().of(folder, Silent()) != first
    assert read[:3] == ["model.safetensors", "other.safetensors", "other.safetensors"]


@pytest.mark.usefixtures("later")
def test_what_is_remembered_needs_no_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "film.mp4").write_bytes(bytes(LARGE))
    monkeypatch.setattr(digest, "SHOWN_BYTES", LARGE)
    for stages in (1, 0):
        progress = Counting()
        Digests(tmp_path / "memory").of(tmp_path / "film.mp4", progress)
        assert len(progress.stages) == stages


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("keeps_times", [False, True])
def test_an_edit_in_place_that_keeps_the_size_is_seen(tmp_path: Path, keeps_times: bool) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(LARGE))
    digests = Digests(tmp_path / "memory")
    first, before = digests.of_file(path), path.stat()
    time.sleep(0.02)  # more than a tick of the disk's clock
    with path.open("r+b") as file:
        file.seek(LARGE // 2)
        file.write(b"x")
    if keeps_times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digests.of_file(path) == sha256(path) != first


@pytest.mark.usefixtures("later")
def test_another_file_under_the_name_is_read(tmp_path: Path, read: list[str]) -> None:
    path, other = tmp_path / "weights", tmp_path / "other"
    path.write_bytes(bytes(LARGE))
    other.write_bytes(b"x" * LARGE)
    digests = Digests(tmp_path / "memory")
    digests.of_file(path)
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert digests.of_file(path) == sha256(path)
    (tmp_path / "link").symlink_to(path)
    digests.of_file(tmp_path / "link")  # the same file
    assert read == ["weights", "weights"]


def test_a_file_that_has_just_changed_is_not_remembered(tmp_path: Path, read: list[str]) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(LARGE))
    os.utime(path, (0, 0))  # whatever its time says
    for _ in range(2):
        Digests(tmp_path / "memory").of_file(path)
    assert read == ["weights", "weights"]
    assert not (tmp_path / "memory").exists()


def test_a_file_is_remembered_a_minute_after_its_last_change() -> None:
    """A memory map's later writes leave the times as they were until the system writes the page: 35 s on Linux."""
    state = {"mtime_ns": 5, "ctime_ns": 10**18 + 1}
    assert not digest._dated(state, 10**18 + 40 * 10**9)
    assert digest._dated(state, 10**18 + 61 * 10**9)
    assert not digest._dated(state, 10**18 - 10**15)  # a clock set back


@pytest.mark.usefixtures("later")
def test_a_disk_that_counts_whole_seconds_is_not_trusted(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(LARGE))
    plain = digest.file_state

    def coarse(given: Path) -> dict[str, object] | None:
        found = plain(given)
        return None if found is None else {**found, "ctime_ns": found["ctime_ns"] // 10**9 * 10**9}

    monkeypatch.setattr(digest, "file_state", coarse)
    for _ in range(2):
        Digests(tmp_path / "memory").of_file(path)
    assert read == ["weights", "weights"]
    monkeypatch.setattr(digest, "file_system_of", lambda path: "lustre")
    for _ in range(2):
        Digests(tmp_path / "memory").of_file(path)
    assert read == ["weights"] * 4, "ten minutes are too few"
    now = time.time_ns
    monkeypatch.setattr(digest.time, "time_ns", lambda: now() + digest.HOUR_NS)
    for system, n_more in (("squashfs", 2), (None, 2), ("lustre", 1), ("nfs4", 0)):
        monkeypatch.setattr(digest, "file_system_of", lambda path, system=system: system)
        read.clear()
        for _ in range(2):
            Digests(tmp_path / "memory").of_file(path)
        assert read == ["weights"] * n_more, system


@pytest.mark.usefixtures("later")
def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(LARGE))
    plain = digest.file_digest

    def changing(given: Path, step: Callable[[int], object] = lambda n: None) -> str:
        found = plain(given, step)
        path.write_bytes(b"x" * (LARGE + 1))
        return found

    monkeypatch.setattr(digest, "file_digest", changing)
    Digests(tmp_path / "memory").of_file(path)
    assert not (tmp_path / "memory").exists()


@pytest.mark.usefixtures("later")
def test_a_damaged_memory_is_none(tmp_path: Path, read: list[str]) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(LARGE))
    digests = Digests(tmp_path / "memory")
    good = digests.of_file(path)
    (kept,) = (tmp_path / "memory").iterdir()
    text = kept.read_text()
    wrong = good.translate(str.maketrans("0123456789", "1234567890"))
    for damage in (
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"seal": 1}',
        "[" * 100_000,
        text[:-5],
        text.replace(good, wrong),
        text.replace("a", "é"),
    ):
        kept.write_text(damage)
        assert digests.of_file(path) == good
        assert kept.read_text() == text  # mended
    assert len(read) == 11


@pytest.mark.usefixtures("later")
def test_without_a_cache_nothing_is_remembered(tmp_path: Path, read: list[str]) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(LARGE))
    with open_workspace(False) as space:
        assert space.digests.folder is None
        for _ in range(2):
            space.digests.of_file(path)
        assert not list(space.media.iterdir())
    assert read == ["weights", "weights"]
    with open_workspace(tmp_path / "cache") as space:
        space.digests.of_file(path)
        assert len(list((tmp_path / "cache" / "digests").iterdir())) == 1
    assert others_files_in_cache(tmp_path / "cache") is None
    (tmp_path / "cache" / "digests" / "thesis.tex").write_text("mine")
    assert "digests" in str(others_files_in_cache(tmp_path / "cache"))


@pytest.mark.usefixtures("later")
def test_a_memory_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(LARGE))
    (tmp_path / "memory").write_text("a file")
    assert Digests(tmp_path / "memory").of_file(tmp_path / "weights") == sha256(tmp_path / "weights")
