"""Rows of several runs that answer the same rows of a prediction, as arrays of which only some columns are read.

Ceilings and nulls take every row of some vertices at a time; nothing is copied before they ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.run_columns import RunColumns
from tribe_np.analysis.evaluation.truth_rows import AlignedRows, as_floats, between


@dataclass(frozen=True, eq=False)
class PlacedRows:
    """Some rows of an array (R, V), at places that may lie between two of them, as an array (rows, n).

    Shapes   places (rows,); vertices (n,) columns of `values`, None for all
    """

    values: Any
    places: np.ndarray
    vertices: np.ndarray | None = None
    dtype = np.dtype(np.float64)  # at most

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        n_columns = self.values.shape[1] if self.vertices is None else len(self.vertices)
        return len(self.places), int(n_columns)

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        """Every row of some columns, as `RunColumns` reads them."""
        rows, columns = key
        assert rows == slice(None)
        chosen = columns if self.vertices is None else self.vertices[columns]
        before = np.floor(self.places).astype(np.int64)
        after = np.ceil(self.places).astype(np.int64)
        first, last = int(before.min()), int(after.max())
        block = as_floats(self.values[first : last + 1, chosen])
        share = (self.places - before)[:, None]
        if not share.any():
            found: np.ndarray = block if len(block) == len(before) and first == before[0] else block[before - first]
            return found
        return between(block[before - first], block[after - first], share)


@dataclass(frozen=True, eq=False)
class MeanOfSeries:
    """The mean over several arrays (rows, n), each z-scored at every column; NaN where one of them does not vary."""

    parts: tuple[Any, ...]
    dtype = np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.parts[0].shape
        return rows, columns

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        """Every row of some columns."""
        rows, columns = key
        assert rows == slice(None)
        total = np.zeros(1)
        for part in self.parts:
            total = total + RunColumns((part,)).z_scored(columns)
        return np.asarray(total / len(self.parts))


def shared_rows(runs: Sequence[AlignedRows]) -> tuple[PlacedRows, list[PlacedRows]]:
    """Of runs of one timeline: the prediction's rows that all have, and those rows of each run."""
    common = reduce(np.intersect1d, [run.kept for run in runs])
    prediction = runs[0].prediction
    found = [
        PlacedRows(run.truth.values, run.places[np.searchsorted(run.kept, common)], prediction.vertices)
        for run in runs
    ]  # fmt: skip
    return PlacedRows(prediction.values, common.astype(float)), found
