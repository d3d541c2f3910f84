"""One piece of work that one process does: entries of the feature cache, a part of one, or a prediction."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any

PREDICTION = "prediction"
"""What stands in place of a modality in the task that predicts a stimulus from its features."""


@dataclass(frozen=True, slots=True)
class TaskNeed:
    """What a task takes, by estimate: bytes of memory of its process at the peak, cores, and seconds on so many."""

    memory: int
    cores: int
    seconds: float


@dataclass(frozen=True, slots=True)  # a study may have some hundred thousand
class Task:
    """One piece of work, which looks the same in every process and can be done again without harm.

    Fields   key: its name, unique in a study; stimulus: a name in the plan; rows: numbers of rows of the stimulus'
             table of events; parts: first and one past the last clip of a chunk, or block of a text, None for all;
             entries: keys of the cache that it makes, or makes a part of; none of a prediction
    """

    key: str
    stimulus: str
    modality: str
    rows: tuple[int, ...]
    parts: tuple[int, int] | None
    entries: tuple[str, ...]
    need: TaskNeed

    @property
    def is_prediction(self) -> bool:
        """Whether it predicts, from features that other tasks make."""
        return self.modality == PREDICTION

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Task":
        """What `as_dict` gave, also after JSON has made lists of tuples."""
        parts = found["parts"]
        return cls(
            found["key"], found["stimulus"], found["modality"], tuple(found["rows"]),
            None if parts is None else (int(parts[0]), int(parts[1])), tuple(found["entries"]),
            TaskNeed(**found["need"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What a plan keeps of the work on one modality of a stimulus: entries that are made together.

    Fields   modality, rows, entries: as in Task; n_parts: clips of a chunk or blocks of a text, 1 where an entry is
             made at once; per_task: at most so many of them are one task; memory: bytes; seconds: of all parts, by
             estimate
    """

    modality: str
    rows: tuple[int, ...]
    entries: tuple[str, ...]
    n_parts: int
    per_task: int
    memory: int
    seconds: float

    @property
    def n_tasks(self) -> int:
        """How many tasks it is."""
        return -(-self.n_parts // self.per_task) if len(self.entries) == 1 else 1

    @property
    def stem(self) -> str:
        """What the keys of its tasks begin with, before the first dot."""
        return self.entries[0] if len(self.entries) == 1 else f"{self.modality}-features-{forty_digits(self.entries)}"

    def tasks(self, stimulus: str, cores: int) -> list[Task]:
        """Its tasks: one, or ranges of parts that differ by one part at most."""
        ranges: Sequence[tuple[int, int] | None] = [None]
        if self.n_tasks > 1:
            ranges = even_ranges(self.n_parts, self.n_tasks)
        return [self._task(stimulus, cores, parts) for parts in ranges]

    def _task(self, stimulus: str, cores: int, parts: tuple[int, int] | None) -> Task:
        share = 1.0 if parts is None else (parts[1] - parts[0]) / self.n_parts
        key = self.stem if parts is None else f"{self.stem}.{parts[0]:06d}-{parts[1]:06d}"
        need = TaskNeed(self.memory, cores, self.seconds * share)
        return Task(key, stimulus, self.modality, self.rows, parts, self.entries, need)


def even_ranges(number: int, n_ranges: int) -> list[tuple[int, int]]:
    """`number` things in `n_ranges` neighbouring ranges of nearly equal size.

    >>> even_ranges(10, 3)
    [(0, 3), (3, 6), (6, 10)]
    """
    edges = [number * i // n_ranges for i in range(n_ranges + 1)]
    return list(pairwise(edges))


def forty_digits(value: object) -> str:
    """Forty hexadecimal digits that name a JSON-able value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:40]


@dataclass(frozen=True)
class TaskReport:
    """What a process tells of a task: a small record, written when it begins and when it ends.

    Fields   state: one of `REPORTED`; seconds: of this attempt; peak_memory: bytes of the process while it ran;
             host, cpu, threads, blas: the machine and what rounds on it; process: who wrote it; job: the engine's
             name for the process, "" for none; began: UTC; attempts: begun so far, this one too; deaths: of those, how
             many ended without a word; error: one line of a failure; made: whether it computed anything; note: what a
             reader of the result should know
    """

    key: str
    state: str
    seconds: float = 0.0
    peak_memory: int = 0
    host: str = ""
    cpu: str = ""
    threads: int | None = None
    blas: str = ""
    process: str = ""
    job: str = ""
    began: str = ""
    attempts: int = 1
    deaths: int = 0
    error: str = ""
    made: bool = False
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "TaskReport":
        """What `as_dict` gave, of any state, also one that is told and never written; TypeError for anything else."""
        report = cls(**found)
        for each in fields(cls):
            kind: Any = int | float if each.type is float else each.type
            if not isinstance(getattr(report, each.name), kind):
                raise TypeError(f"{each.name} is {getattr(report, each.name)!r:.40}")
        return report

    def ended(self, state: str, **told: Any) -> "TaskReport":
        """The same attempt when it is over."""
        return replace(self, state=state, **told)


RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"
REPORTED = (RUNNING, DONE, FAILED, STOPPED)
"""States that a report can have: stopped is before a wall time, to be gone on with."""
MOST_DEATHS = 3
"""A task whose processes died so often is not begun again unless asked for."""
FEATURES_MISSING = "features are missing"
"""How the error of a prediction begins that failed for its features: it may be tried again once they are there."""
