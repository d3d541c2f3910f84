"""Pearson r, mean squared error and R2 of every column, from blocks of rows: an hour costs no more memory than a block.

A block's sums are taken about the block's own means and joined by the rule for parallel variances, so that a column of
1e6 +- 1 keeps its digits, and that blocks of any size and any order give one answer to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.errors import ShapeError

TILE_COLUMNS = 1024  # columns taken at once: 256 rows of them in float64 are 2 MB, which a cache holds
DECILES = tuple(step / 10 for step in range(1, 10))


class RunningScores:
    """Scores of columns whose rows come in blocks.

    Shapes   every property over columns is (n_columns,) float64
    Units    r and r2 none; mse that of the values squared
    Numerics sums in float64 about the mean of each block, corrected for that mean's rounding; no (R, V) copy in
             float64, only tiles of a block. A row whose truth is NaN in every column is missing: left out, counted. A
             column that then has a NaN or an infinity in any row has no score: NaN, counted
    Source   Chan, Golub, LeVeque 1979 (updating formulae for sample variances)
    """

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns
        self.n = 0  # rows that both have
        self.n_missing_rows = 0
        self.prediction_mean, self.truth_mean = np.zeros(n_columns), np.zeros(n_columns)
        self._prediction_rest, self._truth_rest = np.zeros(n_columns), np.zeros(n_columns)  # what the means lack
        self.prediction_squares, self.truth_squares = np.zeros(n_columns), np.zeros(n_columns)
        self._products, self._errors = np.zeros(n_columns), np.zeros(n_columns)
        self._first_prediction, self._first_truth = np.zeros(n_columns), np.zeros(n_columns)
        self._prediction_varies, self._truth_varies = np.zeros(n_columns, bool), np.zeros(n_columns, bool)
        self._prediction_finite, self._truth_finite = np.ones(n_columns, bool), np.ones(n_columns, bool)

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Count the rows of one block.

        Shapes   prediction, truth (b, n_columns) of any real dtype
        Raises   ShapeError if they do not have one shape of `n_columns` columns
        """
        prediction, truth = np.atleast_2d(prediction), np.atleast_2d(truth)
        if prediction.shape != truth.shape or truth.shape[1] != self.n_columns:
            raise ShapeError(
                f"expected prediction and truth of (rows, {self.n_columns}), got {prediction.shape} and {truth.shape}"
            )
        missing = np.isnan(truth[:, 0]) if self.n_columns else np.zeros(len(truth), bool)
        if missing.any():
            missing[missing] = np.isnan(truth[missing]).all(axis=1)
            self.n_missing_rows += int(missing.sum())
            prediction, truth = prediction[~missing], truth[~missing]
        if len(truth) == 0:
            return
        for first in range(0, self.n_columns, TILE_COLUMNS):
            tile = slice(first, first + TILE_COLUMNS)
            self._add_tile(prediction[:, tile].astype(np.float64), truth[:, tile].astype(np.float64), tile)
        self.n += len(truth)

    def _add_tile(self, x: np.ndarray, y: np.ndarray, tile: slice) -> None:
        rows = len(y)
        if self.n == 0:
            self._first_prediction[tile], self._first_truth[tile] = x[0], y[0]
        self._prediction_varies[tile] |= (x != self._first_prediction[tile]).any(axis=0)
        self._truth_varies[tile] |= (y != self._first_truth[tile]).any(axis=0)
        self._prediction_finite[tile] &= np.isfinite(x).all(axis=0)
        self._truth_finite[tile] &= np.isfinite(y).all(axis=0)
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite gives NaN, and is counted above
            difference = x - y
            self._errors[tile] += np.square(difference, out=difference).sum(axis=0)
            x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
            x -= x_mean
            y -= y_mean
            x_rest, y_rest = x.sum(axis=0) / rows, y.sum(axis=0) / rows  # what rounding left of the means
            products = np.multiply(x, y, out=difference).sum(axis=0) - rows * x_rest * y_rest
            x_squares = np.square(x, out=x).sum(axis=0) - rows * x_rest**2
            y_squares = np.square(y, out=y).sum(axis=0) - rows * y_rest**2
            self._join(tile, rows, (x_mean, x_rest, y_mean, y_rest), (x_squares, y_squares, products))

    def _join(self, tile: slice, rows: int, means: tuple[np.ndarray, ...], sums: tuple[np.ndarray, ...]) -> None:
        """Sums about their own means of `rows` more rows, put with those of the `n` that are counted.

        A mean is kept in two parts: about 1e12, float64 has no digits below 1e-4 for it.
        """
        if self.n == 0:
            self.prediction_mean[tile], self._prediction_rest[tile] = means[0], means[1]
            self.truth_mean[tile], self._truth_rest[tile] = means[2], means[3]
        share = rows / (self.n + rows)
        x_step = (means[0] - self.prediction_mean[tile]) + (means[1] - self._prediction_rest[tile])
        y_step = (means[2] - self.truth_mean[tile]) + (means[3] - self._truth_rest[tile])
        self.prediction_squares[tile] += sums[0] + x_step**2 * (self.n * share)
        self.truth_squares[tile] += sums[1] + y_step**2 * (self.n * share)
        self._products[tile] += sums[2] + x_step * y_step * (self.n * share)
        _move(self.prediction_mean[tile], self._prediction_rest[tile], x_step * share)
        _move(self.truth_mean[tile], self._truth_rest[tile], y_step * share)

    def merge(self, other: "RunningScores") -> None:
        """Count the rows of another: of one more run, or of what another process has counted.

        Numerics as if all rows had come in one: the runs' own means are not taken away first
        Raises   ShapeError if it has other columns
        """
        if other.n_columns != self.n_columns:
            raise ShapeError(f"cannot merge scores of {other.n_columns} columns with those of {self.n_columns}")
        self.n_missing_rows += other.n_missing_rows
        if other.n == 0:
            return
        if self.n == 0:
            self._first_prediction[:], self._first_truth[:] = other._first_prediction, other._first_truth
        self._prediction_varies |= other._prediction_varies | (self._first_prediction != other._first_prediction)
        self._truth_varies |= other._truth_varies | (self._first_truth != other._first_truth)
        self._prediction_finite &= other._prediction_finite
        self._truth_finite &= other._truth_finite
        with np.errstate(invalid="ignore", over="ignore"):
            self._errors += other._errors
            sums = (other.prediction_squares, other.truth_squares, other._products)
            means = (other.prediction_mean, other._prediction_rest, other.truth_mean, other._truth_rest)
            self._join(slice(None), other.n, means, sums)
        self.n += other.n

    @property
    def r(self) -> np.ndarray:
        """Pearson r over all rows; NaN where truth or prediction is constant or not finite, and for under 2 rows."""
        has_score = self.is_scored & self._prediction_varies & (self.prediction_squares > 0)
        r = np.full(self.n_columns, np.nan)
        scale = np.sqrt(self.prediction_squares[has_score]) * np.sqrt(self.truth_squares[has_score])
        r[has_score] = np.clip(self._products[has_score] / scale, -1, 1)
        return r

    @property
    def mse(self) -> np.ndarray:
        """Mean of (prediction - truth)^2; NaN where either is not finite. A constant truth has one."""
        known = self._prediction_finite & self._truth_finite & (self.n > 0)
        return np.where(known, self._errors / max(self.n, 1), np.nan)

    @property
    def r2(self) -> np.ndarray:
        """1 - sum (truth - prediction)^2 / sum (truth - mean of truth)^2; NaN where the truth is constant.

        It is no square of r: a prediction of another scale or mean is punished, below 0 where the mean does better.
        """
        r2 = np.full(self.n_columns, np.nan)
        r2[self.is_scored] = 1 - self._errors[self.is_scored] / self.truth_squares[self.is_scored]
        return r2

    @property
    def is_scored(self) -> np.ndarray:
        """Columns that are finite in every row and whose truth varies."""
        return self._prediction_finite & self._truth_finite & self._truth_varies & (self.truth_squares > 0)

    @property
    def is_constant_truth(self) -> np.ndarray:
        """Columns whose truth is one number in every row, to the bit (a medial wall of zeros)."""
        return self._truth_finite & ~self._truth_varies & (self.n > 0)

    @property
    def is_constant_prediction(self) -> np.ndarray:
        """Columns whose prediction is one number in every row, to the bit."""
        return self._prediction_finite & ~self._prediction_varies & (self.n > 0)

    @property
    def counts(self) -> dict[str, int]:
        """Rows, and the columns that have no score with why; a column may be in several of them."""
        return {
            "rows": self.n,
            "rows_without_truth": self.n_missing_rows,
            "columns": self.n_columns,
            "columns_with_r": int(np.isfinite(self.r).sum()),
            "constant_truth": int(self.is_constant_truth.sum()),
            "constant_prediction": int(self.is_constant_prediction.sum()),
            "truth_not_finite": int((~self._truth_finite).sum()),
            "prediction_not_finite": int((~self._prediction_finite).sum()),
        }


def _move(mean: np.ndarray, rest: np.ndarray, step: np.ndarray) -> None:
    """A mean in two parts moved by a step, in place: (mean + rest) + step, with rest below mean's last digit."""
    small = rest + step
    moved = mean + small
    before = moved - small  # two-sum: what rounding took from either
    rest[:] = (mean - before) + (small - (moved - before))
    mean[:] = moved


@dataclass(frozen=True, eq=False)
class MapSummary:
    """A map of one score in few numbers, over its finite vertices only.

    Shapes   quantiles: probability -> value
    """

    n: int
    n_nan: int
    mean: float
    median: float
    standard_deviation: float
    share_above_zero: float
    quantiles: dict[float, float]


def summarise_map(values: np.ndarray, probabilities: Sequence[float] = DECILES) -> MapSummary:
    """Mean, median and quantiles of the finite values of a map; NaN throughout where there are none.

    Shapes   values (V,)
    Numerics quantiles interpolate linearly between order statistics; the deviation divides by n
    Source   numpy.quantile, method "linear"
    """
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    n_nan = int(np.size(values) - known.size)
    if known.size == 0:
        nan = float("nan")
        return MapSummary(0, n_nan, nan, nan, nan, nan, dict.fromkeys(probabilities, nan))
    levels = [float(level) for level in np.quantile(known, list(probabilities))]
    return MapSummary(
        int(known.size), n_nan, float(known.mean()), float(np.median(known)), float(known.std()),
        float((known > 0).mean()), dict(zip(probabilities, levels, strict=True)),
    )  # fmt: skip
