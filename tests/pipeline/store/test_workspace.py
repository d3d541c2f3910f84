"""The cache as a run finds it: what killed runs left in it goes."""

import os
import tempfile
from pathlib import Path

import pytest

from tribe_np.files.leftovers import passing_name, scratch_prefix
from tribe_np.pipeline.store.workspace import open_workspace, others_files_in_cache


def of_a_dead_process(path: Path) -> Path:
    return path.with_name(path.name.replace(f"-{os.getpid()}-", "-4194304-"))  # more than Linux ever gives


def test_what_killed_runs_left_in_a_cache_goes(tmp_path: Path) -> None:
    open_workspace(tmp_path)
    kept = [tmp_path / "media" / f"sound-{'0' * 40}.wav", tmp_path / "features" / f"audio-{'0' * 40}.safetensors"]
    alive = [passing_name(path, "partial") for path in kept]
    dead = [of_a_dead_process(path) for path in alive]
    for path in (*kept, *alive, *dead):
        path.write_bytes(b"x")
    assert others_files_in_cache(tmp_path) is None
    open_workspace(tmp_path)
    assert [path.exists() for path in (*kept, *alive, *dead)] == [True] * 4 + [False] * 2


def test_without_a_cache_the_folder_of_a_killed_run_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = of_a_dead_process(tmp_path / f"{scratch_prefix()}abc")
    dead.mkdir()
    (dead / "sound.wav").write_bytes(b"x")
    with open_workspace(False) as space:
        assert list(tmp_path.iterdir()) == [space.media]
    assert list(tmp_path.iterdir()) == []
