"""Normalisations over the last axis. Which eps goes where differs per source, and is the point of this file."""

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array


def layer_norm(x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
    """Each token with mean 0 and variance 1, then scaled and shifted.

    Shapes   x (..., D), weight (D,) or None, bias (D,) or None -> (..., D), same dtype and module
    Numerics biased variance; eps is added to the variance
    Source   torch 2.13.0 nn.LayerNorm
    """
    xp = array_module(x, weight, bias)
    centred = x - xp.mean(x, axis=-1, keepdims=True)
    variance = xp.mean(centred * centred, axis=-1, keepdims=True)
    normed = centred / xp.sqrt(variance + eps)
    if weight is not None:
        normed = normed * weight
    return normed if bias is None else normed + bias


def rms_norm(x: Array, weight: Array, *, eps: float) -> Array:
    """Each token divided by its root mean square, then scaled: LLaMA's form.

    Shapes   x (..., D), weight (D,) -> (..., D), same dtype and module
    Numerics eps is added to the mean square, inside the root
    Source   transformers 5.23.0 LlamaRMSNorm
    """
    xp = array_module(x, weight)
    mean_square = xp.mean(x * x, axis=-1, keepdims=True)
    return weight * (x * (1.0 / xp.sqrt(mean_square + eps)))


def scale_norm(x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
    """Each token rescaled to length gain * sqrt(D).

    Shapes   x (..., D) -> (..., D), same dtype and module; gain (1,)
    Numerics divides by max(length, eps): an all-zero token stays zero
    Raises   ShapeError if gain is not (1,)
    Source   x-transformers 1.27.20 ScaleNorm (later versions store gain - 1)
    """
    if gain.shape != (1,):
        raise ShapeError(f"scale_norm: gain must have shape (1,), got {gain.shape}; a (D,) gain belongs to length_norm")
    return unit_norm(x, eps=eps) * x.shape[-1] ** 0.5 * gain


def length_norm(x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
    """Each token rescaled to length sqrt(D), then scaled per channel: x-transformers' RMSNorm.

    Shapes   x (..., D), gain (D,) -> (..., D), same dtype and module
    Numerics divides by max(length, eps); no eps inside a mean square (that is `rms_norm`)
    Raises   ShapeError if gain is not (D,)
    Source   x-transformers 1.27.20 RMSNorm (later versions store gain - 1)
    """
    if gain.shape != x.shape[-1:]:
        raise ShapeError(f"length_norm: gain must have shape {x.shape[-1:]}, got {gain.shape}")
    return unit_norm(x, eps=eps) * x.shape[-1] ** 0.5 * gain


def unit_norm(x: Array, *, eps: float = 0.0) -> Array:
    """Each token rescaled to length 1.

    Shapes   x (..., D) -> (..., D), same dtype and module
    Numerics divides by max(length, eps); with eps 0 an all-zero token gives nan
    Source   torch 2.13.0 functional.normalize; neuraltrain 0.0.2 UnitNorm (eps 0)
    """
    xp = array_module(x)
    length = xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
    return x / (xp.maximum(length, eps) if eps > 0 else length)
