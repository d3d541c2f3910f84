"""Progress: lines off a terminal, bars on one, nothing when quiet."""

import io
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from tribe_np import TribeModel
from tribe_np.pipeline import progress
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.progress import Bars, Lines, Pace, Silent, terminal_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_tell_the_end_and_the_time_left() -> None:
    stream = io.StringIO()
    with Lines(stream, interval=0).stage("text", 4, "words") as step:
        step(1)
        step(3)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("text: 1/4 words, about ")
    assert lines[0].endswith("s left")
    assert lines[-1].startswith("text: 4 words in ")
    with Lines(stream, interval=0).stage("film", None, "files") as step:
        step(1)
    assert stream.getvalue().splitlines()[-2:][0] == "film: 1 file"
    assert stream.getvalue().splitlines()[-1].startswith("film: 1 file in ")


@pytest.mark.extras
def test_what_is_left_can_be_told_otherwise() -> None:
    stream = io.StringIO()
    with Lines(stream, interval=0).stage("study", 4, "tasks", lambda: "3.1 core hours left") as step:
        step(1)
    assert stream.getvalue().splitlines()[0] == "study: 1/4 tasks, 3.1 core hours left"
    terminal = Terminal()
    with Bars(terminal).stage("study", 4, "tasks", lambda: "3.1 core hours left") as step:
        time.sleep(0.15)  # a bar is not drawn more often than that
        step(1)
    assert "1/4 tasks, 3.1 core hours left" in terminal.getvalue()
    with Silent().stage("study", 4, "tasks", lambda: "nothing") as step:
        step(1)


@pytest.mark.extras
def test_steps_from_the_cache_do_not_shorten_the_time_left() -> None:
    pace = Pace()
    for done in range(1, 6):  # kept by an earlier run
        pace.add(0.01 * done, done)
    pace.add(30.0, 6)
    assert pace.left(10) == pytest.approx(4 * 30, rel=0.01)
    pace.add(60.0, 7)
    assert pace.left(10) == pytest.approx(3 * 30, rel=0.01)


def test_an_even_pace_and_a_slower_one() -> None:
    pace = Pace()
    for done in range(1, 101):
        pace.add(2.0 * done, done)
    assert pace.left(150) == pytest.approx(100)
    for done in range(101, 201):
        pace.add(200 + 10.0 * (done - 100), done)
    assert pace.left(300) == pytest.approx(1000)
    assert pace.left(None) is None
    pace = Pace()
    assert pace.left(5) is None
    pace.add(0.0, 2)  # within one tick of the clock
    assert pace.left(5) is None
    pace.add(1.0, 3)
    assert pace.left(5) == pytest.approx(2)


def test_long_times_are_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 100.0, 110.0, 120.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with Lines(stream).stage("audio", 10, "chunks") as step:
        step(1)
        step(8)
    assert stream.getvalue().splitlines()[:2] == [
        "audio: 1/10 chunks, about 15 min left",
        "audio: 9/10 chunks, about 12 s left",
    ]


@pytest.mark.extras
def test_bars_show_the_stage() -> None:
    stream = Terminal()
    bars = terminal_progress(stream=stream)
    assert isinstance(bars, Bars)
    with bars.stage("video", 2, "clips") as step:
        time.sleep(0.15)  # a bar is drawn at most every tenth of a second
        step(2)
    drawn = stream.getvalue()
    assert "video" in drawn
    assert "2/2 clips" in drawn
    assert "/s" not in drawn, "models/s says nothing"


@pytest.mark.extras
def test_a_bar_leaves_nothing_behind_and_notes_stay_whole() -> None:
    stream = Terminal()
    bars = terminal_progress(stream=stream)
    with bars.stage("loading", 1, "models") as step:
        bars.note("a note for a person about a\x1b[31mred.mp4")
        time.sleep(0.15)
        step(1)
    assert "1/1 model" in stream.getvalue()
    assert "1/1 models" not in stream.getvalue()
    assert screen(stream.getvalue()) == [r"a note for a person about a\x1b[31mred.mp4"]


def screen(drawn: str) -> list[str]:
    """What a terminal shows in the end: a carriage return goes back to the line's start, what follows overwrites."""
    lines = []
    for line in drawn.split("\n"):
        shown: list[str] = []
        for part in line.split("\r"):
            shown[: len(part)] = part
        lines.append("".join(shown).rstrip())
    return [line for line in lines if line]


@pytest.mark.extras
def test_a_notebook_gets_widgets_where_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object())))
    made = []
    monkeypatch.setattr(progress, "Bars", lambda stream, module: made.append(module))
    monkeypatch.setattr(progress, "find_spec", lambda name: object())
    terminal_progress(stream=io.StringIO())
    assert made == ["tqdm.notebook"]
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    assert type(terminal_progress(stream=io.StringIO())) is Lines
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    assert type(terminal_progress(stream=io.StringIO())) is Lines, "IPython in a terminal is no notebook"


def test_no_terminal_no_bar_and_quiet_is_silent() -> None:
    assert type(terminal_progress(stream=io.StringIO())) is Lines
    quiet = terminal_progress(quiet=True)
    assert isinstance(quiet, Silent)
    with quiet.stage("x", 1, "steps") as step:
        step(1)
    quiet.note("nothing")


def test_without_tqdm_a_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.std", None)
    assert type(terminal_progress(stream=Terminal())) is Lines


@pytest.mark.extras
def test_chunks_of_sound_are_steps_of_one_stage(
    model: TribeModel, demo: DemoPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the time left of a long sound is known, not only that of its chunk."""
    soundfile.write(tmp_path / "long.wav", np.random.default_rng(0).normal(0, 0.1, 16000 * 95), 16000)
    shown = replace(model, progress=Lines(interval=0.0))
    shown.extract_features(shown.get_events(audio_path=tmp_path / "long.wav", speech=False))
    said = capsys.readouterr().err
    assert "audio: 1/2 chunks, about" in said
    assert "audio: 2 chunks in" in said
