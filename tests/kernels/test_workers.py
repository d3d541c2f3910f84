"""Pieces of an operation on threads of their own: all run, errors come back, BLAS gets its threads again."""

import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from tests.strategies import normal
from tribe_np.errors import MissingDependencyError
from tribe_np.kernels import blocked_attention, workers
from tribe_np.kernels.numba_set import loop_set
from tribe_np.kernels.record import REFERENCE
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


@pytest.mark.extras
def test_every_piece_runs_once_with_a_blas_of_one_thread(two_threads: None) -> None:
    seen: list[tuple[int, int]] = []
    both = threading.Barrier(2, timeout=60)  # passes only if two pieces run at once
    side_by_side(lambda piece: (both.wait(), seen.append((piece, n_workers()))), range(6), 2)
    assert sorted(seen) == [(piece, 1) for piece in range(6)]
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
    callers = [
        threading.Thread(target=side_by_side, args=(lambda piece: time.sleep(0.001), range(20), 2)) for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert n_workers() == 2


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


@pytest.mark.parametrize("n_threads", [1, 2, 3, 64, 1000])
@pytest.mark.parametrize("n_scores", [0, 1, 10**6, 10**8, 10**11])
def test_blocks_of_all_threads_stay_small(n_threads: int, n_scores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_attention, "n_workers", lambda: n_threads)
    used, most = blocked_attention._division(n_scores)
    assert used == (n_threads if n_scores > blocked_attention.ALONE else 1)
    assert 1 <= most <= BLOCK_SCORES
    assert used * most <= blocked_attention.TOGETHER
    if used > 1:
        assert n_scores / most >= used * blocked_attention.TURNS


@pytest.mark.extras
@pytest.mark.parametrize("causal", [False, True])
def test_attention_on_two_threads_is_attention(
    causal: bool, two_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocked_attention, "ALONE", 0)
    threads: set[int] = set()
    mix = blocked_attention.BlockedAttention._mix

    def watched(*arguments: object) -> None:
        threads.add(threading.get_ident())
        mix(*arguments)

    monkeypatch.setattr(blocked_attention.BlockedAttention, "_mix", watched)
    query, key, value = normal(0, 2, 4, 9, 8), normal(1, 2, 2, 11, 8), normal(2, 2, 2, 11, 8)
    bias = normal(3, 4, 1, 11)
    found = PLAIN.attention(query, key, value, scale=0.3, causal=causal, bias=bias)
    expected = REFERENCE.attention(query, key, value, scale=0.3, causal=causal, bias=bias)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.extras
def test_an_error_in_every_block_ends_the_call(two_threads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(blocked_attention, "ALONE", 0)
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
