"""Elementwise activations and the softmax."""

from tribe_np.backend import array_module, erf
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array


def gelu(x: Array) -> Array:
    """x times the standard normal cumulative distribution at x: the exact form, never the tanh approximation.

    Shapes   x (...) -> (...), same dtype and module
    Numerics 0.5 x (1 + erf(x / sqrt 2))
    Source   torch 2.13.0 nn.GELU(approximate="none")
    """
    return 0.5 * x * (1.0 + erf(x * 0.7071067811865476))


def gelu_vjp(x: Array, grad: Array) -> Array:
    """The gradient of x, from that of gelu(x).

    Shapes   x (...), grad (...) -> (...), same dtype and module
    Numerics grad (Phi(x) + x phi(x)), with the normal distribution function and density
    Source   torch 2.13.0 nn.GELU(approximate="none"), backward
    """
    xp = array_module(x, grad)
    density = xp.exp(-0.5 * x * x) * 0.3989422804014327
    return grad * (0.5 * (1.0 + erf(x * 0.7071067811865476)) + x * density)


def sigmoid(x: Array) -> Array:
    """The logistic function 1 / (1 + exp(-x)).

    Shapes   x (...) -> (...), same dtype and module
    Numerics exp of a non-positive argument only: no overflow at any finite x
    Source   torch 2.13.0 torch.sigmoid
    """
    xp = array_module(x)
    decay = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1.0 / (1.0 + decay), decay / (1.0 + decay))


def sigmoid_vjp(x: Array, grad: Array) -> Array:
    """The gradient of x, from that of sigmoid(x).

    Shapes   x (...), grad (...) -> (...), same dtype and module
    Source   torch 2.13.0 torch.sigmoid, backward
    """
    y = sigmoid(x)
    return grad * y * (1.0 - y)


def silu(x: Array) -> Array:
    """x times its sigmoid (also called swish).

    Shapes   x (...) -> (...), same dtype and module
    Source   torch 2.13.0 nn.SiLU
    """
    return x * sigmoid(x)


def silu_vjp(x: Array, grad: Array) -> Array:
    """The gradient of x, from that of silu(x).

    Shapes   x (...), grad (...) -> (...), same dtype and module
    Source   torch 2.13.0 nn.SiLU, backward
    """
    y = sigmoid(x)
    return grad * y * (1.0 + x * (1.0 - y))


def glu(x: Array) -> Array:
    """The first half of the channels times the sigmoid of the second.

    Shapes   x (..., 2D) -> (..., D), same dtype and module
    Raises   ShapeError for an odd number of channels
    Source   torch 2.13.0 nn.GLU
    """
    n_channels = x.shape[-1] // 2
    if x.shape[-1] != 2 * n_channels:
        raise ShapeError(f"glu: the last axis must be even, got shape {x.shape}")
    return x[..., :n_channels] * sigmoid(x[..., n_channels:])


def glu_vjp(x: Array, grad: Array) -> Array:
    """The gradient of x, from that of glu(x).

    Shapes   x (..., 2D), grad (..., D) -> (..., 2D), same dtype and module
    Source   torch 2.13.0 nn.GLU, backward
    """
    xp = array_module(x, grad)
    passing, gate = x[..., : grad.shape[-1]], x[..., grad.shape[-1] :]
    return xp.concatenate([grad * sigmoid(gate), sigmoid_vjp(gate, grad * passing)], axis=-1)


def silu_gate(gate: Array, up: Array) -> Array:
    """silu(gate) * up: the gated unit of LLaMA's feed-forward.

    Shapes   gate (...), up (...) -> (...), same dtype and module
    Source   transformers 5.23.0 LlamaMLP
    """
    return silu(gate) * up


def silu_gate_vjp(gate: Array, up: Array, grad: Array) -> tuple[Array, Array]:
    """The gradients of gate and up, from that of silu_gate(gate, up).

    Shapes   gate, up, grad (...) -> (...), (...), same dtype and module
    Source   transformers 5.23.0 LlamaMLP, backward
    """
    return silu_vjp(gate, grad * up), grad * silu(gate)


def relu(x: Array) -> Array:
    """max(x, 0).

    Shapes   x (...) -> (...), same dtype and module
    Source   torch 2.13.0 nn.ReLU
    """
    xp = array_module(x)
    return xp.maximum(x, 0)


def relu_vjp(x: Array, grad: Array) -> Array:
    """The gradient of x, from that of relu(x).

    Shapes   x (...), grad (...) -> (...), same dtype and module
    Numerics 0 at x = 0
    Source   torch 2.13.0 nn.ReLU, backward
    """
    array_module(x, grad)
    return grad * (x > 0)


def elu(x: Array) -> Array:
    """x where positive, exp(x) - 1 elsewhere.

    Shapes   x (...) -> (...), same dtype and module
    Source   torch 2.13.0 nn.ELU(alpha=1)
    """
    xp = array_module(x)
    return xp.where(x > 0, x, xp.expm1(xp.minimum(x, 0)))


def elu_vjp(x: Array, grad: Array) -> Array:
    """The gradient of x, from that of elu(x).

    Shapes   x (...), grad (...) -> (...), same dtype and module
    Source   torch 2.13.0 nn.ELU(alpha=1), backward
    """
    xp = array_module(x, grad)
    return grad * xp.exp(xp.minimum(x, 0))


def prelu(x: Array, slope: Array) -> Array:
    """x where positive, slope * x elsewhere, with one learned slope.

    Shapes   x (...), slope (1,) -> (...), same dtype and module
    Source   torch 2.13.0 nn.PReLU(num_parameters=1)
    """
    xp = array_module(x, slope)
    return xp.where(x > 0, x, slope * x)


def prelu_vjp(x: Array, slope: Array, grad: Array) -> tuple[Array, Array]:
    """The gradients of x and slope, from that of prelu(x, slope).

    Shapes   x (...), slope (1,), grad (...) -> (...), (1,), same dtype and module
    Numerics the slope counts at x = 0
    Source   torch 2.13.0 nn.PReLU(num_parameters=1), backward
    """
    xp = array_module(x, slope, grad)
    return xp.where(x > 0, grad, slope * grad), xp.sum(grad * xp.minimum(x, 0)).reshape(1)


def softmax(x: Array) -> Array:
    """Non-negative weights along the last axis that sum to one.

    Shapes   x (..., S) -> (..., S), same dtype and module
    Numerics the row maximum is subtracted first; -inf gives exactly 0; a row of only -inf gives nan
    Source   torch 2.13.0 torch.softmax
    """
    xp = array_module(x)
    weights = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def softmax_vjp(weights: Array, grad: Array) -> Array:
    """The gradient of x, from that of weights = softmax(x).

    Shapes   weights (..., S), grad (..., S) -> (..., S), same dtype and module
    Numerics needs the result alone; exactly 0 where the weight is
    Source   torch 2.13.0 torch.softmax, backward
    """
    xp = array_module(weights, grad)
    return weights * (grad - xp.sum(weights * grad, axis=-1, keepdims=True))
