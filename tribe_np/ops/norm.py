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


def layer_norm_vjp(x: Array, weight: Array | None, grad: Array, *, eps: float) -> tuple[Array, Array, Array]:
    """The gradients of x, weight and bias, from that of layer_norm(x, weight, bias).

    Shapes   x (..., D), weight (D,) or None, grad (..., D) -> (..., D), (D,), (D,), same dtype and module
    Source   torch 2.13.0 nn.LayerNorm, backward
    """
    xp = array_module(x, weight, grad)
    centred = x - xp.mean(x, axis=-1, keepdims=True)
    length = xp.sqrt(xp.mean(centred * centred, axis=-1, keepdims=True) + eps)
    normed = centred / length
    inner = grad if weight is None else grad * weight
    along = xp.mean(inner * normed, axis=-1, keepdims=True)
    grad_x = (inner - xp.mean(inner, axis=-1, keepdims=True) - normed * along) / length
    return grad_x, _per_channel(grad * normed), _per_channel(grad)


def rms_norm(x: Array, weight: Array, *, eps: float) -> Array:
    """Each token divided by its root mean square, then scaled: LLaMA's form.

    Shapes   x (..., D), weight (D,) -> (..., D), same dtype and module
    Numerics eps is added to the mean square, inside the root
    Source   transformers 5.23.0 LlamaRMSNorm
    """
    xp = array_module(x, weight)
    mean_square = xp.mean(x * x, axis=-1, keepdims=True)
    return weight * (x * (1.0 / xp.sqrt(mean_square + eps)))


def rms_norm_vjp(x: Array, weight: Array, grad: Array, *, eps: float) -> tuple[Array, Array]:
    """The gradients of x and weight, from that of rms_norm(x, weight).

    Shapes   x (..., D), weight (D,), grad (..., D) -> (..., D), (D,), same dtype and module
    Source   transformers 5.23.0 LlamaRMSNorm, backward
    """
    xp = array_module(x, weight, grad)
    inverse = 1.0 / xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    normed, inner = x * inverse, grad * weight
    grad_x = (inner - normed * xp.mean(inner * normed, axis=-1, keepdims=True)) * inverse
    return grad_x, _per_channel(grad * normed)


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


def scale_norm_vjp(x: Array, gain: Array, grad: Array, *, eps: float = 1e-12) -> tuple[Array, Array]:
    """The gradients of x and gain, from that of scale_norm(x, gain).

    Shapes   x (..., D), gain (1,), grad (..., D) -> (..., D), (1,), same dtype and module
    Source   x-transformers 1.27.20 ScaleNorm, backward
    """
    grad_x, per_channel = length_norm_vjp(x, gain, grad, eps=eps)
    return grad_x, per_channel.sum().reshape(1)


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


def length_norm_vjp(x: Array, gain: Array, grad: Array, *, eps: float = 1e-12) -> tuple[Array, Array]:
    """The gradients of x and gain, from that of length_norm(x, gain).

    Shapes   x (..., D), gain (D,), grad (..., D) -> (..., D), (D,), same dtype and module
    Source   x-transformers 1.27.20 RMSNorm, backward
    """
    length = x.shape[-1] ** 0.5
    grad_x = unit_norm_vjp(x, grad * gain * length, eps=eps)
    return grad_x, _per_channel(grad * unit_norm(x, eps=eps)) * length


def unit_norm(x: Array, *, eps: float = 0.0) -> Array:
    """Each token rescaled to length 1.

    Shapes   x (..., D) -> (..., D), same dtype and module
    Numerics divides by max(length, eps); with eps 0 an all-zero token gives nan
    Source   torch 2.13.0 functional.normalize; neuraltrain 0.0.2 UnitNorm (eps 0)
    """
    xp = array_module(x)
    length = xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
    return x / (xp.maximum(length, eps) if eps > 0 else length)


def unit_norm_vjp(x: Array, grad: Array, *, eps: float = 0.0) -> Array:
    """The gradient of x, from that of unit_norm(x).

    Shapes   x (..., D), grad (..., D) -> (..., D), same dtype and module
    Numerics tokens shorter than eps are only divided by eps, which is constant
    Source   torch 2.13.0 functional.normalize, backward; neuraltrain 0.0.2 UnitNorm (eps 0)
    """
    xp = array_module(x, grad)
    length = xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
    divisor = xp.maximum(length, eps) if eps > 0 else length
    unit = x / divisor
    along = xp.sum(unit * grad, axis=-1, keepdims=True) * (length >= eps)
    return (grad - unit * along) / divisor


def _per_channel(x: Array) -> Array:
    """The sum over every axis but the last."""
    return x.reshape(-1, x.shape[-1]).sum(axis=0)
