"""What tasks that had too little are given when they are sent again: more memory, or more time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tribe_np.batch.engines.engine import TIME
from tribe_np.batch.jobs import TaskJob
from tribe_np.batch.task import RUNNING, TaskNeed, TaskReport
from tribe_np.machine.memory import gigabytes
from tribe_np.pipeline.progress import duration, number_of

MEMORY_AGAIN, TIME_AGAIN = 1.5, 2.0
"""A killed task is given so many times the memory that it had asked for; one that met its wall time, so much time."""
TOO_LITTLE = ("not enough memory", "killed ")
"""How an error begins of a task that was refused or failed for its memory, or died again and again."""


@dataclass(frozen=True)
class Growth:
    """What tasks are given at least, by their keys, and lines that say so."""

    at_least: Mapping[str, TaskNeed]
    lines: tuple[str, ...]


def growth_of(troubled: Iterable[TaskReport], jobs: Mapping[str, TaskJob]) -> Growth:
    """More for tasks that were killed, by the reports that they left and the jobs that they were sent with.

    Memory for those of which nobody knows better: what kills a task is hardly ever anything else, and few clusters say.
    """
    grown: dict[str, TaskNeed] = {}
    told: dict[str, int] = {}
    for report in troubled:
        had_too_little = report.state == RUNNING or report.error.startswith(TOO_LITTLE)
        job = jobs.get(report.key)
        if job is None or not had_too_little:
            continue
        before, seconds = job.sent.memory, job.sent.seconds
        if job.state.limit == TIME:
            grown[report.key] = TaskNeed(before, 1, seconds * TIME_AGAIN)
            line = f"{duration(seconds * TIME_AGAIN)} instead of {duration(seconds)}: met its wall time"
        else:
            grown[report.key] = TaskNeed(round(before * MEMORY_AGAIN), 1, seconds)
            line = f"{gigabytes(round(before * MEMORY_AGAIN))} instead of {gigabytes(before)}: killed"
        told[line] = told.get(line, 0) + 1
    return Growth(grown, tuple(f"{number_of(number, 'tasks')} with {line}" for line, number in told.items()))
