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


def test_folders_of_entries_are_a_caches_own(tmp_path: Path) -> None:
    digest, fan = "0a" * 20, Path("0a")
    parts = Path("features") / fan / f"video-{digest}.parts"
    claim = Path("claims") / fan / "film.json"
    for path in (Path("features") / fan / f"audio-{digest}.safetensors", parts / "0-10.safetensors", claim):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
        (tmp_path / passing_name(tmp_path / path, "partial")).write_bytes(b"x")
    with open_workspace(tmp_path) as space:
        assert space.claims == tmp_path / "claims"
    assert others_files_in_cache(tmp_path) is None
    for path in (
        Path("features/0a/thesis.tex"), parts / "thesis.tex", Path("claims/0a/thesis.tex"), Path("features/thesis"),
        Path("features/abc"), Path("claims/film.json"), Path("media/0a"),
    ):  # fmt: skip
        (tmp_path / path).write_text("mine")
        assert f"holds a folder {path.parts[0]} with other files" in str(others_files_in_cache(tmp_path))
        (tmp_path / path).unlink()
    assert others_files_in_cache(tmp_path) is None


def test_a_start_does_not_look_into_folders_of_entries(tmp_path: Path) -> None:
    open_workspace(tmp_path)
    (tmp_path / "features" / "0a").mkdir()
    (tmp_path / "features" / "0a" / "thesis.tex").write_text("mine")
    assert others_files_in_cache(tmp_path, beside=True) is None
    (tmp_path / "features" / "thesis.tex").write_text("mine")
    assert "thesis.tex" in str(others_files_in_cache(tmp_path, beside=True))


def test_without_a_cache_the_folder_of_a_killed_run_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = of_a_dead_process(tmp_path / f"{scratch_prefix()}abc")
    dead.mkdir()
    (dead / "sound.wav").write_bytes(b"x")
    with open_workspace(False) as space:
        assert space.claims is None
        assert list(tmp_path.iterdir()) == [space.media]
    assert list(tmp_path.iterdir()) == []
