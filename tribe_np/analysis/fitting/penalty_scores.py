"""How well held-out rows are predicted under each of many penalties, and which one is chosen for each vertex.

With the training rows' products in their eigenvectors' basis, weights under a penalty are one division. Sums over the
held-out rows tell the score: no row is read again.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.fitting.normal_equations import MeasuredSums, PredictorSums
from tribe_np.errors import ConfigError

SCORES = ("r2", "r")
GRID = np.logspace(-4, 5, 10)
"""Penalties where none are given, times the mean eigenvalue of the predictors' sum of squares."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The predictors' sum of products about their mean, by eigenvectors.

    Shapes   eigenvalues (P,), never below 0, basis (P, P)
    """

    eigenvalues: np.ndarray
    basis: np.ndarray

    @classmethod
    def of(cls, gram: np.ndarray) -> "Spectrum":
        """Shapes   gram (P, P)."""
        values, basis = np.linalg.eigh(gram)
        return cls(np.maximum(values, 0), basis)

    @property
    def floor(self) -> float:
        """What rounding leaves of an eigenvalue that is 0."""
        return float(self.eigenvalues.max() * len(self.eigenvalues) * np.finfo(np.float64).eps)

    @property
    def rank(self) -> int:
        """Eigenvalues that are not rounding."""
        return int((self.eigenvalues > self.floor).sum())


@dataclass(frozen=True, eq=False)
class FoldSpectrum:
    """One fold's training rows by eigenvectors, and its held-out rows in that basis.

    Shapes   held_gram (P, P) about the held-out mean; step (P,) from the training mean to the held-out mean; scale (P,)
             by which the predictors are multiplied
    """

    trained: PredictorSums
    held: PredictorSums
    spectrum: Spectrum
    held_gram: np.ndarray
    step: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, trained: PredictorSums, held: PredictorSums, scale: np.ndarray) -> "FoldSpectrum":
        """`scale` is the root of each predictor's share in banded ridge, else 1."""
        spectrum = Spectrum.of(trained.centred() * np.outer(scale, scale))
        turned = spectrum.basis * scale[:, None]
        gram, step = turned.T @ held.centred() @ turned, turned.T @ (held.mean - trained.mean)
        return cls(trained, held, spectrum, gram, step, scale)

    def scores(self, trained: MeasuredSums, held: MeasuredSums, penalties: np.ndarray, score: str) -> np.ndarray:
        """The score of each penalty and column on the held-out rows; NaN where these do not vary.

        Shapes   -> (n penalties, c)
        Numerics r2 = 1 - sum (y - p)^2 / sum (y - mean y)^2 and r = Pearson's, p predicted with the training's means
        """
        turned = self.spectrum.basis * self.scale[:, None]
        products = turned.T @ trained.centred_cross(self.trained)
        held_cross, square = turned.T @ held.centred_cross(self.held), held.centred_square()
        beyond = held.mean - trained.mean  # what a constant prediction misses of the held-out mean
        found = np.empty((len(penalties), len(square)))
        with np.errstate(all="ignore"):
            for i, penalty in enumerate(penalties):
                weights = products / (self.spectrum.eigenvalues + penalty)[:, None]
                shared = np.einsum("pc,pc->c", weights, held_cross)
                spread = np.maximum(np.einsum("pc,pc->c", weights, self.held_gram @ weights), 0)
                if score == "r":
                    found[i] = np.clip(shared / np.sqrt(spread * square), -1, 1)
                else:
                    missed = beyond - self.step @ weights
                    error = np.maximum(square - 2 * shared + spread, 0) + self.held.n * missed**2
                    found[i] = 1 - error / square
        found[:, square <= 0] = np.nan
        return found


def mean_over_folds(scores: np.ndarray) -> np.ndarray:
    """Shapes   scores (n folds, n penalties, c) -> (n penalties, c), over the folds where there is one, else NaN."""
    known = np.isfinite(scores)
    with np.errstate(all="ignore"):
        mean: np.ndarray = np.where(known, scores, 0).sum(axis=0) / known.sum(axis=0)
    return mean


@dataclass(frozen=True, eq=False)
class ChosenPenalties:
    """How the penalty of each column was chosen: what every fit says of itself.

    Shapes   penalty, score (V,); cv_scores (n penalties, V); penalties that were tried; shares (bands, V)
    """

    penalty: np.ndarray
    score: np.ndarray
    cv_scores: np.ndarray
    penalties: np.ndarray
    shares: np.ndarray
    score_name: str
    n_rows: int
    n_folds: int
    n_not_finite: int
    n_constant: int
    said: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ChosenSoFar:
    """The best choice so far of every column; the arrays are filled in place.

    Shapes   number, penalty, score, not_finite, constant (V,); cv_scores (n penalties, V)
    """

    number: np.ndarray  # which of the shares
    penalty: np.ndarray  # which of the penalties
    score: np.ndarray
    cv_scores: np.ndarray
    not_finite: np.ndarray
    constant: np.ndarray

    @classmethod
    def blank(cls, n_columns: int, n_penalties: int) -> "ChosenSoFar":
        """Nothing tried yet."""
        whole, flags = np.zeros((2, n_columns), np.int64), np.zeros((2, n_columns), bool)
        scores = np.full((n_penalties + 1, n_columns), np.nan)
        return cls(whole[0], whole[1], scores[0], scores[1:], flags[0], flags[1])

    def keep_better(self, columns: slice, number: int, scores: np.ndarray) -> None:
        """Keeps the best penalty of some columns where it beats what was tried before, by more than rounding.

        Shapes   scores (n penalties, c): the first of equal ones is taken
        """
        known = np.isfinite(scores) & ~(self.not_finite | self.constant)[columns]
        chosen = np.where(known, scores, -np.inf).argmax(axis=0)
        best = np.where(known.any(axis=0), scores[chosen, np.arange(scores.shape[1])], np.nan)
        before = self.score[columns]
        with np.errstate(invalid="ignore"):
            better = ~np.isnan(best) & (np.isnan(before) | (best > before + np.finfo(np.float64).eps))
        self.number[columns][better] = number
        self.penalty[columns][better] = chosen[better]
        self.score[columns][better] = best[better]
        self.cv_scores[:, columns][:, better] = scores[:, better]

    def facts(
        self, tried: np.ndarray, shares: np.ndarray, score_name: str, n_rows: int, n_folds: int
    ) -> dict[str, Any]:
        """The fields of `ChosenPenalties`.

        Shapes   shares (choices, bands)
        """
        return {
            "penalty": self.penalties(tried), "score": self.score, "cv_scores": self.cv_scores, "penalties": tried,
            "shares": shares[self.number].T, "score_name": score_name, "n_rows": n_rows, "n_folds": n_folds,
            "n_not_finite": int(self.not_finite.sum()), "n_constant": self.n_constant, "said": self.said(tried),
        }  # fmt: skip

    def penalties(self, tried: np.ndarray) -> np.ndarray:
        """The penalty of each column, NaN where none was chosen."""
        return np.where(np.isnan(self.score), np.nan, tried[self.penalty])

    @property
    def unscored(self) -> np.ndarray:
        """Columns that are finite, and that no penalty could be chosen for: they do not vary in held-out rows, (V,)."""
        found: np.ndarray = np.isnan(self.score) & ~self.not_finite
        return found

    @property
    def n_constant(self) -> int:
        """How many columns are `unscored`."""
        return int(self.unscored.sum())

    def said(self, tried: np.ndarray) -> tuple[str, ...]:
        """What a reader of the fit should know: columns that were dropped, and penalties at an end of those tried."""
        n, said = len(self.score), []
        if self.not_finite.any():
            n_dropped = self.not_finite.sum()
            said.append(f"{n_dropped} of {n} measured columns are NaN or infinite in some row: dropped, they stay NaN")
        if self.n_constant:
            said.append(f"{self.n_constant} of {n} measured columns do not vary where held out: their weights are 0")
        if len(tried) > 1:
            for end, name in ((tried[0], "smallest"), (tried[-1], "largest")):
                n_there = int((self.penalties(tried) == end).sum())
                if n_there:
                    said.append(f"{n_there} of {n} columns chose the {name} penalty tried, {end:.3g}")
        return tuple(said)


def column_blocks(n_columns: int, size: int) -> list[slice]:
    """Columns, `size` at a time."""
    return [slice(start, min(start + size, n_columns)) for start in range(0, n_columns, size)]


def checked_penalties(penalties: object, mean_eigenvalue: float) -> np.ndarray:
    """Ascending penalties, those of GRID times the mean eigenvalue where none are given.

    Raises   ConfigError for one that is no finite number of 0 or more
    """
    if penalties is None:
        return GRID * (mean_eigenvalue or 1.0)
    try:
        given = np.unique(np.atleast_1d(np.asarray(penalties, np.float64)))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"penalties must be numbers, got {penalties!r:.60}") from error
    if given.size == 0 or not np.isfinite(given).all() or given[0] < 0:
        raise ConfigError("penalties must be one finite number of 0 or more, or several")
    return given


def check_enough_rows(spectrum: Spectrum, n_rows: int, penalties: np.ndarray, where: str) -> None:
    """Refuses a penalty that is nothing against rounding where the rows do not determine the weights by themselves.

    Raises   ConfigError
    """
    size = len(spectrum.eigenvalues)
    if spectrum.rank < size and penalties[0] <= spectrum.floor:
        raise ConfigError(
            f"{where}: {n_rows} rows tell {spectrum.rank} of {size} weights, too few rows for a penalty of "
            f"{penalties[0]:g}; give more rows, or penalties above {spectrum.floor:.2g}"
        )


def check_usable(spectrum: Spectrum, penalties: np.ndarray, where: str, n_rows: int) -> None:
    """Refuses a penalty that is nothing against rounding: products of centred rows have an eigenvalue of 0 at least.

    Raises   ConfigError
    """
    if penalties[0] <= spectrum.floor:
        raise ConfigError(
            f"{where}: a penalty of {penalties[0]:g} is lost in the rounding of products of {n_rows} rows; "
            f"give penalties above {spectrum.floor:.2g}"
        )


def check_score(score: str) -> None:
    """Raises   ConfigError for a score that is not one of SCORES."""
    if score not in SCORES:
        raise ConfigError(f"penalties are chosen by {' or '.join(SCORES)}, not by {score!r:.40}")
