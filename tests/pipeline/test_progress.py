"""Progress: lines off a terminal, bars on one, nothing when quiet."""

import io

import pytest

from tribe_np.pipeline.progress import Bars, Lines, Silent, terminal_progress


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
    assert stream.getvalue().splitlines()[-2:][0] == "film: 1 files"
    assert stream.getvalue().splitlines()[-1].startswith("film: 1 file in ")


@pytest.mark.extras
def test_bars_show_the_stage() -> None:
    stream = Terminal()
    progress = terminal_progress(stream=stream)
    assert isinstance(progress, Bars)
    with progress.stage("video", 2, "clips") as step:
        step(2)
    assert "video" in stream.getvalue()


def test_no_terminal_no_bar_and_quiet_is_silent() -> None:
    assert type(terminal_progress(stream=io.StringIO())) is Lines
    quiet = terminal_progress(quiet=True)
    assert isinstance(quiet, Silent)
    with quiet.stage("x", 1, "steps") as step:
        step(1)
    quiet.note("nothing")


def test_without_tqdm_a_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert type(terminal_progress(stream=Terminal())) is Lines
