"""How much each modality adds to what a prediction tells of measured data: changes of r, and a split of its variance.

Every subset's prediction has an r with the truth; that r is what is shared out. A prediction that never changes tells
nothing, so that its r counts as 0 here. Nothing is fitted: the model is the same in every subset, so that the split
says what this model makes of each modality, not what could be made of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from tribe_np.analysis.evaluation.evaluating import mean_of_subjects
from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.evaluation.truth_rows import AlignedRows, align
from tribe_np.analysis.evaluation.truth_runs import PairedRun
from tribe_np.analysis.modalities.subset_values import (
    NONE,
    Subset,
    shapley_weights,
    split_weights,
    subsets_of,
    weighted_sum,
)
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


class TruthSums:
    """`TruthMaps` in the making, from blocks of rows of every subset's prediction.

    `rows_of` tells, for each timeline, which rows of the whole prediction are those of the run's prediction.
    Raises   MeasurementError where rows do not fit
    """

    def __init__(self, modalities: Sequence[str], runs: Sequence[PairedRun], rows_of: Mapping[str, np.ndarray]) -> None:
        self.modalities, self.subsets = tuple(modalities), subsets_of(modalities)
        n_columns = runs[0].prediction.values.shape[1]
        self._scores = {
            run.truth.subject: {subset: RunningScores(n_columns) for subset in self.subsets} for run in runs
        }
        self._runs = [(run, align(run.prediction, run.truth), rows_of[run.timeline]) for run in runs]
        self._check_rows()

    def _check_rows(self) -> None:
        for subject, n in self.subjects.items():
            if n < FEWEST_ROWS:
                origin = next(run.truth.origin for run, *_ in self._runs if run.truth.subject == subject)
                raise MeasurementError(
                    f"{origin}: {subject} has {n} rows that the prediction has too, expected at least {FEWEST_ROWS}"
                )

    @property
    def subjects(self) -> dict[str, int]:
        """Rows of each that the prediction has too."""
        counts = dict.fromkeys(self._scores, 0)
        for run, aligned, _ in self._runs:
            counts[run.truth.subject] += aligned.rows
        return counts

    def add(self, first: int, predictions: Mapping[Subset, np.ndarray]) -> None:
        """The rows from `first` on of what is predicted of every subset.

        Shapes   predictions {subset: (b, V)}
        """
        n_rows = len(predictions[self.subsets[0]])
        for run, aligned, rows in self._runs:
            places = rows[aligned.kept] - first
            here = (places >= 0) & (places < n_rows)
            if here.any():
                truth = _truth_of(aligned, here)
                for subset, scores in self._scores[run.truth.subject].items():
                    scores.add(predictions[subset][places[here]], truth)

    def maps(self) -> TruthMaps:
        """The maps of all rows so far."""
        found = [_of_subject(scores, self.modalities) for scores in self._scores.values()]
        dropped = (
            sum(aligned.n_dropped_prediction for _, aligned, _ in self._runs),
            sum(aligned.n_dropped_truth for _, aligned, _ in self._runs),
        )
        return TruthMaps(
            _means([one.r for one in found]), _means([one.lost for one in found]),
            _means([one.gained for one in found]), _means([one.shapley for one in found]),
            _means([one.part for one in found]), _means([one.split for one in found]),
            self.subjects, dropped, self._counts(), tuple(self._odd()),
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
        if few := [name for name, n in self.subjects.items() if n < FEW_ROWS]:
            said.append(f"{some_of(few, 3)}: {min(self.subjects.values())} rows are few for a correlation")
        for run, aligned, _ in self._runs:
            if aligned.n_dropped_prediction or aligned.n_dropped_truth:
                said.append(
                    f"{run.truth.origin}: {aligned.rows} rows are also the prediction's; "
                    f"{aligned.n_dropped_prediction} of the prediction and {aligned.n_dropped_truth} of the truth are "
                    "dropped"
                )
        return said


def _truth_of(aligned: AlignedRows, here: np.ndarray) -> np.ndarray:
    """The truth of some of the kept rows, (b, V)."""
    some = replace(aligned, kept=aligned.kept[here], places=aligned.places[here])
    ((_, truth),) = some.blocks(int(here.sum()))
    return truth


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
