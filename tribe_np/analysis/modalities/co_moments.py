"""How several series go along with one, column by column, from blocks of rows: flat in memory however many rows."""

from collections.abc import Sequence

import numpy as np


class CoMoments:
    """Means, variances and covariances of k series with a reference, over all rows that were added.

    Numerics float64 sums of squares around each block's own mean, put together by Chan's formula: no sum of large
             squares is ever taken from another. A column of one single value is constant, whatever rounding says
    """

    def __init__(self, n_series: int, n_columns: int) -> None:
        self.n = 0
        self.mean = np.zeros((n_series + 1, n_columns))  # the reference last
        self._squares = np.zeros((n_series + 1, n_columns))
        self._products = np.zeros((n_series, n_columns))
        self._low = np.full((n_series + 1, n_columns), np.inf)
        self._high = np.full((n_series + 1, n_columns), -np.inf)

    def add(self, series: Sequence[np.ndarray], reference: np.ndarray) -> None:
        """Shapes   series k times (b, V), reference (b, V): the next rows."""
        n_new = len(reference)
        if not n_new:
            return
        total = self.n + n_new
        centred_reference, away = self._centred(reference, -1, n_new, total)
        for k, rows in enumerate(series):
            centred, apart = self._centred(rows, k, n_new, total)
            self._products[k] += (centred * centred_reference).sum(axis=0) + apart * away * (self.n * n_new / total)
        self.n = total

    def _centred(self, rows: np.ndarray, k: int, n_new: int, total: int) -> tuple[np.ndarray, np.ndarray]:
        """A block around its mean, and how far that is from the mean so far; both are taken in."""
        rows = np.asarray(rows, np.float64)
        block_mean = rows.mean(axis=0)
        centred = rows - block_mean
        apart = block_mean - self.mean[k]
        self.mean[k] += apart * (n_new / total)
        self._squares[k] += (centred**2).sum(axis=0) + apart**2 * (self.n * n_new / total)
        self._low[k] = np.minimum(self._low[k], rows.min(axis=0))
        self._high[k] = np.maximum(self._high[k], rows.max(axis=0))
        return centred, apart

    @property
    def is_constant(self) -> np.ndarray:
        """Whether a series never changes, (k, V) bool."""
        constant: np.ndarray = self._low[:-1] == self._high[:-1]
        return constant

    @property
    def is_reference_constant(self) -> np.ndarray:
        """The same of the reference, (V,) bool."""
        constant: np.ndarray = self._low[-1] == self._high[-1]
        return constant

    @property
    def covariance(self) -> np.ndarray:
        """With the reference, (k, V), over n."""
        return self._products / max(self.n, 1)

    @property
    def variance(self) -> np.ndarray:
        """Of each series, (k, V), over n; exactly 0 where it is constant."""
        return np.where(self.is_constant, 0.0, self._squares[:-1] / max(self.n, 1))

    @property
    def reference_variance(self) -> np.ndarray:
        """Of the reference, (V,), over n."""
        return np.where(self.is_reference_constant, 0.0, self._squares[-1] / max(self.n, 1))

    @property
    def r(self) -> np.ndarray:
        """Pearson's r with the reference, (k, V) in -1..1; NaN where either is constant."""
        scale = np.sqrt(self.variance * self.reference_variance)
        with np.errstate(invalid="ignore", divide="ignore"):
            r = np.where(scale > 0, np.clip(self.covariance / scale, -1, 1), np.nan)
        return r
