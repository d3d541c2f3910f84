"""Inverse frequencies of LLaMA's rotary positions, with the smoothing of LLaMA 3.1 and later."""

import math

import numpy as np

from extractors.llama.config import Llama3Scaling, LlamaConfig


def inverse_frequencies(config: LlamaConfig) -> np.ndarray:
    """Radians per position of each channel pair.

    Shapes   -> (H/2,) float32, on the host
    Numerics every step rounds to float32 as upstream's buffer does; the power is rounded once from float64, which
             equals torch's at LLaMA's sizes (H 128, theta 500000) to the bit. float64 runs widen these values
    Source   transformers 5.23.0 LlamaRotaryEmbedding.compute_default_rope_parameters, _compute_llama3_parameters
    """
    exponents = np.arange(0, config.head_dim, 2, dtype=np.float32) / np.float32(config.head_dim)
    powers = np.power(config.rope_theta, exponents.astype(np.float64)).astype(np.float32)
    plain = np.float32(1) / powers
    return plain if config.rope_scaling is None else llama3_frequencies(plain, config.rope_scaling)


def llama3_frequencies(inv_freq: np.ndarray, scaling: Llama3Scaling) -> np.ndarray:
    """Fast frequencies as they are, slow ones divided by `factor`, those between blended.

    Shapes   inv_freq (H/2,) float32 -> (H/2,) float32
    Numerics float32; the bounds are wavelengths in positions: L / high_freq_factor and L / low_freq_factor, with L
             the pretraining length (released: 2048 and 8192 of 8192). Independent of the sequence's length
    Source   transformers 5.23.0 _compute_llama3_parameters
    """
    length, low, high = scaling.original_max_positions, scaling.low_freq_factor, scaling.high_freq_factor
    factor = np.float32(scaling.factor)
    one = np.float32(1)
    # torch divides a number by an array as reciprocal times number: two roundings, kept to match to the bit
    wavelength = (one / inv_freq) * np.float32(2 * math.pi)
    smooth = ((one / wavelength) * np.float32(length) - np.float32(low)) / np.float32(high - low)
    blended = (one - smooth) * inv_freq / factor + smooth * inv_freq
    slowed = np.where(wavelength > np.float32(length / low), inv_freq / factor, blended)
    return np.where(wavelength < np.float32(length / high), inv_freq, slowed)
