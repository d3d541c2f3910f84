"""Mean and standard deviation of every feature over the steps of a stimulus, added up window by window."""

from collections.abc import Mapping

import numpy as np


class FeatureMoments:
    """The moments of one modality's features; memory does not grow with the stimulus.

    Numerics float64; blocks are joined as Chan, Golub and LeVeque do, so that a large mean costs no digits
    """

    def __init__(self) -> None:
        self.n_steps = 0
        self._mean: np.ndarray | float = 0.0
        self._squares: np.ndarray | float = 0.0

    def add(self, x: np.ndarray) -> None:
        """The next steps of all features.

        Shapes   x (..., T): what stands before the steps is one feature after the other
        """
        if not x.shape[-1]:
            return
        rows = np.asarray(x, np.float64).reshape(-1, x.shape[-1])
        mean = rows.mean(axis=1, keepdims=True)
        squares = np.square(rows - mean).sum(axis=1, keepdims=True)
        n, total = rows.shape[1], self.n_steps + rows.shape[1]
        change = mean - self._mean
        self._squares = self._squares + squares + np.square(change) * (self.n_steps * n / total)
        self._mean = self._mean + change * (n / total)
        self.n_steps = total

    @property
    def mean(self) -> np.ndarray:
        """Of each feature, (features, 1)."""
        return np.asarray(self._mean)

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation of each feature, (features, 1), divided by the number of steps."""
        return np.sqrt(np.asarray(self._squares) / max(1, self.n_steps))


def moments_of(features: Mapping[str, np.ndarray]) -> dict[str, FeatureMoments]:
    """The moments of each modality over windows and steps.

    Shapes   features {modality: (B, ..., T)}
    """
    found = {modality: FeatureMoments() for modality in features}
    for modality, x in features.items():
        for window in x:
            found[modality].add(window)
    return found
