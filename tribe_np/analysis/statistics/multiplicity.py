"""What remains of a p-value where a whole cortex of them is looked at."""

import numpy as np
from scipy.stats import false_discovery_control

from tribe_np.errors import ShapeError


def fdr(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's q of each p: the false discovery rate at which the vertex is just found.

    Shapes   p (V,) -> (V,) float64
    Numerics over the finite p alone: NaN stay NaN, and count in no correction
    Raises   ShapeError for p outside 0 to 1
    """
    p = np.asarray(p, np.float64)
    finite = np.isfinite(p)
    if np.any((p[finite] < 0) | (p[finite] > 1)):
        raise ShapeError("fdr: expected p-values between 0 and 1")
    q = np.full(p.shape, np.nan)
    if finite.any():
        q[finite] = false_discovery_control(p[finite])
    return q
