"""The numbers that upstream logs while it trains, from blocks of rows: to say "as upstream counts it" of a score.

val/pearson         `UpstreamPearson(V).mean`: r of each vertex over all rows of all subjects, then the mean of vertices
val/subj_pearson    `GroupedRows` of it: the same within the rows of each subject
val/retrieval_top1  `SegmentMeans(V).retrieval(1)` of `segment_retrieval`

Upstream sums in float32; these sum in float64, and differ by that rounding.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.errors import ShapeError

LEAST_SPREAD = float(np.sqrt(np.finfo(np.float32).eps))  # of float32, in which upstream counts: 3.45e-4


class RowScores(Protocol):
    """What takes rows of a prediction and of the truth."""

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Count rows (b, V) of both."""


S = TypeVar("S", bound=RowScores)


class UpstreamPearson:
    """r of every column over all rows, with torchmetrics' rule of when there is none.

    A column has no r where its variance (n - 1) is under 3.45e-4 of its largest squared distance from the mean: one
    spike in an hour of quiet rows has none here, and has one in `RunningScores`. The distance is taken from the mean of
    the rows up to that block, as upstream takes it: so this one rule depends on the blocks.

    Shapes   per_column (V,)
    Numerics upstream counts in float32, where a constant other than 0 gets a variance of rounding and some r; here it
             has none
    Source   neuraltrain 0.0.2 OnlinePearsonCorr(dim=0) on torchmetrics 1.9.0 PearsonCorrCoef
    """

    def __init__(self, n_columns: int) -> None:
        self.scores = RunningScores(n_columns)
        self._prediction_reach, self._truth_reach = np.zeros(n_columns), np.zeros(n_columns)

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Count the rows of one block, (b, V) of both; upstream's blocks are batches.

        Raises   ShapeError as `RunningScores.add`
        """
        self.scores.add(prediction, truth)
        if len(truth) == 0:
            return
        with np.errstate(invalid="ignore"):
            _reach(self._prediction_reach, prediction, self.scores.prediction_mean)
            _reach(self._truth_reach, truth, self.scores.truth_mean)

    def merge(self, other: "UpstreamPearson") -> None:
        """Count the rows of another: as upstream puts the parts of several devices together.

        Source   torchmetrics 1.9.0 regression.pearson._final_aggregation
        Raises   ShapeError as `RunningScores.merge`
        """
        self.scores.merge(other.scores)
        np.maximum(self._prediction_reach, other._prediction_reach, out=self._prediction_reach)
        np.maximum(self._truth_reach, other._truth_reach, out=self._truth_reach)

    @property
    def per_column(self) -> np.ndarray:
        """r of each column, NaN where it has none: upstream's reduction="none"."""
        r, n = self.scores.r, self.scores.n
        if n < 2:
            return r
        with np.errstate(invalid="ignore", divide="ignore"):
            spreads = (
                self.scores.prediction_squares / (n - 1) / self._prediction_reach**2,
                self.scores.truth_squares / (n - 1) / self._truth_reach**2,
            )
        return np.where((spreads[0] >= LEAST_SPREAD) & (spreads[1] >= LEAST_SPREAD), r, np.nan)

    @property
    def mean(self) -> float:
        """Mean over the columns that have an r: the number upstream logs; NaN where none has."""
        r = self.per_column
        return float(r[np.isfinite(r)].mean()) if np.isfinite(r).any() else float("nan")

    @property
    def sum(self) -> float:
        """Sum over the columns that have an r: upstream's reduction="sum"."""
        return float(np.nansum(self.per_column))


def _reach(farthest: np.ndarray, block: np.ndarray, mean: np.ndarray) -> None:
    """Raises `farthest` to the largest distance of the block's rows from the mean, in place."""
    np.maximum(farthest, block.max(axis=0) - mean, out=farthest)
    np.maximum(farthest, mean - block.min(axis=0), out=farthest)


class GroupedRows(Generic[S]):
    """One score for the rows of each group, such as a subject: groups in the order they were first met.

    `GroupedRows(lambda: UpstreamPearson(V))` is upstream's GroupedMetric of its Pearson; any `RowScores` will do.
    Source   neuraltrain 0.0.2 GroupedMetric
    """

    def __init__(self, make: Callable[[], S]) -> None:
        self._make = make
        self.of: dict[str, S] = {}

    def add(
        self, prediction: np.ndarray, truth: np.ndarray, groups: Sequence[Hashable] | np.ndarray | None = None
    ) -> None:
        """Count rows (b, V) for the group that each is of, (b,); for one group "0.0" if none are said, as upstream.

        Raises   ShapeError if there is not one group for each row
        """
        names = np.array(["0.0"] * len(truth) if groups is None else [str(group) for group in groups])
        if len(names) != len(truth):
            raise ShapeError(f"expected a group for each of {len(truth)} rows, got {len(names)}")
        for name in dict.fromkeys(names.tolist()):
            chosen = names == name
            if name not in self.of:
                self.of[name] = self._make()
            if chosen.all():  # no copy of a block that is of one subject
                self.of[name].add(prediction, truth)
            else:
                self.of[name].add(prediction[chosen], truth[chosen])
