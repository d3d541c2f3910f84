"""A prediction beside measured BOLD: scores of every vertex and region; `tribe-np evaluate` prints and writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.region_effects import RegionMeans, find_regions
from tribe_np.analysis.evaluation.evaluation_options import EvaluationOptions
from tribe_np.analysis.evaluation.predicted_runs import UPSTREAM_OFFSET, PredictedRuns, read_predicted
from tribe_np.analysis.evaluation.subject_scores import SubjectScores, score_subjects
from tribe_np.analysis.evaluation.truth_runs import PairedRun, read_truth
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries

FEW_ROWS = 30
ODD_COLUMNS = {
    "truth_not_finite": "the truth is NaN or infinite in some row at {}; they are dropped: NaN in every map",
    "constant_truth": "the truth does not change at {}; they are NaN in the map of r",
    "prediction_not_finite": "the prediction is NaN or infinite in some row at {}; they are NaN in every map",
    "constant_prediction": "the prediction does not change at {}; they are NaN in the map of r",
}
SMALL_SHARE = 0.5  # of the shorter of the two that overlaps


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A prediction beside what was measured; maps are over `series.columns`, (n,) each.

    Shapes   r, mse, r2 (n,): the mean over the subjects that have a number there; n_subjects (n,) how many have an r
    Units    r and r2 none; mse that of the values squared
    """

    series: SurfaceSeries  # of the first timeline: mesh, vertices, what made it
    subjects: tuple[SubjectScores, ...]
    r: np.ndarray
    mse: np.ndarray
    r2: np.ndarray
    n_subjects: np.ndarray
    regions: RegionMeans | None
    options: EvaluationOptions
    warnings: tuple[str, ...]

    @property
    def truth_files(self) -> list[Path]:
        """The files and folders that were read."""
        runs = [run for subject in self.subjects for run in subject.runs]
        return [path for run in runs for path in run.paired.truth.files]

    @property
    def timelines(self) -> list[str]:
        """The timelines of the prediction that there is truth of."""
        return list(dict.fromkeys(run.paired.timeline for subject in self.subjects for run in subject.runs))


def evaluate(prediction: Any, truth: Any, **options: Any) -> Evaluation:
    """How well a prediction tells what was measured.

    prediction   a folder, DIR::TIMELINE, a .npy file, an array (R, V) or a SurfaceSeries
    truth        what `project` wrote or returns, .npy, .npz or HDF5, two GIFTI or mgh files (or one, and the other
                 beside it), a CIFTI file, an array (R, V); a table of runs; a mapping from subjects to runs
    options      those of EvaluationOptions
    Truth in scan time is read at t + the prediction's offset; rows outside the overlap are dropped and counted.
    Raises   MeasurementError for truth that cannot be used: another mesh or TR, no overlap; ConfigError for times
             that contradict each other; ParcellationError; as `as_series`
    """
    asked = EvaluationOptions(**options)
    predicted = read_predicted(prediction, asked.offset)
    runs, more = read_truth(truth, predicted.timelines, asked.times)
    said = [*predicted.said, *more, *_guessed_offset(predicted, runs, asked)]
    subjects = score_subjects(runs)
    first = predicted.first
    regions, told = (None, []) if asked.parcellation is False else find_regions(first, asked.parcellation)
    scores = [subject.scores for subject in subjects]
    said += [*told, *_odd_rows(subjects), *_odd_columns(subjects)]
    if is_of_random_weights(first):
        said.insert(0, RANDOM)
    r = np.stack([one.r for one in scores])
    return Evaluation(
        first, subjects, mean_of_subjects(r), mean_of_subjects([one.mse for one in scores]),
        mean_of_subjects([one.r2 for one in scores]), np.isfinite(r).sum(axis=0), regions, asked,
        tuple(dict.fromkeys(said)),
    )  # fmt: skip


def mean_of_subjects(maps: Any) -> np.ndarray:
    """The mean over the maps (N, n) that have a number at a vertex, NaN where none has, (n,)."""
    stacked = np.asarray(maps, np.float64)
    known = np.isfinite(stacked)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, stacked, 0).sum(axis=0) / np.maximum(n, 1), np.nan)


def _guessed_offset(predicted: PredictedRuns, runs: Sequence[PairedRun], asked: EvaluationOptions) -> list[str]:
    if predicted.states_offset or asked.offset is not None or all(run.truth.is_aligned for run in runs):
        return []
    return [
        f"{predicted.first.origin}: states no offset; truth is read {UPSTREAM_OFFSET:g} s later, as upstream's config "
        "has it (--offset says it)"
    ]


def _odd_rows(subjects: Sequence[SubjectScores]) -> list[str]:
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
    for subject in subjects:
        if subject.n_rows < FEW_ROWS:
            said.append(f"{subject.subject}: {subject.n_rows} rows are few for a correlation")
    return said


def _odd_columns(subjects: Sequence[SubjectScores]) -> list[str]:
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
