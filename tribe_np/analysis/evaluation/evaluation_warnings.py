"""What a reader of an evaluation should know of its rows and vertices, in sentences."""

from collections.abc import Sequence

import numpy as np

from tribe_np.analysis.evaluation.predicted_runs import UPSTREAM_OFFSET, PredictedRuns
from tribe_np.analysis.evaluation.subject_scores import SubjectScores
from tribe_np.analysis.evaluation.truth_rows import AlignedRows
from tribe_np.analysis.evaluation.truth_runs import PairedRun

FEW_ROWS = 30
SMALL_SHARE = 0.5  # of the shorter of the two that overlaps
Z_SCORED = (0.5, 2.0)  # standard deviation of the truth at a median vertex, beyond which it is not taken for z-scored
BETWEEN_RUNS = 0.05  # of the variance of the truth, at a median vertex
ODD_COLUMNS = {
    "truth_not_finite": "the truth is NaN or infinite in some row at {}; they are dropped: NaN in every map",
    "constant_truth": "the truth does not change at {}; they are NaN in the map of r",
    "prediction_not_finite": "the prediction is NaN or infinite in some row at {}; they are NaN in every map",
    "constant_prediction": "the prediction does not change at {}; they are NaN in the map of r",
}


def guessed_offset(predicted: PredictedRuns, runs: Sequence[PairedRun], given: float | None) -> list[str]:
    """What to say where truth is read at an offset that nobody has stated."""
    if predicted.states_offset or given is not None or all(run.truth.is_aligned for run in runs):
        return []
    return [
        f"{predicted.first.origin}: states no offset; truth is read {UPSTREAM_OFFSET:g} s later, as upstream's config "
        "has it (--offset says it)"
    ]


def odd_rows(subjects: Sequence[SubjectScores]) -> list[str]:
    """Little overlap, rows that are read between two, few rows."""
    said = [text for subject in subjects for run in subject.runs for text in odd_overlap(run.rows)]
    for subject in subjects:
        if subject.n_rows < FEW_ROWS:
            said.append(f"{subject.subject}: {subject.n_rows} rows are few for a correlation")
    return said


def odd_overlap(rows: AlignedRows) -> list[str]:
    """Little overlap of a run with its prediction, or rows that are read between two."""
    said, name = [], rows.truth.origin
    if rows.rows < SMALL_SHARE * min(len(rows.prediction.starts), len(rows.truth.values)):
        said.append(
            f"{name}: {rows.rows} rows are also the prediction's; {rows.n_dropped_prediction} of the prediction "
            f"and {rows.n_dropped_truth} of the truth are dropped. Do both begin at the same time (--start)?"
        )
    if rows.is_between:
        said.append(f"{name}: its rows lie between those of the prediction; it is read between two rows, linearly")
    return said


def odd_columns(subjects: Sequence[SubjectScores]) -> list[str]:
    """Vertices that have no score, with why and how many."""
    said = []
    for subject in subjects:
        counts, name = subject.scores.counts, subject.subject
        n = counts["columns"]
        for kind, words in ODD_COLUMNS.items():
            if counts[kind]:
                said.append(f"{name}: {words.format(f'{counts[kind]} of {n} vertices')}")
        if not counts["columns_with_r"]:
            said.append(f"{name}: no vertex has an r")
    return said


def odd_levels(subjects: Sequence[SubjectScores]) -> list[str]:
    """Truth that is not z-scored, which mse and R2 are not made for; runs whose levels differ, which r holds too."""
    said = []
    for one in subjects:
        squares, n = one.scores.truth_squares, one.scores.n
        varies = one.scores.is_scored & (squares > 0)
        if not varies.any():
            continue
        spread = float(np.median(np.sqrt(squares[varies] / n)))
        if not Z_SCORED[0] <= spread <= Z_SCORED[1]:
            said.append(
                f"{one.subject}: the truth is not z-scored (standard deviation {spread:.3g} at a median vertex); mse "
                "and R2 compare it with z-scored predictions. r does not change with its scale"
            )
        between = sum(run.scores.n * (run.scores.truth_mean - one.scores.truth_mean) ** 2 for run in one.runs)
        share = float(np.median(np.asarray(between)[varies] / squares[varies]))
        if len(one.runs) > 1 and share > BETWEEN_RUNS:
            said.append(
                f"{one.subject}: its runs have levels of their own, {100 * share:.0f} % of the truth's variance at a "
                "median vertex; r over all rows holds them. Z-score each run first (tribe-np project does)"
            )
    return said
