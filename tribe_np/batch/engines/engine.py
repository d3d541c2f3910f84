"""What an engine must do: take tasks, say how they stand, and take them back. Another engine is one more such class.

An engine knows nothing of features. It starts processes that call `perform`, which does what tasks are named to it and
writes their reports; what is done is asked of the cache, never of the engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tribe_np.batch.task import Task, TaskNeed


@dataclass(frozen=True)
class Sent:
    """Tasks that one process will do, one after the other, and the engine's name for that process."""

    job: str
    keys: tuple[str, ...]
    memory: int  # bytes that were asked for
    seconds: float  # of wall time that were asked for; 0 for no limit
    logs: str = ""  # folder of what the process prints, where it has one


@dataclass(frozen=True)
class JobState:
    """How a job stands for its engine: waiting, running or gone, and why, in the engine's own words.

    The reason of one that is gone is how it ended, "" where that was well or is not known; limit: `MEMORY` or `TIME`
    where the engine knows that this ended it.
    """

    state: str
    reason: str = ""
    limit: str = ""


WAITING, AT_WORK, GONE = "waiting", "running", "gone"
MEMORY, TIME = "memory", "time"


class Engine(Protocol):
    """The three functions."""

    def send(self, tasks: Sequence[Task], after: Sequence[str] = ()) -> list[Sent]:
        """Starts processes for tasks, not before the jobs `after` have ended, well or not."""

    def poll(self, jobs: Sequence[str]) -> Mapping[str, JobState]:
        """How jobs stand; one that the engine has forgotten is gone."""

    def cancel(self, jobs: Sequence[str]) -> None:
        """Ends jobs; those that are over already are no error."""


class LastingEngine(Protocol):
    """An engine whose jobs live on when the process that sent them has ended: `submit` and `retry` send with it."""

    def send(
        self, tasks: Sequence[Task], after: Sequence[str] = (), at_least: Mapping[str, TaskNeed] | None = None
    ) -> list[Sent]:
        """As `Engine.send`, and writes down what was sent (`jobs.write_sending`), also where not all could be.

        `at_least`, by the keys of tasks, is memory and time for those that had too little of it.
        """

    def poll(self, jobs: Sequence[str]) -> Mapping[str, JobState]:
        """As `Engine.poll`."""

    def cancel(self, jobs: Sequence[str]) -> None:
        """As `Engine.cancel`."""
