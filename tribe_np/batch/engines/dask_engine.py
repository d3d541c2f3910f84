"""Tasks to the workers of a Dask cluster, by dask.distributed.

What is done is asked of the cache, never of Dask: a scheduler, a worker or this process may die at any moment, and the
next run goes on. A worker's death is Dask's to see and to answer with another try; how often a task's processes died
is counted in its report (`perform`), which ends in a failure before Dask gives up.
"""

import secrets
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from tribe_np.batch.engines.dask_worker import perform_keys, stop_run
from tribe_np.batch.engines.engine import AT_WORK, GONE, WAITING, JobState, Sent
from tribe_np.batch.study import Study
from tribe_np.batch.task import Task
from tribe_np.errors import ConfigError

COUNT_EVERY = 5.0  # seconds between two questions how many workers there are
GONE_AFTER = 5.0  # seconds without the scheduler
GATHER_WITHIN = 5.0  # seconds for the reports of a job that is over; a worker that dies takes them along


@dataclass(frozen=True)
class JobResult:
    """What came of a job: reports, or why there are none."""

    sent: Sent
    reports: tuple[dict[str, Any], ...]
    error: BaseException | None = None
    is_lost: bool = False  # the scheduler has forgotten it


class DaskEngine:
    """The three functions of `Engine`, and what a run that is watched needs: results as they come, and a stop.

    No more jobs are given to the scheduler than there are workers: a worker that dies takes no waiting task with it,
    and 300,000 tasks are no load for the scheduler. Those beyond that wait here, in the order in which they were sent.
    """

    def __init__(self, client: Any, study: Study, *, n_workers: int | None = None) -> None:
        """`client`: a distributed.Client; `n_workers` where it is fixed, otherwise the scheduler is asked."""
        self.client, self.study = client, study
        self._address = client.scheduler.address  # which a client forgets with its scheduler
        self.run = secrets.token_hex(4)
        self._fixed, self._counted, self._counted_at = n_workers, 0, -COUNT_EVERY
        self._seen_at = time.monotonic()
        self._waiting: deque[tuple[Sent, frozenset[str], int]] = deque()
        self._futures: dict[str, Any] = {}
        self._sent: dict[str, Sent] = {}
        self._ended: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def send(self, tasks: Sequence[Task], after: Sequence[str] = ()) -> list[Sent]:
        """A job for each task; predictions, which free what waits for them, before features."""
        found = []
        for task in tasks:
            sent = Sent(f"dask-{self.run}-{len(self._sent)}", (task.key,), task.need.memory, 0.0)
            self._sent[sent.job] = sent
            self._waiting.append((sent, frozenset(after), int(task.is_prediction)))
            found.append(sent)
        self._fill()
        return found

    def poll(self, jobs: Sequence[str]) -> Mapping[str, JobState]:
        """How jobs stand."""
        self._fill()
        waiting = {sent.job for sent, _, _ in self._waiting}
        return {job: self._state(job, waiting) for job in jobs}

    def cancel(self, jobs: Sequence[str]) -> None:
        """Ends jobs that wait; one that a worker has begun ends by itself (`stop`)."""
        ended = set(jobs)
        self._waiting = deque(entry for entry in self._waiting if entry[0].job not in ended)
        for job in jobs:
            if (future := self._futures.pop(job, None)) is not None:
                future.cancel()

    def free_slots(self) -> int:
        """How many jobs more would be begun at once."""
        return self.n_workers() - len(self._futures) - len(self._waiting)

    def n_workers(self) -> int:
        """Workers of the cluster; one asks for its others again every few seconds.

        Raises   ConfigError when the scheduler is gone
        """
        if self._fixed is not None:
            return self._fixed
        self._check_scheduler()
        if time.monotonic() - self._counted_at >= COUNT_EVERY:
            with suppress(OSError, TimeoutError):
                self._counted = len(self.client.nthreads())
            self._counted_at = time.monotonic()
        return self._counted

    def next_result(self, timeout: float) -> JobResult | None:
        """The next job that is over, or None after so many seconds.

        Raises   ConfigError when the scheduler is gone
        """
        self._check_scheduler()
        with suppress(Empty):
            job, future = self._ended.get(timeout=timeout)
            if self._futures.pop(job, None) is None:  # cancelled
                return None
            self._fill()
            return self._result(self._sent[job], future)
        self._fill()
        return None

    def stop(self, seconds: float) -> list[JobResult]:
        """Asks workers to stop after the clip that they compute; what ended within so many seconds.

        What did not is still computed: the caller ends workers of its own, those of others end by themselves.
        """
        self._waiting.clear()
        until = time.monotonic() + seconds
        Thread(target=self._ask_to_stop, daemon=True).start()  # a worker that is busy may be slow to answer
        found = []
        while self._futures and (left := until - time.monotonic()) > 0:
            with suppress(ConfigError):
                if (result := self.next_result(left)) is not None:
                    found.append(result)
        return found

    def _ask_to_stop(self) -> None:
        with suppress(Exception):  # whatever is broken, this process is about to end
            self.client.run(stop_run, self.run, on_error="ignore")

    def under_way(self) -> dict[str, tuple[str, ...]]:
        """Jobs that workers have been given and not given back, with the keys of their tasks."""
        return {job: self._sent[job].keys for job in self._futures}

    def _fill(self) -> None:
        """Gives waiting jobs to the scheduler while there are workers for them."""
        room = self.n_workers() - len(self._futures)
        held: list[tuple[Sent, frozenset[str], int]] = []
        while room > 0 and self._waiting:
            entry = self._waiting.popleft()
            if entry[1] & (self._futures.keys() | {sent.job for sent, _, _ in (*self._waiting, *held)}):
                held.append(entry)
                continue
            self._submit(entry[0], entry[2])
            room -= 1
        self._waiting.extendleft(reversed(held))

    def _submit(self, sent: Sent, priority: int) -> None:
        future = self.client.submit(
            perform_keys, str(self.study.folder), list(sent.keys), sent.job, self.run,
            key=sent.job, pure=False, retries=0, priority=priority,
        )  # fmt: skip
        self._futures[sent.job] = future
        future.add_done_callback(lambda over, job=sent.job: self._ended.put((job, over)))

    def _state(self, job: str, waiting: set[str]) -> JobState:
        if job in waiting:
            return JobState(WAITING)
        return JobState(AT_WORK if job in self._futures else GONE)

    def _result(self, sent: Sent, future: Any) -> JobResult:
        try:
            return JobResult(sent, tuple(future.result(timeout=GATHER_WITHIN)))
        except (Exception, CancelledError) as error:
            is_lost = future.status in ("cancelled", "lost") or isinstance(error, TimeoutError)
            return JobResult(sent, (), error, is_lost)
        finally:
            future.release()  # the scheduler forgets it: a worker's death would make it compute it again

    def _check_scheduler(self) -> None:
        """Refuses to wait on for a scheduler that does not answer.

        Raises   ConfigError
        """
        now = time.monotonic()
        if self.client.status == "running":
            self._seen_at = now
        elif self.client.status == "closed" or now - self._seen_at > GONE_AFTER:
            raise ConfigError(
                f"the Dask scheduler at {self._address} is gone; what is done stays done: start one and call again"
            )
