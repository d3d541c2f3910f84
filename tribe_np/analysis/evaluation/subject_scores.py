"""The scores of each subject: of each run for itself, and of all rows of all runs together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.evaluation.segment_retrieval import SegmentMeans
from tribe_np.analysis.evaluation.truth_rows import BLOCK_OF_ROWS, AlignedRows, align
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.analysis.evaluation.upstream_metrics import UpstreamPearson
from tribe_np.errors import MeasurementError

FEWEST_ROWS = 3  # of a subject: two rows always lie on a line
SOME_COLUMNS = 1000  # of which the level of a row is taken


@dataclass(frozen=True, eq=False)
class RunScores:
    """One run of one subject, and the rows of it that the prediction has too.

    Shapes   levels (rows,): mean of the truth over some vertices in each row; n_zero of the rows are 0 at every vertex
    """

    paired: PairedRun
    rows: AlignedRows
    scores: RunningScores
    levels: np.ndarray
    n_zero: int


@dataclass(frozen=True, eq=False)
class SubjectScores:
    """One subject: its scores are those of all rows of its runs together, as upstream's metrics take a test set.

    Rows of several runs are not centred run by run: data that are not z-scored in each run mix levels into r.
    """

    subject: str
    runs: tuple[RunScores, ...]
    upstream: UpstreamPearson

    @property
    def scores(self) -> RunningScores:
        """The scores of all rows."""
        return self.upstream.scores

    @property
    def n_rows(self) -> int:
        """How many rows the scores are of."""
        return sum(run.rows.rows for run in self.runs)


@dataclass(frozen=True, eq=False)
class Scored:
    """Every subject, and what is counted over all of them as upstream counts a test set: r and retrieval."""

    subjects: tuple[SubjectScores, ...]
    upstream: UpstreamPearson
    segments: SegmentMeans


def score_subjects(runs: Sequence[PairedRun]) -> Scored:
    """The scores of every subject, in the order in which they are given.

    Raises   MeasurementError for a subject with too few rows; as `align`
    """
    n_columns = runs[0].prediction.values.shape[1]
    names = list(dict.fromkeys(run.truth.subject for run in runs))
    segments = SegmentMeans(n_columns)
    whole = UpstreamPearson(n_columns) if len(names) > 1 else None
    found = []
    for name in names:
        mine, of_subject = [run for run in runs if run.truth.subject == name], UpstreamPearson(n_columns)
        scored = tuple(_score_run(run, of_subject, segments) for run in mine)
        if of_subject.scores.n < FEWEST_ROWS:
            raise MeasurementError(
                f"{mine[0].truth.origin}: {name} has {of_subject.scores.n} rows that the prediction has too, expected "
                f"at least {FEWEST_ROWS}"
            )
        found.append(SubjectScores(name, scored, of_subject))
        if whole is not None:
            whole.merge(of_subject)
    return Scored(tuple(found), whole or found[0].upstream, segments)


def _score_run(run: PairedRun, subject: UpstreamPearson, segments: SegmentMeans) -> RunScores:
    """The run's own scores, which its subject's take over: each row is counted once."""
    rows, own = align(run.prediction, run.truth), UpstreamPearson(run.prediction.values.shape[1])
    levels, n_zero = [], 0
    for predicted, measured in rows.blocks():
        segments.add(predicted, measured)
        own.add(predicted, measured)
        n_zero += int(np.count_nonzero(~measured.any(axis=1)))
        some = measured[:, :: -(-measured.shape[1] // SOME_COLUMNS)]
        levels.append(np.where(np.isfinite(some), some, 0).mean(axis=1, dtype=np.float64))
    segments.end_run()
    subject.merge(own)
    return RunScores(run, rows, own.scores, np.concatenate(levels), n_zero)


@dataclass(frozen=True, eq=False)
class RowsAtLag:
    """Rows of several runs, one after another, with truth read later by a lag; runs without overlap are left out."""

    parts: tuple[AlignedRows, ...]

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
