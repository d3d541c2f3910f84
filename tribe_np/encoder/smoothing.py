"""Temporal smoothing: one short kernel per channel, run over time before anything else."""

from dataclasses import dataclass

import numpy as np

from tribe_np.ops.conv import depthwise
from tribe_np.protocols import Array, Weights


def gaussian_kernel(kernel_size: int, sigma: float) -> np.ndarray:
    """A sampled Gaussian of sum 1, centred on tap kernel_size // 2.

    Shapes   -> (W,) float32
    Source   tribev2 7239908 model.TemporalSmoothing
    """
    offset = (np.arange(kernel_size) - kernel_size // 2).astype(np.float32)
    kernel = np.exp(np.float32(-0.5) * (offset / np.float32(sigma)) ** 2)
    return np.asarray(kernel / kernel.sum(), np.float32)


@dataclass(frozen=True, eq=False)
class TemporalSmoothing:
    """A depthwise convolution; its kernel is always the checkpoint's, since training may have moved a Gaussian one.

    Source   tribev2 7239908 model.TemporalSmoothing (nn.Conv1d with padding kernel_size // 2)
    """

    weight: Array  # (D, W)

    @classmethod
    def from_weights(cls, weights: Weights, dim: int, kernel_size: int) -> "TemporalSmoothing":
        """Takes `weight` (D, 1, W)."""
        return cls(weights.take("weight", (dim, 1, kernel_size)).reshape(dim, kernel_size))

    def __call__(self, x: Array) -> Array:
        """Shapes   x (B, T, D) -> (B, T, D); an even kernel gives T + 1 steps, as upstream."""
        half = self.weight.shape[1] // 2
        return depthwise(x, self.weight, pad_left=half, pad_right=half)
