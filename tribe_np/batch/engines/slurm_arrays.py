"""How tasks become job arrays: which are done one after the other in one element, and what an element asks for."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tribe_np.batch.engines.slurm_options import SlurmOptions, slurm_time
from tribe_np.batch.making.working import equal_shares
from tribe_np.batch.task import Task, TaskNeed, even_ranges
from tribe_np.files.small_files import MEGABYTE
from tribe_np.machine.memory import gigabytes
from tribe_np.pipeline.progress import number_of

LONGEST_BUNDLE = 40 * 60.0
"""Seconds: short tasks are put together so that an element takes 20 to 40 minutes; a start takes some ten seconds."""
ALONE = 20 * 60.0
"""Seconds of a task that is an element by itself."""
MEMORY_FACTOR, MEMORY_MORE = 1.2, 300_000_000
"""An element asks for this much more memory than the largest of its array's tasks takes by estimate."""
TIME_FACTOR, LEAST_MINUTES = 3.0, 10
"""An element asks for so many times its seconds by estimate, which are those of some processor."""
LEAST_WARNING, WARNING_CLIPS, WARNING_PART = 90, 2.0, 3
"""The signal before the wall time comes so many seconds before it: at least; clips of the array's longest; at most one
part of so many of the wall time."""


@dataclass(frozen=True)
class SlurmArray:
    """One array: tasks of one kind, and what each element asks for.

    Fields   kind: the modality of all tasks; elements: tasks of each, in the order in which they are done; memory:
             bytes; minutes: of wall time; cpus, threads: of each; warning: seconds before the wall time, when an
             element is told to stop after its clip
    """

    kind: str
    elements: tuple[tuple[Task, ...], ...]
    memory: int
    minutes: int
    cpus: int
    threads: int
    warning: int

    @property
    def n_tasks(self) -> int:
        """Tasks of all elements."""
        return sum(map(len, self.elements))


def arrays_of(
    tasks: Sequence[Task],
    options: SlurmOptions,
    *,
    most_elements: int,
    at_least: Mapping[str, TaskNeed] | None = None,
) -> list[SlurmArray]:
    """Tasks as arrays of at most so many elements, the kind that takes most time first.

    `at_least` is what tasks by their keys are to get whatever was asked for: each of them is an element of its own,
    apart from the others, which need no more and which it may take along when it dies.
    """
    at_least = at_least or {}
    groups: dict[tuple[str, bool], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.modality, task.key in at_least), []).append(task)
    found = []
    longest_first = sorted(groups.items(), key=lambda item: -_seconds(item[1]))
    for (kind, is_grown), group in longest_first:
        elements = [(task,) for task in group] if is_grown else bundles(group)
        memory, minutes = _request(elements, options)
        if is_grown:
            memory = max(memory, *(at_least[task.key].memory for task in group))
            minutes = max(minutes, *(math.ceil(at_least[task.key].seconds / 60) for task in group))
        threads = max(task.need.cores for task in group)
        for first, stop in even_ranges(len(elements), math.ceil(len(elements) / most_elements)):
            found.append(
                SlurmArray(
                    kind, tuple(elements[first:stop]), memory, minutes, options.cpus or threads, threads,
                    warning_seconds(group, minutes),
                )
            )  # fmt: skip
    return found


def bundles(tasks: Sequence[Task]) -> list[tuple[Task, ...]]:
    """Long tasks alone, then short ones together, in elements of nearly equal time."""
    alone: list[tuple[Task, ...]] = [(task,) for task in tasks if task.need.seconds >= ALONE]
    short = sorted((task for task in tasks if task.need.seconds < ALONE), key=lambda task: -task.need.seconds)
    if not short:
        return alone
    number = max(1, math.ceil(_seconds(short) / LONGEST_BUNDLE))
    return alone + [tuple(share) for share in equal_shares(short, number) if share]


def _seconds(tasks: Iterable[Task]) -> float:
    return sum(task.need.seconds for task in tasks)


def _request(elements: Sequence[Sequence[Task]], options: SlurmOptions) -> tuple[int, int]:
    """Bytes, in whole megabytes as Slurm has them, and minutes."""
    largest = max(task.need.memory for element in elements for task in element)
    megabytes = math.ceil((largest * MEMORY_FACTOR + MEMORY_MORE) / MEGABYTE)
    longest = max(map(_seconds, elements))
    minutes = max(LEAST_MINUTES, math.ceil(TIME_FACTOR * longest / 60))
    return options.memory or megabytes * MEGABYTE, options.minutes or minutes


def warning_seconds(tasks: Iterable[Task], minutes: int) -> int:
    """How long before its wall time an element is told to stop: the longest clip or block is to end in that time."""
    parts = (task.need.seconds / (1 if task.parts is None else task.parts[1] - task.parts[0]) for task in tasks)
    return int(min(max(LEAST_WARNING, WARNING_CLIPS * max(parts)), minutes * 60 // WARNING_PART))


def array_line(array: SlurmArray) -> str:
    """What an array holds, for people."""
    return (
        f"{array.kind}: {number_of(array.n_tasks, 'tasks')} in {number_of(len(array.elements), 'elements')}, each "
        f"{gigabytes(array.memory)}, {slurm_time(array.minutes)}, {number_of(array.cpus, 'cpus')}"
    )
