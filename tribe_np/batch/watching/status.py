"""How a study stands: each stimulus, and all in sum; what it still takes, and on what it ran."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tribe_np.batch.engines.engine import WAITING
from tribe_np.batch.jobs import TaskJob
from tribe_np.batch.plan import Plan, PlannedStimulus
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, STOPPED, Task, TaskReport, Work
from tribe_np.batch.watching.machine_kinds import KindOfMachine, kinds_of_machines, mixed_rounding
from tribe_np.batch.watching.task_states import KILLED, NEVER_SENT, STATES, TaskStates, WorkStatus, told_most

MOST_SAMPLED = 2000
"""Reports of done tasks that are read for the pace and the machines; of more, some from all over the study."""
TELLING = (FAILED, RUNNING, KILLED, WAITING, STOPPED, NEVER_SENT)
"""States of a stimulus that is not predicted yet: the first that one of its tasks is in. Else it is missing."""


@dataclass(frozen=True)
class StimulusStatus:
    """How one stimulus stands.

    Fields   tasks: how many of its tasks are in which state, its prediction too, and those that it shares with an
             earlier stimulus; state: done where it is predicted, else the one that tells most; why, note: one line
    """

    name: str
    tasks: Mapping[str, int]
    state: str
    why: str = ""
    note: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyStatus:
    """How a study stands.

    Fields   tasks: how many are in which state; reasons: why tasks wait, in the engine's words, with counts;
             seconds_left: None where nothing runs or nothing is known; machines: the kinds on which `n_sampled` of the
             done tasks ran
    """

    stimuli: tuple[StimulusStatus, ...]
    tasks: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds_left: float | None
    machines: tuple[KindOfMachine, ...]
    n_sampled: int

    @property
    def n_tasks(self) -> int:
        """All of them."""
        return sum(self.tasks.values())

    @property
    def failed(self) -> list[StimulusStatus]:
        """Stimuli that will not be predicted unless something is done about it."""
        return [stimulus for stimulus in self.stimuli if stimulus.state == FAILED]

    @property
    def n_predicted(self) -> int:
        """Stimuli that are done."""
        return sum(stimulus.state == DONE for stimulus in self.stimuli)

    @property
    def is_done(self) -> bool:
        """Whether all stimuli are predicted."""
        return self.n_predicted == len(self.stimuli)

    @property
    def n_left(self) -> int:
        """How many tasks nobody has that could be done now: stopped, killed, or never begun."""
        waiting = sum(bool(s.tasks.get(RUNNING) and s.tasks.get(NEVER_SENT)) for s in self.stimuli)  # predictions
        return self.tasks[STOPPED] + self.tasks[KILLED] + self.tasks[NEVER_SENT] - waiting

    @property
    def is_over(self) -> bool:
        """Whether every task is done, or has failed."""
        return self.tasks[DONE] + self.tasks[FAILED] == self.n_tasks

    @property
    def is_at_work(self) -> bool:
        """Whether anything runs, or will by itself."""
        return bool(self.tasks[RUNNING] or self.tasks[WAITING])

    @property
    def caution(self) -> str | None:
        """What to say of the machines, where they are of several kinds."""
        return mixed_rounding(self.machines)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "stimuli": len(self.stimuli),
            "predicted": self.n_predicted,
            "tasks": dict(self.tasks),
            "reasons": dict(self.reasons),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left),
            "machines": [vars(kind) for kind in self.machines],
            "reports_read": self.n_sampled,
            "caution": self.caution,
            "each": [
                {"stimulus": s.name, "state": s.state, "tasks": {k: n for k, n in s.tasks.items() if n}, "why": s.why,
                 "note": s.note}
                for s in self.stimuli
            ],
        }  # fmt: skip


def study_status(study: Study, plan: Plan, jobs: Mapping[str, TaskJob] | None = None) -> StudyStatus:
    """How a study stands; `jobs` is what engines say of its tasks (`jobs_of_tasks`).

    Raises   OutputError for a cache that cannot be opened
    """
    return _Counting(TaskStates.now(study, plan, jobs or {})).status()


@dataclass(eq=False)
class _Counting:
    """The sums, while they are made."""

    states: TaskStates
    works: dict[str, WorkStatus] = field(default_factory=dict)  # by entry: stimuli share them
    predictions: list[WorkStatus] = field(default_factory=list)
    seconds_left: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # by modality, by estimate

    def status(self) -> StudyStatus:
        stimuli = tuple(map(self._stimulus, self.states.plan.stimuli))
        tasks = Counter(dict.fromkeys(STATES, 0))
        reasons: Counter[str] = Counter()
        for work in (*self.works.values(), *self.predictions):
            tasks.update(work.states)
            reasons.update(status.why for status in work.told if status.state == WAITING and status.why)
        sample = self._sample()
        kinds = kinds_of_machines(report for _, report in sample if report.made)
        left = self._time_left(pace(sample), tasks[RUNNING])
        return StudyStatus(stimuli, tasks, reasons, left, tuple(kinds), len(sample))

    def _stimulus(self, planned: PlannedStimulus) -> StimulusStatus:
        if planned.error:
            return StimulusStatus(planned.name, {}, FAILED, planned.error, columns=planned.columns)
        works = [self._work(work, planned.name) for work in (*planned.work, *planned.borrowed)]
        prediction = WorkStatus()
        prediction.add(*self.states.prediction_of(planned))
        self.predictions.append(prediction)
        self.seconds_left[""] += prediction.seconds_left
        counts: Counter[str] = Counter()
        for work in (*works, prediction):
            counts.update(work.states)
        told = [status for work in (*works, prediction) for status in work.told]
        state = DONE if prediction.states[DONE] else next(state for state in TELLING if counts[state])
        note = next((status.note for status in told if status.note), "")
        return StimulusStatus(planned.name, counts, state, told_most(told), note, planned.columns)

    def _work(self, work: Work, name: str) -> WorkStatus:
        """Its status, counted once, with the stimulus that has it first."""
        key = work.entries[0]
        if key not in self.works:
            self.works[key] = self.states.of_work(work, name)
            self.seconds_left[work.modality] += self.works[key].seconds_left
        return self.works[key]

    def _sample(self) -> list[tuple[Task, TaskReport]]:
        """Tasks that are done, with their reports; at most `MOST_SAMPLED`, spread over the study."""
        cores = self.states.plan.settings.threads
        keys = self.states.reported
        done = [(work, planned.name) for planned in self.states.plan.stimuli for work in planned.work
                if self.works[work.entries[0]].states[DONE]]  # fmt: skip
        stride = max(1, sum(self.works[work.entries[0]].states[DONE] for work, _ in done) // MOST_SAMPLED)
        tasks = [task for work, name in done[::stride] for task in work.tasks(name, cores) if task.key in keys]
        found = ((task, self.states.study.read_report(task.key)) for task in tasks[:MOST_SAMPLED])
        return [(task, report) for task, report in found if report is not None and report.state == DONE]

    def _time_left(self, paces: Mapping[str, float], n_running: int) -> float | None:
        if not n_running:
            return None
        usual = paces.get("", 1.0)
        return sum(seconds * paces.get(modality, usual) for modality, seconds in self.seconds_left.items()) / n_running


def pace(done: Sequence[tuple[Task, TaskReport]]) -> dict[str, float]:
    """How many times its estimate a task took, by modality, and of all under ""; nothing where none was made."""
    took: dict[str, float] = defaultdict(float)
    estimated: dict[str, float] = defaultdict(float)
    for task, report in done:
        if report.made and report.attempts == 1 and task.need.seconds > 0:  # others went on with what was there
            for name in (task.modality, ""):
                took[name] += report.seconds
                estimated[name] += task.need.seconds
    return {name: took[name] / estimated[name] for name in took}
