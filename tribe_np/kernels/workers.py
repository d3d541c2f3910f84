"""Pieces of one operation side by side: each on a thread of its own, with a BLAS of one thread.

Two matrix products that each have half of the cores take less time than one after the other on all of them: no thread
waits for another at the end of each, and what is done between two products needs no second pool of threads.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from tribe_np.errors import MissingDependencyError
from tribe_np.optional import require

Part = TypeVar("Part")


@dataclass
class _Loan:
    """BLAS's threads, lent to one caller at a time: two at once would give back each other's number."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    number: int | None = None  # of BLAS's threads, while they are lent


_loan = _Loan()


def _start_anew() -> None:
    """In a forked child nobody is left to give back what was lent when it was made."""
    global _loan
    lent, _loan = _loan.number, _Loan()
    if lent is not None:
        _blas().limit(limits=lent)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


def n_workers() -> int:
    """Threads that BLAS has, lent or not; those of Numba where nobody governs BLAS, as with Apple's Accelerate.

    1 where BLAS would keep all of its threads in each of ours: without threadpoolctl, and with one built on OpenMP.
    """
    if _loan.number is not None:
        return _loan.number
    try:
        libraries = _blas().lib_controllers
    except MissingDependencyError:
        return 1
    if any(getattr(library, "threading_layer", None) == "openmp" for library in libraries):
        return 1
    if libraries:
        return max(library.num_threads or 1 for library in libraries)
    numba = sys.modules.get("numba")
    return 1 if numba is None else int(numba.get_num_threads())


@cache
def _blas() -> Any:
    limits = require("threadpoolctl", extra="numba", why="sharing BLAS among threads")
    return limits.ThreadpoolController().select(user_api="blas")


@contextmanager
def _lent() -> Iterator[None]:
    loan = _loan
    with loan.turn:
        loan.number = n_workers()
        try:
            with _blas().limit(limits=1):
                yield
        finally:
            loan.number = None


def side_by_side(work: Callable[[Part], object], pieces: Sequence[Part], n_threads: int) -> None:
    """Calls work(piece) for every piece, on up to n_threads threads, the caller's among them; BLAS has one in each.

    With one thread, or one piece, everything runs here and BLAS keeps its threads. The first error is raised, and the
    pieces that have not begun are left out. A piece must not call this itself.
    """
    n_threads = min(n_threads, len(pieces))
    if n_threads <= 1:
        for piece in pieces:
            work(piece)
        return
    waiting, errors = deque(pieces), list[BaseException]()

    def run() -> None:
        while not errors:
            try:
                piece = waiting.popleft()
            except IndexError:
                return
            try:
                work(piece)
            except BaseException as error:
                errors.append(error)

    with _lent():
        others: list[threading.Thread] = []
        try:
            for _ in range(n_threads - 1):
                # a copy of the caller's context: NumPy keeps there what it does about a NaN
                other = threading.Thread(target=copy_context().run, args=(run,))
                other.start()
                others.append(other)
            run()
        finally:
            waiting.clear()
            for other in others:
                other.join()
    if errors:
        raise errors[0]
