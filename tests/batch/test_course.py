"""What a run sends when, and what it makes of results: no engine, or a made-up one, is needed for it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tribe_np.batch.engines.dask_engine import JobResult
from tribe_np.batch.engines.engine import Sent
from tribe_np.batch.making.course import FIRST_PAUSE, LONGEST_PAUSE, Course
from tribe_np.batch.making.running import StudyRun, core_time
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, MOST_DEATHS, PREDICTION, RUNNING, STOPPED, Task, TaskNeed, TaskReport
from tribe_np.errors import ConfigError
from tribe_np.pipeline.progress import Silent


def made_task(key: str, modality: str = "film") -> Task:
    return Task(key, "s", modality, (0,), None, (key,), TaskNeed(10, 1, 60.0))


FEATURES = [made_task("a"), made_task("b"), made_task("c")]
PREDICTIONS = [(made_task("p", PREDICTION), ["a", "b"]), (made_task("q", PREDICTION), ["c", "a"])]


def sent_now(course: Course, now: float = 0.0) -> list[str]:
    found = []
    while (task := course.next_task(now)) is not None:
        found.append(task.key)
    return found


def test_predictions_go_first_once_their_features_are_over() -> None:
    course = Course(FEATURES, PREDICTIONS, [])
    assert course.next_task(0) is FEATURES[0]
    course.end("a")
    course.end("c")
    assert sent_now(course) == ["q", "b", "c"]
    assert course.is_empty()
    course.end("b")
    assert not course.is_empty()
    assert sent_now(course) == ["p"]


def test_what_is_over_is_not_sent() -> None:
    course = Course(FEATURES, PREDICTIONS, ["a", "b", "q"])
    assert course.largest_memory() == 10
    assert sent_now(course) == ["p", "c"]
    course.end("c")
    assert course.is_empty()
    assert course.largest_memory() == 0


def test_pauses_grow_and_end() -> None:
    course = Course([], [], [])
    now = 0.0
    for pause in (FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE):
        course.again(FEATURES[0], now)
        assert course.next_task(now + 0.9 * pause) is None
        assert course.n_later == 1
        assert not course.is_empty()
        now += pause
        assert course.next_task(now) is FEATURES[0]
    for _ in range(20):
        course.again(FEATURES[0], now)
        now += LONGEST_PAUSE
        assert course.next_task(now) is FEATURES[0]


class Killed(Exception):  # noqa: N818
    """As Dask's."""


Killed.__name__ = "KilledWorker"


class MadeUpEngine:
    """One worker, which answers what `answer` gives."""

    def __init__(self, answer: Callable[[str], object]) -> None:
        self.answer, self.jobs, self.stopped = answer, [], False

    def n_workers(self) -> int:
        return 1

    def free_slots(self) -> int:
        return 1 - len(self.jobs)

    def under_way(self) -> dict[str, tuple[str, ...]]:
        return {sent.job: sent.keys for sent in self.jobs}

    def send(self, tasks: Sequence[Task]) -> None:
        self.jobs += [Sent(f"job-{task.key}", (task.key,), 0, 0.0) for task in tasks]

    def next_result(self, timeout: float) -> JobResult | None:
        if not self.jobs:
            return None
        sent = self.jobs.pop()
        told = self.answer(sent.keys[0])
        if isinstance(told, Exception):
            return JobResult(sent, (), told)
        return JobResult(sent, (TaskReport(sent.keys[0], str(told)).as_dict(),))

    def stop(self, seconds: float) -> list[JobResult]:
        self.stopped = True
        return []


class Notes(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def finished(folder: Path, answer: Callable[[str], object]) -> tuple[StudyRun, list[str], list[str]]:
    """A run, the keys that it sent in order, and what it noted."""
    asked: list[str] = []
    notes = Notes()

    def keeping(key: str) -> object:
        asked.append(key)
        return answer(key)

    tasks = {task.key: task for task in (*FEATURES, *(task for task, _ in PREDICTIONS))}
    run = StudyRun(Study(folder), MadeUpEngine(keeping), Course(FEATURES, PREDICTIONS, []), tasks, notes)  # type: ignore[arg-type]
    run.finish()
    return run, asked, notes.notes


def test_all_done(tmp_path: Path) -> None:
    run, asked, notes = finished(tmp_path, lambda key: DONE)
    assert asked == ["a", "b", "p", "c", "q"]
    assert notes == []
    assert run.left() == "1 s of one core left, about 1 s"  # a time is never told as none


def test_failures_are_told_and_stop_nothing(tmp_path: Path) -> None:
    _, asked, notes = finished(tmp_path, lambda key: FAILED if key == "a" else DONE)
    assert asked == ["a", "b", "p", "c", "q"]
    assert notes == ["failed: s, film: "]


def test_what_others_do_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tribe_np.batch.making.course.FIRST_PAUSE", 0.0)
    states = iter(["claimed", STOPPED, "not yet"])
    _, asked, _ = finished(tmp_path, lambda key: next(states, DONE) if key == "a" else DONE)
    assert asked.count("a") == 4
    assert asked[-1] in "pq"


def test_a_process_that_dies_before_it_reports_fails_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tribe_np.batch.making.course.FIRST_PAUSE", 0.0)
    run, asked, notes = finished(tmp_path, lambda key: Killed("died") if key == "b" else DONE)
    assert asked.count("b") == MOST_DEATHS
    report = run.study.read_report("b")
    assert report is not None
    assert (report.state, report.deaths) == (FAILED, MOST_DEATHS)
    assert report.error in notes[0]


def test_an_unthought_of_error_is_the_tasks_own(tmp_path: Path) -> None:
    _, asked, notes = finished(tmp_path, lambda key: ValueError("two\nlines") if key == "b" else DONE)
    assert asked.count("b") == 1
    assert notes == ["failed: s, film: ValueError: two lines"]


def test_where_nothing_can_be_done_the_run_ends(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model here"):
        finished(tmp_path, lambda key: ConfigError("no model here"))


def test_what_was_stopped_is_no_death(tmp_path: Path) -> None:
    engine = MadeUpEngine(lambda key: DONE)
    study = Study(tmp_path)
    run = StudyRun(study, engine, Course(FEATURES, [], []), {task.key: task for task in FEATURES}, Silent())  # type: ignore[arg-type]
    engine.send(FEATURES)
    study.write_report(TaskReport("a", RUNNING, job="job-a", deaths=1))
    study.write_report(TaskReport("b", RUNNING, job="another's"))
    run.note_stopped()
    found = {key: study.read_report(key) for key in "abc"}
    assert found["c"] is None
    assert [(found[key].state, found[key].deaths) for key in "ab" if found[key]] == [(STOPPED, 1), (RUNNING, 0)]


def test_core_hours_where_there_are_some() -> None:
    assert core_time(40.0) == "40 s of one core"
    assert core_time(3600 * 310) == "310.0 core hours"
