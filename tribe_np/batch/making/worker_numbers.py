"""How many workers a machine has room for: by its processors, and by its memory."""

from dataclasses import dataclass

from tribe_np.machine.memory import Available, gigabytes
from tribe_np.pipeline.progress import number_of


@dataclass(frozen=True)
class WorkerNumber:
    """How many, and a line that says why not as many as was asked for, "" if they are."""

    number: int
    note: str = ""

    def told(self, threads: int) -> str:
        """The number with the threads of each."""
        return f"{number_of(self.number, 'workers')} of {number_of(threads, 'threads')}"


def worker_number(
    asked: int | None, *, threads: int, processors: int, largest: int, memory: Available | None
) -> WorkerNumber:
    """The number that was asked for, or one for every `threads` processors; fewer where memory would not do.

    Units    largest: bytes that the task with the greatest need takes

    >>> worker_number(8, threads=2, processors=16, largest=4 << 30, memory=Available(10 << 30, "this machine")).note
    '2 workers instead of 8: the largest task takes 4.3 GB, and this machine has 10.7 GB left'
    """
    wanted = asked if asked is not None else max(1, processors // threads)
    if memory is None or wanted * largest <= memory.n_bytes:
        return WorkerNumber(wanted)
    fitting = max(1, memory.n_bytes // largest)
    has = f"the largest task takes {gigabytes(largest)}, and {memory.of} has {gigabytes(memory.n_bytes)} left"
    if fitting == wanted:  # not even one: the task itself refuses, or is allowed by --no-memory-check
        return WorkerNumber(wanted, has)
    return WorkerNumber(fitting, f"{number_of(fitting, 'workers')} instead of {wanted}: {has}")
