"""Processes that share a study without an engine: `tribe-np batch work`."""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.small_studies import (
    THREADS,
    all_tasks,
    noise,
    opened,
    planned,
    same_bytes,
    serial_prediction,
    settings_of,
    started,
)
from tests.cli.conftest import Command, command_here, refused
from tribe_np.batch.making import ensure as ensure_module
from tribe_np.batch.making.working import equal_shares, one_model_after_another, work_on, work_to_the_end
from tribe_np.batch.making.workplace import Workplace
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, Task, TaskNeed, TaskReport
from tribe_np.batch.watching.status import study_status
from tribe_np.errors import OutputError
from tribe_np.pipeline.demo import DemoPaths

__all__ = ["command_here"]
SECONDS = st.lists(st.floats(0.0, 1e4), max_size=40)


def task_of(number: int, seconds: float, modality: str = "m") -> Task:
    return Task(f"{modality}-{number}", "s", modality, (), None, (), TaskNeed(1, 1, seconds))


@given(SECONDS, st.integers(1, 9))
def test_shares_hold_each_task_once_and_take_equal_time(seconds: list[float], of: int) -> None:
    tasks = [task_of(n, s) for n, s in enumerate(sorted(seconds, reverse=True))]
    cut = equal_shares(tasks, of)
    assert len(cut) == of
    assert Counter(task.key for share in cut for task in share) == Counter(task.key for task in tasks)
    loads = [sum(task.need.seconds for task in share) for share in cut]
    assert max(loads) - min(loads) <= max(seconds, default=0.0) * (1 + 1e-9)
    assert equal_shares(tasks, of) == cut


def test_one_model_is_used_after_another_longest_first() -> None:
    tasks = [task_of(0, 9.0, "b"), task_of(1, 8.0, "a"), task_of(2, 7.0, "b"), task_of(3, 6.0, "a")]
    assert [task.key for task in one_model_after_another(tasks)] == ["b-0", "b-2", "a-1", "a-3"]


@pytest.mark.extras
def test_one_process_of_two_does_what_the_other_never_began(sounds: Study, tmp_path: Path) -> None:
    told = work_on(opened(sounds), 1, 2)
    assert sorted(report.key for report in told if report.state == DONE) == sorted(t.key for t in all_tasks(sounds))
    for name in ("noise1", "noise2"):
        assert same_bytes(sounds, name, serial_prediction(sounds, name, tmp_path))
    assert work_on(opened(sounds), 0, 2) == []


@pytest.mark.extras
def test_a_bad_film_stops_no_other(sounds: Study, command_here: Command) -> None:
    first = all_tasks(sounds)[0]
    Path(read_plan(sounds).stimulus(first.stimulus).path).write_bytes(b"broken")
    done = command_here("batch", "work", sounds.folder, "--index", "0", "--of", "1")
    assert refused(done).startswith(f"tribe-np: error: {sounds.folder}: 1 stimulus of 2 failed: {first.stimulus}: ")
    other = next(s for s in read_plan(sounds).stimuli if s.name != first.stimulus)
    assert (sounds.prediction(other.name) / "predictions.npy").is_file()
    assert "did 2 tasks" in done.stdout
    assert "was changed since it was planned" in done.stderr


@pytest.mark.extras
def test_what_others_are_at_is_theirs(sounds: Study, command_here: Command) -> None:
    claim = opened(sounds).claims.take(all_tasks(sounds)[0].key)
    assert claim is not None
    with claim:
        done = command_here("batch", "work", sounds.folder, "--index", "0", "--of", "2")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 stimuli predicted, 2 of 4 tasks done, 1 running, 1 missing" in done.stdout
    assert done.stdout.splitlines()[-1] == "nothing is left to do here: other processes are at 1 task"


@pytest.mark.extras
def test_what_others_leave_meanwhile_is_gone_on_with(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed when this one has passed its task."""
    place, (first, *_) = opened(sounds), all_tasks(sounds)
    claim = place.claims.take(first.key)
    assert claim is not None
    predict = ensure_module.predict_stimulus

    def and_the_other_dies(task: Task, place: Workplace) -> str:
        claim.release()
        return predict(task, place)

    monkeypatch.setattr(ensure_module, "predict_stimulus", and_the_other_dies)
    told, status = work_to_the_end(place, 0, 1)
    assert len(told) == 4
    assert status.is_done


@pytest.mark.extras
def test_tasks_that_nobody_has_are_told(sounds: Study, command_here: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    first = all_tasks(sounds)[0]
    monkeypatch.setattr("tribe_np.batch.making.working.work_on", lambda *_: [])
    sounds.write_report(TaskReport(first.key, RUNNING, process="00000000-1-1"))
    done = command_here("batch", "work", sounds.folder, "--index", "0", "--of", "2")
    assert done.returncode == 3
    assert "4 tasks were left by processes that ended; call it again" in done.stderr


@pytest.mark.extras
def test_a_failure_that_cannot_be_written_down_is_told(
    sounds: Study, command_here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(study: Study, report: TaskReport) -> None:
        raise OutputError(f"{study.report(report.key)}: cannot be written: No space left on device")

    monkeypatch.setattr(Study, "write_report", full)
    line = refused(command_here("batch", "work", sounds.folder, "--index", "0", "--of", "1"))
    assert line.endswith("No space left on device; that could not even be written down")


@pytest.mark.extras
def test_a_number_outside_the_array_is_refused_with_a_hint(sounds: Study, command_here: Command) -> None:
    done = command_here("batch", "work", sounds.folder, "--index", "2", "--of", "2")
    assert "must be from 0 to 1; number the processes from 0, such as sbatch --array=0-1" in refused(done)
    assert "whole number from 0" in refused(command_here("batch", "work", sounds.folder, "--index", "-1", "--of", "2"))


@pytest.mark.extras
def test_a_folder_without_a_plan_is_refused(tmp_path: Path, command_here: Command) -> None:
    line = refused(command_here("batch", "work", tmp_path, "--index", "0", "--of", "2"))
    assert f"{tmp_path}: holds no plan.json; make one with tribe-np batch plan" in line


@pytest.mark.extras
def test_two_processes_of_which_one_is_killed_end_as_a_serial_run(demo: DemoPaths, tmp_path: Path) -> None:
    """kill -9 inside a range of clips; the other process goes on, and a third finishes what was left."""
    files = [demo.clip, noise(tmp_path / "noise.wav", 3)]
    study = planned(tmp_path / "study", files, settings_of(demo, tmp_path / "cache"), clips_per_task=3)
    work = ("batch", "work", study.folder, "--of", "2", "--index")
    killed, other = started(*work, "0"), started(*work, "1")
    ranges = {task.key for task in all_tasks(study) if task.parts}
    wait_until(lambda: any(r.state == RUNNING and r.key in ranges for r in study.reports()))
    killed.kill()
    killed.communicate(timeout=60)
    _, err = other.communicate(timeout=120)
    assert other.returncode == 0, err
    last = started(*work, "0")
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, err
    assert "2 of 2 stimuli predicted, 7 of 7 tasks done" in out
    for name in ("clip", "noise"):
        serial = run_predict(demo, read_plan(study).stimulus(name).path, tmp_path / f"serial_{name}")
        assert same_bytes(study, name, serial)
    assert study_status(study, read_plan(study)).is_done


def run_predict(demo: DemoPaths, stimulus: str, out: Path) -> Path:
    """`tribe-np predict` in a process of its own."""
    done = started(
        "predict", stimulus, "--no-speech", "--threads", THREADS, "--checkpoint", demo.models / "encoder", "--models",
        demo.models, "--cache", out.parent / "serial_cache", "--out", out,
    )  # fmt: skip
    _, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    return out


def wait_until(is_so: object, seconds: float = 60.0) -> None:
    """Waits for something that comes soon."""
    end = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.extras
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_a_signal_ends_it_after_the_clip_that_runs(film: Study, number: int) -> None:
    process = started("batch", "work", film.folder, "--of", "1", "--index", "0")
    wait_until(lambda: any(report.state == RUNNING for report in film.reports()))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "stopped as asked; finished clips are kept" in err
    assert "0 of 1 stimulus predicted" in out
    assert not [report for report in film.reports() if report.state in (RUNNING, FAILED)]
    assert not opened(film).claims.live()
