"""`batch retry` forgets errors and deaths, and sends again what is missing."""

import json

import pytest

from tests.batch.small_studies import all_tasks, opened
from tests.batch.test_status import FakeEngine, engine
from tests.cli.conftest import Command, command_here, refused
from tribe_np.batch.engines.engine import Sent
from tribe_np.batch.engines.registry import ENGINES, EngineRecord
from tribe_np.batch.jobs import read_sendings, write_sending
from tribe_np.batch.making.ensure import ensure
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, STOPPED, TaskReport
from tribe_np.batch.watching.retrying import forget_failures

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
    sent = read_sendings(sounds)[-1]
    assert (sent.engine, sent.options) == ("fake", {"partition": "long"})
    assert {key for one in sent.sent for key in one.keys} == {second.key, *(task.key for task in predictions)}
    assert sum(one.job.endswith("-1") for one in sent.sent) == 2  # predictions, after one job


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
