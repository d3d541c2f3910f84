"""How much of a prediction each modality makes, vertex by vertex, from what is predicted of every subset of them.

    sums = ModalitySums(("text", "audio", "video"), n_columns)
    for predictions in blocks:  # {subset: (b, V)}, the next rows of every subset
        sums.add(predictions)
    maps = sums.maps()

Without measured data nothing says which modality is right, only what the prediction owes to it: the size of the
change when it goes or comes. Rows of all stimuli count alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.analysis.contributions.subset_values import (
    NONE,
    Subset,
    shapley_weights,
    subset_name,
    subsets_of,
    weighted_sum,
)
from tribe_np.analysis.contributions.truth_maps import TruthMaps
from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.errors import ConfigError, NotFiniteError, ShapeError

ROWS_AT_ONCE = 32  # 40 MiB of eight subsets of fsaverage5 in float64
LEAST_ROWS = 2


@dataclass(frozen=True, eq=False)
class ModalityMaps:
    """What each modality makes of a prediction over R rows; every map is (V,) float64, by modality.

    lost        leave one out: root mean square over rows of full minus the full without it
    alone       leave one in: the same of it alone minus nothing
    shapley     the same of its Shapley value in each row
    share       of the variance over rows of full minus nothing: the covariance with the Shapley value, over that
                variance; the shares of all modalities add up to 1, and one may be negative. NaN where nothing varies
    mean        of the Shapley value over rows; all modalities add up to the mean of full minus nothing
    r_alone     Pearson's r over rows of full and it alone; NaN where one of them is constant
    change      root mean square of full minus nothing, (V,)
    truth       the same beside measured data, where there are some
    gap         the largest |sum of the Shapley values - (full - nothing)| of all rows and vertices
    """

    modalities: tuple[str, ...]
    n_rows: int
    lost: Mapping[str, np.ndarray]
    alone: Mapping[str, np.ndarray]
    shapley: Mapping[str, np.ndarray]
    share: Mapping[str, np.ndarray]
    mean: Mapping[str, np.ndarray]
    r_alone: Mapping[str, np.ndarray]
    change: np.ndarray
    gap: float
    truth: TruthMaps | None = None

    @property
    def n_vertices(self) -> int:
        """Columns of the prediction."""
        return len(self.change)

    @property
    def n_without_r(self) -> dict[str, int]:
        """Vertices where full or the modality alone is constant, so that there is no r."""
        return {m: int(np.isnan(r).sum()) for m, r in self.r_alone.items()}

    @property
    def strongest(self) -> np.ndarray:
        """The place in `modalities` of the largest Shapley value of each vertex, (V,)."""
        places: np.ndarray = np.argmax([self.shapley[m] for m in self.modalities], axis=0)
        return places


class ModalitySums:
    """`ModalityMaps` in the making, from blocks of rows.

    Numerics float64 of the rows as they come; Shapley values are taken row by row, before anything is squared
    """

    def __init__(self, modalities: Sequence[str], n_columns: int) -> None:
        if len(set(modalities)) != len(modalities) or len(modalities) < 2:
            raise ConfigError(f"contributions are of two modalities or more, got {', '.join(modalities) or 'none'}")
        self.modalities = tuple(modalities)
        self.subsets = subsets_of(modalities)
        n = len(modalities)
        self._squares = np.zeros((3 * n + 1, n_columns))
        self._with_change = [RunningScores(n_columns) for _ in modalities]  # Shapley values with full - nothing
        self._with_full = [RunningScores(n_columns) for _ in modalities]  # each modality alone with full
        self._gap = 0.0

    @property
    def n_rows(self) -> int:
        """Rows so far."""
        return self._with_full[0].n

    def add(self, predictions: Mapping[Subset, np.ndarray]) -> None:
        """The next rows of what is predicted of every subset, the empty one among them.

        Shapes   predictions {subset: (b, V)}
        Raises   ShapeError for a subset that is missing, or rows of another shape; NotFiniteError
        """
        self._check(predictions)
        for part in _parts(len(predictions[self.subsets[0]])):
            self._add({subset: np.asarray(predictions[subset][part], np.float64) for subset in self.subsets})

    def _add(self, rows: Mapping[Subset, np.ndarray]) -> None:
        for subset, each in rows.items():
            if not np.isfinite(each).all():
                name = subset_name(subset, self.modalities)
                raise NotFiniteError(f"the prediction of {name} holds NaN or infinite values; try --precision float64")
        nothing, full = rows[self.subsets[0]], rows[self.subsets[-1]]
        change = full - nothing
        values = [weighted_sum(rows, shapley_weights(m, self.modalities)) for m in self.modalities]
        lost = [full - rows[self.subsets[-1] - {m}] for m in self.modalities]
        only = [rows[frozenset({m})] for m in self.modalities]
        for k, part in enumerate([*lost, *(one - nothing for one in only), *values, change]):
            self._squares[k] += (part**2).sum(axis=0)
        for k in range(len(self.modalities)):
            self._with_change[k].add(values[k], change)
            self._with_full[k].add(only[k], full)
        self._gap = max(self._gap, float(np.abs(sum(values[1:], values[0]) - change).max()))

    def _check(self, predictions: Mapping[Subset, np.ndarray]) -> None:
        missing = [subset for subset in self.subsets if subset not in predictions]
        if missing:
            names = ", ".join(subset_name(subset, self.modalities) for subset in missing)
            raise ShapeError(f"predictions lack {names}; every subset is needed, {NONE} too")
        expected = (len(predictions[self.subsets[0]]), self._squares.shape[1])
        for subset in self.subsets:
            if predictions[subset].shape != expected:
                raise ShapeError(
                    f"the prediction of {subset_name(subset, self.modalities)} has shape {predictions[subset].shape}, "
                    f"expected {expected}"
                )

    def maps(self) -> ModalityMaps:
        """The maps of all rows so far.

        Raises   ShapeError for fewer than two rows
        """
        if self.n_rows < LEAST_ROWS:
            raise ShapeError(f"contributions over time need {LEAST_ROWS} rows or more, got {self.n_rows}")
        lost, alone, shapley, (change,) = np.split(
            np.sqrt(self._squares / self.n_rows), np.cumsum([len(self.modalities)] * 3)
        )
        share = [share_of_variance(one) for one in self._with_change]
        return ModalityMaps(
            self.modalities, self.n_rows, self._named(lost), self._named(alone), self._named(shapley),
            self._named(share), self._named([one.prediction_mean.copy() for one in self._with_change]),
            self._named([one.r for one in self._with_full]),
            change, self._gap,
        )  # fmt: skip

    def _named(self, rows: Sequence[np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.modalities, rows, strict=True))


def share_of_variance(part_with_whole: RunningScores) -> np.ndarray:
    """The covariance of a part with the whole, over the variance of the whole, (V,); NaN where that does not vary.

    Numerics r times the ratio of deviations; 0 where the part alone is constant
    """
    one = part_with_whole
    varies = ~one.is_constant_truth & (one.truth_squares > 0)
    ratio = np.sqrt(one.prediction_squares / np.where(varies, one.truth_squares, 1))
    return np.where(varies, np.where(one.is_constant_prediction, 0, one.r * ratio), np.nan)


def _parts(n_rows: int) -> Iterator[slice]:
    for first in range(0, n_rows, ROWS_AT_ONCE):
        yield slice(first, first + ROWS_AT_ONCE)
