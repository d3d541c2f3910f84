"""The pick of model steps onto the 2 Hz grid: nearest step, by torch's float32 rule."""

import numpy as np

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array


def nearest_steps(n_steps: int, n_bins: int) -> list[int]:
    """The step that each of n_bins bins reads, of n_steps.

    Numerics min(floor(float32(k) * float32(S / n)), S - 1): quotient and product are rounded to float32, so that the
             integer rule floor(k S / n) differs by one step now and then (S = 1946, n = 78)
    Raises   ShapeError without steps or bins
    Source   torch 2.13.0 functional.interpolate(mode="nearest")
    """
    if n_steps < 1 or n_bins < 1:
        raise ShapeError(f"nearest_steps: at least one step and one bin are needed, got {n_steps} and {n_bins}")
    if n_steps == n_bins:
        return list(range(n_steps))
    scale = np.float32(n_steps) / np.float32(n_bins)
    picked = np.floor(np.arange(n_bins, dtype=np.float32) * scale).astype(np.int64)
    return [int(step) for step in np.minimum(picked, n_steps - 1)]


def pick_nearest(x: Array, n_bins: int) -> Array:
    """The steps of `nearest_steps` along the first axis.

    Shapes   x (S, ...) -> (n_bins, ...), same dtype and module
    Source   torch 2.13.0 functional.interpolate(mode="nearest")
    """
    xp = array_module(x)
    return x if x.shape[0] == n_bins else x[xp.asarray(nearest_steps(x.shape[0], n_bins))]
