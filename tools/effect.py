"""How much an approximation changes features and predictions: what several tables of the docs show."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Effect:
    """How series over time differ from the exact ones."""

    median: float  # of Pearson's r over the dimensions
    low: float  # its 5th percentile
    rms: float  # of the difference, over that of the time-centred exact series

    @classmethod
    def between(cls, exact: np.ndarray, near: np.ndarray) -> "Effect":
        """Shapes   both (n_dimensions, n_times)."""
        a, b = (x - x.mean(axis=1, keepdims=True) for x in (exact.astype(float), near.astype(float)))
        r = np.sum(a * b, axis=1) / np.sqrt(np.sum(a * a, axis=1) * np.sum(b * b, axis=1))
        difference = near.astype(float) - exact
        rms = float(np.sqrt(np.mean(difference**2) / np.mean(a**2)))
        return cls(float(np.median(r)), float(np.percentile(r, 5)), rms)

    def __str__(self) -> str:
        return f"{self.median:.4f} / {self.low:.4f} | {100 * self.rms:.1f} %"
