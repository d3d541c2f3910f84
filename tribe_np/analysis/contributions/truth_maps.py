"""How much each modality adds to what a prediction tells of measured data: changes of r, and a split of its variance.

Every subset's prediction has an r with the truth; that r is what is shared out. A prediction that never changes tells
nothing, so that its r counts as 0 here. Nothing is fitted: the model is the same in every subset, so that the split
says what this model makes of each modality, not what could be made of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from tribe_np.analysis.contributions.subset_values import (
    NONE,
    Subset,
    shapley_weights,
    split_weights,
    subsets_of,
    weighted_sum,
)
from tribe_np.analysis.evaluation.evaluating import mean_of_subjects
from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.evaluation.truth_rows import AlignedRows, align
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import MeasurementError
from tribe_np.shown import some_of

FEWEST_ROWS = 3  # two rows always lie on a line
FEW_ROWS = 30


@dataclass(frozen=True, eq=False)
class TruthMaps:
    """What modalities add to r; every map is (V,) float64, the mean over the subjects that have a number there.

    r         of every subset, Pearson's over the rows that truth has too
    lost      leave one out: r of full minus r of the full without it
    gained    leave one in: r of it alone minus r of nothing
    shapley   Shapley value of r; all modalities add up to r of full minus r of nothing
    part      covariance over rows of the modality's Shapley value with the truth, over the deviations of full and of
              the truth: all modalities, and "none" for what is predicted of nothing, add up to r of full
    split     of r |r|, the share of the truth's variance with the sign of r: what exactly the modalities of a subset
              have in common; all add up to that of full minus that of nothing
    subjects  rows of each; dropped: rows of the prediction and of the truth that the other does not have
    counts    vertices without a number, and those where a subset's prediction is constant, over all subjects
    """

    r: Mapping[Subset, np.ndarray]
    lost: Mapping[str, np.ndarray]
    gained: Mapping[str, np.ndarray]
    shapley: Mapping[str, np.ndarray]
    part: Mapping[str, np.ndarray]
    split: Mapping[Subset, np.ndarray]
    subjects: Mapping[str, int]
    dropped: tuple[int, int]
    counts: Mapping[str, int]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LaidTruth:
    """Runs of truth laid on the rows of a prediction that is yet to be made; `lay_truth` makes it.

    Shapes   places: for each run the rows (n,) of the whole prediction that its aligned rows answer
    Fields   said: what was odd as they were read
    """

    runs: tuple[PairedRun, ...]
    aligned: tuple[AlignedRows, ...]
    places: tuple[np.ndarray, ...]
    said: tuple[str, ...] = ()

    @property
    def n_columns(self) -> int:
        """Columns of the prediction."""
        return int(self.runs[0].prediction.values.shape[1])

    @property
    def subjects(self) -> dict[str, int]:
        """Rows of each subject that the prediction has too."""
        counts = dict.fromkeys([run.truth.subject for run in self.runs], 0)
        for run, aligned in zip(self.runs, self.aligned, strict=True):
            counts[run.truth.subject] += aligned.rows
        return counts

    def within(self, first: int, n_rows: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Of each run that answers some of these rows: the subject, which of them (k,), and their truth (k, V)."""
        for run, aligned, places in zip(self.runs, self.aligned, self.places, strict=True):
            here = (places >= first) & (places < first + n_rows)
            if here.any():
                some = replace(aligned, kept=aligned.kept[here], places=aligned.places[here])
                ((_, truth),) = some.blocks(int(here.sum()))
                yield run.truth.subject, places[here] - first, truth


def rows_by_timeline(
    series: SurfaceSeries, timeline_of: Sequence[str] | np.ndarray, starts: np.ndarray
) -> tuple[dict[str, SurfaceSeries], dict[str, np.ndarray]]:
    """Each timeline as a series of zeros without memory, for rows to come, and which rows of all they are.

    Of rows with one start, which windows that overlap give, the first, as `evaluate` takes them.
    Shapes   timeline_of, starts (R,): of every row
    """
    timelines, rows_of = {}, {}
    names = np.array(timeline_of, object)
    for name in dict.fromkeys(names.tolist()):
        mine = np.flatnonzero(names == name)
        _, firsts = np.unique(np.round(starts[mine], 6), return_index=True)
        rows_of[name] = mine[firsts]
        values = np.broadcast_to(np.float32(0), (len(firsts), series.values.shape[1]))
        run = {"timeline": name}  # as of a prediction, which states its offset
        timelines[name] = replace(series, values=values, starts=starts[rows_of[name]], run=run, timelines=None)
    return timelines, rows_of


def lay_truth(runs: Sequence[PairedRun], rows_of: Mapping[str, np.ndarray], said: Sequence[str] = ()) -> LaidTruth:
    """`rows_of` tells, for each timeline, which rows of the whole prediction are those of the run's prediction.

    Raises   MeasurementError for runs that do not fit, no overlap, or too few rows
    """
    aligned = tuple(align(run.prediction, run.truth) for run in runs)
    places = tuple(rows_of[run.timeline][each.kept] for run, each in zip(runs, aligned, strict=True))
    laid = LaidTruth(tuple(runs), aligned, places, tuple(said))
    for subject, n in laid.subjects.items():
        if n < FEWEST_ROWS:
            origin = next(run.truth.origin for run in runs if run.truth.subject == subject)
            raise MeasurementError(
                f"{origin}: {subject} has {n} rows that the prediction has too, expected at least {FEWEST_ROWS}"
            )
    return laid


class TruthSums:
    """`TruthMaps` in the making, from blocks of rows of every subset's prediction."""

    def __init__(self, modalities: Sequence[str], truth: LaidTruth) -> None:
        self.modalities, self.subsets, self.truth = tuple(modalities), subsets_of(modalities), truth
        self._scores = {
            subject: {subset: RunningScores(truth.n_columns) for subset in self.subsets} for subject in truth.subjects
        }

    def add(self, first: int, predictions: Mapping[Subset, np.ndarray]) -> None:
        """The rows from `first` on of what is predicted of every subset.

        Shapes   predictions {subset: (b, V)}
        """
        for subject, rows, truth in self.truth.within(first, len(predictions[self.subsets[0]])):
            for subset, scores in self._scores[subject].items():
                scores.add(predictions[subset][rows], truth)

    def maps(self) -> TruthMaps:
        """The maps of all rows so far."""
        found = [_of_subject(scores, self.modalities) for scores in self._scores.values()]
        dropped = (
            sum(aligned.n_dropped_prediction for aligned in self.truth.aligned),
            sum(aligned.n_dropped_truth for aligned in self.truth.aligned),
        )
        return TruthMaps(
            _means([one.r for one in found]), _means([one.lost for one in found]),
            _means([one.gained for one in found]), _means([one.shapley for one in found]),
            _means([one.part for one in found]), _means([one.split for one in found]),
            self.truth.subjects, dropped, self._counts(), (*self.truth.said, *self._odd()),
        )  # fmt: skip

    def _counts(self) -> dict[str, int]:
        full = [scores[self.subsets[-1]] for scores in self._scores.values()]
        every = [one for scores in self._scores.values() for one in scores.values()]
        return {
            "columns": full[0].n_columns,
            "constant_truth": sum(int(one.is_constant_truth.sum()) for one in full),
            "truth_not_finite": sum(one.counts["truth_not_finite"] for one in full),
            "constant_prediction_of_a_subset": sum(int(one.is_constant_prediction.sum()) for one in every),
        }

    def _odd(self) -> list[str]:
        """What a person should know of the truth."""
        counts, said = self._counts(), []
        of_all = f"of {counts['columns']} vertices" + (" (all subjects together)" if len(self._scores) > 1 else "")
        if n := counts["truth_not_finite"]:
            said.append(f"the truth is NaN or infinite in some row at {n} {of_all}; they are NaN in the maps of r")
        if n := counts["constant_truth"]:
            said.append(f"the truth does not change at {n} {of_all}; they are NaN in the maps of r")
        if few := [name for name, n in self.truth.subjects.items() if n < FEW_ROWS]:
            said.append(f"{some_of(few, 3)}: {min(self.truth.subjects.values())} rows are few for a correlation")
        for run, aligned in zip(self.truth.runs, self.truth.aligned, strict=True):
            if aligned.n_dropped_prediction or aligned.n_dropped_truth:
                said.append(
                    f"{run.truth.origin}: {aligned.rows} rows are also the prediction's; "
                    f"{aligned.n_dropped_prediction} of the prediction and {aligned.n_dropped_truth} of the truth are "
                    "dropped"
                )
        return said


@dataclass(frozen=True, eq=False)
class _OfSubject:
    """The maps of one subject, as TruthMaps names them."""

    r: dict[Subset, np.ndarray]
    lost: dict[str, np.ndarray]
    gained: dict[str, np.ndarray]
    shapley: dict[str, np.ndarray]
    part: dict[str, np.ndarray]
    split: dict[Subset, np.ndarray]


def _of_subject(scores: Mapping[Subset, RunningScores], modalities: Sequence[str]) -> _OfSubject:
    nothing, full = Subset(), Subset(modalities)
    r = {subset: _r_or_nothing(one) for subset, one in scores.items()}
    explained = {subset: np.abs(values) * values for subset, values in r.items()}
    deviation = np.sqrt(scores[full].prediction_squares)
    varies = ~scores[full].is_constant_prediction & (deviation > 0)
    ratio = {s: np.sqrt(one.prediction_squares) / np.where(varies, deviation, np.nan) for s, one in scores.items()}
    weighted = {subset: r[subset] * ratio[subset] for subset in r}
    values_of = {m: shapley_weights(m, modalities) for m in modalities}
    part = {m: weighted_sum(weighted, weights) for m, weights in values_of.items()}
    return _OfSubject(
        r,
        {m: r[full] - r[full - {m}] for m in modalities},
        {m: r[Subset({m})] - r[nothing] for m in modalities},
        {m: weighted_sum(r, weights) for m, weights in values_of.items()},
        {**part, NONE: weighted[nothing]},
        {s: weighted_sum(explained, split_weights(s, modalities)) for s in subsets_of(modalities)[1:]},
    )


Key = TypeVar("Key")


def _means(maps: Sequence[Mapping[Key, np.ndarray]]) -> dict[Key, np.ndarray]:
    return {key: mean_of_subjects([one[key] for one in maps]) for key in maps[0]}


def _r_or_nothing(scores: RunningScores) -> np.ndarray:
    """r, 0 for a prediction that is constant; NaN where the truth has no r."""
    return np.where(scores.is_constant_prediction & scores.is_scored, 0.0, scores.r)
