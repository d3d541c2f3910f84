"""Predictions that have lost their time but kept their autocorrelation, and their correlations with what was measured.

Three kinds; one draw holds for all vertices, so that what neighbours share stays shared. All stay within a run.

    shifts    x rolled by s rows, s seconds away from its own place at least, on either side. All lags of two series
              come from one product of their Fourier transforms
    blocks    x cut into blocks, put in another order. A sum over block pairs replaces one over rows: where the rows
              are no whole number of blocks the short last one moves too, and those after it stand that much later
    phases    x with a random phase for each frequency: all its power stays. One matrix product for all draws

Each gives sums over rows of (surrogate of x) * y, for x and y (R, b) without their means: correlations, where both
have length 1. None makes the surrogate series themselves, which for 1,000 draws of an hour would be 550 GB.
Source   Theiler et al. 1992, Physica D 58, 77 (phases); Prichard and Theiler 1994, Physical Review Letters 73, 951 (one
         draw for many series); Chung and Fraser 1958, Journal of the American Statistical Association 53, 729 (shifts)
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import irfft, rfft

from tribe_np.analysis.evaluation.run_columns import column_steps

DRAWS_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class CircularShifts:
    """Rows by which each run is rolled: (n, runs)."""

    lengths: tuple[int, ...]
    shifts: np.ndarray

    def products(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Sums of np.roll(x, s) * y, (n, b)."""
        total = np.zeros((len(self.shifts), x.shape[1]))
        for rows, shifts in zip(_rows_of(self.lengths), self.shifts.T, strict=True):
            spectrum = rfft(x[rows], axis=0)
            np.conjugate(spectrum, out=spectrum)
            spectrum *= rfft(y[rows], axis=0)
            total += irfft(spectrum, n=rows.stop - rows.start, axis=0)[shifts]
        return total


@dataclass(frozen=True, eq=False)
class BlockOrders:
    """The order of blocks in each run: arrays (n, blocks). The last block of a run is the short one, where there is."""

    lengths: tuple[int, ...]
    size: int
    orders: tuple[np.ndarray, ...]

    def products(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Sums of (x in the order of blocks) * y, (n, b)."""
        total = np.zeros((len(self.orders[0]), x.shape[1]))
        for rows, orders in zip(_rows_of(self.lengths), self.orders, strict=True):
            chosen = _chosen_pairs(orders, rows.stop - rows.start, self.size)
            for columns in column_steps(x.shape[1], 4 * chosen.shape[1]):
                total[:, columns] += chosen @ _block_pairs(x[rows, columns], y[rows, columns], self.size)
        return total


@dataclass(frozen=True, eq=False)
class RandomPhases:
    """How far each frequency of each run is turned, the mean's left out: arrays (n, R - 1), cosines, then sines."""

    lengths: tuple[int, ...]
    turns: tuple[np.ndarray, ...]

    def products(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Sums of (x with those phases) * y, (n, b): Parseval's theorem."""
        total = np.zeros((len(self.turns[0]), x.shape[1]))
        for rows, turns in zip(_rows_of(self.lengths), self.turns, strict=True):
            length = rows.stop - rows.start
            cross = rfft(x[rows], axis=0)[1:]
            cross *= np.conjugate(rfft(y[rows], axis=0)[1:])
            cross *= 2 / length
            if length % 2 == 0:
                cross[-1] /= 2  # the highest frequency has no mirror image
            total += turns @ np.concatenate([cross.real, -cross.imag])
        return total


Surrogates = CircularShifts | BlockOrders | RandomPhases


def shift_draws(lengths: Sequence[int], least: int, n: int, seed: int) -> Iterator[CircularShifts]:
    """n rolls by `least` rows or more either way, some at a time.

    Of one run, each roll once; of several, rolls are drawn for each by itself.
    """
    rng = np.random.default_rng(seed)
    ways = [np.arange(least, length - least + 1) for length in lengths]
    if len(ways) == 1:
        shifts = rng.permutation(ways[0])[:n, None]
    else:
        shifts = np.column_stack([rng.choice(way, n) for way in ways])
    for first in range(0, len(shifts), DRAWS_AT_ONCE):
        yield CircularShifts(tuple(lengths), shifts[first : first + DRAWS_AT_ONCE])


def block_draws(lengths: Sequence[int], size: int, n: int, seed: int) -> Iterator[BlockOrders]:
    """n orders of blocks of `size` rows, drawn for each run by itself, some at a time."""
    rng = np.random.default_rng(seed)
    for first in range(0, n, DRAWS_AT_ONCE):
        some = min(DRAWS_AT_ONCE, n - first)
        orders = [np.tile(np.arange(math.ceil(length / size)), (some, 1)) for length in lengths]
        yield BlockOrders(tuple(lengths), size, tuple(rng.permuted(one, axis=1) for one in orders))


def phase_draws(lengths: Sequence[int], n: int, seed: int) -> Iterator[RandomPhases]:
    """n draws of phases for each run by itself, some at a time; 0 or pi at the highest frequency of an even run."""
    rng = np.random.default_rng(seed)
    for first in range(0, n, DRAWS_AT_ONCE):
        drawn = []
        for length in lengths:
            phases = rng.uniform(0, 2 * np.pi, (min(DRAWS_AT_ONCE, n - first), length // 2))
            if length % 2 == 0:
                phases[:, -1] = np.where(phases[:, -1] < np.pi, 0.0, np.pi)
            drawn.append(np.concatenate([np.cos(phases), np.sin(phases)], axis=1))
        yield RandomPhases(tuple(lengths), tuple(drawn))


def _rows_of(lengths: Sequence[int]) -> list[slice]:
    stops = np.cumsum(lengths).tolist()
    return [slice(stop - length, stop) for stop, length in zip(stops, lengths, strict=True)]


def _block_pairs(x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Sums over the rows of a block of x and the rows of y on which it may come to stand, (pairs, b).

    First every whole block i on the place of every k, i * K + k; then the same, later by the short block; then the
    short block after k whole ones.
    """
    n_whole, short = divmod(len(x), size)
    whole = n_whole * size
    blocks = _by_vertex(x[:whole], size)
    pairs = [blocks @ _by_vertex(y[:whole], size).transpose(0, 2, 1)]
    if short:
        pairs.append(blocks @ _by_vertex(y[short : short + whole], size).transpose(0, 2, 1))
        places = np.stack([y[k * size : k * size + short] for k in range(n_whole + 1)])
        ends = np.einsum("krb,rb->bk", places, x[whole:])
        pairs.append(ends[:, None, :])
    flat = np.concatenate([one.reshape(len(one), -1) for one in pairs], axis=1)
    return np.ascontiguousarray(flat.T)


def _by_vertex(values: np.ndarray, size: int) -> np.ndarray:
    """(K * size, b) as (b, K, size)."""
    return np.ascontiguousarray(values.T).reshape(values.shape[1], -1, size)


def _chosen_pairs(orders: np.ndarray, length: int, size: int) -> Any:
    """Which of `_block_pairs` each order adds up: a sparse matrix (n, pairs) of ones."""
    from scipy.sparse import csr_array  # here: start-up

    n_whole, short = divmod(length, size)
    n, n_blocks = orders.shape
    if not short:
        chosen, n_pairs = orders * n_whole + np.arange(n_whole), n_whole**2
    else:
        place = np.argmax(orders == n_whole, axis=1)[:, None]  # of the short block
        at = np.arange(n_blocks)
        chosen = orders * n_whole + at
        chosen = np.where(at > place, n_whole**2 + chosen - 1, chosen)
        chosen = np.where(at == place, 2 * n_whole**2 + at, chosen)
        n_pairs = 2 * n_whole**2 + n_whole + 1
    starts = np.arange(n + 1) * n_blocks
    return csr_array((np.ones(chosen.size), chosen.ravel(), starts), shape=(n, n_pairs))
