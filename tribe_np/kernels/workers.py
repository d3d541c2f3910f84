"""Pieces of one operation side by side: each on a thread of its own, with a BLAS of one thread.

Two matrix products that each have half of the cores take less time than one after the other on all of them: no thread
waits for another at the end of each, and what is done between two products needs no second pool of threads.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, TypeVar

from tribe_np.errors import MissingDependencyError
from tribe_np.optional import require

Piece = TypeVar("Piece")
TURN = threading.Lock()
"""Held while BLAS has one thread: two callers at once would restore each other's number."""


def n_workers() -> int:
    """Threads that BLAS has now, or Numba where BLAS is one that nobody governs, as Apple's Accelerate.

    1 where threadpoolctl is not installed: BLAS would keep all of its threads in each of ours.
    """
    try:
        libraries = _blas().lib_controllers
    except MissingDependencyError:
        return 1
    if libraries:
        return max(library.num_threads or 1 for library in libraries)
    numba = sys.modules.get("numba")
    return 1 if numba is None else int(numba.get_num_threads())


@cache
def _blas() -> Any:
    limits = require("threadpoolctl", extra="numba", why="sharing BLAS among threads")
    return limits.ThreadpoolController().select(user_api="blas")


def side_by_side(work: Callable[[Piece], object], pieces: Sequence[Piece], n_threads: int) -> None:
    """Calls work(piece) for every piece, on up to n_threads threads; BLAS has one thread each meanwhile.

    With one thread, or one piece, everything runs here and BLAS keeps its threads. The first error is raised, and the
    pieces that have not begun are left out.
    """
    n_threads = min(n_threads, len(pieces))
    if n_threads <= 1:
        for piece in pieces:
            work(piece)
        return
    with TURN, _blas().limit(limits=1), ThreadPoolExecutor(n_threads) as pool:
        # a copy of the caller's context for each: NumPy keeps there what it does about a NaN
        running = [pool.submit(copy_context().run, work, piece) for piece in pieces]
        try:
            for future in running:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
