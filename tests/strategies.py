"""Hypothesis strategies shared by the property tests: seeds and small sizes, from which a test builds its arrays."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 8)
dtypes = st.sampled_from([np.float32, np.float64])


def normal(seed: int, *shape: int, dtype: Any = np.float64, scale: float = 1.0) -> np.ndarray:
    """Normal numbers from a seed; the shape is part of the seed, so arrays of one test differ."""
    return (np.random.default_rng([seed, *shape]).normal(size=shape) * scale).astype(dtype)
