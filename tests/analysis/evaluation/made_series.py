"""Series with known autocorrelation and known reliability."""

import numpy as np

from tools.null_alarms import bold_noise, slow_noise

__all__ = ["bold_noise", "correlate", "repeats_of", "slow_noise"]


def repeats_of(
    rng: np.random.Generator, signal: np.ndarray, n_repeats: int, share: float, persistence: float = 0.5
) -> list[np.ndarray]:
    """Repeats in which a signal of variance 1 is that share of the variance."""
    noise = [slow_noise(rng, *signal.shape, persistence) for _ in range(n_repeats)]
    return [np.sqrt(share) * signal + np.sqrt(1 - share) * one for one in noise]


def correlate(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """NumPy's r, column by column."""
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(one.T, other.T, strict=True)])
