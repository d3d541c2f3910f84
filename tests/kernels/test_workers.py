"""Pieces of an operation on threads of their own: all run, errors come back, BLAS gets its threads again."""

import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from tests.architecture.source import ROOT
from tests.conftest import numba_or_skip
from tests.strategies import normal
from tribe_np.errors import MissingDependencyError
from tribe_np.kernels import blocked_attention, workers
from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.kernels.numba_set import loop_set
from tribe_np.kernels.workers import n_workers, side_by_side
from tribe_np.ops.attention import BLOCK_SCORES

PLAIN = loop_set("loops", lambda name, body: body)


@pytest.fixture
def two_threads() -> None:
    """Two threads of BLAS for one test, whatever the environment says."""
    limits = pytest.importorskip("threadpoolctl")
    with limits.threadpool_limits(2, user_api="blas"):
        if n_workers() != 2:
            pytest.skip("this BLAS cannot be given two threads")
        yield


def blas_now() -> int:
    """What BLAS itself says."""
    return max(library.num_threads for library in workers._blas().lib_controllers)


@pytest.mark.extras
def test_every_piece_runs_once_with_a_blas_of_one_thread(two_threads: None) -> None:
    seen: list[tuple[int, int, int]] = []
    both = threading.Barrier(2, timeout=60)  # passes only if two pieces run at once
    side_by_side(lambda piece: (both.wait(), seen.append((piece, blas_now(), n_workers()))), range(6), 2)
    assert sorted(seen) == [(piece, 1, 2) for piece in range(6)]  # lent threads count for whoever divides work
    assert n_workers() == 2


@pytest.mark.extras
def test_an_error_in_a_piece_is_the_callers_and_ends_the_rest(two_threads: None) -> None:
    began: list[int] = []

    def work(piece: int) -> None:
        began.append(piece)
        if piece == 0:
            raise ValueError("piece 0")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="piece 0"):
        side_by_side(work, range(100), 2)
    assert len(began) < 100
    assert n_workers() == 2


@pytest.mark.extras
def test_a_piece_treats_nan_as_its_caller_does(two_threads: None) -> None:
    def work(piece: int) -> None:
        np.divide(np.zeros(1), np.zeros(1))

    with np.errstate(invalid="ignore"):
        side_by_side(work, range(4), 2)
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        side_by_side(work, range(4), 2)


@pytest.mark.extras
def test_callers_at_once_leave_blas_as_it_was(two_threads: None) -> None:
    ran: list[int] = []

    def work(piece: int) -> None:
        time.sleep(0.001)
        ran.append(piece)

    callers = [threading.Thread(target=side_by_side, args=(work, range(20), 2)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(ran) == sorted(4 * list(range(20)))
    assert blas_now() == n_workers() == 2


@pytest.mark.extras
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_meanwhile_has_threads_of_its_own(two_threads: None) -> None:
    code = []

    def work(piece: int) -> None:
        if piece == 0:
            child = os.fork()
            if child == 0:
                signal.alarm(30)  # instead of waiting for ever for the parent's turn
                side_by_side(lambda piece: None, range(4), 2)
                os._exit(0 if blas_now() == n_workers() == 2 else 1)
            code.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    side_by_side(work, range(2), 2)
    assert code == [0]


@pytest.mark.extras
def test_a_thread_that_outlives_the_main_one_goes_on() -> None:
    program = """
import threading, time
from tribe_np.kernels.workers import side_by_side
def late():
    time.sleep(0.3)
    done = []
    side_by_side(done.append, ["a", "b"], 2)  # not print: it writes a line's end apart, so that lines may mix
    print(*done)
threading.Thread(target=late).start()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == ["a", "b"], done.stderr


def test_one_thread_or_one_piece_stays_with_the_caller() -> None:
    here: list[int] = []
    side_by_side(lambda piece: here.append(threading.get_ident()), range(3), 1)
    side_by_side(lambda piece: here.append(threading.get_ident()), range(1), 8)
    side_by_side(here.append, [], 8)
    assert here == [threading.get_ident()] * 4


def test_without_threadpoolctl_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise MissingDependencyError("threadpoolctl is not installed")

    workers._blas.cache_clear()
    monkeypatch.setattr(workers, "require", missing)
    assert n_workers() == 1


def test_where_nobody_governs_blas_numba_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_blas", lambda: SimpleNamespace(lib_controllers=[]))
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(get_num_threads=lambda: 5))
    assert n_workers() == 5
    monkeypatch.delitem(sys.modules, "numba")
    assert n_workers() == 1


def test_a_blas_on_openmp_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    library = SimpleNamespace(num_threads=4, threading_layer="openmp")
    monkeypatch.setattr(workers, "_blas", lambda: SimpleNamespace(lib_controllers=[library]))
    assert n_workers() == 1


@pytest.mark.parametrize("n_threads", [1, 2, 3, 64, 1000])
@pytest.mark.parametrize("n_scores", [0, 1, 10**6, 10**8, 10**11])
def test_blocks_of_all_threads_stay_small(n_threads: int, n_scores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_attention, "n_workers", lambda: n_threads)
    used, most = blocked_attention._division(n_scores)
    assert used == max(1, min(n_threads, n_scores // 400_000))
    assert 1 <= most <= BLOCK_SCORES
    assert used * most <= blocked_attention.TOGETHER
    if used > 1:
        assert n_scores / most >= used * blocked_attention.TURNS


@pytest.mark.extras
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", ["whole", "causal", "relative"])
def test_attention_on_two_threads_is_attention(
    kind: str, compiled: bool, precision: str, two_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = numba_or_skip() if compiled else PLAIN
    monkeypatch.setattr(blocked_attention, "LEAST", 1)
    both, threads = threading.Barrier(2, timeout=60), []
    mix = blocked_attention.BlockedAttention._mix

    def watched(*arguments: object) -> None:
        if len(threads) < 2:  # the first two blocks wait for each other
            threads.append(threading.get_ident())
            both.wait()
        mix(*arguments)

    monkeypatch.setattr(blocked_attention.BlockedAttention, "_mix", watched)
    query, key, value = (normal(i, 2, 4, 40, 8).astype(precision) for i in range(3))
    if kind == "relative":
        embedding = normal(4, 9, 8).astype(precision)
        found, expected = (
            k.relative_attention(query, key, value, embedding, scale=0.3, left_span=5) for k in (kernels, REFERENCE)
        )
    else:
        bias = normal(3, 4, 1, 40).astype(precision)
        found, expected = (
            k.attention(query, key, value, scale=0.3, causal=kind == "causal", bias=bias) for k in (kernels, REFERENCE)
        )
    bound = 2e-6 if precision == "float32" else 1e-13
    np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)
    assert len(set(threads)) == 2


@pytest.mark.extras
def test_an_error_in_every_block_ends_the_call(two_threads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(blocked_attention, "LEAST", 1)
    monkeypatch.setattr(blocked_attention.BlockedAttention, "_mix", fails)
    query, found = normal(0, 4, 4, 9, 8), []

    def call() -> None:
        with pytest.raises(MemoryError, match="no room"):
            PLAIN.attention(query, query, query, scale=0.3)
        found.append(n_workers())

    caller = threading.Thread(target=call, daemon=True)  # a daemon: threads that wait for each other must not stay
    caller.start()
    caller.join(60)
    assert found == [2]
