"""What a study will take, in numbers and for people, before anything of it is sent."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tribe_np.batch.plan import Plan, PlannedStimulus
from tribe_np.batch.planning.study_planning import PlanningResult
from tribe_np.machine.memory import gigabytes
from tribe_np.pipeline.progress import duration, number_of
from tribe_np.shown import some_of

MOST_NAMED = 5


@dataclass(frozen=True)
class Share:
    """What one modality takes: tasks, entries of the cache and how many lie there, core hours, bytes of the largest."""

    modality: str
    reads: str
    tasks: int
    entries: int
    cached: int
    core_hours: float
    memory: int


@dataclass(frozen=True)
class PlanSummary:
    """What all of it takes; core hours are None where no speed is known, and are of all tasks, done or not."""

    stimuli: int
    failed: int
    seconds: float
    tasks: int
    predictions: int
    core_hours: float | None
    memory: int
    shares: tuple[Share, ...]
    shared: int  # stimuli whose features are made for another
    warnings: int
    threads: int

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The same for people: all of it, and a line for each modality."""
        predictions, cost = number_of(self.predictions, "predictions"), told_core_hours(self.core_hours)
        line = (
            f"{number_of(self.stimuli, 'stimuli')} ({duration(self.seconds)}), {counted_tasks(self.tasks)} and "
            f"{predictions}, {cost}, largest {gigabytes(self.memory)}"
        )
        if self.core_hours:
            shares = {share.reads: share.core_hours for share in self.shares}
            shares["predictions"] = self.core_hours - sum(shares.values())
            largest = max(shares, key=lambda what: shares[what])
            line += f"; {largest} {100 * shares[largest] / self.core_hours:.0f} %"
        return [line, *table_lines([self._row(share) for share in self.shares])]

    def _row(self, share: Share) -> tuple[str, ...]:
        cached = f"{share.cached} of {share.entries} in the cache" if share.cached else ""
        cost = told_core_hours(None if self.core_hours is None else share.core_hours)
        return share.reads, counted_tasks(share.tasks), cost, gigabytes(share.memory), cached


def summary_of(result: PlanningResult) -> PlanSummary:
    """The numbers of a plan."""
    plan = result.plan
    planned = [stimulus for stimulus in plan.stimuli if not stimulus.error]
    shares = tuple(_share(result, modality) for modality in result.reads)
    predictions = plan.predictions()
    seconds = sum(task.need.seconds for task in (*plan.tasks(), *predictions))
    memory = max((task.need.memory for task in (*plan.tasks(), *predictions)), default=0)
    return PlanSummary(
        len(plan.stimuli), len(plan.stimuli) - len(planned), round(sum(one.seconds for one in planned), 3),
        len(plan.tasks()), len(predictions), seconds * plan.settings.threads / 3600 if seconds else None, memory,
        shares, sum(bool(one.borrowed) for one in planned), sum(len(one.warnings) for one in planned),
        plan.settings.threads,
    )  # fmt: skip


def _share(result: PlanningResult, modality: str) -> Share:
    plan = result.plan
    tasks = [task for task in plan.tasks() if task.modality == modality]
    entries = {entry for task in tasks for entry in task.entries}
    core_hours = sum(task.need.seconds for task in tasks) * plan.settings.threads / 3600
    memory = max(task.need.memory for task in tasks)
    return Share(
        modality, result.reads[modality], len(tasks), len(entries), len(entries & result.cached), core_hours, memory
    )


def told_of(result: PlanningResult) -> list[str]:
    """What is otherwise than in the plan before, and what was dropped or doubled."""
    plan, before = result.plan, result.before
    lines = []
    if before is not None:
        kept = len(plan.stimuli) - len(result.added) - len(result.changed)
        lines.append(
            f"planned again: {number_of(kept, 'stimuli')} as before, {len(result.changed)} changed, "
            f"{len(result.added)} new, {len(result.gone)} gone"
        )
        if result.changed:
            lines.append(f"changed, to be predicted again: {_names(result.changed)}")
        if result.gone:
            lines.append(f"gone from the plan; what was predicted stays: {_names(result.gone)}")
    if doubled := [stimulus.name for stimulus in plan.stimuli if not stimulus.work and stimulus.borrowed]:
        lines.append(f"need only features that are made for another stimulus: {_names(doubled)}")
    warned = [stimulus for stimulus in plan.stimuli if stimulus.warnings]
    if warned:
        n_warnings = sum(len(stimulus.warnings) for stimulus in warned)
        first = f"{warned[0].name}: {warned[0].warnings[0]}"
        lines.append(
            f"{number_of(n_warnings, 'warnings')} of {number_of(len(warned), 'stimuli')}, in plan.json; first: {first}"
        )
    return lines


def failures_of(plan: Plan) -> list[str]:
    """A line for each of the first stimuli that cannot be predicted, and one for how many more there are."""
    failed: list[PlannedStimulus] = [stimulus for stimulus in plan.stimuli if stimulus.error]
    lines = [f"{stimulus.name} cannot be predicted: {stimulus.error}" for stimulus in failed[:MOST_NAMED]]
    more = len(failed) - MOST_NAMED
    return [*lines, f"nor can {more} more, of which status tells"] if more > 0 else lines


def _names(names: Sequence[str]) -> str:
    return f"{len(names)} ({some_of(list(names), MOST_NAMED)})"


def told_core_hours(core_hours: float | None) -> str:
    """Core hours for people; None where they are not known.

    >>> told_core_hours(0.01), told_core_hours(3.14159), told_core_hours(123456.7)
    ('under 0.1 core hours', 'about 3.1 core hours', 'about 123,457 core hours')
    """
    if core_hours is None:
        return "time not known"
    if core_hours < 0.1:
        return "under 0.1 core hours"
    return f"about {core_hours:.1f} core hours" if core_hours < 100 else f"about {core_hours:,.0f} core hours"


def counted_tasks(number: int) -> str:
    """Tasks for people.

    >>> counted_tasks(1), counted_tasks(288000)
    ('1 task', '288,000 tasks')
    """
    return "1 task" if number == 1 else f"{number:,} tasks"


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with their cells below each other, indented."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"  {'  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))}".rstrip() for row in rows
    ]
