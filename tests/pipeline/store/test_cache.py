"""The feature cache: keys by content, damage detected, nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tribe_np.errors import OutputError
from tribe_np.pipeline.store.cache import FeatureCache

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


def test_a_full_disk_leaves_no_entry(tmp_path: Path) -> None:
    show = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from tribe_np.errors import OutputError
from tribe_np.pipeline.store.cache import FeatureCache

cache = FeatureCache(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # no file may grow beyond that, as if the disk were full
try:
    cache.store("k", {"features": np.zeros(100_000, np.float32)})
except OutputError as error:
    print(error)
"""
    found = subprocess.run(
        [sys.executable, "-c", show, tmp_path], capture_output=True, text=True, timeout=60, check=True
    )
    assert "k.safetensors" in found.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_killed_writers_left_long_ago_is_removed(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".a.1.ff.partial", ".b.2.ff.partial", ".c"))
    for path in (old, new, other):
        path.write_bytes(b"x")
    for path in (old, other):
        os.utime(path, (1e9, 1e9))
    FeatureCache(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, other]
