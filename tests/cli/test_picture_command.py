"""tribe-np predict face.png as it is typed: from the file to the vertices, and without Pillow."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.media.pictures.picture_samples import noise, write_picture
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.timeline.events import Events

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.mark.extras
def test_a_picture_from_file_to_vertices(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    face = write_picture(tmp_path / "ünï face.png", noise(1, 40, 30)[0])
    given = ("--models", demo.models, "--seconds", "3", "--background", "white", "--out", tmp_path / "out")
    done = command_here("predict", face, *given)
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "out" / "predictions.npy")
    assert found.shape == (3, 20484)
    assert np.isfinite(found).all()
    assert found.std() > 0
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["random_weights"] == ["encoder", "video"]
    assert "random weights: the numbers mean nothing about any brain (encoder, video)" in done.stderr
    (row,) = Events.from_tsv(tmp_path / "out" / "events.tsv")
    assert (row.type, row.duration, row.extra) == ("Video", 3.0, {"background": "white"})
    assert run["picture"]["size"] == [30, 40]
    done = command_here(
        "predict", tmp_path / "out" / "events.tsv", "--models", demo.models, "--out", tmp_path / "again"
    )
    assert done.returncode == 0, done.stderr
    assert (np.load(tmp_path / "again" / "predictions.npy") == found).all()


@pytest.mark.parametrize("is_table", [False, True])
def test_without_pillow_one_line_names_the_extra(
    command_here: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_table: bool
) -> None:
    for name in ("PIL", "PIL.Image"):
        monkeypatch.setitem(sys.modules, name, None)
    face, table = tmp_path / "face.png", tmp_path / "e.tsv"
    face.write_bytes(PNG)
    table.write_text(f"type\tstart\ttimeline\tfilepath\nVideo\t0\td\t{face}\n")
    line = refused(command_here("events", table if is_table else face, "--out", tmp_path / "out.tsv"))
    assert 'needs Pillow, which is not installed. Install it: pip install "tribe_np[media]"' in line
    assert not (tmp_path / "out.tsv").exists()
