"""A person's windows to train on: the encoder's inputs, and beside each what was measured during it.

A row that nothing was measured in, or that is kept out, holds zeros, and such rows count for nothing (upstream's rule
for windows that run past the end of a recording). A window without any other row is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.encoder.training.training_step import Batch
from tribe_np.errors import MeasurementError
from tribe_np.pipeline.fitting.head_rows import HeadRows, StimulusWindows
from tribe_np.pipeline.fitting.person_rows import PersonRun

LEAST_SD, MOST_SD, MOST_MEAN = 0.3, 3.0, 1.0
"""Of the median vertex: z-scored BOLD has 1 and 0, and a part of a run, or a run with noise added, not much else."""


@dataclass(frozen=True, eq=False)
class MeasuredWindow:
    """One window of the stimulus during one run.

    Shapes   rows (R,) of the run's measured rows, -1 where none counts
    """

    number: int  # of the window
    run: PersonRun
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class PersonWindows:
    """Windows in which something counts, run after run; columns that are not fitted are NaN in all of them."""

    shown: StimulusWindows
    measured: tuple[MeasuredWindow, ...]
    not_fitted: np.ndarray  # (V,) booleans

    @classmethod
    def of(cls, rows: HeadRows, runs: Sequence[PersonRun], n_trs: int, not_fitted: np.ndarray) -> "PersonWindows":
        """The windows of some runs; a row that two windows share, where they overlap, is in both."""
        assert rows.windows is not None
        keys = [(segment.timeline, round(segment.start, 6)) for segment in rows.segments]
        found = []
        for run in runs:
            row_at = {keys[place]: row for row, place in enumerate(run.places)}
            first = 0
            for number, kept in enumerate(rows.windows.kept):
                mine = np.full(n_trs, -1)
                for at, key in zip(kept, keys[first : first + len(kept)], strict=True):
                    mine[at] = row_at.get(key, -1)
                first += len(kept)
                if (mine >= 0).any():
                    found.append(MeasuredWindow(number, run, mine))
        return cls(rows.windows, tuple(found), not_fitted)

    def __len__(self) -> int:
        return len(self.measured)

    def batch(self, numbers: Sequence[int] | np.ndarray, subject_index: int = 0) -> Batch:
        """Some windows with what was measured; every one of them is of one subject.

        Shapes   -> features {modality: (B, G, F, T) or (B, F, T)}, measured (B, V, R) float32
        """
        chosen = [self.measured[number] for number in numbers]
        n_columns = len(self.not_fitted)
        measured = np.zeros((len(chosen), n_columns, len(chosen[0].rows)), np.float32)
        for values, window in zip(measured, chosen, strict=True):
            counts = window.rows >= 0
            rows = window.run.measured[window.rows[counts]].T
            rows[self.not_fitted] = np.nan
            values[:, counts] = rows
        features = self.shown.features_of([window.number for window in chosen])
        return Batch(features, measured, np.full(len(chosen), subject_index))


def not_finite_columns(runs: Sequence[PersonRun]) -> np.ndarray:
    """Columns with a NaN or infinity in any row, (V,) booleans."""
    odd = np.zeros(runs[0].measured.shape[1], bool)
    for run in runs:
        for row in run.measured:
            odd |= ~np.isfinite(row)
    return odd


def check_scale(blocks: Iterable[np.ndarray]) -> None:
    """Refuses BOLD in other units than the checkpoint's own training had: steps of Adam would not get there.

    Shapes   blocks: rows (b, V) each
    Raises   MeasurementError
    """
    n, sums, squares = 0, np.zeros(1), np.zeros(1)
    with np.errstate(invalid="ignore", over="ignore"):
        for block in blocks:
            wide = block.astype(np.float64)
            n, sums, squares = n + len(wide), sums + wide.sum(axis=0), squares + np.square(wide).sum(axis=0)
        means = sums / n
        spreads = np.sqrt(np.maximum(squares / n - means**2, 0))
    varies = spreads > 1e-6 * (1 + np.abs(means))  # false for NaN
    if not varies.any():
        raise MeasurementError("no measured column varies: there is nothing to train on")
    mean, spread = float(np.median(np.abs(means[varies]))), float(np.median(spreads[varies]))
    if not (LEAST_SD <= spread <= MOST_SD and mean <= MOST_MEAN):
        raise MeasurementError(
            f"the measured rows have SD {spread:.3g} and mean {mean:.3g} at the median vertex; training takes z-scored "
            "BOLD as the checkpoint's was (tribe-np project writes it so), the ridge without --train takes any"
        )
