"""Ridge regression of many vertices at once, a penalty for each, chosen on rows held out in blocks or runs.

    weights = argmin |y - mean y - (x - mean x) weights|^2 + penalty |weights|^2        for each vertex by itself

Rows are read as they lie in their files, and only sums over them are kept (`normal_equations`): memory does not grow
with their number. With bands, predictors are multiplied by the root of their band's share first (`banded_ridge`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold
from tribe_np.analysis.fitting.normal_equations import (
    FitRun,
    MeasuredSums,
    PredictorSums,
    RowSums,
    check_runs,
    whole_runs,
)
from tribe_np.analysis.fitting.penalty_scores import (
    ChosenPenalties,
    ChosenSoFar,
    FoldSpectrum,
    Spectrum,
    check_enough_rows,
    check_score,
    checked_penalties,
    column_blocks,
    mean_over_folds,
)

COLUMNS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class RidgeFit(ChosenPenalties):
    """Weights on the predictors as they were given, and how they were chosen.

    Shapes   weights (P, V), intercept, penalty, score (V,), cv_scores (n penalties, V), shares (bands, V)
    Units    as measured over as predicted; penalty: of scikit-learn's Ridge (alpha), a sum over rows
    Numerics a column with a NaN or infinity in any row is not fitted: weights, penalty and score are NaN. One that does
             not vary where it is held out has weights of 0 and no penalty and score. `score` is the mean over folds
             at the penalty that was chosen by it, a little too good: rows kept out of the fit altogether tell the truth
    """

    weights: np.ndarray
    intercept: np.ndarray

    def predict(self, predictors: np.ndarray) -> np.ndarray:
        """Shapes   predictors (R, P) -> (R, V)."""
        found: np.ndarray = predictors @ self.weights + self.intercept
        return found


@dataclass(frozen=True, eq=False)
class FoldSums:
    """A fold's predictors: what is trained on, and what is held out."""

    fold: ContiguousFold
    trained: PredictorSums
    held: PredictorSums


def ridge(
    runs: Sequence[FitRun],
    folds: Sequence[ContiguousFold],
    *,
    penalties: object = None,
    score: str = "r2",
    columns_at_once: int = COLUMNS_AT_ONCE,
    step: Callable[[int], object] = lambda n: None,
) -> RidgeFit:
    """The ridge fit of every measured column, with the penalty that predicts its held-out rows best.

    penalties   candidates; None: ten powers of ten around the mean eigenvalue of the predictors' sum of squares
    score       "r2" or "r": mean over folds
    step        is told of columns that are done; each counts twice
    Numerics    float64 sums of the rows; the folds' training sums are the sum of all rows less the fold's
    Raises      ConfigError for too few rows, penalties or scores that cannot be; ShapeError; NotFiniteError
    Source      scikit-learn 1.9.1 linear_model.Ridge; himalaya 0.4.11 ridge.RidgeCV (alpha per target)
    """
    check_runs(runs)
    one_band = np.zeros(runs[0].predictors.shape[1], np.int64)
    return best_fit(
        runs, folds, np.ones((1, 1)), one_band, penalties=penalties, score=score, columns_at_once=columns_at_once,
        step=step,
    )  # fmt: skip


def best_fit(
    runs: Sequence[FitRun],
    folds: Sequence[ContiguousFold],
    shares: np.ndarray,
    band_of: np.ndarray,
    *,
    penalties: object,
    score: str,
    columns_at_once: int,
    step: Callable[[int], object],
) -> RidgeFit:
    """For every column the best of some shares of the bands and of some penalties.

    Shapes   shares (n, bands); band_of (P,) the band of each predictor
    Raises   as `ridge`
    """
    check_score(score)
    sums = RowSums.of(runs)
    total = sums.predictors(whole_runs(sums.lengths))
    of_folds = [_fold_sums(sums, total, fold) for fold in folds]
    tried = checked_penalties(penalties, float(np.trace(total.centred())) / len(total.total))
    scales = np.sqrt(shares)[:, band_of]
    state = ChosenSoFar.blank(runs[0].measured.shape[1], len(tried))
    for number, scale in enumerate(scales):
        spectra = [FoldSpectrum.of(part.trained, part.held, scale) for part in of_folds]
        for i, found in enumerate(spectra, 1):
            check_enough_rows(found.spectrum, found.trained.n, tried, f"fold {i} of {len(folds)}")
        for columns in column_blocks(len(state.score), columns_at_once):
            _score(sums, of_folds, spectra, columns, state, number, tried, score)
            step(columns.stop - columns.start)
    weights, intercept = _weights(sums, total, scales, state, tried, columns_at_once, step)
    weights[:, state.not_finite], intercept[state.not_finite] = np.nan, np.nan
    facts = state.facts(tried, shares, score, total.n, len(folds))
    return RidgeFit(weights=weights, intercept=intercept, **facts)


def _fold_sums(sums: RowSums, total: PredictorSums, fold: ContiguousFold) -> FoldSums:
    held = sums.predictors(fold.held_out)
    return FoldSums(fold, total.minus(held).minus(sums.predictors(fold.left_out)), held)


def _score(
    sums: RowSums, folds: list[FoldSums], spectra: list[FoldSpectrum], columns: slice, state: ChosenSoFar,
    number: int, penalties: np.ndarray, score: str,
) -> None:  # fmt: skip
    """Scores one choice of shares on some columns, and keeps it where it is better than those before."""
    shift, not_finite = sums.first_measured(columns), state.not_finite[columns]
    held = [sums.measured(part.fold.held_out, columns, shift, not_finite) for part in folds]
    total = _all_rows(sums, held, columns, shift, not_finite)
    found = np.empty((len(folds), len(penalties), len(shift)))
    for i, (part, spectrum) in enumerate(zip(folds, spectra, strict=True)):
        beside = sums.measured(part.fold.left_out, columns, shift, not_finite)
        found[i] = spectrum.scores(total.minus(held[i]).minus(beside), held[i], penalties, score)
    state.constant[columns] = (total.centred_square() <= 0) & ~not_finite
    state.keep_better(columns, number, mean_over_folds(found))


def _all_rows(
    sums: RowSums, held: list[MeasuredSums], columns: slice, shift: np.ndarray, not_finite: np.ndarray
) -> MeasuredSums:
    """Sums over all rows: those of the folds, where these hold out every row once."""
    if sum(part.n for part in held) != sum(sums.lengths):
        return sums.measured(whole_runs(sums.lengths), columns, shift, not_finite)
    total = held[0]
    for part in held[1:]:
        total = total.plus(part)
    return total


def _weights(
    sums: RowSums, total: PredictorSums, scales: np.ndarray, state: ChosenSoFar, penalties: np.ndarray,
    columns_at_once: int, step: Callable[[int], object],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Weights and intercepts from all rows, each column with the shares and penalty chosen for it."""
    weights = np.zeros((len(sums.shift), len(state.score)))
    intercept = np.zeros(len(state.score))
    for number in np.unique(state.number):
        scale = scales[number]
        spectrum = Spectrum.of(total.centred() * np.outer(scale, scale))
        turned = spectrum.basis * scale[:, None]
        for columns in column_blocks(len(state.score), columns_at_once):
            mine = np.flatnonzero(state.number[columns] == number)
            if not len(mine):
                continue
            shift = sums.first_measured(columns)
            measured = sums.measured(whole_runs(sums.lengths), columns, shift, state.not_finite[columns])
            products = turned.T @ measured.centred_cross(total)[:, mine]
            damped = products / (spectrum.eigenvalues[:, None] + penalties[state.penalty[columns][mine]])
            places = columns.start + mine
            weights[:, places] = turned @ damped
            intercept[places] = shift[mine] + measured.mean[mine]
            step(len(mine))
    weights[:, state.unscored] = 0
    intercept -= (total.mean + sums.shift) @ weights
    return weights, intercept
