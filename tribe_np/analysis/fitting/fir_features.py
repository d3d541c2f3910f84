"""Features with lags, for a linear model that finds the haemodynamic response by itself (a finite impulse response).

Rows stand at stimulus time: row t of the features is second t, and row t of what is predicted is the BOLD of t + offset
(5 s). A lag is counted from the stimulus to the BOLD, so that a lag of 5 s is a delay of 0 rows, one of 8 s takes the
features of 3 s before, and one of 2 s those of 3 s after the row. Nothing is shifted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.errors import ConfigError, ShapeError

LAGS = (2.0, 4.0, 6.0, 8.0)
"""Seconds from a stimulus to its BOLD: those of the voxelwise modelling tutorials, which cover the response's rise."""
FEATURES_AT_ONCE = 2048
CONSTANT = 1e-10  # of the mean: a deviation that is rounding


def row_delays(lags: Sequence[float], *, tr: float, hemodynamic_offset: float) -> tuple[int, ...]:
    """Rows by which features are delayed against the rows of BOLD; below 0 where they stand after it.

    >>> row_delays([2, 5, 8], tr=1.0, hemodynamic_offset=5.0)
    (-3, 0, 3)

    Units    seconds
    Raises   ConfigError for a lag that is no whole number of rows away from the offset, a lag below 0, or none
    """
    delays = []
    for lag in lags:
        rows = (lag - hemodynamic_offset) / tr
        if not (np.isfinite(rows) and lag >= 0 and abs(rows - round(rows)) < 1e-6):
            near = [hemodynamic_offset + k * tr for k in range(-2, 3) if hemodynamic_offset + k * tr >= 0]
            raise ConfigError(
                f"a lag of {lag:g} s is no whole number of rows of {tr:g} s from the offset of {hemodynamic_offset:g} s"
                f"; give lags such as {' '.join(f'{x:g}' for x in near)} (--lags), or --no-linear"
            )
        delays.append(round(rows))
    if not delays or len(set(delays)) < len(delays):
        raise ConfigError(f"expected one lag or several different ones, got {list(lags)}")
    return tuple(delays)


@dataclass(frozen=True, eq=False)
class ColumnScale:
    """The mean and the standard deviation of each feature over the rows of a fit; 1 for one that never varies.

    Shapes   mean, deviation (F,)
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, runs: Sequence[np.ndarray], kept: Sequence[np.ndarray]) -> "ColumnScale":
        """Of the kept rows (r,) of some runs (R, F), in float64, in two passes over a few hundred rows at a time."""
        n = sum(map(len, kept))
        pieces = [
            (run, rows[i : i + 512]) for run, rows in zip(runs, kept, strict=True) for i in range(0, len(rows), 512)
        ]
        mean = sum(run[rows].sum(axis=0, dtype=np.float64) for run, rows in pieces) / n
        square = sum(np.square(run[rows] - mean).sum(axis=0) for run, rows in pieces) / n
        deviation = np.sqrt(square)
        return cls(mean, np.where(deviation > CONSTANT * np.abs(mean), deviation, 1))

    def applied(self, rows: np.ndarray) -> np.ndarray:
        """z-scores (R, F) in the rows' dtype, made in float64, a few hundred rows at a time."""
        scaled = np.empty_like(rows)
        for first in range(0, len(rows), 512):
            scaled[first : first + 512] = (rows[first : first + 512] - self.mean) / self.deviation
        return scaled


def delayed_rows(rows: np.ndarray, delays: Sequence[int]) -> np.ndarray:
    """The features of every delay beside each other, delay by delay; 0 before the first row and after the last.

    Shapes   rows (R, F) of one run -> (R, delays * F)
    Source   the Delayer of the voxelwise modelling tutorials
    """
    out = np.zeros((len(rows), len(delays), rows.shape[1]), rows.dtype)
    for i, delay in enumerate(delays):
        here, there = _overlap(len(rows), delay)
        out[here, i] = rows[there]
    return out.reshape(len(rows), -1)


def delayed_kernel(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray] | None, delays: Sequence[int]
) -> np.ndarray:
    """Products of the delayed rows of some runs with each other, or with those of other runs, without making them.

    Shapes   first: runs (r, F), second: runs (r', F) or None for the same -> (sum r, sum r') float64
    Numerics the product of rows t and s at one delay d is that of the undelayed rows t - d and s - d
    Raises   ShapeError for runs of different width
    """
    others = first if second is None else second
    if len({run.shape[1] for run in (*first, *others)}) != 1:
        raise ShapeError(f"runs have different features: {[run.shape for run in (*first, *others)]}")
    kernel = np.zeros((sum(map(len, first)), sum(map(len, others))))
    a = 0
    for one in first:
        b = 0
        for other in others:
            plain = _products(one, other)
            part = kernel[a : a + len(one), b : b + len(other)]
            for delay in delays:
                (here, there), (across, back) = _overlap(len(one), delay), _overlap(len(other), delay)
                part[here, across] += plain[there, back]
            b += len(other)
        a += len(one)
    return kernel


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """one @ other.T in float64, some features at a time."""
    total = np.zeros((len(one), len(other)))
    for start in range(0, one.shape[1], FEATURES_AT_ONCE):
        columns = slice(start, start + FEATURES_AT_ONCE)
        total += one[:, columns].astype(np.float64) @ other[:, columns].astype(np.float64).T
    return total


def _overlap(n_rows: int, delay: int) -> tuple[slice, slice]:
    """Rows that have a delayed one in their run, and these."""
    if abs(delay) >= n_rows:
        return slice(0, 0), slice(0, 0)
    if delay >= 0:
        return slice(delay, n_rows), slice(0, n_rows - delay)
    return slice(0, n_rows + delay), slice(-delay, n_rows)
