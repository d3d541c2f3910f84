"""Stimuli into a plan: what `predict` would make, each entry once, and what is wrong with one stimulus."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.pipeline.conftest import demo
from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.plan import read_plan
from tribe_np.batch.planning import study_planning as planning
from tribe_np.batch.planning.plan_summary import failures_of, summary_of, told_of
from tribe_np.batch.planning.study_planning import PlanningResult, plan_study
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.study import Study
from tribe_np.errors import CheckpointError, ConfigError, MediaError, OutputError, TribeError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.run import predict_to_folder
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras
__all__ = ["demo"]  # a fixture of the pipeline's own tests
DIRECT = {"how": "direct"}
SILENT = {"speech": False}


def settings_of(demo: DemoPaths, tmp_path: Path, **more: Any) -> StudySettings:
    """Those of the demo's models, with a cache of their own."""
    models = {m: str(demo.models / m) for m in ("text", "audio", "video")}
    return StudySettings(str(demo.models / "encoder"), models, str(tmp_path / "cache"), 2, **more)


def planned(demo: DemoPaths, tmp_path: Path, *listed: ListedStimulus, clips: int | None = None, **more: Any) -> Any:
    """The study of some stimuli, planned into `tmp_path / "study"`."""
    return plan_study(Study(tmp_path / "study"), listed, settings_of(demo, tmp_path, **more), clips_per_task=clips)


def noise(path: Path, seconds: float, seed: int = 0) -> Path:
    """A sound file."""
    soundfile.write(path, np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * 16000)), 16000)
    return path


def text(path: Path, words: str = "The sea is calm. A boat sails home.") -> Path:
    """A text file."""
    path.write_text(words)
    return path


def keys_of(result: PlanningResult, name: str) -> list[str]:
    """The entries of all work on a stimulus."""
    one = result.plan.stimulus(name)
    return [entry for work in (*one.work, *one.borrowed) for entry in work.entries]


@pytest.mark.parametrize("kind", ["film", "sound", "text", "picture", "table"])
def test_keys_are_those_that_predict_writes(demo: DemoPaths, tmp_path: Path, kind: str) -> None:
    path, transcript, words = demo.clip, None, SILENT
    if kind == "film":
        transcript, words = demo.transcript, {}
    elif kind == "sound":
        path = noise(tmp_path / "noise.wav", 70.0)
    elif kind == "text":
        path, words = text(tmp_path / "said.txt"), DIRECT
    elif kind == "picture":
        path = tmp_path / "square.png"
        from PIL import Image  # of the extras, as these tests are

        Image.fromarray(np.full((60, 60, 3), 90, np.uint8)).save(path)
    else:
        path = tmp_path / "table.tsv"
        path.write_text(f"type\tstart\ttimeline\tfilepath\nVideo\t0\tone\t{demo.clip}\nVideo\t1\ttwo\t{demo.clip}\n")
    one = ListedStimulus("one", path, transcript)
    result = planned(demo, tmp_path, one, words=words)
    settings = result.plan.settings
    run = predict_to_folder(
        path, tmp_path / "out", load=lambda: settings.load_model(one), words=settings.word_source(one),
        pictures=settings.picture_show(result.plan.stimulus("one").kind),
    )  # fmt: skip
    made = {Path(entry["path"]).stem for entry in run["cache_entries"]}
    assert set(keys_of(result, "one")) == made
    study = Study(tmp_path / "study")
    assert study.events("one").read_bytes() == (tmp_path / "out" / "events.tsv").read_bytes()
    _check_rows(result, study)


def _check_rows(result: PlanningResult, study: Study) -> None:
    """Rows of the table on the disk give the same keys again: that is what a task has."""
    source = result.plan.settings.load_model(headers_only=True).feature_source()
    for stimulus in result.plan.stimuli:
        events = list(Events.from_tsv(study.events(stimulus.name)))
        for task in stimulus.tasks(2):
            part = source.of(task.modality)
            pieces = part.pieces(Events(events[row] for row in task.rows))
            assert tuple(part.key(piece) for piece in pieces) == task.entries


def test_a_film_is_cut_into_ranges_of_clips(demo: DemoPaths, tmp_path: Path) -> None:
    result = planned(demo, tmp_path, ListedStimulus("clip", demo.clip), clips=3, words=SILENT)
    parts = [task.parts for task in result.plan.tasks() if task.parts is not None]
    assert sorted(parts) == [(0, 2), (2, 5), (5, 8)]
    again = planned(demo, tmp_path, ListedStimulus("clip", demo.clip), words=SILENT)
    assert again.plan.tasks() == result.plan.tasks()  # they may be under way
    shutil.rmtree(tmp_path / "study")
    whole = planned(demo, tmp_path, ListedStimulus("clip", demo.clip), words=SILENT)
    assert [task.parts for task in whole.plan.tasks()] == [None, None]


def test_long_work_is_divided_by_the_estimate(demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 8 clips of 400 s, a quarter of an hour is more than eight clips would be."""
    quick = planned(demo, tmp_path, ListedStimulus("clip", demo.clip), words=SILENT)
    film = next(work for work in quick.plan.stimulus("clip").work if work.n_parts == 8)
    speed = planning.speed_now(settings_of(demo, tmp_path).load_model(headers_only=True).runtime)
    assert speed is not None
    monkeypatch.setattr(planning, "speed_now", lambda runtime: speed * film.seconds / (8 * 400))
    again = plan_study(Study(tmp_path / "slow"), [ListedStimulus("clip", demo.clip)], quick.plan.settings)
    slow = next(work for work in again.plan.stimulus("clip").work if work.n_parts == 8)
    assert slow.per_task == 8  # never fewer, though they take longer than half an hour
    assert slow.seconds > 1000 * film.seconds


def test_all_chunks_of_a_sound_are_one_task(demo: DemoPaths, tmp_path: Path) -> None:
    result = planned(demo, tmp_path, ListedStimulus("long", noise(tmp_path / "long.wav", 130.0)), words=SILENT)
    (task,) = result.plan.tasks()
    assert len(task.entries) == len(task.rows) > 1
    assert task.parts is None
    assert result.plan.stimulus("long").seconds == 130.0


def test_the_same_content_is_one_work_and_two_predictions(demo: DemoPaths, tmp_path: Path) -> None:
    shutil.copy(demo.clip, tmp_path / "copy.mp4")
    result = planned(
        demo, tmp_path, ListedStimulus("clip", demo.clip), ListedStimulus("copy", tmp_path / "copy.mp4"), words=SILENT
    )
    first, second = result.plan.stimuli
    assert second.work == ()
    assert set(second.needs) == set(first.needs) == {task.key for task in result.plan.tasks()}
    assert len({task.key for task in result.plan.predictions()}) == 2
    assert summary_of(result).shared == 1
    assert told_of(result) == ["need only features that are made for another stimulus: 1 (copy)"]


def test_a_bad_film_stops_no_other(demo: DemoPaths, tmp_path: Path) -> None:
    bad, empty = tmp_path / "bad.mp4", tmp_path / "empty.wav"
    bad.write_bytes(b"no film")
    empty.write_bytes(b"")
    result = planned(
        demo, tmp_path, ListedStimulus("bad", bad), ListedStimulus("clip", demo.clip), ListedStimulus("empty", empty),
        words=SILENT,
    )  # fmt: skip
    told = {stimulus.name: stimulus.error for stimulus in read_plan(Study(tmp_path / "study")).stimuli}
    assert told["clip"] == ""
    assert "not a media file" in told["bad"]
    assert "the file is empty" in told["empty"]
    assert [task.stimulus for task in result.plan.predictions()] == ["clip"]
    assert not Study(tmp_path / "study").events("bad").exists()
    assert len(failures_of(result.plan)) == 2
    assert summary_of(result).failed == 2


def test_only_bad_films_are_an_error_and_leave_nothing(demo: DemoPaths, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no film")
    with pytest.raises(MediaError, match=r"none of the 2 stimuli can be predicted; the first: .*bad\.mp4"):
        planned(demo, tmp_path, ListedStimulus("a", bad), ListedStimulus("b", bad), words=SILENT)
    assert not (tmp_path / "study").exists()


def test_planning_again_takes_new_ones_in_and_old_ones_out(demo: DemoPaths, tmp_path: Path) -> None:
    one, two = (ListedStimulus(name, text(tmp_path / f"{name}.txt", f"{name} is here.")) for name in ("one", "two"))
    first = planned(demo, tmp_path, one, two, words=DIRECT)
    study = Study(tmp_path / "study")
    (study.prediction("one")).mkdir(parents=True)
    before = study.events("two").stat().st_mtime_ns
    three = ListedStimulus("three", text(tmp_path / "three.txt", "three is here."))
    text(two.path, "two is another now.")
    again = planned(demo, tmp_path, two, three, words=DIRECT)
    assert (again.added, again.gone, again.changed) == (("three",), ("one",), ("two",))
    assert study.prediction("one").is_dir()
    assert study.events("two").stat().st_mtime_ns != before
    told = told_of(again)
    assert told[0] == "planned again: 0 stimuli as before, 1 changed, 1 new, 1 gone"
    assert told[1] == "changed, to be predicted again: 1 (two)"
    assert told[2] == "gone from the plan; what was predicted stays: 1 (one)"
    same = planned(demo, tmp_path, two, three, words=DIRECT)
    assert same.plan.tasks() == again.plan.tasks()
    assert [task.key for task in same.plan.predictions()] == [task.key for task in again.plan.predictions()]
    assert first.before is None
    assert (same.added, same.gone, same.changed) == ((), (), ())


def test_planning_again_otherwise_is_refused(demo: DemoPaths, tmp_path: Path) -> None:
    one = ListedStimulus("one", text(tmp_path / "one.txt"))
    planned(demo, tmp_path, one, words=DIRECT)
    plan = Study(tmp_path / "study").plan.read_bytes()
    with pytest.raises(
        ConfigError, match="was planned with --precision float32, now float64; plan it in another folder"
    ):
        planned(demo, tmp_path, one, words=DIRECT, precision="float64")
    assert Study(tmp_path / "study").plan.read_bytes() == plan


def test_a_folder_of_something_else_is_refused(demo: DemoPaths, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"the folder holds other files \(mine.txt\)"):
        planned(demo, tmp_path, ListedStimulus("clip", demo.clip), words=SILENT)


def test_an_interrupted_plan_leaves_the_one_before(
    demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ListedStimulus("one", text(tmp_path / "one.txt"))
    planned(demo, tmp_path, one, words=DIRECT)
    study = Study(tmp_path / "study")
    before = {path: path.read_bytes() for path in study.folder.rglob("*") if path.is_file()}
    text(one.path, "Something else is said here.")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "_check_some_are_planned", stopped)
    with pytest.raises(KeyboardInterrupt):
        planned(demo, tmp_path, one, words=DIRECT)
    assert {path: path.read_bytes() for path in study.folder.rglob("*") if path.is_file()} == before


def test_missing_models_are_refused_before_anything(demo: DemoPaths, tmp_path: Path) -> None:
    settings = settings_of(demo, tmp_path, words=SILENT)
    without = replace(settings, models={"text": settings.models["text"]})
    with pytest.raises(CheckpointError, match="give its folder with --"):
        plan_study(Study(tmp_path / "study"), [ListedStimulus("clip", demo.clip)], without)
    assert not (tmp_path / "study").exists()
    other = replace(settings, models={**settings.models, "video": settings.models["audio"]})
    with pytest.raises(TribeError):
        plan_study(Study(tmp_path / "study"), [ListedStimulus("clip", demo.clip)], other)


def test_a_subject_that_is_not_there_is_told_with_its_line(demo: DemoPaths, tmp_path: Path) -> None:
    one = ListedStimulus("clip", demo.clip, subject="sub-9", table=tmp_path / "films.tsv", line=3)
    with pytest.raises(ConfigError, match=r"films.tsv, line 3: subject 'sub-9': this checkpoint holds the average"):
        planned(demo, tmp_path, one, words=SILENT)


def test_options_of_pictures_need_a_picture(demo: DemoPaths, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--seconds is for pictures, and none of the stimuli is one"):
        planned(demo, tmp_path, ListedStimulus("clip", demo.clip), pictures={"seconds": 3.0}, words=SILENT)


def test_no_weight_of_the_brain_encoder_is_read(demo: DemoPaths, tmp_path: Path) -> None:
    model = settings_of(demo, tmp_path).load_model(headers_only=True)
    assert not np.any(model.encoder.read_out.pair.predictor.weights if model.encoder.read_out.pair else 0)
    with pytest.raises(AssertionError, match="no weights"):
        model.predict_features({"video": np.zeros((2, 64, 8), np.float32)}, verbose=False)


def test_the_numbers_of_a_plan(demo: DemoPaths, tmp_path: Path) -> None:
    result = planned(demo, tmp_path, ListedStimulus("clip", demo.clip), clips=3, words=SILENT)
    summary = summary_of(result)
    assert (summary.stimuli, summary.tasks, summary.predictions, summary.failed) == (1, 4, 1, 0)
    assert [share.reads for share in summary.shares] == ["sound", "film"]
    assert summary.memory == max(task.need.memory for task in (*result.plan.tasks(), *result.plan.predictions()))
    first, *rest = summary.lines()
    assert first.startswith("1 stimulus (4 s), 4 tasks and 1 prediction, under 0.1 core hours, largest ")
    assert first.endswith(" %")
    assert "; film " in first
    assert len(rest) == 2
    json.dumps(summary.as_dict())
    features = sum(share.core_hours for share in summary.shares)
    assert replace(summary, core_hours=10 * features).lines()[0].endswith("; predictions 90 %")
    settings = result.plan.settings
    predict_to_folder(
        demo.clip, tmp_path / "out", load=settings.load_model, words=settings.word_source(),
    )  # fmt: skip
    again = summary_of(planned(demo, tmp_path, ListedStimulus("clip", demo.clip), clips=3, words=SILENT))
    assert [share.cached for share in again.shares] == [1, 1]
    assert again.lines()[1].endswith("1 of 1 in the cache")
