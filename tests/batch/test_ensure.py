"""A task is done when `ensure` returns well, whoever did it; and what ends it otherwise is told in a line."""

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.batch.small_studies import all_tasks, noise, opened, same_bytes, serial_prediction, settings_of
from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.making.ensure import CLAIMED, NOT_YET, ensure, is_done
from tribe_np.batch.making.performing import perform
from tribe_np.batch.making.workplace import CannotBeginError
from tribe_np.batch.plan import read_plan
from tribe_np.batch.planning.study_planning import plan_study
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, MOST_DEATHS, RUNNING, STOPPED
from tribe_np.errors import MediaError, OutputError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.film import Film
from tribe_np.pipeline.features.modality import Piece
from tribe_np.pipeline.features.sound import Sound
from tribe_np.pipeline.store import cache as cache_module

pytestmark = pytest.mark.extras


def test_the_second_time_nothing_is_made(sounds: Study) -> None:
    place, task = opened(sounds), all_tasks(sounds)[0]
    assert not is_done(task, place)
    first = ensure(task, place)
    assert (first.state, first.made, first.attempts, first.deaths, first.error) == (DONE, True, 1, 0, "")
    assert first.peak_memory > 1e7
    assert first.host
    assert first.cpu
    assert first.threads == 1
    assert first == sounds.read_report(task.key)
    again = ensure(task, place)
    assert (again.state, again.made) == (DONE, False)
    assert sounds.read_report(task.key) == first
    assert is_done(task, place)


def test_what_the_cache_holds_already_is_done_without_a_report(sounds: Study, tmp_path: Path) -> None:
    (task, *_), place = all_tasks(sounds), opened(sounds)
    ensure(task, place)
    shutil.rmtree(sounds.folder / "reports")
    assert ensure(task, place).state == DONE
    assert not sounds.reported()


def test_a_task_that_another_process_has_is_left_to_it(sounds: Study) -> None:
    place, (task, other, *_) = opened(sounds), all_tasks(sounds)
    claim = place.claims.take(task.key)
    assert claim is not None
    with claim:
        assert ensure(task, place).state == CLAIMED
        assert sounds.read_report(task.key) is None
        assert ensure(other, place).state == DONE
    assert ensure(task, place).made


def test_predictions_wait_for_their_features_and_equal_a_serial_run(film: Study, tmp_path: Path) -> None:
    *features, prediction = (task.key for task in all_tasks(film))
    assert len(features) == 4
    for key in features:
        (told,) = perform(film.folder, [prediction])
        assert told["state"] == NOT_YET
        perform(film.folder, [key])
    (told,) = perform(film.folder, [prediction], job="job 7")
    assert (told["state"], told["job"]) == (DONE, "job 7")
    assert same_bytes(film, "clip", serial_prediction(film, "clip", tmp_path))
    run = json.loads((film.prediction("clip") / "run.json").read_text())
    study = run["study"]
    assert study["key"] == prediction
    assert (study["tasks"], study["tasks_without_report"], len(study["machines"])) == (4, 0, 1)
    assert study["core_seconds"] > 0
    assert not any("round" in warning for warning in run["warnings"])


def test_ranges_that_nobody_has_joined_are_joined_by_the_prediction(
    film: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, (*features, prediction) = opened(film), all_tasks(film)
    with monkeypatch.context() as patched:
        patched.setattr("tribe_np.batch.making.feature_tasks._join", lambda *_: None)
        for task in features:
            assert ensure(task, place).state == DONE
    ranged = next(task for task in features if task.parts)
    assert not place.source.cache.has(ranged.entries[0])
    assert is_done(ranged, place)
    with monkeypatch.context() as patched:
        patched.setattr(Film, "_features", lambda *_: pytest.fail("a clip was computed"))
        assert ensure(prediction, place).state == DONE
    assert same_bytes(film, "clip", serial_prediction(film, "clip", tmp_path))


def test_a_prediction_fails_with_its_features_and_comes_back_with_them(
    film: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, (*features, prediction) = opened(film), all_tasks(film)
    with monkeypatch.context() as patched:
        patched.setattr(Sound, "compute", _raises(OutputError("the disk burns")))
        reports = [ensure(task, place) for task in features]
    assert [r.error for r in reports if r.state == FAILED] == ["the disk burns"]
    told = ensure(prediction, place)
    assert (told.state, told.error) == (FAILED, "features are missing: 1 of 4 tasks (the disk burns)")
    assert film.read_report(prediction.key) == told
    failed = next(report for report in reports if report.state == FAILED)
    assert ensure(next(t for t in features if t.key == failed.key), place).error == "the disk burns"  # not tried again
    film.forget_report(failed.key)
    for task in features:
        ensure(task, place)
    assert ensure(prediction, place).state == DONE


def _raises(error: BaseException) -> Any:
    def compute(*_: object) -> None:
        raise error

    return compute


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError("of 3 GB"), "not enough memory; it had asked for "),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "the disk is full while writing /x/y"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y: cannot be read or written: Permission"),
    ],
)
def test_what_ends_a_task_is_told_in_a_line(
    sounds: Study, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    place, (task, *_) = opened(sounds), all_tasks(sounds)
    monkeypatch.setattr(Sound, "compute", _raises(error))
    report = ensure(task, place)
    assert report.state == FAILED
    assert report.error.startswith(told)


def test_a_bug_is_told_with_its_traceback_in_the_logs(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    place, (task, other, *_) = opened(sounds), all_tasks(sounds)
    monkeypatch.setattr(Sound, "compute", _raises(ZeroDivisionError("by zero\nindeed")))
    report = ensure(task, place)
    log = sounds.logs / f"{task.key}.txt"
    assert report.error == f"ZeroDivisionError: by zero indeed (a bug of tribe_np: {log} tells where)"
    assert "Traceback" in log.read_text()
    monkeypatch.undo()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert ensure(other, place).state == DONE


def test_a_full_disk_fails_the_task_and_no_other(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    place, (task, other, *_) = opened(sounds), all_tasks(sounds)

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(cache_module, "write_safetensors", full)
        report = ensure(task, place)
    assert report.state == FAILED
    assert "No space left on device" in report.error
    assert ensure(other, place).state == DONE


def test_a_disk_too_full_for_reports_leaves_none_that_looks_like_a_death(
    sounds: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, (task, *_) = opened(sounds), all_tasks(sounds)
    write = Study.write_report

    def full(study: Study, report: Any) -> None:
        if report.state != RUNNING:
            raise OutputError("no space left")
        write(study, report)

    monkeypatch.setattr(Study, "write_report", full)
    monkeypatch.setattr(Sound, "compute", _raises(OSError(errno.ENOSPC, "No space left on device", "/x")))
    assert ensure(task, place).error == "the disk is full while writing /x"
    assert sounds.read_report(task.key) is None


def test_a_film_that_was_changed_fails_and_stops_no_other(demo: DemoPaths, sounds: Study, tmp_path: Path) -> None:
    first, second, *predictions = all_tasks(sounds)
    changed = Path(read_plan(sounds).stimulus(first.stimulus).path)
    changed.write_bytes(changed.read_bytes() + b"\0\0")
    told = perform(sounds.folder, [first.key, second.key, *(task.key for task in predictions)])
    assert {t["state"] for t in told} == {DONE, FAILED}
    assert told[0]["error"].startswith(f"{changed}, or the audio model ")
    assert told[0]["error"].endswith(": was changed since it was planned; plan the study again")
    assert told[1]["state"] == DONE
    assert [t["state"] for t in told[2:]].count(DONE) == 1


@pytest.mark.parametrize("what", ["sound", "encoder", "audio model", "words"])
def test_nothing_is_predicted_from_what_has_changed_since(
    demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Its features are all there, but the prediction would compute others, under the name of what was planned."""
    mine, sound = DemoPaths(tmp_path), noise(tmp_path / "noise.wav", 1)
    shutil.copytree(demo.models, mine.models)
    words = tmp_path / "words.tsv"
    words.write_text("text\tstart\tduration\tsequence_id\tsentence\nhello\t0.2\t0.4\t0\thello\n")
    study = Study(tmp_path / "study")
    settings = settings_of(mine, tmp_path / "cache", words={})
    plan_study(study, [ListedStimulus("noise", sound, transcript=words)], settings)
    place, (*features, prediction) = opened(study), all_tasks(study)
    assert {ensure(task, place).state for task in features} == {DONE}
    if what == "sound":
        noise(sound, 2)
    elif what == "words":
        words.write_text(words.read_text().replace("0.4", "0.5"))
    else:
        folder = mine.models / what.split()[0]
        weights = next(path for path in folder.iterdir() if path.suffix in (".safetensors", ".ckpt"))
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    place = opened(study)
    monkeypatch.setattr(Sound, "compute", lambda *_: pytest.fail("a feature was computed"))
    told = ensure(prediction, place)
    assert told.state == FAILED
    assert told.error.endswith(": was changed since it was planned; plan the study again")
    names = {"words": "what is said in it", "sound": str(sound), "encoder": "the brain encoder"}
    assert names.get(what, what) in told.error


def test_a_sound_that_was_emptied_from_the_cache_is_made_again(film: Study) -> None:
    shutil.rmtree(read_plan(film).settings.cache)
    assert {told["state"] for told in perform(film.folder, [task.key for task in all_tasks(film)])} == {DONE}


def test_a_study_that_is_planned_anew_meanwhile_fails_old_tasks_with_a_line(film: Study) -> None:
    place, task = opened(film), next(task for task in all_tasks(film) if task.parts)
    table = film.events("clip")
    table.write_text(table.read_text().splitlines(keepends=True)[0])
    assert "was changed since it was planned" in ensure(task, place).error


def test_deaths_are_counted_and_the_fourth_does_not_come(sounds: Study) -> None:
    (task, *_) = all_tasks(sounds)
    kill = (
        "import os, signal, sys\n"
        "from tribe_np.batch.making.performing import perform\n"
        "from tribe_np.pipeline.features import sound\n"
        "sound.Sound.compute = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "perform(sys.argv[1], sys.argv[2:])\n"
    )
    for deaths in range(MOST_DEATHS):
        done = subprocess.run([sys.executable, "-c", kill, str(sounds.folder), task.key], check=False)
        assert done.returncode == -9
        report = sounds.read_report(task.key)
        assert report is not None
        assert (report.state, report.attempts, report.deaths) == (RUNNING, deaths + 1, deaths)
    place = opened(sounds)
    told = ensure(task, place)
    assert told.state == FAILED
    assert told.error.startswith(f"killed {MOST_DEATHS} times, asked for ")
    assert not is_done(task, place)
    sounds.forget_report(task.key)  # as retry does
    assert ensure(task, place).state == DONE


def test_a_process_that_is_stopped_keeps_its_clips(
    film: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranged = [task for task in all_tasks(film) if task.parts]
    steps: list[int] = []
    features = Film._features

    def counted(part: Film, piece: Piece, number: int, clip: np.ndarray) -> np.ndarray:
        steps.append(number)
        return features(part, piece, number, clip)

    monkeypatch.setattr(Film, "_features", counted)
    told = perform(film.folder, [task.key for task in ranged], should_stop=lambda: len(steps) >= 2)
    assert [t["state"] for t in told] == [STOPPED]
    assert len(steps) == 2
    perform(film.folder, [task.key for task in all_tasks(film)])
    assert sorted(steps) == [*range(8)]  # each clip once
    assert same_bytes(film, "clip", serial_prediction(film, "clip", tmp_path))


def test_an_interrupt_is_written_down_as_a_stop(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    place, (task, *_) = opened(sounds), all_tasks(sounds)
    monkeypatch.setattr(Sound, "compute", _raises(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        ensure(task, place)
    report = sounds.read_report(task.key)
    assert report is not None
    assert report.state == STOPPED
    assert place.claims.holder(task.key) is None


def test_a_machine_that_does_not_see_the_checkpoint_fails_no_task(
    demo: DemoPaths, sounds: Study, tmp_path: Path
) -> None:
    shutil.copytree(demo.models, tmp_path / "models")
    raw = sounds.plan.read_text().replace(str(demo.models), str(tmp_path / "models"))
    sounds.plan.write_text(raw)
    key = all_tasks(sounds)[0].key
    (tmp_path / "models" / "audio").rename(tmp_path / "models" / "elsewhere")
    with pytest.raises(CannotBeginError, match=f"^on {os.uname().nodename}: .*models/audio"):
        perform(sounds.folder, [key])
    (tmp_path / "models" / "encoder").rename(tmp_path / "models" / "gone")
    opened(sounds)
    with pytest.raises(CannotBeginError, match=f"^on {os.uname().nodename}: .*models/encoder"):
        perform(sounds.folder, [key])
    assert not sounds.reported()


def test_a_task_of_an_earlier_plan_is_refused(sounds: Study) -> None:
    (told,) = perform(sounds.folder, ["audio-features-0"])
    assert told["state"] == FAILED
    assert "no task 'audio-features-0' in the plan" in told["error"]
    assert not sounds.reported()


def test_machines_that_round_differently_are_told(film: Study) -> None:
    place, (*features, prediction) = opened(film), all_tasks(film)
    for task in features:
        ensure(task, place)
    other = film.read_report(features[0].key)
    assert other is not None
    film.write_report(replace(other, host="n17", cpu="Another CPU"))
    report = ensure(prediction, place)
    warning = "features were made on 2 kinds of machine"
    assert report.note.startswith(warning)
    run = json.loads((film.prediction("clip") / "run.json").read_text())
    assert any(told.startswith(warning) for told in run["warnings"])
    assert [kind["tasks"] for kind in run["study"]["machines"]] == [3, 1]


def test_a_stop_that_does_not_wait_for_the_clip_is_no_death(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """TERM, and half a minute later KILL, while a clip takes three: as `scancel` does."""
    place, (task, *_) = opened(sounds), all_tasks(sounds)
    seen: list[str] = []

    def compute(*_: object) -> None:
        place.note_stop()
        report = sounds.read_report(task.key)
        assert report is not None
        seen.append(report.state)
        raise MemoryError

    monkeypatch.setattr(Sound, "compute", compute)
    assert ensure(task, place).state == FAILED
    assert seen == [STOPPED]
    place.note_stop()  # nothing runs
    report = sounds.read_report(task.key)
    assert report is not None
    assert report.state == FAILED


def test_what_breaks_while_work_is_to_end_is_no_failure(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child of ours may have received the signal too."""
    place, task = opened(sounds), all_tasks(sounds)[0]
    asked: list[bool] = []
    place.asked_by(lambda: bool(asked))

    def broken(*_: Any) -> None:
        asked.append(True)
        raise MediaError("ffmpeg was killed (signal 12)")

    monkeypatch.setattr(Sound, "make", broken)
    report = ensure(task, place)
    assert (report.state, report.error) == (STOPPED, "")
