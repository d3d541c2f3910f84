"""Which rows of a prediction are shown at a moment: the rows around it, and how much of each.

A row's value stands at its start. Between two rows it is interpolated linearly. Where rows are missing nothing is
predicted, and nothing is shown: before the first, more than one TR after the last, and likewise within a gap.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError, ShapeError
from tribe_np.shown import did_you_mean, quoted

ALIGNMENTS = ("stimulus", "bold")
LONGEST_STEP = 1.5  # TRs between two rows that still follow each other; more is a gap
AT_A_ROW = 1e-5  # seconds by which a moment may miss a row: a prediction's first row starts 1e-6 s early


@dataclass(frozen=True, eq=False)
class RowClock:
    """The times of rows, and whose clock tells them.

    Shapes   starts (R,) ascending; rows (R,) the number of each in its series, None where that is 0 ... R - 1
    Units    seconds. `align` "stimulus" shows at time t the rows that describe the stimulus at t; "bold" those whose
             BOLD comes at t, which describe the stimulus `hemodynamic_offset` earlier
    Raises   ConfigError for another alignment or a TR that is not above 0; ShapeError for starts that are no rising row
    """

    starts: np.ndarray
    tr: float = 1.0
    hemodynamic_offset: float = 0.0
    align: str = "stimulus"
    rows: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.align not in ALIGNMENTS:
            near = did_you_mean(self.align, ALIGNMENTS)
            raise ConfigError(f"align must be one of {', '.join(ALIGNMENTS)}, got {quoted(self.align)}{near}")
        if not (np.isfinite(self.tr) and self.tr > 0):
            raise ConfigError(f"the TR must be above 0 s, got {self.tr}")
        starts = np.asarray(self.starts, float)
        if starts.ndim != 1 or not np.isfinite(starts).all() or (np.diff(starts) < 0).any():
            raise ShapeError(f"starts of rows must be one rising row of seconds, got shape {starts.shape}")
        if self.rows is not None and len(self.rows) != len(starts):
            raise ShapeError(f"{len(starts)} starts of {len(self.rows)} rows")

    @property
    def delay(self) -> float:
        """Seconds from a moment of the stimulus to the moment of the clock that shows it."""
        return self.hemodynamic_offset if self.align == "bold" else 0.0

    @property
    def n_rows(self) -> int:
        """Rows of the clock."""
        return len(self.starts)

    @property
    def first(self) -> float:
        """The first moment of the clock with a row; NaN without rows."""
        return float(self.starts[0]) + self.delay if self.n_rows else np.nan

    @property
    def stop(self) -> float:
        """The last moment of the clock with a row; NaN without rows."""
        return float(self.starts[-1]) + self.tr + self.delay if self.n_rows else np.nan

    @cached_property
    def _numbers(self) -> list[int]:
        return list(range(self.n_rows)) if self.rows is None else [int(row) for row in self.rows]

    @cached_property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """Moments of the clock (from, to) between rows where nothing is predicted."""
        steps = np.diff(self.starts)
        missing = np.flatnonzero(steps > LONGEST_STEP * self.tr)
        begin, end = self.starts[missing] + self.tr + self.delay, self.starts[missing + 1] + self.delay
        return tuple(zip(begin.tolist(), end.tolist(), strict=True))

    def rows_at(self, t: float) -> tuple[int, int, float] | None:
        """The row at a moment of the clock, the next one and its weight, 0 to below 1; None where nothing is predicted.

        Rows are counted as in the series. A row that nothing follows is both, with weight 0.
        """
        moment = t - self.delay
        place = int(np.searchsorted(self.starts, moment + AT_A_ROW, side="right")) - 1
        if place < 0 or not np.isfinite(moment):
            return None
        row, since = self._numbers[place], moment - float(self.starts[place])
        step = float(self.starts[place + 1] - self.starts[place]) if place + 1 < self.n_rows else np.inf
        if step > LONGEST_STEP * self.tr:
            return (row, row, 0.0) if since <= self.tr + AT_A_ROW else None
        return row, self._numbers[place + 1], min(max(since / step, 0.0), 1.0)

    def values_at(self, values: np.ndarray, t: float) -> np.ndarray | None:
        """The values (n,) at a moment, of all those (R, n) of the series; None where nothing is predicted.

        Numerics (1 - w) * row + w * next in float32 at least; NaN in either is NaN
        """
        found = self.rows_at(t)
        if found is None:
            return None
        row, following, weight = found
        kind = np.result_type(values.dtype, np.float32)
        shown = np.asarray(values[row], kind)
        if weight == 0.0:
            return shown.copy()
        share = kind.type(weight)
        return np.asarray((1 - share) * shown + share * np.asarray(values[following], kind))


def row_clock(series: Any, *, align: str = "stimulus", timeline: str | None = None) -> RowClock:
    """The clock of a series of rows (a SurfaceSeries or VoxelSeries), of one of its timelines where it has several.

    Raises   ConfigError for an unknown timeline, or none where there are several: each has times of its own
    """
    starts, chosen = np.asarray(series.starts, float), None
    name = timeline_of(series, timeline)
    if name is not None and series.timelines is not None:
        chosen = np.flatnonzero(series.timelines == name)
    elif (np.diff(starts) < 0).any():
        chosen = np.arange(len(starts))
    if chosen is not None:
        chosen = chosen[np.argsort(starts[chosen], kind="stable")]
        starts = starts[chosen]
    return RowClock(starts, series.tr, series.hemodynamic_offset, align, chosen)


def timeline_of(series: Any, timeline: str | None) -> str | None:
    """The timeline whose rows are shown; None where there is one alone and none was asked for.

    Raises   ConfigError for an unknown timeline, or none where there are several
    """
    if series.timelines is None:
        return timeline  # segments.json keeps no name of a single one here; the events are asked instead
    known = list(dict.fromkeys(str(name) for name in series.timelines))
    if timeline is None:
        raise ConfigError(
            f"{series.origin}: its rows are of {len(known)} timelines, each with times of its own; --timeline must "
            f"name one: {', '.join(known)}"
        )
    if timeline not in known:
        raise ConfigError(
            f"{series.origin}: has no timeline {quoted(timeline)}; its timelines: {', '.join(known)}"
            f"{did_you_mean(timeline, known)}"
        )
    return timeline
