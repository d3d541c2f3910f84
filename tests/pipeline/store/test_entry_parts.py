"""Parts of an unfinished entry: a folder of their own, cleared with the entry, and older versions' taken over."""

from pathlib import Path

import numpy as np
import pytest

from tribe_np.errors import OutputError
from tribe_np.files.leftovers import passing_name
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.entry_parts import EntryParts, Part, adopt_old_parts
from tribe_np.pipeline.store.workspace import open_workspace

KEY = f"video-features-{'0a' * 20}"
FEATURES = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
TAG = "0123456789abcdef"


def fits(found: np.ndarray) -> bool:
    return found.shape == FEATURES.shape


@pytest.fixture
def parts(tmp_path: Path) -> EntryParts:
    return EntryParts(FeatureCache(tmp_path / "features"), KEY)


def test_parts_lie_beside_their_entry(parts: EntryParts) -> None:
    assert parts.kept() == []
    for part in (Part(4, 6), Part(0, 2), Part(2, 3, TAG)):
        parts.store(part, FEATURES)
    assert parts.kept() == [Part(0, 2), Part(2, 3, TAG), Part(4, 6)]
    assert parts.folder == parts.cache.path(KEY).with_suffix(".parts")  # type: ignore[union-attr]
    assert sorted(path.name for path in parts.folder.iterdir()) == [  # type: ignore[union-attr]
        "0-2.safetensors", f"2-3-{TAG}.safetensors", "4-6.safetensors",
    ]  # fmt: skip
    found = parts.load(Part(2, 3, TAG), fits)
    assert found is not None
    assert found.tobytes() == FEATURES.tobytes()
    assert parts.load(Part(2, 3), fits) is None
    assert parts.cache.notes == []


@pytest.mark.parametrize(
    ("kept", "first", "stop", "expected"),
    [
        ([], 0, 1, False),
        ([(0, 10)], 0, 10, True),
        ([(0, 10)], 3, 7, True),
        ([(0, 10)], 3, 11, False),
        ([(0, 4), (4, 10)], 0, 10, True),
        ([(0, 4), (5, 10)], 0, 10, False),
        ([(0, 4), (0, 2), (1, 7), (6, 10)], 2, 10, True),
        ([(2, 9)], 0, 3, False),
    ],
)
def test_parts_may_overlap(
    parts: EntryParts, kept: list[tuple[int, int]], first: int, stop: int, expected: bool
) -> None:
    for n in kept:
        parts.store(Part(*n), FEATURES)
    assert parts.hold(first, stop) == expected


def test_only_what_is_ours_is_cleared(parts: EntryParts) -> None:
    other = EntryParts(parts.cache, f"video-features-{'0a' * 19}0b")
    for each in (parts, other):
        each.store(Part(0, 2), FEATURES)
    parts.clear()
    parts.clear()
    assert parts.folder is not None
    assert not parts.folder.exists()
    assert other.kept() == [Part(0, 2)]
    parts.store(Part(0, 2), FEATURES)
    written = passing_name(parts.folder / "2-3.safetensors", "partial")  # by a process that lives
    for path in (written, parts.folder / "notes.txt"):
        path.write_bytes(b"x")
    parts.clear()
    assert sorted(parts.folder.iterdir()) == sorted([written, parts.folder / "notes.txt"])


def test_the_folder_may_go_while_a_part_is_written(parts: EntryParts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process writes the entry meanwhile, or somebody empties the cache."""
    calls, plain = [], FeatureCache.write

    def late(self: FeatureCache, path: Path, arrays: dict[str, np.ndarray]) -> None:
        calls.append(path.name)
        if len(calls) == 1:
            raise OutputError("No such file or directory")
        plain(self, path, arrays)

    monkeypatch.setattr(FeatureCache, "write", late)
    parts.store(Part(0, 2), FEATURES)
    assert parts.kept() == [Part(0, 2)]
    parts.clear()
    parts.cache.store(KEY, {"features": FEATURES})
    calls.clear()
    parts.store(Part(0, 2), FEATURES)  # not wanted any more
    assert len(calls) == 1
    assert parts.kept() == []
    parts.folder.mkdir()  # type: ignore[union-attr]
    calls.clear()
    with pytest.raises(OutputError):
        parts.store(Part(0, 2), FEATURES)


def old(folder: Path, name: str, features: np.ndarray) -> Path:
    """A part as older versions left it: beside the entries."""
    path = folder / f"{name}.safetensors"
    FeatureCache(folder).write(path, {"features": features})
    return path


def test_parts_of_older_versions_are_taken_over(tmp_path: Path) -> None:
    features = tmp_path / "features"
    text = f"text-features-{'0b' * 20}"
    gone = [
        old(features, f"{KEY}.clips", FEATURES),
        old(features, f"{text}.block3-{TAG}", FEATURES),
        old(features, f"{text}.block12-{TAG}", FEATURES),
    ]
    cache = open_workspace(tmp_path).cache
    assert not any(path.exists() for path in gone)
    clips, passes = EntryParts(cache, KEY), EntryParts(cache, text)
    assert clips.kept() == [Part(0, 2)]
    assert passes.kept() == [Part(3, 4, TAG), Part(12, 13, TAG)]
    found = clips.load(Part(0, 2), fits)
    assert found is not None
    assert found.tobytes() == FEATURES.tobytes()
    assert cache.listing().in_parts == {KEY, text}


def test_those_of_no_use_go(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    done = f"video-features-{'0c' * 20}"
    cache.store(done, {"features": FEATURES})
    paths = [
        old(tmp_path, f"{done}.clips", FEATURES),
        old(tmp_path, f"{done}.block0-{TAG}", FEATURES),
        old(tmp_path, f"{KEY}.clips", np.float32(1)),
        old(tmp_path, f"video-features-{'0d' * 20}.clips", FEATURES),
    ]
    paths[3].write_bytes(b"damaged")
    mine = tmp_path / "notes.clips.txt"
    mine.write_bytes(b"x")
    adopt_old_parts(cache)
    assert not any(path.exists() for path in paths)
    assert mine.exists()
    assert cache.listing().in_parts == frozenset()
