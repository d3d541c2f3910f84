"""Digests: by content, of what is read, with progress where there is much of it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tribe_np.errors import MediaError
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.store import digest
from tribe_np.pipeline.store.digest import Digests


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


def test_a_value_is_digested_as_its_json_text() -> None:
    value = {"words": [["é\U0001f600", "a b"], ["", 'q"']], "n": None, "x": 0.1, "nested": {"b": [], "a": True}}
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    assert digest.value_digest(value) == hashlib.sha256(text.encode()).hexdigest()
    assert digest.value_digest({"p": Path("x")}) == digest.value_digest({"p": repr(Path("x"))})
