"""How a study stands, at each step of its life."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.batch.small_studies import all_tasks, opened
from tests.cli.conftest import Command, command_here, refused
from tribe_np.batch.engines.engine import AT_WORK, GONE, WAITING, JobState, Sent
from tribe_np.batch.engines.registry import ENGINES, EngineRecord
from tribe_np.batch.jobs import TaskJob, jobs_of_tasks, read_sendings, write_sending
from tribe_np.batch.making.ensure import ensure
from tribe_np.batch.plan import Plan, PlannedStimulus, read_plan, write_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, STOPPED, Task, TaskNeed, TaskReport, Work
from tribe_np.batch.watching.missing_tasks import missing_tasks
from tribe_np.batch.watching.status import StudyStatus, pace, study_status
from tribe_np.batch.watching.status_table import status_lines
from tribe_np.batch.watching.task_states import TaskStates
from tribe_np.cli.batch_commands import status as status_command
from tribe_np.cli.batch_commands.status import fitting_lines
from tribe_np.errors import ConfigError

__all__ = ["command_here"]
pytestmark = pytest.mark.extras


class FakeEngine:
    """An engine whose jobs stand as a test says."""

    states: Mapping[str, JobState] = {}
    asked: list[Sequence[str]] = []  # noqa: RUF012

    def __init__(self, study: Study, options: Mapping[str, Any]) -> None:
        self.study, self.options = study, options

    @classmethod
    def reopened(cls, study: Study, options: Mapping[str, Any]) -> "FakeEngine":
        if options.get("is_away"):
            raise ConfigError("no such engine here")
        return cls(study, options)

    def send(
        self, tasks: Sequence[Task], after: Sequence[str] = (), at_least: Mapping[str, TaskNeed] | None = None
    ) -> list[Sent]:
        more = at_least or {}
        sent = [
            Sent(f"again-{task.key}-{len(after)}", (task.key,), more.get(task.key, TaskNeed(5, 1, 0.0)).memory, 0.0)
            for task in tasks
        ]
        write_sending(self.study, "fake", self.options, sent)
        return sent

    def poll(self, jobs: Sequence[str]) -> Mapping[str, JobState]:
        self.asked.append(jobs)
        return {job: state for job, state in self.states.items() if job in jobs}

    def cancel(self, jobs: Sequence[str]) -> None: ...


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[FakeEngine]:
    monkeypatch.setitem(ENGINES, "fake", EngineRecord("engine:FakeEngine", "submit", outlives_us=True))
    monkeypatch.setattr("tribe_np.batch.engines.engine.FakeEngine", FakeEngine, raising=False)
    FakeEngine.asked.clear()
    return FakeEngine


def counts(study: Study, jobs: Mapping[str, TaskJob] | None = None) -> dict[str, int]:
    found = study_status(study, read_plan(study), jobs)
    return {state: n for state, n in found.tasks.items() if n}


def test_each_step(film: Study) -> None:
    place, (first, second, *others, prediction) = opened(film), all_tasks(film)
    assert counts(film) == {"missing": 5}
    claim = place.claims.take(first.key)
    assert claim is not None
    with claim:
        assert counts(film) == {"running": 1, "missing": 4}
    film.write_report(TaskReport(first.key, RUNNING, process="deadbeef-1-1"))
    assert counts(film) == {"killed": 1, "missing": 4}
    film.write_report(TaskReport(first.key, STOPPED))
    assert counts(film) == {"stopped": 1, "missing": 4}
    film.write_report(TaskReport(first.key, FAILED, error="it broke"))
    assert counts(film) == {"failed": 1, "missing": 4}
    film.forget_report(first.key)
    for n, task in enumerate((first, second, *others), 1):
        ensure(task, place)
        assert counts(film) == {"done": n, "missing": 5 - n}
    ensure(prediction, place)
    assert counts(film) == {"done": 5}
    assert study_status(film, read_plan(film)).is_done


def test_what_engines_say_of_tasks_that_wait(film: Study, engine: type[FakeEngine]) -> None:
    first, second, third, fourth, prediction = all_tasks(film)
    write_sending(film, "fake", {"partition": "long"}, [
        Sent("7_0", (first.key, second.key), 2_000_000_000, 60.0), Sent("7_1", (third.key,), 3_000_000_000, 60.0),
    ])  # fmt: skip
    write_sending(film, "fake", {}, [Sent("8", (fourth.key,), 1, 60.0)])
    engine.states = {"7_0": JobState(AT_WORK), "7_1": JobState(WAITING, "Priority"), "8": JobState(GONE)}
    jobs = jobs_of_tasks(film)
    assert [list(asked) for asked in engine.asked] == [["7_0", "7_1"], ["8"]]  # once for all of the same options
    assert counts(film, jobs) == {"waiting": 3, "missing": 2}
    status = study_status(film, read_plan(film), jobs)
    assert status.reasons == {"Priority": 1}
    assert "3 waiting (Priority)" in status_lines(status, film)[0]
    film.write_report(TaskReport(third.key, RUNNING))
    assert counts(film, jobs) == {"waiting": 3, "missing": 2}, "killed, but its engine begins it again"
    engine.states = {
        **engine.states,
        "7_1": JobState(GONE, "FAILED, killed by signal 9"),
        "8": JobState(GONE, "exit 1"),
    }
    jobs = jobs_of_tasks(film)
    told = study_status(film, read_plan(film), jobs).stimuli[0]
    assert (told.state, told.why) == ("killed", "killed (FAILED, killed by signal 9), asked for 3.0 GB and 60 s")
    film.forget_report(third.key)
    assert "job 8 ended: exit 1" in status_lines(study_status(film, read_plan(film), jobs), film)[1]
    missing = missing_tasks(film, read_plan(film), jobs)
    assert {task.key for task in missing.features} == {third.key, fourth.key}
    assert [task.key for task in missing.predictions] == [prediction.key]
    assert [sending.options for sending in read_sendings(film)] == [{"partition": "long"}, {}]


def test_an_engine_that_does_not_answer_is_told(film: Study, engine: type[FakeEngine]) -> None:
    write_sending(film, "fake", {"is_away": True}, [Sent("7", (all_tasks(film)[0].key,), 1, 60.0)])
    write_sending(film, "unheard", {}, [Sent("9", (all_tasks(film)[1].key,), 1, 60.0)])
    jobs = jobs_of_tasks(film)
    assert {job.state.reason for job in jobs.values()} == {"the engine cannot be asked"}
    assert counts(film, jobs) == {"waiting": 2, "missing": 3}


def test_what_moves_while_it_is_asked(film: Study) -> None:
    """Of a large study the folders are listed for seconds."""
    place, (first, second, *_) = opened(film), all_tasks(film)
    claim = place.claims.take(first.key)
    assert claim is not None
    states = TaskStates.now(film, read_plan(film), {})
    ensure(second, place)
    states = replace(states, running=frozenset(), reported=frozenset({first.key, second.key}))
    film.write_report(TaskReport(first.key, RUNNING))
    works = read_plan(film).stimuli[0].work

    def state(task: Task) -> str:
        return next(status.state for work in works for each, status in states.tasks_of(work, "clip") if each == task)

    assert (state(first), state(second)) == (RUNNING, DONE)
    claim.release()
    assert state(first) == "killed"


def test_a_prediction_of_which_something_is_gone_is_missing(sounds: Study) -> None:
    place = opened(sounds)
    for task in all_tasks(sounds):
        ensure(task, place)
    (sounds.prediction("noise1") / "predictions.npy").unlink()
    shutil.rmtree(sounds.prediction("noise2"))
    sounds.prediction("noise2").mkdir()
    assert counts(sounds) == {"done": 2, "missing": 2}
    for task in all_tasks(sounds)[2:]:
        assert ensure(task, place).made
    assert counts(sounds) == {"done": 4}


def test_who_only_looks_needs_no_cache_and_makes_none(sounds: Study, command_here: Command) -> None:
    shutil.rmtree(read_plan(sounds).settings.cache)
    sounds.status.mkdir()
    done = command_here("batch", "status", sounds.folder)
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == "0 of 2 stimuli predicted, 0 of 4 tasks done, 4 missing"
    assert str(sounds.status) in done.stderr
    assert not Path(read_plan(sounds).settings.cache).exists()


def test_watching_goes_on_between_two_tasks(
    sounds: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, place = read_plan(sounds), opened(sounds)
    looks: list[StudyStatus] = []

    def asked(study: Study, plan: Plan) -> StudyStatus:
        claim = place.claims.take(all_tasks(study)[0].key) if len(looks) == 1 else None
        looks.append(study_status(study, plan))
        if claim is not None:
            claim.release()
        return looks[-1]

    monkeypatch.setattr(status_command, "asked", asked)
    monkeypatch.setattr(status_command, "SECONDS_BETWEEN", 0.0)
    status_command.watched(sounds, plan)
    assert len(looks) == 4
    assert "1 running" in capsys.readouterr().err


def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("LINES", "4")
    assert fitting_lines(["a" * 9, "b" * 10]) == ["a" * 9, "bbbbbb..."]
    assert fitting_lines(list("abcd")) == ["a", "b", "..."]
    assert fitting_lines(list("abc")) == ["a", "b", "c"]


def test_the_command(sounds: Study, command_here: Command) -> None:
    begun = command_here("batch", "status", sounds.folder)
    assert begun.returncode == 3
    assert begun.stdout.splitlines()[0] == "0 of 2 stimuli predicted, 0 of 4 tasks done, 4 missing"
    place, (first, second, *predictions) = opened(sounds), all_tasks(sounds)
    for task in (first, second, *predictions):
        ensure(task, place)
    done = command_here("batch", "status", sounds.folder, "--watch")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2 of 2 stimuli predicted, 4 of 4 tasks done")
    as_json = json.loads(command_here("batch", "status", sounds.folder, "--json").stdout)
    assert (as_json["stimuli"], as_json["predicted"], as_json["tasks"]["done"]) == (2, 2, 4)
    header, row, _ = sounds.status.read_text().splitlines()
    assert header.split("\t")[:3] == ["stimulus", "state", "done"]
    assert row.split("\t")[:3] == ["noise1", "done", "2"]


def test_a_failure_is_one_line_and_exit_code_2(sounds: Study, command_here: Command) -> None:
    task = all_tasks(sounds)[0]
    sounds.write_report(TaskReport(task.key, FAILED, error="its sound\tis broken"))
    done = command_here("batch", "status", sounds.folder)
    line = refused(done)
    assert json.loads(command_here("batch", "status", sounds.folder, "--json").stdout)["tasks"]["failed"] == 1
    assert f"1 stimulus of 2 failed: {task.stimulus}: its sound" in line
    assert f"tribe-np batch retry {sounds.folder}" in line
    assert '"its sound\tis broken"' in sounds.status.read_text()


def test_stimuli_that_could_not_be_planned_have_failed(sounds: Study, command_here: Command) -> None:
    plan = read_plan(sounds)
    bad = PlannedStimulus("bad", "/x/bad.mp4", error="/x/bad.mp4: is no film", columns={"scene": "3", "state": "x"})
    write_plan(sounds, Plan(plan.settings, (*plan.stimuli, bad)))
    status = study_status(sounds, read_plan(sounds))
    assert [(s.name, s.why) for s in status.failed] == [("bad", "/x/bad.mp4: is no film")]
    assert not status.is_done
    assert status_lines(status, sounds)[1].split() == ["bad", "failed", "/x/bad.mp4:", "is", "no", "film"]
    line = refused(command_here("batch", "status", sounds.folder))
    assert line.endswith(f"then tribe-np batch plan, into {sounds.folder} with the options of then"), "retry cannot"


def test_machines_of_two_kinds_are_told(film: Study) -> None:
    place, tasks = opened(film), all_tasks(film)
    for task in tasks[:-1]:
        ensure(task, place)
    assert study_status(film, read_plan(film)).caution is None
    report = film.read_report(tasks[0].key)
    assert report is not None
    film.write_report(replace(report, threads=4, host="n17"))
    caution = study_status(film, read_plan(film)).caution
    assert caution is not None
    assert "features were made on 2 kinds of machine" in caution
    assert "4 threads" in caution


def test_time_left_follows_what_done_tasks_took(film: Study) -> None:
    place, (first, second, *_) = opened(film), all_tasks(film)
    ensure(first, place)
    report = film.read_report(first.key)
    assert report is not None
    film.write_report(replace(report, seconds=10 * first.need.seconds))
    claims = [place.claims.take(key) for key in (second.key, all_tasks(film)[-1].key)]
    status = study_status(film, read_plan(film))
    left = sum(task.need.seconds for task in all_tasks(film)[1:])
    assert status.seconds_left == pytest.approx(10 * left / 2)
    for claim in claims:
        assert claim is not None
        claim.release()
    assert study_status(film, read_plan(film)).seconds_left is None


def test_the_pace_leaves_out_what_went_on_with_something() -> None:
    task = Task("k", "s", "m", (), None, (), TaskNeed(1, 1, 2.0))
    told = [TaskReport("k", DONE, seconds=6.0, made=True), TaskReport("k", DONE, seconds=1.0, made=True, attempts=2)]
    assert pace([(task, report) for report in told]) == {"m": 3.0, "": 3.0}
    assert pace([(task, TaskReport("k", DONE))]) == {}


def test_folders_are_listed_and_no_task_is_asked_for_one_by_one(sounds: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = read_plan(sounds)
    many = tuple(
        PlannedStimulus(f"film{n:04d}", f"/x/{n}.mp4", "video", key=f"prediction-{n:040x}", work=(
            Work("m", (0,), (f"m-features-{n:040x}",), 120, 10, 10**9, 1e4),
        ))
        for n in range(1000)
    )  # fmt: skip
    write_plan(sounds, Plan(plan.settings, many))
    read: list[str] = []
    monkeypatch.setattr(Study, "read_report", lambda _, key: read.append(key))
    assert counts(sounds) == {"missing": 13_000}
    assert read == []


def test_what_is_left_is_shown_and_the_table_has_all(sounds: Study) -> None:
    plan = read_plan(sounds)
    many = tuple(replace(plan.stimuli[0], name=f"s{n:02d}", key=f"prediction-{n}") for n in range(40))
    write_plan(sounds, Plan(plan.settings, many))
    lines = status_lines(study_status(sounds, read_plan(sounds)), sounds)
    assert len(lines) == 32
    assert lines[-1] == f"... and 10 stimuli more: {sounds.status} has all"


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path, command_here: Command) -> None:
    assert "holds no plan.json" in refused(command_here("batch", "status", tmp_path))
