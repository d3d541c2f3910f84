"""In which state each task of a study is, found by listing folders: no file is asked for task by task.

What is done is asked of the cache and of the folders of predictions, never of an engine or a report. Reports are read
of tasks alone that are not done.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tribe_np.batch.engines.engine import AT_WORK, GONE, WAITING
from tribe_np.batch.jobs import TaskJob
from tribe_np.batch.plan import Plan, PlannedStimulus
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, STOPPED, Task, TaskReport, Work
from tribe_np.machine.memory import gigabytes
from tribe_np.pipeline.progress import duration
from tribe_np.pipeline.store.cache import CacheListing, FeatureCache
from tribe_np.pipeline.store.claims import Claims
from tribe_np.pipeline.store.entry_parts import EntryParts
from tribe_np.pipeline.store.workspace import FEATURES

KILLED, NEVER_SENT = "killed", "missing"
STATES = (DONE, RUNNING, WAITING, STOPPED, KILLED, FAILED, NEVER_SENT)
"""Of a task. Stopped and killed ones are gone on with by whoever comes next, failed ones are not; one that waits may
have been killed, and its engine begins it again; missing ones were never sent, or their job has ended without them."""


@dataclass(frozen=True)
class TaskStatus:
    """How one task stands, and why, in a line that may be empty."""

    state: str
    why: str = ""
    note: str = ""


@dataclass
class WorkStatus:
    """How the tasks of a work stand: how many in which state, what is told of some, seconds left by estimate."""

    states: Counter[str] = field(default_factory=Counter)
    told: list[TaskStatus] = field(default_factory=list)
    seconds_left: float = 0.0

    def add(self, task: Task, status: TaskStatus) -> None:
        """One task more."""
        self.states[status.state] += 1
        if status.why or status.note:
            self.told.append(status)
        if status.state not in (DONE, FAILED):
            self.seconds_left += task.need.seconds


@dataclass(frozen=True, eq=False)
class TaskStates:
    """A study at one moment."""

    study: Study
    plan: Plan
    jobs: Mapping[str, TaskJob]  # what engines say, by task
    cache: FeatureCache
    listing: CacheListing
    claims: Claims
    running: frozenset[str]  # keys that are claimed
    reported: frozenset[str]  # keys that have a report
    predicted: frozenset[str]  # names that have a folder

    @classmethod
    def now(cls, study: Study, plan: Plan, jobs: Mapping[str, TaskJob]) -> "TaskStates":
        """As it is now.

        Raises   OutputError for a cache that cannot be opened
        """
        cache = FeatureCache(Path(plan.settings.cache) / FEATURES, is_read_only=True)
        claims = plan.settings.claims()
        running = frozenset(claims.live())  # first: what ends meanwhile is among what is done
        predicted = (path.name for path in (study.folder / "predictions").glob("*"))
        return cls(
            study, plan, jobs, cache, cache.listing(), claims, running, frozenset(study.reported()),
            frozenset(predicted),
        )  # fmt: skip

    def of_work(self, work: Work, stimulus: str) -> WorkStatus:
        """How its tasks stand, counted; they are made only where entries are not whole."""
        if self.listing.whole.issuperset(work.entries):
            return WorkStatus(Counter({DONE: work.n_tasks}))
        found = WorkStatus()
        for task, status in self.tasks_of(work, stimulus):
            found.add(task, status)
        return found

    def tasks_of(self, work: Work, stimulus: str) -> Iterator[tuple[Task, TaskStatus]]:
        """Its tasks, and how each stands."""
        is_whole, held = self.listing.whole.issuperset(work.entries), self._parts_held(work)
        for task in work.tasks(stimulus, self.plan.settings.threads):
            is_made = is_whole or (task.parts is not None and all(n in held for n in range(*task.parts)))
            yield task, TaskStatus(DONE) if is_made else self._of_task(task)

    def prediction_of(self, planned: PlannedStimulus) -> tuple[Task, TaskStatus]:
        """The task that predicts a stimulus, and how it stands."""
        task = planned.prediction(self.plan.settings.threads)
        return task, TaskStatus(DONE) if self._is_predicted(planned) else self._of_task(task)

    def report(self, key: str) -> TaskReport | None:
        """The report of a task, read if there is one."""
        return self.study.read_report(key) if key in self.reported else None

    def _parts_held(self, work: Work) -> set[int]:
        """The parts of an entry that lie in the cache."""
        if work.n_tasks == 1 or work.entries[0] not in self.listing.in_parts:
            return set()
        kept = EntryParts(self.cache, work.entries[0]).kept()
        return {n for part in kept for n in range(part.first, part.stop)}

    def _is_predicted(self, planned: PlannedStimulus) -> bool:
        return planned.name in self.predicted and self.study.predicted_by(planned.name) == planned.key

    def _of_task(self, task: Task) -> TaskStatus:
        """How a task stands whose result is not there."""
        if task.key in self.running:
            return TaskStatus(RUNNING)
        report, job = self.report(task.key), self.jobs.get(task.key)
        if report is not None and (moved := self._since(task, report)) is not None:
            return moved
        note = "" if report is None else report.note
        if report is not None and report.state == FAILED:
            return TaskStatus(FAILED, report.error, note)
        if job is not None and job.state.state in (WAITING, AT_WORK):  # one at work has not come to this task yet
            return TaskStatus(WAITING, job.state.reason if job.state.state == WAITING else "", note)
        if report is not None and report.state == RUNNING:  # and nobody has claimed it
            return TaskStatus(KILLED, _death(task, job), note)
        if job is not None and job.state.state != GONE:
            return TaskStatus(WAITING, job.state.reason, note)
        why = "" if job is None or not job.state.reason else f"job {job.sent.job} ended: {job.state.reason}"
        why += f"; see {job.sent.logs}" if job is not None and why and job.sent.logs else ""
        return TaskStatus(STOPPED if report is not None and report.state == STOPPED else NEVER_SENT, why, note)

    def _since(self, task: Task, report: TaskReport) -> TaskStatus | None:
        """How a task stands that somebody began, or ended, since the folders were listed; None for any other."""
        if report.state == RUNNING:
            holder = self.claims.holder(task.key)
            return None if holder is None or holder.is_stale else TaskStatus(RUNNING)
        is_done = report.state == DONE and not task.is_prediction and is_in_cache(task, self.cache)
        return TaskStatus(DONE) if is_done else None


def _death(task: Task, job: TaskJob | None) -> str:
    """How a process died, as far as it is known, and what it had asked for."""
    if job is None:
        return f"killed, asked for {gigabytes(task.need.memory)}"
    asked = gigabytes(job.sent.memory) + (f" and {duration(job.sent.seconds)}" if job.sent.seconds else "")
    ended = f" ({job.state.reason})" if job.state.state == GONE and job.state.reason else ""
    return f"killed{ended}, asked for {asked}"


def is_in_cache(task: Task, cache: FeatureCache) -> bool:
    """Whether the cache holds what a task of features makes, by names alone."""
    if all(cache.has(entry) for entry in task.entries):
        return True
    return task.parts is not None and EntryParts(cache, task.entries[0]).hold(*task.parts)


def told_most(told: Sequence[TaskStatus]) -> str:
    """The line that says most: of a failure, else of a death, else how a job ended, else why something waits."""
    for state in (FAILED, KILLED, NEVER_SENT, STOPPED, WAITING):
        for status in told:
            if status.state == state and status.why:
                return status.why
    return ""
