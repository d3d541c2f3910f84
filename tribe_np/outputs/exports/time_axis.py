"""The time axis of an exported file: every row's time, or a start and a step where the format holds no more."""

from dataclasses import dataclass

import numpy as np

from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries
from tribe_np.errors import ConfigError, OutputError
from tribe_np.outputs.exports.export_formats import ExportOptions
from tribe_np.shown import quoted

TIMES = ("stimulus", "bold")
TOLERANCE = 1e-3  # seconds by which a row may be off its step
MOST_FILLED = 10  # times as many rows as there were


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """Rows at one step.

    Shapes   rows (R,): the row of the series that each row of the file holds, -1 where it is filled with NaN
    Units    seconds
    """

    start: float
    step: float
    rows: np.ndarray

    @property
    def n_filled(self) -> int:
        """Rows of NaN."""
        return int((self.rows < 0).sum())


def row_times(series: AnySeries, times: str) -> np.ndarray:
    """When each row begins, (R,): in the stimulus, or when its BOLD is measured, which is the offset later.

    Raises   ConfigError for times that are neither
    """
    if times not in TIMES:
        raise ConfigError(f"times must be stimulus or bold, got {quoted(times)}")
    return series.starts + (series.hemodynamic_offset if times == "bold" else 0.0)


def time_axis(series: AnySeries, options: ExportOptions, what: str) -> TimeAxis:
    """The rows at one step, with rows of NaN in the gaps where that was asked for; `what` names the kind of file.

    Raises   OutputError for rows that do not fit one step: a file would show them at wrong times
    """
    found = row_times(series, options.times)
    rows = np.arange(len(found))
    if not len(found) or not np.isfinite(found).all():
        raise OutputError(f"{series.origin}: has {'a row without a time' if len(found) else 'no rows'}")
    if series.timelines is not None:
        n = len(np.unique(series.timelines))
        raise OutputError(
            f"{series.origin}: its rows are of {n} timelines, each with times of its own, which {what} cannot hold; "
            f"{_others(series)}"
        )
    own_step = float(found[-1] - found[0]) / max(1, len(found) - 1)
    for step in (series.tr, own_step):
        if step > 0 and (abs(found - (found[0] + rows * step)) <= TOLERANCE).all():
            return TimeAxis(float(found[0]), step, rows)
    if not options.fill_gaps:
        raise OutputError(f"{_uneven(series, found, what)}; {_ways_out(series, found)}")
    places = _places(series, found)
    if places is None:
        raise OutputError(f"{_uneven(series, found, what)} even with filled gaps; {_others(series)}")
    filled = np.full(int(places[-1]) + 1, -1)
    filled[places] = rows
    options.warnings.append(f"{len(filled) - len(rows)} rows of NaN fill the gaps among {len(rows)} predicted rows")
    return TimeAxis(float(found[0]), series.tr, filled)


def _places(series: AnySeries, found: np.ndarray) -> np.ndarray | None:
    """Where each row lies on a grid of one TR; None where they do not, or where nearly all would be gaps."""
    places = np.rint((found - found[0]) / series.tr)
    fits = (np.diff(places) > 0).all() and (abs(found - (found[0] + places * series.tr)) <= TOLERANCE).all()
    return places.astype(np.int64) if fits and places[-1] < MOST_FILLED * len(found) else None


def _uneven(series: AnySeries, found: np.ndarray, what: str) -> str:
    off = np.flatnonzero(abs(np.diff(found) - series.tr) > TOLERANCE)
    row = int(off[0]) if len(off) else 0
    return (
        f"{series.origin}: {len(off)} of {len(found)} rows do not start {series.tr:g} s after the row before (row "
        f"{row} starts at {found[row]:g} s, row {row + 1} at {found[row + 1]:g} s), which {what} cannot hold"
    )


def _ways_out(series: AnySeries, found: np.ndarray) -> str:
    fill = "fill the gaps with NaN (--fill-gaps), or " if _places(series, found) is not None else ""
    return f"{fill}{_others(series)}"


def _others(series: AnySeries) -> str:
    if isinstance(series, VoxelSeries):
        return "choose npz, which holds the time of every row"
    return "choose npz, hdf5, raw or csv, which hold the time of every row"
