"""Retrieval: is a segment's own truth the nearest to its prediction, and how often would a guess be right?

Upstream's TopkAcc. Its sets are batches of 8 segments of 100 rows, which makes the chance of top-1 12.5 %; over all the
segments of a film it is far lower. So a set's size always goes with the number.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from tribe_np.errors import ConfigError, ShapeError

NORM_EPS = 1e-15
UPSTREAM_SEGMENT_ROWS, UPSTREAM_BATCH = 100, 8  # duration_trs and batch_size of tribev2/grids/defaults.py


class TopkRetrieval:
    """How often a prediction's own truth is among the `k` of its set whose cosine to it is largest.

    `chance` is k / M for a set of M, averaged over predictions. A set is what one `add` was given; upstream's sets are
    its batches, so that a top-1 accuracy without M says nothing.

    Numerics rank is the mean of the strictly better and of the better or equal: equal candidates share their places,
             two best ones have rank 0.5, a hit. They are equal to the bit here, while upstream's matmul may round one
             above the other. A prediction whose own score is NaN gets rank N // 2 of N predictions
    Source   neuraltrain 0.0.2 TopkAcc and Rank (similarity over the norm of y)
    """

    def __init__(self, k: int = 5) -> None:
        if k < 1:
            raise ConfigError(f"retrieval needs k of at least 1, got {k}")
        self.k = k
        self._ranks: list[np.ndarray] = []
        self._chances: list[float] = []

    def add(
        self,
        prediction: np.ndarray,
        truth: np.ndarray,
        prediction_labels: Sequence[Hashable] | None = None,
        truth_labels: Sequence[Hashable] | None = None,
    ) -> None:
        """Rank the truth of each prediction among all truths given.

        Shapes   prediction (N, F), truth (M, F); labels (N,) and (M,), else M is N and truth i is that of prediction i
        Raises   ShapeError if they do not fit; ConfigError for a label that no truth has
        """
        own = _own_truths(prediction, truth, prediction_labels, truth_labels)
        if len(own) == 0:
            return
        scores = _cosine_scores(np.asarray(prediction, np.float64), np.asarray(truth, np.float64))
        own_scores = scores[np.arange(len(own)), own][:, None]
        with np.errstate(invalid="ignore"):
            ranks = ((scores > own_scores).sum(axis=1) + (scores >= own_scores).sum(axis=1) - 1) / 2
        ranks[ranks < 0] = len(own) // 2
        self._ranks.append(ranks)
        self._chances += [min(self.k, len(truth)) / len(truth)] * len(own)

    @property
    def ranks(self) -> np.ndarray:
        """Rank of each prediction's truth, 0 the best, in the order they came."""
        return np.concatenate(self._ranks) if self._ranks else np.zeros(0)

    @property
    def accuracy(self) -> float:
        """Share of predictions with rank < k; NaN without any."""
        return float((self.ranks < self.k).mean()) if self._ranks else float("nan")

    @property
    def chance(self) -> float:
        """What guesses would reach; NaN without any."""
        return float(np.mean(self._chances)) if self._chances else float("nan")


def _own_truths(
    prediction: np.ndarray,
    truth: np.ndarray,
    prediction_labels: Sequence[Hashable] | None,
    truth_labels: Sequence[Hashable] | None,
) -> np.ndarray:
    if prediction.ndim != 2 or truth.ndim != 2 or prediction.shape[1] != truth.shape[1]:
        raise ShapeError(f"retrieval: expected (N, F) and (M, F), got {prediction.shape} and {truth.shape}")
    if (prediction_labels is None) != (truth_labels is None):
        raise ConfigError("retrieval: labels of both or of none")
    if prediction_labels is None or truth_labels is None:
        if len(prediction) != len(truth):
            raise ShapeError(f"retrieval: {len(prediction)} predictions and {len(truth)} truths need labels")
        return np.arange(len(truth))
    if (len(prediction_labels), len(truth_labels)) != (len(prediction), len(truth)):
        raise ShapeError("retrieval: expected a label for each prediction and for each truth")
    first = {label: i for i, label in reversed(list(enumerate(truth_labels)))}
    missing = [label for label in prediction_labels if label not in first]
    if missing:
        raise ConfigError(f"retrieval: no truth is called {missing[0]!r}")
    return np.array([first[label] for label in prediction_labels], np.int64)


def _cosine_scores(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x . y / |y|, (N, M); a matmul may give equal rows of y other last bits, so each is taken once."""
    places: dict[bytes, int] = {}
    column = [places.setdefault((row + 0.0).tobytes(), len(places)) for row in y]  # -0.0 is 0.0
    once = y[[column.index(i) for i in range(len(places))]]
    with np.errstate(invalid="ignore"):
        once = once / (NORM_EPS + np.sqrt(np.square(once).sum(axis=1, keepdims=True)))
        return np.asarray((x @ once.T)[:, column])


class SegmentMeans:
    """Means over the rows of each whole segment of a run: what upstream retrieves by.

    Shapes   prediction, truth (segments, V) float64
    Source   tribev2 7239908, BrainModule._run_step: `y_pred.mean(dim=-1)` of segments of duration_trs rows
    """

    def __init__(self, n_columns: int, rows: int = UPSTREAM_SEGMENT_ROWS) -> None:
        if rows < 1:
            raise ConfigError(f"a segment needs at least one row, got {rows}")
        self.rows, self.n_columns = rows, n_columns
        self.n_left = 0  # rows of no whole segment, in the runs that have ended
        self._sums = np.zeros((2, n_columns))
        self._filled = 0
        self._means: list[np.ndarray] = []

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Count the next rows of the run, (b, V) of both.

        Raises   ShapeError if they do not have one shape of `n_columns` columns
        """
        if prediction.shape != truth.shape or prediction.shape[1:] != (self.n_columns,):
            raise ShapeError(
                f"expected prediction and truth of (rows, {self.n_columns}), got {prediction.shape} and {truth.shape}"
            )
        first = 0
        while first < len(truth):
            last = min(len(truth), first + self.rows - self._filled)
            self._sums[0] += prediction[first:last].sum(axis=0, dtype=np.float64)
            self._sums[1] += truth[first:last].sum(axis=0, dtype=np.float64)
            self._filled += last - first
            first = last
            if self._filled == self.rows:
                self._means.append(self._sums / self.rows)
                self._sums, self._filled = np.zeros((2, self.n_columns)), 0

    def end_run(self) -> None:
        """The next rows are of another run: a segment that is not whole is left out, its rows counted."""
        self.n_left += self._filled
        self._sums, self._filled = np.zeros((2, self.n_columns)), 0

    @property
    def prediction(self) -> np.ndarray:
        """Means of the prediction."""
        return np.array([means[0] for means in self._means]).reshape(-1, self.n_columns)

    @property
    def truth(self) -> np.ndarray:
        """Means of the truth."""
        return np.array([means[1] for means in self._means]).reshape(-1, self.n_columns)

    def retrieval(self, k: int = 1, batch: int | None = UPSTREAM_BATCH) -> TopkRetrieval:
        """Each segment among those of its batch of consecutive segments, or among all if `batch` is None."""
        found, prediction, truth = TopkRetrieval(k), self.prediction, self.truth
        known = np.isfinite(truth).all(axis=0) & np.isfinite(prediction).all(axis=0)
        for chosen in _batches(len(truth), batch):
            found.add(prediction[chosen][:, known], truth[chosen][:, known])
        return found


def _batches(n: int, size: int | None) -> Iterable[slice]:
    step = max(n, 1) if size is None else size
    return (slice(first, min(first + step, n)) for first in range(0, n, step))
