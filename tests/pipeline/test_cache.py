"""The feature cache: keys by content, damage detected, nothing half-written."""

from pathlib import Path

import numpy as np
import pytest

from tribe_np.errors import OutputError
from tribe_np.pipeline import cache as cache_module
from tribe_np.pipeline.cache import FeatureCache

ARRAYS = {"features": np.arange(12, dtype=np.float32).reshape(2, 3, 2)}


def test_store_then_load_is_bit_equal(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    key = cache.key("audio-features", {"file": "x"})
    assert cache.load(key) is None
    cache.store(key, ARRAYS)
    loaded = cache.load(key)
    assert loaded is not None
    assert loaded["features"].tobytes() == ARRAYS["features"].tobytes()
    assert [p.name for p in tmp_path.iterdir()] == [f"{key}.safetensors"]


def test_keys_depend_on_every_part_and_not_on_order() -> None:
    cache = FeatureCache(None)
    assert cache.key("a", {"x": 1, "y": 2}) == cache.key("a", {"y": 2, "x": 1})
    assert len({cache.key("a", {"x": 1}), cache.key("a", {"x": 2}), cache.key("b", {"x": 1})}) == 3


def test_every_cut_and_every_flipped_bit_is_detected(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.store("k", ARRAYS)
    path = tmp_path / "k.safetensors"
    whole = path.read_bytes()
    for n in range(len(whole)):
        path.write_bytes(whole[:n])
        assert cache.load("k") is None, f"cut at {n}"
    for n in range(8, len(whole)):
        path.write_bytes(whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :])
        loaded = cache.load("k")
        assert loaded is None or loaded["features"].tobytes() == ARRAYS["features"].tobytes(), f"flipped at {n}"
    assert any("recomputed" in note for note in cache.notes)


def test_no_folder_keeps_nothing() -> None:
    cache = FeatureCache(None)
    cache.store("k", ARRAYS)
    assert cache.load("k") is None
    assert cache.path("k") is None


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="--cache"):
        FeatureCache(tmp_path / "file" / "cache")


def test_a_full_disk_leaves_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    cache = FeatureCache(tmp_path)
    monkeypatch.setattr(cache_module, "write_safetensors", full)
    with pytest.raises(OutputError, match="No space left"):
        cache.store("k", ARRAYS)
    assert list(tmp_path.iterdir()) == []
