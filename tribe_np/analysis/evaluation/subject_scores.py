"""The scores of each subject: of each run for itself, and of all rows of all runs together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.evaluation.truth_rows import BLOCK_OF_ROWS, AlignedRows, align
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.errors import MeasurementError

FEWEST_ROWS = 3  # of a subject: two rows always lie on a line


@dataclass(frozen=True, eq=False)
class RunScores:
    """One run of one subject, and the rows of it that the prediction has too."""

    paired: PairedRun
    rows: AlignedRows
    scores: RunningScores


@dataclass(frozen=True, eq=False)
class SubjectScores:
    """One subject: `scores` are those of all rows of its runs together, as upstream's metrics take a test set.

    Rows of several runs are not centred run by run: data that are not z-scored in each run mix levels into r.
    """

    subject: str
    runs: tuple[RunScores, ...]
    scores: RunningScores

    @property
    def n_rows(self) -> int:
        """How many rows the scores are of."""
        return sum(run.rows.rows for run in self.runs)


def score_subjects(runs: Sequence[PairedRun]) -> tuple[SubjectScores, ...]:
    """The scores of every subject, in the order in which they are given.

    Raises   MeasurementError for a subject with too few rows; as `align`
    """
    names = dict.fromkeys(run.truth.subject for run in runs)
    return tuple(_score(name, [run for run in runs if run.truth.subject == name]) for name in names)


def _score(subject: str, runs: Sequence[PairedRun]) -> SubjectScores:
    scored = [_score_run(run) for run in runs]
    whole = RunningScores(runs[0].prediction.values.shape[1])
    for one in scored:
        whole.merge(one.scores)
    if whole.n < FEWEST_ROWS:
        first = runs[0].truth.origin
        raise MeasurementError(
            f"{first}: {subject} has {whole.n} rows that the prediction has too, expected at least {FEWEST_ROWS}"
        )
    return SubjectScores(subject, tuple(scored), whole)


def _score_run(run: PairedRun) -> RunScores:
    rows = align(run.prediction, run.truth)
    scores = RunningScores(run.prediction.values.shape[1])
    for predicted, measured in rows.blocks():
        scores.add(predicted, measured)
    return RunScores(run, rows, scores)


@dataclass(frozen=True, eq=False)
class RowsAtLag:
    """Rows of several runs, one after another, with truth read later by a lag; runs without overlap are left out."""

    parts: tuple[AlignedRows, ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return sum(part.rows for part in self.parts)

    def blocks(self, size: int = BLOCK_OF_ROWS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Prediction and truth, as AlignedRows gives them."""
        for part in self.parts:
            yield from part.blocks(size)


def rows_at_lag(runs: Sequence[PairedRun], lag: float) -> RowsAtLag:
    """The rows of all runs at one lag."""
    parts = []
    for run in runs:
        try:
            parts.append(align(run.prediction, run.truth, lag=lag))
        except MeasurementError:  # no row in common at this lag; meshes and TRs were checked before
            continue
    return RowsAtLag(tuple(parts))
