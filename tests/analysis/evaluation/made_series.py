"""Series with known autocorrelation and known reliability."""

import numpy as np
from scipy.signal import lfilter
from scipy.stats import gamma

WARM_UP = 200  # rows until noise has forgotten how it began


def slow_noise(rng: np.random.Generator, n_rows: int, n_columns: int, persistence: float = 0.9) -> np.ndarray:
    """First-order autoregressive noise of variance 1: r of neighbouring rows is `persistence`."""
    white = rng.normal(size=(n_rows + WARM_UP, n_columns)) * np.sqrt(1 - persistence**2)
    return lfilter([1.0], [1.0, -persistence], white, axis=0)[WARM_UP:]


def bold_noise(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """White noise that went through a haemodynamic response of 32 s: r of neighbouring seconds is 0.94."""
    seconds = np.arange(32)
    response = gamma.pdf(seconds, 6) - gamma.pdf(seconds, 16) / 6
    return lfilter(response, [1.0], rng.normal(size=(n_rows + WARM_UP, n_columns)), axis=0)[WARM_UP:]


def repeats_of(
    rng: np.random.Generator, signal: np.ndarray, n_repeats: int, share: float, persistence: float = 0.5
) -> list[np.ndarray]:
    """Repeats in which a signal of variance 1 is that share of the variance."""
    noise = [slow_noise(rng, *signal.shape, persistence) for _ in range(n_repeats)]
    return [np.sqrt(share) * signal + np.sqrt(1 - share) * one for one in noise]


def correlate(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """NumPy's r, column by column."""
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(one.T, other.T, strict=True)])
