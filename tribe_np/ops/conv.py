"""Depthwise convolutions over time."""

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array


def depthwise(x: Array, weight: Array, *, pad_left: int, pad_right: int) -> Array:
    """Each channel cross-correlated over time with its own kernel, zeros outside.

    Shapes   x (..., S, D), weight (D, W) -> (..., S + pad_left + pad_right - W + 1, D), same dtype and module
    Numerics y[s] = sum over w of weight[w] * x[s + w - pad_left], added oldest first
    Raises   ShapeError when the channels differ, or the padded input is shorter than the kernel
    Source   torch 2.13.0 nn.Conv1d(groups=D, bias=False)
    """
    xp = array_module(x, weight)
    if weight.shape[:-1] != x.shape[-1:]:
        raise ShapeError(f"depthwise: x {x.shape} and weight {weight.shape} must have the same channels D")
    pads = [(0, 0)] * (x.ndim - 2) + [(pad_left, pad_right), (0, 0)]
    padded = xp.pad(x, pads)
    width = weight.shape[1]
    n_out = padded.shape[-2] - width + 1
    if n_out < 1:
        raise ShapeError(f"depthwise: {padded.shape[-2]} padded steps are too short for a kernel of {width}")
    total = padded[..., :n_out, :] * weight[:, 0]
    for w in range(1, width):
        total = total + padded[..., w : w + n_out, :] * weight[:, w]
    return total


def depthwise_vjp(x: Array, weight: Array, grad: Array, *, pad_left: int, pad_right: int) -> tuple[Array, Array]:
    """The gradients of x and weight, from that of depthwise(x, weight).

    Shapes   x (..., S, D), weight (D, W), grad (..., S + pad_left + pad_right - W + 1, D) -> (..., S, D), (D, W)
    Source   torch 2.13.0 nn.Conv1d(groups=D, bias=False), backward
    """
    xp = array_module(x, weight, grad)
    padded = xp.pad(x, [(0, 0)] * (x.ndim - 2) + [(pad_left, pad_right), (0, 0)])
    n_steps, n_out = x.shape[-2], grad.shape[-2]
    spread, taps = xp.zeros_like(padded), []
    for w in range(weight.shape[1]):
        spread[..., w : w + n_out, :] += grad * weight[:, w]
        taps.append((grad * padded[..., w : w + n_out, :]).reshape(-1, x.shape[-1]).sum(axis=0))
    return spread[..., pad_left : pad_left + n_steps, :], xp.stack(taps, axis=-1)


def depthwise_causal(x: Array, weight: Array) -> Array:
    """Depthwise convolution that sees the current and earlier steps only; the last tap is the current step's.

    Shapes   x (..., S, D), weight (D, W) -> (..., S, D), same dtype and module
    Source   transformers 5.23.0 Wav2Vec2BertConvolutionModule (left padding W - 1)
    """
    return depthwise(x, weight, pad_left=weight.shape[1] - 1, pad_right=0)


def depthwise_causal_vjp(x: Array, weight: Array, grad: Array) -> tuple[Array, Array]:
    """The gradients of x and weight, from that of depthwise_causal(x, weight).

    Shapes   x (..., S, D), weight (D, W), grad (..., S, D) -> (..., S, D), (D, W), same dtype and module
    Source   transformers 5.23.0 Wav2Vec2BertConvolutionModule, backward
    """
    return depthwise_vjp(x, weight, grad, pad_left=weight.shape[1] - 1, pad_right=0)
