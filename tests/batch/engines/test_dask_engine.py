"""The engine with a made-up client: what is given to the scheduler when, and what comes back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tribe_np.batch.engines.dask_engine import DaskEngine
from tribe_np.batch.engines.engine import AT_WORK, GONE, WAITING
from tribe_np.batch.study import Study
from tribe_np.batch.task import PREDICTION, Task, TaskNeed
from tribe_np.errors import ConfigError


class MadeUpFuture:
    """A future that ends when the test says so."""

    def __init__(self, key: str, keys: list[str]) -> None:
        self.key, self.keys, self.status = key, keys, "pending"
        self.callbacks: list[Callable[[Any], None]] = []
        self.released = self.cancelled = False
        self.error: Exception | None = None

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        self.callbacks.append(call)

    def result(self, timeout: float) -> list[dict[str, Any]]:
        if self.error is not None:
            raise self.error
        return [{"key": key} for key in self.keys]

    def release(self) -> None:
        self.released = True

    def cancel(self) -> None:
        self.cancelled = True

    def end(self, status: str = "finished", error: Exception | None = None) -> None:
        self.status, self.error = status, error
        for call in self.callbacks:
            call(self)


class MadeUpClient:
    """Keeps what is submitted."""

    class scheduler:  # noqa: N801  # as distributed's
        address = "tcp://10.0.0.1:8786"

    def __init__(self) -> None:
        self.status = "running"
        self.futures: list[MadeUpFuture] = []
        self.priorities: list[int] = []
        self.workers = {"one": 1, "two": 1}

    def submit(
        self, function: object, folder: str, keys: list[str], job: str, run: str, **options: Any
    ) -> MadeUpFuture:
        assert options["retries"] == 0
        assert options["key"] == job
        self.priorities.append(options["priority"])
        self.futures.append(MadeUpFuture(job, keys))
        return self.futures[-1]

    def nthreads(self) -> dict[str, int]:
        return self.workers

    def run(self, *arguments: object, **options: object) -> None: ...


def made_task(key: str, modality: str = "film") -> Task:
    return Task(key, "s", modality, (0,), None, (key,), TaskNeed(7, 1, 60.0))


@pytest.fixture
def client() -> MadeUpClient:
    return MadeUpClient()


@pytest.fixture
def engine(client: MadeUpClient, tmp_path: Path) -> DaskEngine:
    return DaskEngine(client, Study(tmp_path))


def test_no_more_jobs_than_workers(engine: DaskEngine, client: MadeUpClient) -> None:
    sent = engine.send([made_task("a"), made_task("b", PREDICTION), made_task("c")])
    jobs = [each.job for each in sent]
    assert [each.keys for each in sent] == [("a",), ("b",), ("c",)]
    assert sent[0].memory == 7
    assert [future.keys for future in client.futures] == [["a"], ["b"]]
    assert client.priorities == [0, 1]
    assert [engine.poll(jobs)[job].state for job in jobs] == [AT_WORK, AT_WORK, WAITING]
    assert engine.free_slots() < 0
    client.futures[0].end()
    result = engine.next_result(0.1)
    assert result is not None
    assert (result.sent, result.reports, result.error) == (sent[0], ({"key": "a"},), None)
    assert client.futures[0].released
    assert [engine.poll(jobs)[job].state for job in jobs] == [GONE, AT_WORK, AT_WORK]
    assert engine.next_result(0.01) is None
    assert set(engine.under_way().values()) == {("b",), ("c",)}


def test_jobs_after_others(engine: DaskEngine, client: MadeUpClient) -> None:
    first = engine.send([made_task("a")])
    engine.send([made_task("b")], after=[first[0].job])
    engine.send([made_task("c")])
    assert [future.keys for future in client.futures] == [["a"], ["c"]]
    client.futures[0].end("error", ValueError("bad"))  # ended, well or not
    result = engine.next_result(0.1)
    assert result is not None
    assert isinstance(result.error, ValueError)
    assert not result.is_lost
    assert client.futures[-1].keys == ["b"]


def test_cancelled_jobs_come_to_nothing(engine: DaskEngine, client: MadeUpClient) -> None:
    jobs = [each.job for each in engine.send([made_task("a"), made_task("b"), made_task("c")])]
    engine.cancel([jobs[0], jobs[2], "of nobody"])
    assert client.futures[0].cancelled
    client.futures[0].end("cancelled")
    assert engine.next_result(0.1) is None
    assert [engine.poll(jobs)[job].state for job in jobs] == [GONE, AT_WORK, GONE]


def test_what_the_scheduler_forgot_is_lost(engine: DaskEngine, client: MadeUpClient) -> None:
    engine.send([made_task("a")])
    client.futures[0].end("lost", RuntimeError())
    result = engine.next_result(0.1)
    assert result is not None
    assert result.is_lost


def test_a_scheduler_that_is_gone(engine: DaskEngine, client: MadeUpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.send([made_task("a")])
    client.status = "connecting"  # for a moment
    assert engine.next_result(0.0) is None
    monkeypatch.setattr("tribe_np.batch.engines.dask_engine.GONE_AFTER", -1.0)
    with pytest.raises(ConfigError, match=r"the Dask scheduler at tcp://10.0.0.1:8786 is gone"):
        engine.next_result(0.0)
    assert engine.stop(0.05) == []
    assert engine.under_way()
