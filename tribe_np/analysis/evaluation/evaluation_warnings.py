"""What a reader of an evaluation should know of its rows and vertices, in sentences."""

from collections.abc import Sequence

import numpy as np

from tribe_np.analysis.evaluation.lag_scan import LagScan, lag_scan
from tribe_np.analysis.evaluation.predicted_runs import UPSTREAM_OFFSET, PredictedRuns
from tribe_np.analysis.evaluation.subject_scores import SOME_COLUMNS, RunScores, SubjectScores, rows_at_lag
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.shown import some_of

FEW_ROWS = 30
LEAST_GAIN = 0.02  # of mean r, for hemispheres to be taken for swapped
STANDS_OUT = 20.0  # robust standard deviations of a row's level from the other rows'
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
    said = []
    for run in (run for subject in subjects for run in subject.runs):
        rows, name = run.rows, run.paired.truth.origin
        shortest = min(len(run.paired.prediction.starts), len(run.paired.truth.values))
        if rows.rows < SMALL_SHARE * shortest:
            said.append(
                f"{name}: {rows.rows} rows are also the prediction's; {rows.n_dropped_prediction} of the prediction "
                f"and {rows.n_dropped_truth} of the truth are dropped. Do both begin at the same time (--start)?"
            )
        if rows.is_between:
            said.append(f"{name}: its rows lie between those of the prediction; it is read between two rows, linearly")
        said += _odd_levels_of_rows(run)
    for subject in subjects:
        if subject.n_rows < FEW_ROWS:
            said.append(f"{subject.subject}: {subject.n_rows} rows are few for a correlation")
    return said


def _odd_levels_of_rows(run: RunScores) -> list[str]:
    """Rows of nothing but zeros, as padding is, and rows whose level is far from all others, as before steady state."""
    name, said = run.paired.truth.origin, list[str]()
    if run.n_zero:
        said.append(
            f"{name}: {run.n_zero} of {run.rows.rows} rows are 0 at every vertex, and are counted as measured. Is that "
            "padding, which upstream's metrics leave out, or volumes that were taken out? NaN leaves them out here"
        )
    middle = np.median(run.levels)
    spread = 1.4826 * np.median(np.abs(run.levels - middle))
    odd = np.flatnonzero(np.abs(run.levels - middle) > STANDS_OUT * spread) if spread > 0 else np.zeros(0, int)
    if odd.size:
        second = round(float(run.rows.seconds[odd[0]]), 3) + 0.0
        said.append(
            f"{name}: {odd.size} of {run.rows.rows} rows are far from all others at most vertices, such as the BOLD of "
            f"second {second:g} of the stimulus; r may be of little else. Volumes before the steady state, or of "
            "motion? NaN leaves them out"
        )
    return said


def swapped_sides(runs: Sequence[PairedRun], scan: LagScan) -> list[str]:
    """What to say where the prediction fits the truth of the other hemisphere, better than at any lag of its own."""
    first = runs[0].prediction
    if first.vertices is not None:
        return []
    size = 2 * first.per_hemisphere
    columns = np.arange(0, size, -(-size // SOME_COLUMNS))
    other = (columns + first.per_hemisphere) % size
    found = lag_scan(lambda lag: rows_at_lag(runs, lag), [scan.expected], columns=columns, truth_columns=other)
    at = int(np.argmin(np.abs(scan.lags - scan.expected)))
    if not found.mean_r[0] > np.nanmax(scan.mean_r) + LEAST_GAIN or (found.halves[:, 0] <= scan.halves[:, at]).any():
        return []
    return [
        f"r is {found.mean_r[0]:.4f} with the hemispheres of the truth swapped, against {scan.mean_r[at]:.4f}: is its "
        "right one first? The left one must be"
    ]


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
    said, unscaled = [], []
    for one in subjects:
        squares, n = one.scores.truth_squares, one.scores.n
        varies = one.scores.is_scored & (squares > 0)
        if not varies.any():
            continue
        spread = float(np.median(np.sqrt(squares[varies] / n)))
        if not Z_SCORED[0] <= spread <= Z_SCORED[1]:
            unscaled.append((one.subject, spread))
        between = sum(run.scores.n * (run.scores.truth_mean - one.scores.truth_mean) ** 2 for run in one.runs)
        share = float(np.median(np.asarray(between)[varies] / squares[varies]))
        if len(one.runs) > 1 and share > BETWEEN_RUNS:
            said.append(
                f"{one.subject}: its runs have levels of their own, {100 * share:.0f} % of the truth's variance at a "
                "median vertex; r over all rows holds them. Z-score each run first (tribe-np project does)"
            )
    if unscaled:
        names, spreads = zip(*unscaled, strict=True)
        range_of = " to ".join(dict.fromkeys(f"{one:.3g}" for one in (min(spreads), max(spreads))))
        said.append(
            f"{some_of(names)}: the truth is not z-scored (standard deviation {range_of} at a median vertex); mse and "
            "R2 compare it with z-scored predictions. r does not change with its scale"
        )
    return said
