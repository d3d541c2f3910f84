"""Derivatives against differences of predictions: whether a backward pass is that of its forward pass."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

STEP = 1e-4  # in standard deviations of the features: errors are of its square


def derivative_error(
    predict: Callable[[Mapping[str, np.ndarray]], np.ndarray],
    features: Mapping[str, np.ndarray],
    gradients: Mapping[str, np.ndarray],
    deviations: Mapping[str, np.ndarray],
    *,
    n_directions: int = 3,
    seed: int = 0,
) -> float:
    """The largest difference of g . v from (f(x + hv) - f(x - hv)) / 2h, of the largest |g . v|.

    v is a random direction over all modalities and steps, in standard deviations of each feature.
    Shapes   features and gradients {modality: (G, F, T)}, deviations (G * F, 1); predict gives one number
    """
    rng = np.random.default_rng(seed)
    analytic, measured = [], []
    for _ in range(n_directions):
        turned = {m: _direction(x.shape, deviations[m], rng) for m, x in features.items()}
        analytic.append(sum(float(np.vdot(gradients[m], v)) for m, v in turned.items()))
        ends: list[Any] = [predict({m: x + sign * STEP * turned[m] for m, x in features.items()}) for sign in (1, -1)]
        measured.append(float((ends[0] - ends[1]) / (2 * STEP)))
    largest = np.abs(analytic).max()
    return float(np.abs(np.subtract(measured, analytic)).max() / largest) if largest > 0 else 0.0


def _direction(shape: tuple[int, ...], deviations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn: np.ndarray = rng.standard_normal((len(deviations), shape[-1])) * deviations
    return drawn.reshape(shape)
