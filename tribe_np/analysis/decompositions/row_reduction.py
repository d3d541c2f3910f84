"""The leading principal components of rows of maps, streamed over vertices: an hour never lies in memory as float64.

Spatial ICA takes vertices as samples and rows (moments of a prediction, units of a model's last layer) as what is
mixed. Its first step, whitening, needs the eigenvectors of the covariance between rows alone, (R, R), which is a sum
over vertices and grows block by block.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import LinearOperator, eigsh

from tribe_np.errors import ConfigError, ShapeError

BLOCK_VALUES = 4_000_000  # float64 numbers of a block: 32 MB
MOST_ROWS = 6000  # whose covariance is held, 288 MB; of more, the eigenvectors are found by Lanczos without it
NOISE = 10.0  # in units of R eps: an eigenvalue below so much of the largest is rounding


@dataclass(frozen=True, eq=False)
class RowTransform:
    """What is done to the values before anything else, and which columns take part.

    Shapes   used (n,) bool: columns that are finite in every row, vary between rows, and lie within what was asked for
    """

    values: np.ndarray  # (R, n), may be a file
    used: np.ndarray
    removes_mean: bool  # each vertex's mean over rows
    standardizes: bool  # each vertex to a standard deviation of 1 over rows
    n_not_finite: int = 0
    n_constant: int = 0

    @property
    def n_used(self) -> int:
        """Columns that take part: the samples."""
        return int(self.used.sum())

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Places among the used columns, and their values (R, b) in float64, transformed."""
        columns = np.flatnonzero(self.used)
        width = max(1, BLOCK_VALUES // len(self.values))
        for first in range(0, len(columns), width):
            mine = columns[first : first + width]
            block = _columns(self.values, mine)
            if self.removes_mean:
                block -= block.mean(axis=0)
            if self.standardizes:
                block /= block.std(axis=0)
            yield slice(first, first + len(mine)), block


@dataclass(frozen=True, eq=False)
class ReducedRows:
    """The leading components of rows that are centred over vertices.

    Shapes   whitened (k, n_used), of mean 0 and covariance 1 over vertices; vectors (R, k); variances (k,), descending
    Units    variances and total: summed over rows, mean over vertices, of the transformed values
    """

    whitened: np.ndarray
    vectors: np.ndarray
    variances: np.ndarray
    total: float


def row_transform(
    values: np.ndarray, *, removes_mean: bool, standardizes: bool = False, within: np.ndarray | None = None
) -> RowTransform:
    """Which columns can take part.

    Shapes   values (R, n), within (n,) bool
    Raises   ShapeError where fewer than two rows or columns are left
    """
    if len(values) < 2:
        raise ShapeError(f"networks need at least two rows, got {len(values)}")
    n = values.shape[1]
    finite, varies = np.zeros(n, bool), np.zeros(n, bool)
    width = max(1, BLOCK_VALUES // len(values))
    for first in range(0, n, width):
        block = values[:, first : first + width]
        finite[first : first + width] = np.isfinite(block).all(axis=0)
        varies[first : first + width] = (block != block[:1]).any(axis=0)
    inside = np.ones(n, bool) if within is None else within
    used = inside & finite & varies
    if used.sum() < 2:
        raise ShapeError(
            f"networks need vertices whose values are finite and vary over rows; of {int(inside.sum())} "
            f"{int((inside & ~finite).sum())} are not finite and {int((inside & finite & ~varies).sum())} do not vary"
        )
    return RowTransform(
        values, used, removes_mean, standardizes, int((inside & ~finite).sum()), int((inside & finite & ~varies).sum())
    )


def reduce_rows(rows: RowTransform, n_components: int) -> ReducedRows:
    """The components of largest variance, each with the sign that gives its first row a positive weight.

    Numerics float64 sums over float32 values; each row is centred over vertices before its products are summed.
             The sign is scikit-learn's, so that one start leads to one result
    Raises   ConfigError for more components than the rows have dimensions
    Source   scikit-learn 1.9.1 FastICA (whitening)
    """
    means = _row_means(rows)
    if len(rows.values) <= MOST_ROWS:
        variances, vectors, total = _by_covariance(rows, means, n_components)
    else:
        variances, vectors, total = _by_lanczos(rows, means, n_components)
    rank = int((variances > variances[0] * len(rows.values) * NOISE * np.finfo(float).eps).sum())
    if rank < n_components:
        raise ConfigError(
            f"--components {n_components}: the rows have only {rank} dimensions in which they differ; ask for at most "
            f"{rank}"
        )
    vectors = vectors * np.where(vectors[0] < 0, -1.0, 1.0)
    whitened = np.empty((n_components, rows.n_used))
    scaled = (vectors / np.sqrt(variances)).T
    for places, block in rows.blocks():
        block -= means[:, None]
        whitened[:, places] = scaled @ block
    return ReducedRows(whitened, vectors, variances, total)


def _columns(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Some columns in float64, (R, b); those that lie side by side are not gathered first."""
    first, last = int(columns[0]), int(columns[-1]) + 1
    if last - first == len(columns):
        return np.array(values[:, first:last], np.float64)
    return np.array(values[:, columns], np.float64)


def _row_means(rows: RowTransform) -> np.ndarray:
    total = np.zeros(len(rows.values))
    for _, block in rows.blocks():
        total += block.sum(axis=1)
    return total / rows.n_used


def _by_covariance(rows: RowTransform, means: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Variances descending, vectors, and the sum of all variances."""
    R = len(rows.values)
    covariance = np.zeros((R, R))
    for _, block in rows.blocks():
        block -= means[:, None]
        covariance += block @ block.T
    covariance /= rows.n_used
    total = float(np.trace(covariance))
    k = min(k, R)
    variances, vectors = eigh(covariance, subset_by_index=(R - k, R - 1), overwrite_a=True, check_finite=False)
    return _padded(variances[::-1], vectors[:, ::-1], total)


def _by_lanczos(rows: RowTransform, means: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The same without the covariance: its products with vectors are summed over blocks, to machine precision."""

    def product(vector: np.ndarray) -> np.ndarray:
        found = np.zeros(len(means))
        for _, block in rows.blocks():
            block -= means[:, None]
            found += block @ (vector.ravel() @ block)
        return found / rows.n_used

    total = 0.0
    for _, block in rows.blocks():
        block -= means[:, None]
        total += float((block * block).sum())
    size = len(means)
    start = np.random.default_rng(0).standard_normal(size)
    variances, vectors = eigsh(LinearOperator((size, size), matvec=product, dtype=np.float64), k=k, v0=start)
    order = np.argsort(variances)[::-1]
    return _padded(variances[order], vectors[:, order], total / rows.n_used)


def _padded(variances: np.ndarray, vectors: np.ndarray, total: float) -> tuple[np.ndarray, np.ndarray, float]:
    if not total > 0:
        raise ShapeError("networks need rows that differ over vertices; all are flat")
    return variances, vectors, total
