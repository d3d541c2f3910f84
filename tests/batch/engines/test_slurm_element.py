"""What runs in an element of an array: what is left, and what it asks of Slurm then. No Slurm is needed."""

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tribe_np.batch.engines import slurm_element
from tribe_np.batch.engines.slurm_element import SlurmElement
from tribe_np.errors import ConfigError

ELEMENT = SlurmElement("/study", ("a", "b", "c"))


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR2, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What it did beside work: requeued by submitit's handler, or slept."""
    told: list[str] = []
    signal.signal(signal.SIGUSR2, lambda *_: told.append("requeued"))
    monkeypatch.setattr(slurm_element.time, "sleep", lambda seconds: told.append(f"slept {seconds:g}"))
    monkeypatch.setattr(slurm_element, "_sleep", lambda seconds, wish: told.append("looked again"))
    return told


def works(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[Sequence[str]], dict[str, str]]) -> list[list[str]]:
    """Stands in for `perform`; the keys that it was given, call by call."""
    given: list[list[str]] = []

    def perform(folder: str, keys: Sequence[str], **_: Any) -> list[dict[str, str]]:
        given.append(list(keys))
        states = steps[len(given) - 1](keys)
        return [{"key": key, "state": state} for key, state in states.items()]

    monkeypatch.setattr(slurm_element, "perform", perform)
    monkeypatch.setattr(slurm_element, "open_here", lambda *_, **__: SimpleNamespace(note_stop=lambda: None))
    return given


def done(keys: Sequence[str]) -> dict[str, str]:
    return dict.fromkeys(keys, "done")


def stopped_by(number: int) -> Callable[[Sequence[str]], dict[str, str]]:
    def step(keys: Sequence[str]) -> dict[str, str]:
        signal.raise_signal(number)
        return {"a": "done", "b": "stopped"}

    return step


def test_what_is_done_asks_for_nothing(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    assert works(monkeypatch, done) == []
    ELEMENT()
    assert asked == []


def test_the_signal_before_the_wall_time_requeues(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    works(monkeypatch, stopped_by(signal.SIGUSR2))
    ELEMENT()
    assert asked == ["requeued"]


def test_a_controller_that_is_just_restarted_is_asked_again(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    def no_answer(*_: object) -> None:
        asked.append("no answer")
        if asked.count("no answer") == 1:
            raise subprocess.CalledProcessError(1, "scontrol requeue")

    signal.signal(signal.SIGUSR2, no_answer)
    works(monkeypatch, stopped_by(signal.SIGUSR2))
    ELEMENT()
    assert asked == ["no answer", "slept 15", "no answer"]


def test_a_signal_after_the_last_task_requeues_nothing(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    def late(keys: Sequence[str]) -> dict[str, str]:
        signal.raise_signal(signal.SIGUSR2)
        return done(keys)

    works(monkeypatch, late)
    ELEMENT()
    assert asked == []


def test_a_process_that_slurm_ends_waits_for_it(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    works(monkeypatch, stopped_by(signal.SIGTERM))
    ELEMENT()
    assert asked == ["slept 600"], "one that ended by itself would not be requeued after a preemption"


def test_what_a_dead_node_had_claimed_is_tried_again(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    given = works(monkeypatch, lambda keys: {"a": "done", "b": "claimed", "c": "failed"}, done)
    ELEMENT()
    assert given == [["a", "b", "c"], ["b"]]
    assert asked == ["looked again"]


def test_what_a_living_process_has_claimed_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slurm_element, "LOOK_LONGEST", -1.0)
    works(monkeypatch, lambda keys: dict.fromkeys(keys, "claimed"))
    ELEMENT()
    assert asked == []
    assert "3 tasks are left to the processes that have claimed them" in capsys.readouterr().err


def test_a_node_that_lacks_something_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def unable(keys: Sequence[str]) -> dict[str, str]:
        raise ConfigError("on n17: no such checkpoint")

    works(monkeypatch, unable)
    with pytest.raises(SystemExit, match="2"):
        ELEMENT()
    assert capsys.readouterr().err == "tribe-np: error: on n17: no such checkpoint\n"
