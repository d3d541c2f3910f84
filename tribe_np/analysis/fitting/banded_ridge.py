"""Banded ridge: predictors of several kinds, such as the three modalities, each with a penalty of its own.

The penalty of a band is the penalty over the band's share. Shares are tried, not solved for: equal ones first, then
random ones on the simplex, and the best is kept for each vertex.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold
from tribe_np.analysis.fitting.normal_equations import FitRun, check_runs
from tribe_np.analysis.fitting.ridge import COLUMNS_AT_ONCE, RidgeFit, best_fit
from tribe_np.errors import ConfigError, ShapeError

CONCENTRATIONS = (0.1, 1.0)
"""Of the Dirichlet distributions that shares are drawn from in turn: near the corners, and anywhere; himalaya's."""


def random_shares(n_bands: int, n: int, *, seed: int = 0) -> np.ndarray:
    """Shares to try: equal ones, then random ones, every other near a corner.

    Shapes   -> (n, bands), rows sum to 1
    Raises   ConfigError for fewer than one
    Source   himalaya 0.4.11 kernel_ridge.generate_dirichlet_samples (which draws others: another generator)
    """
    if n < 1 or n_bands < 1:
        raise ConfigError(f"expected one band and one choice of shares at least, got {n_bands} and {n}")
    random = np.random.default_rng(seed)
    drawn = [random.dirichlet([CONCENTRATIONS[i % 2]] * n_bands) for i in range(n - 1)]
    return np.array([np.full(n_bands, 1 / n_bands), *drawn])


def checked_shares(shares: np.ndarray, n_bands: int) -> np.ndarray:
    """Shares as (n, bands).

    Raises   ShapeError for another shape; ConfigError for one below 0, or all 0
    """
    given = np.asarray(shares, np.float64)
    if given.ndim != 2 or given.shape[1] != n_bands or not len(given):
        raise ShapeError(f"{n_bands} bands need shares of shape (n, {n_bands}), got {given.shape}")
    if not np.isfinite(given).all() or (given < 0).any() or (given.sum(axis=1) <= 0).any():
        raise ConfigError("shares of bands must be 0 or more, and not all 0")
    return given


def banded_ridge(
    runs: Sequence[FitRun],
    folds: Sequence[ContiguousFold],
    widths: Sequence[int],
    *,
    shares: np.ndarray | None = None,
    n_shares: int = 20,
    seed: int = 0,
    penalties: object = None,
    score: str = "r2",
    columns_at_once: int = COLUMNS_AT_ONCE,
    step: Callable[[int], object] = lambda n: None,
) -> RidgeFit:
    """The banded ridge fit of every measured column; `kernel_ridge` does it where predictors outnumber rows.

    widths   predictors of each band, in their order; shares: (n, bands) to try, None: `n_shares` of `random_shares`
    Numerics weights are on the predictors as given; sums over rows are taken once, whatever the number of shares
    Raises   as `ridge`; ShapeError for widths that are not those of the predictors
    Source   himalaya 0.4.11 ridge.solve_group_ridge_random_search
    """
    check_runs(runs)
    n_predictors = runs[0].predictors.shape[1]
    if sum(widths) != n_predictors or min(widths, default=0) < 1:
        raise ShapeError(f"the bands have {list(widths)} predictors, but the rows have {n_predictors}")
    tried = random_shares(len(widths), n_shares, seed=seed) if shares is None else checked_shares(shares, len(widths))
    return best_fit(
        runs, folds, tried, np.repeat(np.arange(len(widths)), widths), penalties=penalties, score=score,
        columns_at_once=columns_at_once, step=step,
    )  # fmt: skip
