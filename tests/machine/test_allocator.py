"""Freed memory is kept where glibc can, and nothing is touched elsewhere."""

import ctypes
import sys

import pytest

from tribe_np.machine import allocator


class Library:
    """A C library that takes note."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.calls = list(answers), []

    def mallopt(self, option: int, value: int) -> int:
        self.calls.append((option, value))
        return self.answers.pop(0)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in allocator.VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_both_thresholds_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(1, 1)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    assert allocator.keep_freed_memory()
    assert library.calls == [(-3, 1 << 30), (-1, 1 << 30)]


def test_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library(0))
    assert not allocator.keep_freed_memory()


@pytest.mark.parametrize("error", [OSError, TypeError, AttributeError])
def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def absent(name: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert not allocator.keep_freed_memory()


@pytest.mark.parametrize("name", allocator.VARIABLES)
def test_what_the_environment_says_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("asked all the same"))
    assert not allocator.keep_freed_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_the_systems_own_library_answers() -> None:
    assert allocator.keep_freed_memory() in (True, False)
