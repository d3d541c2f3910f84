"""Derivatives by lag: what each modality does to each region, so many seconds after it was shown.

The lag is the time from what is shown to the BOLD signal that a row estimates: row r of a window estimates the signal
at r * tr + offset, and step t is what is shown at t / frequency. Nothing is shifted. A negative lag is of what is
shown only after the signal: an encoder that looks both ways has those too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NUMBERS = ("slope", "scaled", "drive")
Numbers = Mapping[str, Mapping[str, np.ndarray]]  # of one row: number, modality, (T,)


@dataclass(frozen=True)
class LagGrid:
    """The lags that occur between the rows and the steps of a window, every 1 / frequency.

    Numerics where tr or the offset is no multiple of that, a lag counts for the nearest one on the grid, half way for
             the larger: the steps of a row have a place each
    """

    n_rows: int
    n_steps: int
    tr: float = 1.0
    frequency: float = 2.0
    offset: float = 5.0

    def of_row(self, row: int) -> np.ndarray:
        """Seconds from each step to the signal that a row estimates, (T,), not rounded."""
        return row * self.tr + self.offset - np.arange(self.n_steps) / self.frequency

    @property
    def first(self) -> int:
        """The least lag, in units of the grid."""
        return int(self._nearest(0)[-1])

    @property
    def lags(self) -> np.ndarray:
        """Ascending, in seconds, (L,)."""
        return np.arange(self.first, self._nearest(self.n_rows - 1)[0] + 1) / self.frequency

    def places(self, row: int) -> np.ndarray:
        """The place of each step's lag among `lags`, (T,)."""
        return self._nearest(row) - self.first

    def _nearest(self, row: int) -> np.ndarray:
        """Each step's lag in units of the grid, (T,)."""
        return np.floor(self.of_row(row) * self.frequency + (0.5 + 1e-9)).astype(int)


@dataclass(frozen=True, eq=False)
class LagCurves:
    """Means over rows and windows at each lag.

    Shapes   lags (L,) seconds; counts (L,) rows with a step at that lag; slope, scaled and drive
             {modality: (n, L)}, n regions; NaN at lags that no row has
    Numerics slope and scaled are roots of mean squares, drive is a mean
    """

    lags: np.ndarray
    counts: np.ndarray
    slope: Mapping[str, np.ndarray]
    scaled: Mapping[str, np.ndarray]
    drive: Mapping[str, np.ndarray]

    @property
    def modalities(self) -> tuple[str, ...]:
        """In the order in which they were given."""
        return tuple(self.scaled)

    def shares(self) -> dict[str, np.ndarray]:
        """Each modality's share of the sum of the squares of `scaled`, (n,); they sum to one, NaN where all are 0."""
        squares = {m: np.nansum(self.counts * np.square(x), axis=1) for m, x in self.scaled.items()}
        total = np.sum(list(squares.values()), axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {modality: square / total for modality, square in squares.items()}

    def best_lags(self) -> dict[str, np.ndarray]:
        """The lag at which `scaled` is largest, (n,) seconds; NaN for a modality that does nothing.

        Of the lags that at least half as many rows have as the commonest: one row at the edge decides nothing.
        """
        common = 2 * self.counts >= self.counts.max()
        found = {}
        for modality, x in self.scaled.items():
            inner = np.where(common & np.isfinite(x), x, -1.0)
            best = self.lags[np.argmax(inner, axis=1)]
            found[modality] = np.where(inner.max(axis=1) > 0, best, np.nan)
        return found

    def peaks(self) -> dict[str, np.ndarray]:
        """`scaled` at the best lag, (n,); 0 for a modality that does nothing."""
        common = 2 * self.counts >= self.counts.max()
        return {m: np.where(common & np.isfinite(x), x, 0.0).max(axis=1) for m, x in self.scaled.items()}

    def strongest(self) -> np.ndarray:
        """The place in `modalities` of the largest share, (n,); -1 where none does anything."""
        shares = np.stack(list(self.shares().values()), axis=1)
        return np.where(np.isfinite(shares).all(axis=1), np.argmax(np.nan_to_num(shares), axis=1), -1)

    def lag_of_strongest(self) -> np.ndarray:
        """The best lag of the modality with the largest share, (n,); NaN where none does anything."""
        strongest = self.strongest()
        lags = np.stack(list(self.best_lags().values()), axis=1)
        return np.where(strongest < 0, np.nan, lags[np.arange(len(lags)), strongest])


class LagSums:
    """Adds up rows to `LagCurves`; memory does not grow with their number."""

    def __init__(self, grid: LagGrid, modalities: Sequence[str], n_regions: int) -> None:
        self.grid = grid
        size = (n_regions, len(grid.lags))
        self._counts = np.zeros(size, np.int64)
        self._sums = {number: {m: np.zeros(size) for m in modalities} for number in NUMBERS}

    def add(self, region: int, row: int, numbers: Numbers, steps: np.ndarray | None = None) -> None:
        """The numbers of one row of a window; of the steps (T,) bool alone that count, by default all."""
        places = self.grid.places(row)
        chosen = np.arange(len(places)) if steps is None else np.flatnonzero(steps)
        np.add.at(self._counts[region], places[chosen], 1)
        for number, by_modality in numbers.items():
            for modality, values in by_modality.items():
                added = values[chosen] if number == "drive" else np.square(values[chosen])
                np.add.at(self._sums[number][modality][region], places[chosen], added)

    def curves(self) -> LagCurves:
        """The means so far; every region has had the same rows."""
        counts = self._counts[0]
        means = {}
        with np.errstate(invalid="ignore", divide="ignore"):
            for number, by_modality in self._sums.items():
                found = {m: sums / counts for m, sums in by_modality.items()}
                means[number] = found if number == "drive" else {m: np.sqrt(x) for m, x in found.items()}
        return LagCurves(self.grid.lags, counts, **means)
