"""Kept sound is used only as it was written."""

from pathlib import Path

import pytest

from tribe_np.errors import OutputError
from tribe_np.pipeline.store.kept_media import is_kept, seal


def test_a_kept_file_is_checked_before_use(tmp_path: Path) -> None:
    warnings: list[str] = []
    path = tmp_path / "sound-1.wav"
    assert not is_kept(path, warnings.append)
    path.write_bytes(b"sound")
    assert not is_kept(path, warnings.append), "a run that was killed has left no seal"
    assert warnings == []
    seal(path)
    assert is_kept(path, warnings.append)
    path.write_bytes(b"sOund")
    assert not is_kept(path, warnings.append)
    assert warnings == ["sound-1.wav in the cache does not match its digest and is made again"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sound-1.wav", "sound-1.wav.sha256"]


def test_a_seal_that_cannot_be_written_or_read(tmp_path: Path) -> None:
    path = tmp_path / "sound-1.wav"
    path.write_bytes(b"sound")
    (tmp_path / "sound-1.wav.sha256").mkdir()
    assert not is_kept(path, pytest.fail)
    with pytest.raises(OutputError, match="cannot be written"):
        seal(path)
    (tmp_path / "sound-1.wav.sha256").rmdir()
    (tmp_path / "sound-1.wav.sha256").write_bytes(b"\xff\0damaged")
    assert not is_kept(path, lambda text: None)
