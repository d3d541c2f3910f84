"""Series of hours and thousands of vertices, read some columns at a time.

A series is what one person, one repeat or one prediction has: an array (R, V), or a list of them, its runs. The arrays
may be memory maps, or datasets of HDF5: they are only sliced. What is read is float64, whatever the files hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError

Runs = Any  # (R, V), or a list or tuple of such arrays: runs end to end
AT_ONCE = 1_000_000  # values of float64 in one array: 8 MB
FEWEST_RUN_ROWS = 3  # two rows always lie on a line, whatever they are
FLAT_SHARE = 1e-12  # of the largest value: less spread than this is rounding


@dataclass(frozen=True, eq=False)
class RunColumns:
    """One series: its runs, and some columns of it at a time.

    Shapes   runs: arrays (R_i, V), V alike
    """

    runs: tuple[Any, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Rows of each run."""
        return tuple(run.shape[0] for run in self.runs)

    @property
    def n_rows(self) -> int:
        """Rows of all runs."""
        return sum(self.lengths)

    @property
    def n_columns(self) -> int:
        """Vertices."""
        return int(self.runs[0].shape[1])

    def centred(self, columns: slice) -> np.ndarray:
        """Those columns (R, b) without the mean of each run, of length 1 in all.

        Numerics NaN where a value is not finite, or no run varies
        """
        values = np.concatenate([_centred(run, columns)[0] for run in self.runs])
        length = np.sqrt(np.einsum("rb,rb->b", values, values))
        values /= np.where(length > 0, length, np.nan)
        return values

    def z_scored(self, columns: slice) -> np.ndarray:
        """Those columns (R, b), each run with mean 0 and variance 1 (of the run, not its estimate: ddof 0).

        Numerics NaN where a value is not finite, or some run does not vary
        """
        scored = [_centred(run, columns) for run in self.runs]
        lowest = np.min([spread for _, spread in scored], axis=0)  # NaN where any is
        return np.concatenate([values / np.where(lowest > 0, spread, np.nan) for values, spread in scored])


def run_columns(given: Runs, name: str) -> RunColumns:
    """A series, checked; `name` is what errors call it.

    Raises   ShapeError
    """
    runs = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not runs:
        raise ShapeError(f"{name}: expected rows x vertices, got no run")
    for run in runs:
        shape, kind = getattr(run, "shape", ()), getattr(getattr(run, "dtype", None), "kind", "")
        if len(shape) != 2 or kind not in "fiu" or not kind or not shape[1]:
            raise ShapeError(f"{name}: expected numbers (rows, vertices), got {getattr(run, 'dtype', '')} {shape}")
        if shape[0] < FEWEST_RUN_ROWS:
            raise ShapeError(f"{name}: expected runs of at least {FEWEST_RUN_ROWS} rows, got one of {shape[0]}")
        if shape[1] != runs[0].shape[1]:
            raise ShapeError(f"{name}: expected {runs[0].shape[1]} vertices in every run, got {shape[1]}")
    return RunColumns(runs)


def alike(many: Sequence[Runs], names: Sequence[str]) -> list[RunColumns]:
    """Several series with the same rows and vertices, checked.

    Raises   ShapeError
    """
    found = [run_columns(given, name) for given, name in zip(many, names, strict=True)]
    for series, name in zip(found[1:], names[1:], strict=True):
        if (series.lengths, series.n_columns) != (found[0].lengths, found[0].n_columns):
            raise ShapeError(
                f"{name} has {_size(series)}, {names[0]} has {_size(found[0])}; they must have the same rows"
                f"{' of the same runs' if len(series.lengths) + len(found[0].lengths) > 2 else ''} and vertices"
            )
    return found


def column_steps(n_columns: int, values_per_column: int) -> Iterator[slice]:
    """All columns, so many at a time that an array of them holds about `AT_ONCE` values."""
    step = max(1, AT_ONCE // max(1, values_per_column))
    for first in range(0, n_columns, step):
        yield slice(first, min(first + step, n_columns))


def _size(series: RunColumns) -> str:
    rows = " + ".join(f"{length:,}" for length in series.lengths)
    return f"{rows} rows x {series.n_columns:,} vertices"


def _centred(run: Any, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """Columns of one run without their mean, and their standard deviation: 0 where that is but rounding."""
    read = run[:, columns]
    values = np.array(np.ma.filled(read.astype(np.float64), np.nan) if np.ma.isMaskedArray(read) else read, np.float64)
    with np.errstate(invalid="ignore"):  # infinite values: NaN
        largest = np.abs(values).max(axis=0)
        values -= values.mean(axis=0)
        spread = np.sqrt(np.einsum("rb,rb->b", values, values) / len(values))
    is_flat = spread <= FLAT_SHARE * largest
    values[:, is_flat] = 0.0
    return values, np.where(is_flat, 0.0, spread)
