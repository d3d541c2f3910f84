"""What a linear fit needs to know of its rows: sums of products, added up block by block, whatever the number of rows.

Sums are of rows less a `shift` (the first row), in float64: a scan whose values are 10,000 and vary by 100 loses
nothing, and sums of different rows with one shift can be added and taken from each other. Columns of measured values
are independent, so that a few thousand are summed at a time.

| sums of rows x (P) and y (c)   | shape  |                          |
|--------------------------------|--------|--------------------------|
| gram: sum of x x^T             | (P, P) | once for all columns     |
| cross: sum of x y^T            | (P, c) | for each block of columns|
| totals and squares             | (P,), (c,) |                      |
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.analysis.fitting.contiguous_folds import RowBlock
from tribe_np.errors import NotFiniteError, ShapeError
from tribe_np.shown import quoted

ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class FitRun:
    """Rows of one run that stand beside each other already: row r of both is of one moment; nothing is shifted here.

    Shapes   predictors (R, P), measured (R, V): either may be a memmap, for no more than a block is read at a time
    """

    name: str
    predictors: np.ndarray
    measured: np.ndarray

    @property
    def n_rows(self) -> int:
        """Rows of the run."""
        return len(self.predictors)


def check_runs(runs: Sequence[FitRun]) -> None:
    """Refuses runs that do not fit together.

    Raises   ShapeError, naming the run
    """
    if not runs:
        raise ShapeError("a fit needs a run of rows at least, got none")
    for run in runs:
        where = f"run {quoted(run.name)}"
        if run.predictors.ndim != 2 or run.measured.ndim != 2 or 0 in (*run.predictors.shape, *run.measured.shape):
            raise ShapeError(
                f"{where}: expected predictors (R, P) and measured (R, V), got {run.predictors.shape} and "
                f"{run.measured.shape}"
            )
        if len(run.predictors) != len(run.measured):
            raise ShapeError(
                f"{where}: {len(run.predictors)} rows of predictors, but {len(run.measured)} measured; align them first"
            )
        for mine, first, what in (
            (run.predictors, runs[0].predictors, "predictors"), (run.measured, runs[0].measured, "measured columns"),
        ):  # fmt: skip
            if mine.shape[1] != first.shape[1]:
                raise ShapeError(
                    f"{where}: {mine.shape[1]} {what}, but run {quoted(runs[0].name)} has {first.shape[1]}"
                )


def whole_runs(lengths: Sequence[int]) -> tuple[RowBlock, ...]:
    """All rows of runs of these lengths."""
    return tuple(RowBlock(i, 0, n) for i, n in enumerate(lengths))


@dataclass(frozen=True, eq=False)
class PredictorSums:
    """Sums over n rows of the predictors less a shift.

    Shapes   total (P,), gram (P, P)
    """

    n: int
    total: np.ndarray
    gram: np.ndarray

    def plus(self, other: "PredictorSums") -> "PredictorSums":
        """Of the rows of both; both have one shift."""
        return PredictorSums(self.n + other.n, self.total + other.total, self.gram + other.gram)

    def minus(self, other: "PredictorSums") -> "PredictorSums":
        """Without rows that are among these."""
        return PredictorSums(self.n - other.n, self.total - other.total, self.gram - other.gram)

    @property
    def mean(self) -> np.ndarray:
        """Of the shifted rows, (P,)."""
        return self.total / self.n

    def centred(self) -> np.ndarray:
        """Sum of products about the mean, (P, P)."""
        return self.gram - np.outer(self.total, self.mean)


@dataclass(frozen=True, eq=False)
class MeasuredSums:
    """Sums over n rows of c measured columns less a shift, and of their products with the predictors.

    Shapes   total, square (c,), cross (P, c)
    """

    n: int
    total: np.ndarray
    square: np.ndarray
    cross: np.ndarray

    def plus(self, other: "MeasuredSums") -> "MeasuredSums":
        """Of the rows of both; both have one shift."""
        return MeasuredSums(
            self.n + other.n, self.total + other.total, self.square + other.square, self.cross + other.cross
        )

    def minus(self, other: "MeasuredSums") -> "MeasuredSums":
        """Without rows that are among these."""
        return MeasuredSums(
            self.n - other.n, self.total - other.total, self.square - other.square, self.cross - other.cross
        )

    @property
    def mean(self) -> np.ndarray:
        """Of the shifted rows, (c,)."""
        return self.total / self.n

    def centred_square(self) -> np.ndarray:
        """Sum of squares about the mean, (c,), never below 0."""
        found: np.ndarray = np.maximum(self.square - self.total * self.mean, 0)
        return found

    def centred_cross(self, predictors: PredictorSums) -> np.ndarray:
        """Sum of products about both means, (P, c)."""
        return self.cross - np.outer(predictors.total, self.mean)


@dataclass(frozen=True, eq=False)
class RowSums:
    """Adds up rows of runs; what it holds does not grow with them.

    Shapes   shift (P,), the predictors' first row
    """

    runs: Sequence[FitRun]
    shift: np.ndarray

    @classmethod
    def of(cls, runs: Sequence[FitRun]) -> "RowSums":
        """Raises   ShapeError for runs that do not fit together."""
        check_runs(runs)
        return cls(runs, np.asarray(runs[0].predictors[0], np.float64))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rows of each run."""
        return tuple(run.n_rows for run in self.runs)

    def predictors(self, blocks: Sequence[RowBlock]) -> PredictorSums:
        """Sums over the rows of these blocks.

        Raises   NotFiniteError naming the run and row of a NaN or infinity
        """
        size = len(self.shift)
        total, gram, n = np.zeros(size), np.zeros((size, size)), 0
        for run, rows in parts(blocks):
            x = self.predictor_rows(run, rows)
            total += x.sum(axis=0)
            gram += x.T @ x
            n += len(x)
        return PredictorSums(n, total, gram)

    def predictor_rows(self, run: int, rows: slice) -> np.ndarray:
        """Predictors of some rows less the shift, (b, P) float64.

        Raises   NotFiniteError
        """
        x: np.ndarray = self.runs[run].predictors[rows].astype(np.float64) - self.shift
        if not np.isfinite(x).all():
            row = rows.start + int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
            raise NotFiniteError(
                f"run {quoted(self.runs[run].name)}, row {row}: a predictor is NaN or infinite; leave the row out"
            )
        return x

    def measured(
        self, blocks: Sequence[RowBlock], columns: slice, shift: np.ndarray, not_finite: np.ndarray
    ) -> MeasuredSums:
        """Sums over the rows of these blocks and some columns.

        Shapes   shift (c,); not_finite (c,) is set where a value is NaN or infinite, which counts as the shift then
        """
        c = len(shift)
        total, square, cross, n = np.zeros(c), np.zeros(c), np.zeros((len(self.shift), c)), 0
        for run, rows in parts(blocks):
            y = self.runs[run].measured[rows, columns].astype(np.float64)
            finite = np.isfinite(y)
            not_finite |= ~finite.all(axis=0)
            y = np.where(finite, y - shift, 0) if not finite.all() else y - shift
            total += y.sum(axis=0)
            square += np.einsum("rc,rc->c", y, y)
            cross += self.predictor_rows(run, rows).T @ y
            n += len(y)
        return MeasuredSums(n, total, square, cross)

    def first_measured(self, columns: slice) -> np.ndarray:
        """The first row of some columns, (c,), 0 where it is NaN or infinite: the shift of their sums."""
        first = self.runs[0].measured[0, columns].astype(np.float64)
        return np.where(np.isfinite(first), first, 0)


def parts(blocks: Sequence[RowBlock]) -> Iterator[tuple[int, slice]]:
    """Every run's number and some of its rows, a few hundred at a time."""
    for block in blocks:
        for start in range(block.start, block.stop, ROWS_AT_ONCE):
            yield block.run, slice(start, min(start + ROWS_AT_ONCE, block.stop))
