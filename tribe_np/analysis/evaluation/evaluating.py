"""A prediction beside measured BOLD: scores of every vertex and region; `tribe-np evaluate` prints and writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.region_effects import RegionMeans, find_regions
from tribe_np.analysis.evaluation.evaluation_options import EvaluationOptions
from tribe_np.analysis.evaluation.evaluation_warnings import (
    guessed_offset,
    odd_columns,
    odd_levels,
    odd_rows,
    swapped_sides,
)
from tribe_np.analysis.evaluation.lag_scan import LagScan, lag_scan, lag_warnings, whole_row_lags
from tribe_np.analysis.evaluation.predicted_runs import read_predicted
from tribe_np.analysis.evaluation.run_ceilings import (
    GroupResult,
    NullResult,
    SubjectCeilings,
    ceilings_of,
    group_of,
    nulls_of,
)
from tribe_np.analysis.evaluation.subject_scores import Scored, SubjectScores, rows_at_lag, score_subjects
from tribe_np.analysis.evaluation.truth_runs import PairedRun, read_truth
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries

MOST_SCANNED = 2000  # vertices of a lag scan: a part tells the lag as well, in a part of the time


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A prediction beside what was measured; maps are over `series.columns`, (n,) each.

    Shapes   r, mse, r2 (n,): the mean over the subjects that have a number there; n_subjects (n,) how many have an r
    Units    r and r2 none; mse that of the values squared
    Fields   ceilings: of each subject with repetitions; group: where there are several subjects; nulls: if asked for,
             of each subject, then of the group
    """

    series: SurfaceSeries  # of the first timeline: mesh, vertices, what made it
    scored: Scored
    r: np.ndarray
    mse: np.ndarray
    r2: np.ndarray
    n_subjects: np.ndarray
    lags: LagScan | None
    ceilings: tuple[SubjectCeilings, ...]
    group: GroupResult | None
    nulls: tuple[NullResult, ...]
    regions: RegionMeans | None
    options: EvaluationOptions
    warnings: tuple[str, ...]

    @property
    def subjects(self) -> tuple[SubjectScores, ...]:
        """The scores of each subject."""
        return self.scored.subjects

    @property
    def null(self) -> NullResult | None:
        """The null of the only subject, or of the group."""
        is_there = len(self.subjects) == 1 or len(self.nulls) > len(self.subjects)
        return self.nulls[-1] if self.nulls and is_there else None

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
    said = [*predicted.said, *more, *guessed_offset(predicted, runs, asked.offset)]
    scored = score_subjects(runs)
    subjects = scored.subjects
    said += [*odd_rows(subjects), *odd_columns(subjects), *odd_levels(subjects)]
    lags, of_lags = _scan(runs, asked)
    ceilings, of_ceilings = ceilings_of(subjects, asked)
    group, of_group = group_of(subjects)
    nulls, of_null = nulls_of(subjects, asked)
    first = predicted.first
    regions, told = (None, list[str]()) if asked.parcellation is False else find_regions(first, asked.parcellation)
    said = [*of_lags, *said, *of_ceilings, *of_group, *of_null, *told]
    if is_of_random_weights(first):
        said.insert(0, RANDOM)
    r, mse, r2 = ([getattr(one.scores, name) for one in subjects] for name in ("r", "mse", "r2"))
    return Evaluation(
        first, scored, mean_of_subjects(r), mean_of_subjects(mse), mean_of_subjects(r2),
        np.isfinite(r).sum(axis=0), lags, ceilings, group, tuple(nulls), regions, asked, tuple(dict.fromkeys(said)),
    )  # fmt: skip


def _scan(runs: Sequence[PairedRun], asked: EvaluationOptions) -> tuple[LagScan | None, list[str]]:
    """Mean r with the truth read earlier and later than expected, and what to say of it; None where it has no rows."""
    if not asked.reach:
        return None, []
    n_columns = runs[0].prediction.values.shape[1]
    scan = lag_scan(
        lambda lag: rows_at_lag(runs, lag), whole_row_lags(runs[0].truth.tr, reach=asked.reach),
        columns=slice(None, None, -(-n_columns // MOST_SCANNED)),
    )  # fmt: skip
    if np.isnan(scan.r_at(scan.expected)):
        return None, ["no lag scan: at the expected lag there are too few rows, or no vertex has an r"]
    offset = runs[0].prediction.hemodynamic_offset
    is_aligned = all(run.truth.is_aligned for run in runs)
    return scan, [
        *swapped_sides(runs, scan), *lag_warnings(scan, hemodynamic_offset=offset, is_aligned=is_aligned)
    ]  # fmt: skip


def mean_of_subjects(maps: Any) -> np.ndarray:
    """The mean over the maps (N, n) that have a number at a vertex, NaN where none has, (n,)."""
    stacked = np.asarray(maps, np.float64)
    known = np.isfinite(stacked)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, stacked, 0).sum(axis=0) / np.maximum(n, 1), np.nan)
