"""--dry-run: the stages of a run with their amounts, before anything is computed or written."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, command_here, refused
from tribe_np import TribeModel
from tribe_np.encoder.random import write_random
from tribe_np.pipeline import dry_run
from tribe_np.pipeline.costs.info_costs import PROGRAM
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.stimuli.stimulus import WordSource

pytestmark = pytest.mark.extras
__all__ = ["command_here"]  # a fixture of the commands' own tests


def test_every_stage_with_its_amount(model: TribeModel, demo: DemoPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "matrix_speed", lambda dtype: 1e9)
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    planned = dry_run.dry_run(model, events)
    n_words = len(events.of_type("Word"))
    n_rows = math.ceil(max(e.stop for e in events) - min(e.start for e in events))
    assert [s.stage for s in planned.stages] == ["text", "audio", "video", "brain encoder"]
    amounts = [f"{n_words} words", "4.0 s of sound", "8 clips of film", f"1 window, {n_rows} rows"]
    assert [s.amount for s in planned.stages] == amounts
    slow = planned.seconds
    assert slow > 0
    assert all(s.seconds and s.n_bytes > PROGRAM and not s.is_cached for s in planned.stages)
    monkeypatch.setattr(dry_run, "matrix_speed", lambda dtype: 1e10)
    fast = dry_run.dry_run(model, events).seconds
    assert slow == pytest.approx(10 * fast)


def test_what_is_in_the_cache_takes_no_time(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    before = dry_run.dry_run(model, events)
    model.predict(events, verbose=False)
    after = dry_run.dry_run(model, events)
    assert [s.is_cached for s in before.stages] == [False] * 4
    assert [s.is_cached for s in after.stages] == [True, True, True, False]
    assert after.seconds == after.stages[-1].seconds
    assert "in the cache" in after.lines()[0]


def test_words_are_assumed_where_speech_would_be_transcribed(
    model: TribeModel, demo: DemoPaths, tmp_path: Path
) -> None:
    planned = dry_run.dry_run_of(demo.clip, tmp_path / "out", load=lambda: model, words=WordSource())
    assert planned.stages[0].amount == "10 words"
    assert "2.5 words per second are assumed" in planned.lines()[-1]
    silent = dry_run.dry_run_of(demo.clip, tmp_path / "out", load=lambda: model, words=WordSource(speech=False))
    assert [s.stage for s in silent.stages] == ["audio", "video", "brain encoder"]


def test_the_speed_of_this_machine() -> None:
    assert 1e8 < dry_run.matrix_speed(np.float32) < 1e14


def test_the_command_writes_nothing(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    given = ("predict", demo.clip, "--models", demo.models, "--transcript", demo.transcript, "--out", tmp_path / "out")
    done = command_here(*given, "--dry-run", "--cache", "none")
    assert done.returncode == 0, done.stderr
    assert "nothing was computed" in done.stdout
    assert not (tmp_path / "out").exists()
    shown = json.loads(command_here(*given, "--dry-run", "--json", "--quiet").stdout)
    assert [stage["stage"] for stage in shown["stages"]] == ["text", "audio", "video", "brain encoder"]
    assert shown["peak_memory_bytes"] > PROGRAM
    assert "average subject only" in refused(command_here(*given, "--dry-run", "--subject", "sub-09"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    assert "holds other files" in refused(command_here(*given, "--dry-run"))


def test_what_the_run_would_refuse_is_refused(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    write_random(tmp_path / "words-only", seed=0, feature_dims={"text": (2, 64)}, n_outputs=10)
    given = ("predict", demo.clip, "--checkpoint", tmp_path / "words-only", "--models", demo.models, "--no-speech")
    for more in ((), ("--dry-run",)):
        line = refused(command_here(*given, "--out", tmp_path / "out", "--cache", "none", "--quiet", *more))
        assert "none of the checkpoint's modalities (text) has events" in line
