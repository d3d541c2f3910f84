"""Ridge where predictors outnumber rows: the same fit from the rows' products with each other, in bands.

Features with lags have more columns (three modalities of the released extractors with four lags: 44,032) than a scan
has rows. Weights are then sums of rows, and all that is needed are the products of rows, `kernels`: one (R, R) matrix
for each band, an hour's in 104 MB at a TR of 1 s. It grows with the square of the rows, as normal equations do with
the square of the predictors: take the smaller one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold
from tribe_np.analysis.fitting.penalty_scores import (
    ChosenPenalties,
    ChosenSoFar,
    Spectrum,
    check_score,
    check_usable,
    checked_penalties,
    column_blocks,
)
from tribe_np.errors import NotFiniteError, ShapeError

COLUMNS_OF_KERNEL = 1024


@dataclass(frozen=True, eq=False)
class KernelFit(ChosenPenalties):
    """A fit in terms of its rows.

    Shapes   dual (R, V); intercept, penalty, score (V,); cv_scores (n penalties, V); shares (bands, V); predicted
             (R', V) float32 of other rows where these were given: no dual weights are kept then, `dual` is (0, V)
    Numerics weights of band m are shares[m] * rows of band m^T dual; NaN and constants as in `RidgeFit`. Dual weights
             grow as 1 / penalty and cancel where they are used: relative errors of 2e-16 x largest eigenvalue / penalty
    """

    dual: np.ndarray
    intercept: np.ndarray
    predicted: np.ndarray | None = None

    def predict(self, kernels: Sequence[np.ndarray]) -> np.ndarray:
        """From the products of new rows with the rows of the fit, one matrix for each band.

        Shapes   kernels (R', R) -> (R', V)
        """
        found: np.ndarray = np.zeros((len(kernels[0]), self.dual.shape[1])) + self.intercept
        for kernel, share in zip(kernels, self.shares, strict=True):
            found += kernel @ (self.dual * share)
        return found

    def weights(self, rows: np.ndarray, band: int = 0) -> np.ndarray:
        """Weights on the predictors of a band, from the band's rows of the fit.

        Shapes   rows (R, P) -> (P, V)
        """
        found: np.ndarray = (rows.T @ self.dual) * self.shares[band]
        return found


@dataclass(frozen=True, eq=False)
class _KernelFold:
    """A fold's training rows by eigenvectors, and the products of its held-out rows with these.

    Shapes   trained (n,), held (m,) indices of rows; across (m, n)
    """

    trained: np.ndarray
    held: np.ndarray
    spectrum: Spectrum
    across: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray, trained: np.ndarray, held: np.ndarray) -> "_KernelFold":
        across = kernel[np.ix_(held, trained)]
        inside = kernel[np.ix_(trained, trained)]
        means = inside.mean(axis=0)
        spectrum = Spectrum.of(centred_in_place(inside))
        across -= means
        across -= across.mean(axis=1, keepdims=True)
        return cls(trained, held, spectrum, across @ spectrum.basis)

    def scores(self, measured: np.ndarray, penalties: np.ndarray, score: str) -> np.ndarray:
        """Shapes   measured (R, c) -> (n penalties, c)."""
        mean = measured[self.trained].mean(axis=0)
        products = self.spectrum.basis.T @ (measured[self.trained] - mean)
        truth = measured[self.held] - mean
        about = truth - truth.mean(axis=0)
        square = np.einsum("rc,rc->c", about, about)
        found = np.empty((len(penalties), measured.shape[1]))
        with np.errstate(all="ignore"):
            for i, penalty in enumerate(penalties):
                predicted = self.across @ (products / (self.spectrum.eigenvalues + penalty)[:, None])
                if score == "r":
                    moved = predicted - predicted.mean(axis=0)
                    spread = np.einsum("rc,rc->c", moved, moved)
                    found[i] = np.clip(np.einsum("rc,rc->c", moved, about) / np.sqrt(spread * square), -1, 1)
                else:
                    found[i] = 1 - np.square(truth - predicted).sum(axis=0) / square
        found[:, square <= 0] = np.nan
        return found


def centred_in_place(kernel: np.ndarray) -> np.ndarray:
    """Products of rows less their mean, in place of the products of rows. Shapes   kernel (R, R) -> (R, R)."""
    means = kernel.mean(axis=0)
    kernel -= means
    kernel -= (means - means.mean())[:, None]
    return kernel


def _centred_trace(kernel: np.ndarray) -> float:
    return float(np.trace(kernel) - kernel.sum() / len(kernel))


def kernel_ridge(
    kernels: Sequence[np.ndarray],
    measured: Sequence[np.ndarray],
    folds: Sequence[ContiguousFold],
    *,
    shares: np.ndarray | None = None,
    beside: Sequence[np.ndarray] | None = None,
    penalties: object = None,
    score: str = "r2",
    columns_at_once: int = COLUMNS_OF_KERNEL,
    dtype: type[np.floating] = np.float64,
    step: Callable[[int], object] = lambda n: None,
) -> KernelFit:
    """The banded ridge fit of every measured column, with the shares and the penalty that predict it best.

    Shapes   kernels (R, R) one a band, rows of all runs one after the other; measured: (r, V) of each run, memmaps or
             arrays; shares (n, bands), None: one choice, 1 for each band; beside (R', R) one a band, the products of
             other rows with these, which are predicted in place of keeping weights (an hour's are 470 MB)
    Numerics the sum of share x kernel over bands, in float64, centred on the training rows; `dtype` of `dual`
    Raises   ShapeError, NotFiniteError; ConfigError for too few rows, and for penalties or scores that cannot be
    Source   himalaya 0.4.11 kernel_ridge.solve_multiple_kernel_ridge_random_search (fit_intercept)
    """
    check_score(score)
    lengths = [len(run) for run in measured]
    _check_kernels(kernels, sum(lengths))
    choices = np.ones((1, len(kernels))) if shares is None else np.asarray(shares, np.float64)
    tried = checked_penalties(penalties, sum(map(_centred_trace, kernels)) / sum(lengths))
    state = ChosenSoFar.blank(measured[0].shape[1], len(tried))
    rows = [fold.rows(lengths) for fold in folds]
    for number, share in enumerate(choices):
        _score_shares(mixed_kernel(kernels, share), number, measured, rows, state, tried, score, columns_at_once, step)
    rest = _Rest.blank(kernels, beside, len(state.score), dtype)
    for number in np.unique(state.number):
        rest.fill(kernels, beside, measured, choices[number], state.number == number, state, tried, columns_at_once)
    rest.intercept[state.not_finite], rest.rows[:, state.not_finite] = np.nan, np.nan
    dual, predicted = (rest.rows, None) if beside is None else (np.zeros((0, len(state.score)), dtype), rest.rows)
    facts = state.facts(tried, choices, score, sum(lengths), len(folds))
    return KernelFit(dual=dual, intercept=rest.intercept, predicted=predicted, **facts)


def _score_shares(
    mixed: np.ndarray, number: int, measured: Sequence[np.ndarray], rows: Sequence[tuple[np.ndarray, np.ndarray]],
    state: ChosenSoFar, tried: np.ndarray, score: str, columns_at_once: int, step: Callable[[int], object],
) -> None:  # fmt: skip
    """Scores one choice of shares, fold by fold: one fold of an hour takes as much as three blocks of columns."""
    found = np.zeros((len(tried), len(state.score)))
    n_known = np.zeros(found.shape, np.int64)
    blocks = column_blocks(len(state.score), columns_at_once)
    for i, (trained, held) in enumerate(rows, 1):
        part = _KernelFold.of(mixed, trained, held)
        check_usable(part.spectrum, tried, f"fold {i} of {len(rows)}", len(trained))
        for columns in blocks:
            values = _values(measured, columns, state.not_finite[columns])
            state.constant[columns] = (np.ptp(values, axis=0) == 0) & ~state.not_finite[columns]
            scores = part.scores(values, tried, score)
            known = np.isfinite(scores)
            found[:, columns] += np.where(known, scores, 0)
            n_known[:, columns] += known
            if i == len(rows):
                step(columns.stop - columns.start)
    with np.errstate(all="ignore"):
        found /= n_known
    for columns in blocks:
        state.keep_better(columns, number, found[:, columns])


def mixed_kernel(kernels: Sequence[np.ndarray], shares: np.ndarray) -> np.ndarray:
    """The sum of share x kernel, (R, R) float64; of one kernel with a share of 1 that kernel itself."""
    if len(kernels) == 1 and shares[0] == 1 and kernels[0].dtype == np.float64:
        return kernels[0]
    mixed = np.zeros(kernels[0].shape)
    for kernel, share in zip(kernels, shares, strict=True):
        mixed += share * kernel
    return mixed


@dataclass(frozen=True, eq=False)
class _Rest:
    """What all rows give: intercepts (V,), and dual weights (R, V) or predictions of other rows (R', V)."""

    rows: np.ndarray
    intercept: np.ndarray

    @classmethod
    def blank(
        cls, kernels: Sequence[np.ndarray], beside: Sequence[np.ndarray] | None, n_columns: int, dtype: Any
    ) -> "_Rest":
        size, kind = (len(kernels[0]), dtype) if beside is None else (len(beside[0]), np.float32)
        return cls(np.zeros((size, n_columns), kind), np.zeros(n_columns))

    def fill(
        self, kernels: Sequence[np.ndarray], beside: Sequence[np.ndarray] | None, measured: Sequence[np.ndarray],
        share: np.ndarray, chosen: np.ndarray, state: ChosenSoFar, tried: np.ndarray, columns_at_once: int,
    ) -> None:  # fmt: skip
        """The columns that chose a choice of shares, each with the penalty that was chosen for it."""
        mixed = mixed_kernel(kernels, share)
        means, spectrum = mixed.mean(axis=0), Spectrum.of(centred_in_place(mixed.copy()))
        del mixed
        others = None if beside is None else mixed_kernel(beside, share)
        for columns in column_blocks(len(chosen), columns_at_once):
            places = columns.start + np.flatnonzero(chosen[columns])
            if not len(places):
                continue
            values = _values(measured, columns, state.not_finite[columns])[:, places - columns.start]
            mean = values.mean(axis=0)
            damping = spectrum.eigenvalues[:, None] + tried[state.penalty[places]]
            found = spectrum.basis @ ((spectrum.basis.T @ (values - mean)) / damping)
            found[:, state.unscored[places]] = 0
            self.intercept[places] = mean - means @ found
            self.rows[:, places] = found if others is None else others @ found + self.intercept[places]


def _values(measured: Sequence[np.ndarray], columns: slice, not_finite: np.ndarray) -> np.ndarray:
    """Some columns of all runs, (R, c) float64; those that are not finite are marked, and 0."""
    values = np.concatenate([run[:, columns] for run in measured]).astype(np.float64)
    not_finite |= ~np.isfinite(values).all(axis=0)
    values[:, not_finite] = 0
    return values


def _check_kernels(kernels: Sequence[np.ndarray], n_rows: int) -> None:
    if not len(kernels) or any(kernel.shape != (n_rows, n_rows) for kernel in kernels):
        got = ", ".join(str(kernel.shape) for kernel in kernels) or "none"
        raise ShapeError(f"{n_rows} rows need kernels of shape ({n_rows}, {n_rows}), one a band, got {got}")
    for band, kernel in enumerate(kernels):
        if not np.isfinite(kernel).all():
            raise NotFiniteError(f"the kernel of band {band} is NaN or infinite: so is one of its predictors")
