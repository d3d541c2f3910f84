"""`batch retry` forgets errors and deaths, and sends again what is missing."""

import json

import pytest

from tests.batch.small_studies import all_tasks, opened
from tests.batch.test_status import FakeEngine, engine
from tests.cli.conftest import Command, command_here, refused
from tribe_np.batch.engines.engine import AT_WORK, GONE, TIME, WAITING, JobState, Sent
from tribe_np.batch.engines.registry import ENGINES, EngineRecord
from tribe_np.batch.jobs import TaskJob, jobs_of_tasks, read_sendings, write_sending
from tribe_np.batch.making.ensure import ensure
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, STOPPED, TaskReport
from tribe_np.batch.watching.growth import growth_of
from tribe_np.batch.watching.outgoing import outgoing_tasks
from tribe_np.batch.watching.retrying import forget_failures
from tribe_np.errors import MissingDependencyError

__all__ = ["command_here", "engine"]
pytestmark = pytest.mark.extras


def test_what_has_failed_or_died_is_forgotten_and_nothing_else(film: Study) -> None:
    place, (first, second, third, fourth, prediction) = opened(film), all_tasks(film)
    ensure(first, place)
    film.write_report(TaskReport(second.key, RUNNING, deaths=2))
    film.write_report(TaskReport(third.key, STOPPED))
    film.write_report(TaskReport(fourth.key, RUNNING))
    film.write_report(TaskReport(prediction.key, FAILED, error="features are missing: 1 of 4 tasks (x)"))
    claim = place.claims.take(fourth.key)
    assert claim is not None
    with claim:
        told = forget_failures(film, read_plan(film))
    assert [report.key for report in told.failed] == [prediction.key]
    assert [report.key for report in told.killed] == [second.key]
    assert film.reported() == {first.key, third.key, fourth.key}
    assert told.lines()[0] == "forgot 1 error and 1 death"
    assert "features are missing" in told.lines()[1]


def test_without_an_engine_it_says_what_to_type(sounds: Study, command_here: Command) -> None:
    task = all_tasks(sounds)[0]
    sounds.write_report(TaskReport(task.key, FAILED, error="it broke"))
    done = command_here("batch", "retry", sounds.folder)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "forgot 1 error and 0 deaths", "  it broke",
        f"next: tribe-np batch run {sounds.folder}, or submit, or work, as before",
    ]  # fmt: skip
    assert command_here("batch", "work", sounds.folder, "--index", "0", "--of", "1").returncode == 0


def test_the_last_engine_sends_what_is_missing(
    sounds: Study,
    command_here: Command,
    engine: type[FakeEngine],
) -> None:
    place, (first, second, *predictions) = opened(sounds), all_tasks(sounds)
    ensure(first, place)
    write_sending(sounds, "fake", {"partition": "long"}, [Sent("7", (first.key, second.key), 1, 1.0)])
    engine.states = {}
    told = json.loads(command_here("batch", "retry", sounds.folder, "--json").stdout)
    assert len(told["sent"]) == 3
    again = [sending for sending in read_sendings(sounds)[1:] if sending.sent]
    assert {(sending.engine, sending.options["partition"]) for sending in again} == {("fake", "long")}
    sent = [job for sending in again for job in sending.sent]
    assert {key for job in sent for key in job.keys} == {second.key, *(task.key for task in predictions)}
    waiting = {job.keys[0] for job in sent if job.job.endswith("-1")}
    assert waiting == {task.key for task in predictions if task.stimulus == second.stimulus}, "the other is ready"


def test_what_was_killed_gets_more_memory_and_what_met_its_wall_time_more_time(
    sounds: Study, command_here: Command, engine: type[FakeEngine]
) -> None:
    first, second = all_tasks(sounds)[:2]
    write_sending(sounds, "fake", {}, [Sent("7", (first.key,), 10**9, 60.0), Sent("8", (second.key,), 10**9, 60.0)])
    engine.states = {"8": JobState(GONE, "TIMEOUT", TIME)}
    sounds.write_report(TaskReport(first.key, FAILED, deaths=3, error="killed 3 times, asked for 1.0 GB: more memory?"))
    sounds.write_report(TaskReport(second.key, RUNNING))
    done = command_here("batch", "retry", sounds.folder)
    assert done.stdout.splitlines()[-3:] == [
        "sent 4 tasks again", "1 task with 1.5 GB instead of 1.0 GB: killed",
        "1 task with 2 min instead of 60 s: met its wall time",
    ]  # fmt: skip
    sent = {job.keys[0]: job.memory for sending in read_sendings(sounds)[1:] for job in sending.sent}
    assert (sent[first.key], sent[second.key]) == (1_500_000_000, 10**9)


def test_nothing_is_forgotten_while_the_engine_does_not_answer(
    sounds: Study, command_here: Command, engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise MissingDependencyError("it does not answer")

    task = all_tasks(sounds)[0]
    sounds.write_report(TaskReport(task.key, FAILED, error="killed 3 times"))
    write_sending(sounds, "fake", {}, [Sent("7", (task.key,), 1, 1.0)])
    monkeypatch.setattr(engine, "poll", silent)
    done = command_here("batch", "retry", sounds.folder)
    assert (done.returncode, done.stderr) == (2, "tribe-np: error: it does not answer\n")
    assert sounds.read_report(task.key) is not None


def test_a_broken_stimulus_gets_no_more_memory() -> None:
    job = TaskJob(Sent("7", ("k",), 10**9, 60.0), JobState(GONE))
    growth = growth_of([TaskReport("k", FAILED, error="x.mp4: is no film", deaths=1)], {"k": job})
    assert (growth.at_least, growth.lines) == ({}, ())
    assert growth_of([TaskReport("other", RUNNING)], {"k": job}).at_least == {}
    short = growth_of([TaskReport("k", FAILED, error="not enough memory; it had asked for 1.0 GB")], {"k": job})
    assert short.at_least["k"].memory == 1_500_000_000


def test_a_prediction_in_the_queue_is_sent_once_more_after_features_that_are_sent_again(
    sounds: Study, engine: type[FakeEngine]
) -> None:
    first, second, *predictions = all_tasks(sounds)
    write_sending(sounds, "fake", {}, [Sent("7", (first.key,), 1, 1.0), Sent("8", (second.key,), 1, 1.0)])
    write_sending(sounds, "fake", {}, [Sent("9", tuple(task.key for task in predictions), 1, 1.0)])
    engine.states = {"7": JobState(GONE), "8": JobState(AT_WORK), "9": JobState(WAITING, "Dependency")}
    found = outgoing_tasks(sounds, read_plan(sounds), jobs_of_tasks(sounds))
    assert [task.key for task in found.features] == [first.key]
    assert [task.stimulus for task in found.later] == [first.stimulus]
    assert (found.ready, found.under_way) == ((), ())
    engine.states = {"8": JobState(AT_WORK)}
    found = outgoing_tasks(sounds, read_plan(sounds), jobs_of_tasks(sounds))
    assert (len(found.later), found.under_way) == (2, ("8",))


def test_an_engine_that_must_be_watched_is_named(
    sounds: Study, command_here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "watched", EngineRecord("engine:None", "run", outlives_us=False))
    write_sending(sounds, "watched", {}, [Sent("7", (all_tasks(sounds)[0].key,), 1, 1.0)])
    done = command_here("batch", "retry", sounds.folder)
    assert done.stdout.splitlines()[-1] == f"next: tribe-np batch run {sounds.folder}"


def test_an_unknown_engine_is_refused(sounds: Study, command_here: Command) -> None:
    write_sending(sounds, "unheard", {}, [Sent("7", (all_tasks(sounds)[0].key,), 1, 1.0)])
    assert "names an engine 'unheard' that this version does not know" in refused(
        command_here("batch", "retry", sounds.folder)
    )


def test_what_is_done_stays_done(sounds: Study) -> None:
    place, tasks = opened(sounds), all_tasks(sounds)
    for task in tasks:
        ensure(task, place)
    forget_failures(sounds, read_plan(sounds))
    assert {report.state for report in sounds.reports()} == {DONE}
