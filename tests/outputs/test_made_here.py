"""Markers: what a command wrote is its own as long as nobody changed it; everything else is a person's."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tribe_np.outputs.made_here import (
    MARKER,
    file_marker,
    is_noted,
    is_own_file,
    mark_file,
    mark_folder,
    note_file,
    others_files_in,
)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.npy").write_bytes(b"a")
    (folder / "deep" / "b.json").write_bytes(b"b")
    mark_folder(folder, "predict")
    return folder


def test_what_was_written_is_ours_also_in_part(ours: Path) -> None:
    assert others_files_in(ours, "predict") is None
    assert others_files_in(ours) is None
    (ours / ".DS_Store").write_bytes(b"")
    (ours / "a.npy").unlink()
    assert others_files_in(ours, "predict") is None
    assert others_files_in(ours, "features") == "holds what tribe-np predict wrote"


def changed(path: Path) -> None:
    path.write_bytes(b"c")


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    path.with_name("elsewhere").rename(path.parents[1] / "elsewhere")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: changed(f / "a.npy"), r"a\.npy was changed"),
        (lambda f: changed(f / "deep" / "b.json"), r"deep/b\.json was changed"),
        (lambda f: changed(f / "mine.txt"), r"mine\.txt"),
        (lambda f: changed(f / "deep" / "a.npy"), r"deep/a\.npy"),
        (lambda f: (f / "empty").mkdir(), "empty"),
        (lambda f: linked(f / "a.npy"), r"a\.npy was changed"),
        (lambda f: os.mkfifo(f / "pipe"), "pipe"),
        (lambda f: (f / MARKER).unlink(), r"a\.npy, deep"),
        (lambda f: (f / MARKER).write_text("["), r"a\.npy, deep"),
        (lambda f: (f / MARKER).write_text("[" * 100_000), r"a\.npy, deep"),
        (lambda f: (f / MARKER).write_text('{"made_by": "predict", "sha256": 3}'), r"a\.npy, deep"),
        (lambda f: (f / MARKER).write_bytes(b" " * (2 << 20)), r"a\.npy, deep"),
    ],
)
def test_whatever_else_is_a_persons(ours: Path, change: Callable[[Path], object], said: str) -> None:
    change(ours)
    assert (reason := others_files_in(ours, "predict")) is not None
    assert reason.startswith("holds other files (")
    assert re.search(said, reason)


def test_an_empty_folder_is_nobodys(tmp_path: Path) -> None:
    assert others_files_in(tmp_path, "predict") is None


@pytest.mark.parametrize("name", ["e.tsv", "y" * 255, "\u00fc" * 127])
def test_a_single_file_has_its_marker_beside_it(tmp_path: Path, name: str) -> None:
    path, content = tmp_path / name, tmp_path / "content"
    content.write_text("one")
    mark_file(path, content, "events")
    assert not is_own_file(path, "events"), "it is not there yet"
    path.write_text("one")
    assert is_own_file(path, "events")
    assert not is_own_file(path, "demo")
    content.write_text("two")
    mark_file(path, content, "events")
    assert is_own_file(path, "events"), "killed before the second took its name"
    content.replace(path)
    assert is_own_file(path, "events")
    path.write_text("mine")
    assert not is_own_file(path, "events")
    assert json.loads(file_marker(path).read_text())["file"] == name


def test_the_marker_of_another_file_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("one")
    mark_file(tmp_path / "a.tsv", tmp_path / "a.tsv", "events")
    (tmp_path / "b.tsv").write_text("one")
    file_marker(tmp_path / "a.tsv").rename(file_marker(tmp_path / "b.tsv"))
    assert not is_own_file(tmp_path / "b.tsv", "events")


def test_a_folder_that_is_filled_file_by_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        note_file(tmp_path / name, "download")
    (tmp_path / "c").write_text("c")
    (tmp_path / "b").write_text("mine")
    assert [is_noted(tmp_path / name, "download") for name in "abcd"] == [True, False, False, False]
    assert not is_noted(tmp_path / "a", "convert")
