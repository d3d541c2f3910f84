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
    (path,) = (p for p in tmp_path.rglob("*") if p.is_file())
    assert path == cache.path(key) == tmp_path / key.removeprefix("audio-features-")[:2] / f"{key}.safetensors"


def test_keys_depend_on_every_part_and_not_on_order() -> None:
    cache = FeatureCache(None)
    assert cache.key("a", {"x": 1, "y": 2}) == cache.key("a", {"y": 2, "x": 1})
    assert len({cache.key("a", {"x": 1}), cache.key("a", {"x": 2}), cache.key("b", {"x": 1})}) == 3


def test_every_cut_and_every_flipped_bit_is_detected(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.store("k", ARRAYS)
    path = cache.path("k")
    assert path is not None
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
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_what_killed_writers_left_long_ago_is_removed(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".a.1.ff.partial", ".b.2.ff.partial", ".c"))
    for path in (old, new, other):
        path.write_bytes(b"x")
    for path in (old, other):
        os.utime(path, (1e9, 1e9))
    FeatureCache(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, other]


def entry(digest: str) -> str:
    return f"audio-features-{digest * 20}"


def test_entries_lie_in_folders_by_their_digests(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    for digest in ("0a", "0b", "ff"):
        cache.store(entry(digest), ARRAYS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0a", "0b", "ff"]
    assert cache.keys() == {entry(digest) for digest in ("0a", "0b", "ff")}
    assert all(map(cache.has, cache.keys()))
    assert not cache.has(entry("0c"))


def test_an_entry_of_an_older_version_is_used_where_it_lies(tmp_path: Path) -> None:
    key, flat = entry("0a"), tmp_path / f"{entry('0a')}.safetensors"
    FeatureCache(tmp_path.parent / "new").store(key, ARRAYS)
    (tmp_path.parent / "new" / "0a" / flat.name).rename(flat)
    cache = FeatureCache(tmp_path)
    assert cache.has(key)
    assert cache.path(key) == flat
    assert cache.keys() == {key}
    assert cache.load(key)["features"].tobytes() == ARRAYS["features"].tobytes()  # type: ignore[index]
    assert cache.place(key, "features").path == flat  # type: ignore[union-attr]
    flat.write_bytes(flat.read_bytes()[:-1])
    assert cache.load(key) is None
    cache.store(key, ARRAYS)  # mended in its place
    assert cache.load(key) is not None
    assert list(tmp_path.rglob(f"{key}*")) == [flat]


def test_a_listing_knows_entries_and_parts_by_their_names(tmp_path: Path) -> None:
    assert FeatureCache(None).keys() == set()
    cache = FeatureCache(tmp_path)
    assert cache.listing().whole == cache.listing().in_parts == frozenset()
    cache.store(entry("0a"), ARRAYS)
    (tmp_path / "0b" / f"{entry('0b')}.parts").mkdir(parents=True)
    for other in (f"{entry('0c')}.clips.safetensors", f".{entry('0d')}.1.ff.partial", "notes.txt"):
        (tmp_path / other).write_bytes(b"")
    (tmp_path / f"{entry('0e')}.safetensors").write_bytes(b"flat")
    found = cache.listing()
    assert found.whole == {entry("0a"), entry("0e")} == cache.keys()
    assert found.in_parts == {entry("0b")}


def test_folders_of_entries_are_tidied_when_they_are_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start lists no more than one folder: on a file server hundreds take seconds."""
    left = [tmp_path / fan / f".{entry(fan)}.1.ff.partial" for fan in ("0a", "0b")]
    for path in left:
        path.parent.mkdir()
        path.write_bytes(b"x")
        os.utime(path, (1e9, 1e9))
    listed, plain = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: listed.append(self) or plain(self))
    cache = FeatureCache(tmp_path)
    assert listed == [tmp_path]
    for _ in range(2):
        cache.store(entry("0a"), ARRAYS)
    assert listed == [tmp_path, tmp_path / "0a"]
    assert [path.exists() for path in left] == [False, True]
