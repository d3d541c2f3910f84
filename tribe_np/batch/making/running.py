"""`tribe-np batch run`: sends a study's tasks to an engine while this process lives, and tells how it goes.

What is done is never sent, and what another process does just now is asked for again later: two runs of one study, or
a run beside `batch work`, share it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from tribe_np.batch.engines.dask_engine import DaskEngine, JobResult
from tribe_np.batch.making.course import Course
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, MOST_DEATHS, RUNNING, STOPPED, Task, TaskReport
from tribe_np.errors import TribeError
from tribe_np.pipeline.progress import DrawnProgress, duration, number_of

LOOK = 0.5  # seconds between two looks at what there is to send
KILLED = "KilledWorker"  # Dask's error for a task whose workers died more often than it allows
STOP_WITHIN = 1.0  # seconds for a clip to end after Ctrl-C


class StudyRun:
    """One run of a study."""

    def __init__(
        self, study: Study, engine: DaskEngine, course: Course, tasks: Mapping[str, Task], progress: DrawnProgress
    ) -> None:
        self.study, self.engine, self.course, self.tasks, self.progress = study, engine, course, tasks, progress
        self._left = sum(map(core_seconds, (task for task in tasks.values() if task.key not in course.over)))
        self._took = self._estimated = 0.0  # seconds of one core, of the tasks that were computed in this run
        self._killed: Counter[str] = Counter()
        self._told_elsewhere = False
        self._n_workers = 1

    def finish(self) -> None:
        """Sends what can be sent until everything is over; failures are told as they come.

        Raises   TribeError when nothing can be done: no model on this machine, a scheduler that is gone
        """
        with self.progress.stage("study", len(self.tasks), "tasks", self.left) as step:
            step(len(self.course.over))
            try:
                while not self._is_over():
                    self._send()
                    if (result := self.engine.next_result(LOOK)) is not None:
                        self._take(result, step)
            except BaseException:
                self.abandon()
                raise

    def left(self) -> str:
        """What is left of one core's time, and how long that is with so many workers, by the pace so far."""
        seconds = self._left * (self._took / self._estimated if self._estimated else 1.0)
        return f"{core_time(seconds)} left, about {duration(seconds / self._cores())}"

    def _cores(self) -> int:
        """Cores that are at work, or will be."""
        return max(1, self._n_workers) * max((task.need.cores for task in self.tasks.values()), default=1)

    def abandon(self) -> None:
        """Ends early: workers stop after the clip that they compute, as far as that is soon."""
        self.engine.stop(STOP_WITHIN)

    def note_stopped(self) -> None:
        """When workers of our own are gone: what they were at was stopped, and does not count as their death."""
        for job, keys in self.engine.under_way().items():
            for key in keys:
                report = self.study.read_report(key)
                if report is not None and report.state == RUNNING and report.job == job:
                    self.study.write_report(report.ended(STOPPED))

    def _is_over(self) -> bool:
        return self.course.is_empty() and not self.engine.under_way()

    def _send(self) -> None:
        self._n_workers = self.engine.n_workers()
        while self.engine.free_slots() > 0 and (task := self.course.next_task(time.monotonic())) is not None:
            self.engine.send([task])
        if self.course.n_later and not self.engine.under_way() and not self._told_elsewhere:
            self._told_elsewhere = True
            self.progress.note(f"waiting for {number_of(self.course.n_later, 'tasks')} of other processes")

    def _take(self, result: JobResult, step: Callable[[int], None]) -> None:
        """What a job's reports, or its end without any, mean for its tasks."""
        if result.error is not None:
            self._took_none(result, step)
            return
        told = {report.key: report for report in map(TaskReport.from_dict, result.reports)}
        for key in result.sent.keys:
            report = told.get(key)
            if report is not None and report.state in (DONE, FAILED):
                self._end(report, step)
            else:  # another process is at it, or this one was stopped
                self.course.again(self.tasks[key], time.monotonic())

    def _took_none(self, result: JobResult, step: Callable[[int], None]) -> None:
        """A job that came to nothing: its processes died, could not begin, or met what nobody thought of."""
        if isinstance(result.error, TribeError):
            raise result.error
        for key in result.sent.keys:
            report = self.study.read_report(key) or TaskReport(key, RUNNING)
            if report.state in (DONE, FAILED):
                self._end(report, step)
            elif result.is_lost:
                self.course.again(self.tasks[key], time.monotonic())
            elif type(result.error).__name__ != KILLED:
                self._end(self._failed(report, f"{type(result.error).__name__}: {result.error}"), step)
            elif self._killed[key] + 1 < MOST_DEATHS:
                self._killed[key] += 1
                self.course.again(self.tasks[key], time.monotonic())  # the next attempt counts what died
            else:
                died = (
                    f"its processes were killed {MOST_DEATHS} times before they could say more; see {self.study.logs}"
                )
                self._end(self._failed(report, died, deaths=MOST_DEATHS), step)

    def _failed(self, report: TaskReport, error: str, **told: int) -> TaskReport:
        """The report of a task that could not write one, written."""
        report = report.ended(FAILED, error=" ".join(error.split()), **told)
        self.study.write_report(report)
        return report

    def _end(self, report: TaskReport, step: Callable[[int], None]) -> None:
        task = self.tasks[report.key]
        self._left = max(0.0, self._left - core_seconds(task))
        if report.made and report.attempts == 1:
            self._took += report.seconds * task.need.cores
            self._estimated += core_seconds(task)
        self.course.end(report.key)
        if report.state == FAILED:
            self.progress.note(f"failed: {task.stimulus}, {task.modality}: {report.error}")
        step(1)


def core_seconds(task: Task) -> float:
    """What a task takes of one core, by estimate."""
    return task.need.seconds * task.need.cores


def core_time(seconds: float) -> str:
    """Seconds of one core for a person: core hours where there are some."""
    return f"{seconds / 3600:.1f} core hours" if seconds >= 360 else f"{duration(seconds)} of one core"


def told_costs(tasks: Iterable[Task]) -> str:
    """How many tasks these are, and what they take by estimate."""
    found = list(tasks)
    return f"{number_of(len(found), 'tasks')} to do, about {core_time(sum(map(core_seconds, found)))}"
