"""Cleaning of measured series: linear trend, confounds, z-score, and the count of values to be made up.

What nilearn's `signal.clean` computes as neuralset's extractor calls it, in blocks of vertices. Two things differ: a
constant series is 0 (nilearn divides the rounding errors of the trend by their own deviation: noise of variance 1), and
a value that is missing at some times is the series' mean (nilearn: 0, a spike). `as_upstream` reproduces both.

Source   nilearn 0.13.1 signal.clean; neuralset 0.0.2 extractors.neuro.FmriCleaner
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from tribe_np.errors import ConfigError

BLOCK = 1024  # vertices
EPSILON = float(np.finfo(np.float64).eps)
FEWEST_LEFT = 2  # times minus what is fitted to them


@dataclass(frozen=True)
class Cleaned:
    """What was found while cleaning: vertices without any value, values that were missing, constant vertices."""

    n_empty: int
    n_partial: int  # vertices
    n_missing: int  # values of theirs
    n_constant: int


def clean(
    series: np.ndarray,
    *,
    detrend: bool = True,
    standardize: bool = True,
    confounds: np.ndarray | None = None,
    as_upstream: bool = False,
) -> Cleaned:
    """Cleans series (n, V) float64 in place; says what it met. Without any step nothing is touched, NaN stays.

    Shapes   confounds (n, c)
    Numerics least squares in float64; the standard deviation divides by n - 1, and is taken as 1 below 2.2e-16
    Raises   ConfigError when confounds leave too few degrees of freedom
    """
    basis = _basis(len(series), detrend, confounds)
    counts = np.zeros(4, np.int64)
    acts = detrend or standardize or confounds is not None
    for first in range(0, series.shape[1], BLOCK):
        block = series[:, first : first + BLOCK]
        is_missing = ~np.isfinite(block)
        n_missing = is_missing.sum(axis=0)
        is_empty = n_missing == len(block)
        is_partial = (n_missing > 0) & ~is_empty
        if acts:
            block[is_missing] = 0
            if not as_upstream:
                means = block.sum(axis=0) / np.maximum(len(block) - n_missing, 1)
                np.copyto(block, means, where=is_missing)
        is_constant = (block == block[0]).all(axis=0) & ~is_empty
        counts += [is_empty.sum(), is_partial.sum(), n_missing[is_partial].sum(), is_constant.sum()]
        if acts:
            _clean_block(block, basis, standardize)
            if not as_upstream and standardize:
                block[:, is_constant | is_empty] = 0
    return Cleaned(*map(int, counts))


def _basis(n: int, detrend: bool, confounds: np.ndarray | None) -> list[np.ndarray]:
    """Orthonormal columns to take out, one set after the other: the trend, then the confounds without it."""
    sets = []
    if detrend and n > 1:
        sets.append(np.stack([np.full(n, n**-0.5), _unit_length(np.arange(n) - (n - 1) / 2)], axis=1))
    if confounds is not None:
        left = confounds.astype(np.float64)
        for columns in sets:
            left = left - columns @ (columns.T @ left)
        left = _standardized(left)
        q, r, _ = linalg.qr(left, mode="economic", pivoting=True)
        q = q[:, np.abs(np.diag(r)) > EPSILON * 100]
        n_fitted = q.shape[1] + (2 if detrend else 1)
        if n - n_fitted < FEWEST_LEFT:
            raise ConfigError(
                f"{q.shape[1]} independent confounds leave no signal in {n} volumes; choose fewer confound columns"
            )
        sets.append(q)
    return sets


def _clean_block(block: np.ndarray, basis: list[np.ndarray], standardize: bool) -> None:
    for columns in basis:
        block -= columns @ (columns.T @ block)
    if standardize and len(block) > 1:
        block[:] = _standardized(block)


def _standardized(series: np.ndarray) -> np.ndarray:
    centred = series - series.mean(axis=0)
    deviation = centred.std(axis=0, ddof=1)
    deviation[deviation < EPSILON] = 1
    scaled: np.ndarray = centred / deviation
    return scaled


def _unit_length(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / np.linalg.norm(values))
