"""How many workers a machine has room for: by its processors, its memory, and the tasks that there are."""

from dataclasses import dataclass

from tribe_np.machine.memory import Available, gigabytes
from tribe_np.pipeline.progress import number_of


@dataclass(frozen=True)
class WorkerNumber:
    """How many, and lines that say why not as many as was asked for, or why so many are too many."""

    number: int
    notes: tuple[str, ...] = ()

    def told(self, threads: int) -> str:
        """The number with the threads of each."""
        return f"{number_of(self.number, 'workers')} of {number_of(threads, 'threads')}"


def worker_number(
    asked: int | None, *, threads: int, processors: int, n_tasks: int, largest: int, memory: Available | None
) -> WorkerNumber:
    """The number that was asked for, or one for every `threads` processors; never more than tasks or memory allow.

    Units    largest: bytes that the task with the greatest need takes

    >>> memory = Available(10 << 30, "this machine")
    >>> worker_number(8, threads=2, processors=16, n_tasks=40, largest=4 << 30, memory=memory).notes
    ('2 workers instead of 8: the largest task takes 4.3 GB, and this machine has 10.7 GB left',)
    """
    wanted = max(1, min(n_tasks, asked if asked is not None else processors // threads))
    notes = []
    number = wanted
    if memory is not None and wanted * largest > memory.n_bytes:
        number = max(1, memory.n_bytes // largest)
        has = f"the largest task takes {gigabytes(largest)}, and {memory.of} has {gigabytes(memory.n_bytes)} left"
        fewer = number < wanted  # else not even one fits: the task itself refuses, unless it is told not to
        notes.append(f"{number_of(number, 'workers')} instead of {wanted}: {has}" if fewer else has)
    if number > 1 and number * threads > processors:
        notes.append(f"{number_of(number, 'workers')} of {number_of(threads, 'threads')} share "
                     f"{number_of(processors, 'processors')}: more is not faster")  # fmt: skip
    return WorkerNumber(number, tuple(notes))
