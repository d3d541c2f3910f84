"""The prediction folder: whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from tribe_np.errors import OutputError
from tribe_np.formats.prediction_folder import read_prediction
from tribe_np.outputs import folder as folder_module
from tribe_np.outputs import whole
from tribe_np.outputs.folder import Prediction, write_prediction
from tribe_np.outputs.whole import check_own_target, write_file_whole
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import Segment

EVENTS = Events([Event("Audio", 0.0, 2.0, filepath="a.wav", frequency=16000.0)])


def prediction(value: float = 1.0) -> Prediction:
    segments = (Segment(0.0, 1.0, "default", tuple(EVENTS)), Segment(1.0, 1.0, "default"))
    return Prediction(np.full((2, 5), value, np.float32), segments, EVENTS, {"tribe_np": "x"})


def test_write_then_read(tmp_path: Path) -> None:
    write_prediction(tmp_path / "out", prediction())
    predictions, segments, run = read_prediction(tmp_path / "out")
    np.testing.assert_array_equal(predictions, np.ones((2, 5), np.float32))
    assert segments[0] == {"row": 0, "start": 0.0, "duration": 1.0, "timeline": "default", "n_events": 1}
    assert [s["n_events"] for s in segments] == [1, 0]
    assert run == {"tribe_np": "x"}
    assert Events.from_tsv(tmp_path / "out" / "events.tsv") == EVENTS
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_earlier_prediction_is_replaced_other_files_never(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    write_prediction(out, prediction(1.0))
    write_prediction(out, prediction(2.0))
    assert read_prediction(out)[0][0, 0] == 2.0
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other files"):
        write_prediction(out, prediction(3.0))
    assert (out / "notes.txt").read_text() == "mine"
    assert read_prediction(out)[0][0, 0] == 2.0
    assert read_prediction(out.with_name("out-2"))[0][0, 0] == 3.0, "the work is not lost either"


def test_a_file_or_an_unwritable_place_is_refused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        check_own_target(tmp_path / "file", "predict")
    with pytest.raises(OutputError, match="cannot be written"):
        check_own_target(tmp_path / "file" / "below", "predict")
    monkeypatch.setattr(whole.os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="cannot be written"):
        check_own_target(tmp_path / "new", "predict")


@pytest.mark.parametrize("failing", ["save", "rename"])
def test_a_full_disk_leaves_nothing_or_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    write_prediction(out, prediction(1.0))
    if failing == "save":
        monkeypatch.setattr(folder_module, "write_array_file", full)
    else:
        real = Path.rename
        monkeypatch.setattr(Path, "rename", lambda p, q: full() if str(p).endswith("partial") else real(p, q))
    with pytest.raises(OutputError, match="disk is full"):
        write_prediction(out, prediction(2.0))
    assert read_prediction(out)[0][0, 0] == 1.0
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "write_array_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_prediction(tmp_path / "out", prediction())
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_between_the_two_renames_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "exchange", lambda *_: False)  # a file system that cannot
    write_prediction(tmp_path / "out", prediction())
    before = (tmp_path / "out" / "predictions.npy").read_bytes()
    rename, seen = Path.rename, []

    def interrupted(path: Path, target: Path) -> Path:
        seen.append(path.name)
        if len(seen) == 3:  # the first finds the earlier one in its way
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_prediction(tmp_path / "out", prediction())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "predictions.npy").read_bytes() == before


def test_single_files_are_whole_too(tmp_path: Path) -> None:
    write_file_whole(tmp_path / "new" / "a.txt", lambda p: p.write_text("x"), "events")
    assert (tmp_path / "new" / "a.txt").read_text() == "x"

    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="disk is full"):
        write_file_whole(tmp_path / "new" / "a.txt", half, "events")
    assert (tmp_path / "new" / "a.txt").read_text() == "x"
    with pytest.raises(OutputError, match="cannot be written"):
        write_file_whole(tmp_path / "new" / "a.txt" / "b", lambda p: None, "events")


def test_reading_what_is_not_a_prediction_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"predictions\.npy is missing"):
        read_prediction(tmp_path)
    write_prediction(tmp_path / "out", prediction())
    (tmp_path / "out" / "segments.json").write_text("[]")
    with pytest.raises(OutputError, match="do not match"):
        read_prediction(tmp_path / "out")
    (tmp_path / "out" / "run.json").write_text("{")
    with pytest.raises(OutputError, match="cannot be read"):
        read_prediction(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "segments.json").read_text()) == []
