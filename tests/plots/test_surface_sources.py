"""What pictures are made from: the same reading, names and units for figures, films and pages."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.prediction_folders import write_folder
from tribe_np.cortex.random_weights import is_of_random_weights, random_models
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import OutputError, ShapeError
from tribe_np.plots.surface_sources import check_same_rows, read_surface, unit_of

ROWS = np.zeros((3, 1284), np.float32)  # of fsaverage3


def told(**run: object) -> SurfaceSeries:
    return SurfaceSeries(ROWS, "fsaverage3", np.arange(3.0), run=run)


def test_a_file_of_numbers_is_read_and_called_by_its_name(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ROWS)
    assert read_surface(tmp_path / "a.npy").origin == str(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", ROWS[:, :7])
    with pytest.raises(ShapeError, match=r"b\.npy: has 7 vertices"):
        read_surface(tmp_path / "b.npy")
    with pytest.raises(OutputError, match="is not there; expected a folder"):
        read_surface(tmp_path / "c")


def test_the_unit_is_the_one_that_is_told() -> None:
    assert unit_of(told()) == ""
    assert unit_of(told(command="predict")) == "z-scored BOLD"
    assert unit_of(told(units="z-scored BOLD (no physical unit); row r")) == "z-scored BOLD"
    measured = told(time_axis="scan", units="BOLD in the units of the file")
    assert unit_of(measured) == "BOLD in the units of the file"
    assert unit_of(told(time_axis="scan")) == ""


def test_random_weights_are_told_by_the_demo_and_by_warnings() -> None:
    assert is_of_random_weights(told(command="demo --out x"))
    assert is_of_random_weights(told(command="predict", warnings=["the text model has random weights"]))
    assert not is_of_random_weights(told(command="predict", warnings=[]))


def test_run_json_says_it_whatever_became_of_the_models(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("# random weights: nothing\n")
    checkpoint = {"path": str(tmp_path)}
    assert is_of_random_weights(told(command="predict", checkpoint=checkpoint))  # of an older run
    assert not is_of_random_weights(told(command="predict", checkpoint=checkpoint, random_weights=[]))
    assert is_of_random_weights(told(command="predict", random_weights=["text"], checkpoint={"path": "/gone"}))


def test_random_models_are_told_by_their_files(tmp_path: Path) -> None:
    encoder, text, audio = (tmp_path / name for name in ("encoder", "text", "audio"))
    for folder in (encoder, text, audio):
        folder.mkdir()
    (encoder / "config.yaml").write_text("data:\n  note: random weights in another place\n")
    (text / "config.json").write_text('{\n "_note": "random weights, seed 3",\n "hidden_size": 4\n}')
    (audio / "config.json").write_text('{"hidden_size": 4}')
    assert random_models(encoder, {"text": text, "audio": audio, "video": tmp_path / "gone"}) == ["text"]
    (encoder / "config.yaml").write_text("# random weights (seed 0)\ndata:\n")
    assert random_models(encoder, {}) == ["encoder"]


def test_rows_of_another_offset_are_no_pair(tmp_path: Path) -> None:
    one = read_surface(write_folder(tmp_path / "p", ROWS, {"mesh": "fsaverage3"}))
    check_same_rows(one, one)
    with pytest.raises(ShapeError, match="an offset of"):
        check_same_rows(one, replace(one, hemodynamic_offset=one.hemodynamic_offset + 1))
    check_same_rows(one, SurfaceSeries(ROWS, "fsaverage3", one.starts + 7))  # an array knows no times
