"""Which rows of measured data answer which rows of a prediction: the one place where the two are laid on each other.

Row t of a prediction estimates BOLD at t + the haemodynamic offset. Data in scan time are read there; data that stand
at stimulus time already (aligned) are read at t. Nothing else shifts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import MeasurementError

BLOCK_OF_ROWS = 256  # 20 MiB of fsaverage5 in float32
CLOSE = 1e-3  # rows: a time so close to a row's is that row's; float32 headers are no better
SAME_TR = 1e-3  # relative


@dataclass(frozen=True, eq=False)
class TruthRun:
    """What was measured of one subject in one run.

    Shapes   values (R, V), may be a memory map; is_blank (R,) rows without any value, None for none
    Units    seconds: `start` is the time of the first row, of the stimulus if `is_aligned`, else in the scan, where
             the stimulus began at 0
    """

    subject: str
    run: str
    values: np.ndarray
    tr: float
    start: float = 0.0
    is_aligned: bool = False  # rows stand at stimulus time already
    is_blank: np.ndarray | None = None
    origin: str = "the truth"  # what errors call it
    files: tuple[Path, ...] = ()  # or the folder that it was read from


@dataclass(frozen=True, eq=False)
class AlignedRows:
    """One prediction and one run of truth, the rows that both have.

    Shapes   kept (rows,) rows of the prediction; places (rows,) rows of the truth, with a fraction between two
    Units    seconds (rows,): start of each row, of the stimulus
    """

    prediction: SurfaceSeries
    truth: TruthRun
    kept: np.ndarray
    places: np.ndarray
    n_dropped_prediction: int
    n_dropped_truth: int

    @property
    def rows(self) -> int:
        """How many rows both have."""
        return len(self.kept)

    @property
    def seconds(self) -> np.ndarray:
        """When each row starts in the stimulus, (rows,)."""
        return np.asarray(self.prediction.starts[self.kept])

    @property
    def is_between(self) -> bool:
        """Whether truth is read between two of its rows, linearly."""
        return bool((self.places % 1 != 0).any())

    def blocks(self, size: int = BLOCK_OF_ROWS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Prediction and truth (b, V) of the prediction's columns, up to `size` rows at a time, by `as_floats`."""
        for first in range(0, self.rows, size):
            part = slice(first, first + size)
            yield as_floats(_taken(self.prediction.values, self.kept[part])), self._truth_at(self.places[part])

    def _truth_at(self, places: np.ndarray) -> np.ndarray:
        before = np.floor(places).astype(np.int64)
        share = (places - before)[:, None]
        rows = self._columns(as_floats(_taken(self.truth.values, before)))
        if not share.any():
            return rows
        after = self._columns(as_floats(_taken(self.truth.values, np.minimum(before + 1, len(self.truth.values) - 1))))
        return between(rows, after, share)

    def _columns(self, rows: np.ndarray) -> np.ndarray:
        """Those of the vertices that a prediction of some vertices has."""
        chosen = self.prediction.vertices
        return rows if chosen is None else rows[:, chosen]


def align(prediction: SurfaceSeries, truth: TruthRun, *, lag: float = 0.0) -> AlignedRows:
    """The rows that both have, with truth read `lag` seconds later than at the expected time.

    A place between two rows of the truth is read linearly. Rows outside the overlap, and those where the truth has no
    value at all, are dropped and counted.
    Raises   MeasurementError for another TR, another mesh, or no overlap
    """
    check_fit(prediction, truth)
    offset = 0.0 if truth.is_aligned else prediction.hemodynamic_offset
    places = (prediction.starts + offset + lag - truth.start) / truth.tr
    whole = np.round(places)
    places = np.where(np.abs(places - whole) < CLOSE, whole, places)
    n_truth = len(truth.values)
    is_in = (places >= 0) & (places <= n_truth - 1)
    if not is_in.any():
        raise MeasurementError(_no_overlap(prediction, truth, offset + lag))
    before, after = _neighbours(places[is_in])
    kept = np.flatnonzero(is_in)
    if truth.is_blank is not None:
        has_value = ~(truth.is_blank[before] | truth.is_blank[after])
        if not has_value.any():
            raise MeasurementError(f"{truth.origin}: has no finite value in the rows that the prediction has too")
        kept, before, after = kept[has_value], before[has_value], after[has_value]
    n_used = len(np.union1d(before, after))
    return AlignedRows(
        prediction, truth, kept, places[kept], len(prediction.starts) - len(kept), n_truth - n_used
    )  # fmt: skip


def check_fit(prediction: SurfaceSeries, truth: TruthRun) -> None:
    """Refuses truth of another mesh, or with another time between rows.

    Raises   MeasurementError
    """
    expected = 2 * prediction.per_hemisphere
    if truth.values.ndim != 2 or truth.values.shape[1] != expected:
        raise MeasurementError(
            f"{truth.origin}: has shape {truth.values.shape}, expected rows of the {expected} vertices of "
            f"{prediction.mesh}, the mesh of the prediction; {_likely_shape(truth.values.shape, expected)}"
        )
    if abs(truth.tr - prediction.tr) > SAME_TR * prediction.tr:
        raise MeasurementError(
            f"{truth.origin}: has {truth.tr:g} s between rows, the prediction {prediction.tr:g} s; bring it to the "
            f"prediction's times first: tribe-np project --frequency {1 / prediction.tr:g}; of an array, in Python, "
            f"tribe_np.cortex.project(array, tr={truth.tr:g}, frequency={1 / prediction.tr:g})"
        )


def _likely_shape(shape: tuple[int, ...], expected: int) -> str:
    if len(shape) == 2 and shape[0] == expected:
        return "rows and vertices are the other way round: transpose it"
    if shape[-1] == expected // 2:
        return "that is one hemisphere: both are needed, the left one first"
    return "tribe-np resample or project brings both to one mesh"


def _no_overlap(prediction: SurfaceSeries, truth: TruthRun, shift: float) -> str:
    first, last = prediction.starts.min() + shift, prediction.starts.max() + shift
    end = truth.start + (len(truth.values) - 1) * truth.tr
    return (
        f"{truth.origin}: its rows are of {truth.start:g} to {end:g} s, the prediction's are read at {first:g} to "
        f"{last:g} s; the two have no row in common"
    )


def _neighbours(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.floor(places).astype(np.int64), np.ceil(places).astype(np.int64)


def _taken(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows; a run of them without a gap is a slice, which of a memory map copies nothing."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows) and (np.diff(rows) == 1).all():
        rows_in_place: np.ndarray = values[first : last + 1]
        return rows_in_place
    taken: np.ndarray = values[rows]
    return taken


def as_floats(rows: np.ndarray) -> np.ndarray:
    """Rows as float32, or as float64 where float32 would lose digits of them: of float64 and of long integers."""
    return np.asarray(rows, np.result_type(rows.dtype, np.float32))


def between(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Rows read linearly between two, `share` (rows, 1) of the way; what stands on a row is that row, to the bit."""
    with np.errstate(invalid="ignore"):  # of two infinities
        return np.where(share == 0, before, before + (after - before) * share.astype(before.dtype))
