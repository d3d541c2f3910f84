"""The layers that models share: a linear map, and two normalisations with their weights."""

from dataclasses import dataclass

from tribe_np.nn.backward import Backward, Named
from tribe_np.nn.context import Context
from tribe_np.ops.norm import layer_norm_vjp, rms_norm_vjp
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class Linear:
    """x @ weight.T + bias: torch's layout, so that weights keep the checkpoint's shape.

    Source   torch 2.13.0 nn.Linear
    """

    weight: Array  # (D_out, D_in)
    bias: Array | None  # (D_out,)

    @classmethod
    def from_weights(cls, weights: Weights, n_in: int, n_out: int, *, bias: bool) -> "Linear":
        """Takes `weight` and, when asked for, `bias`."""
        return cls(weights.take("weight", (n_out, n_in)), weights.take("bias", (n_out,)) if bias else None)

    def __call__(self, x: Array) -> Array:
        """Shapes   x (..., D_in) -> (..., D_out)."""
        # one two-dimensional product: stacked operands would go to BLAS one matrix at a time
        rows = x.reshape(-1, x.shape[-1]) @ self.weight.T
        if self.bias is not None:
            rows += self.bias  # the product is ours: no second array
        return rows.reshape(*x.shape[:-1], self.weight.shape[0])

    def each(self, x: Array) -> Array:
        """A call with one product per item of the first axis: x may be a transposed view, which is not copied then.

        Shapes   x (B, S, D_in) -> (B, S, D_out)
        """
        y = x @ self.weight.T
        if self.bias is not None:
            y += self.bias
        return y

    def vjp(self, x: Array, grad: Array, back: Backward) -> tuple[Array, Named]:
        """The gradients of x, and of `weight` and `bias`.

        Shapes   x (..., D_in), grad (..., D_out) -> (..., D_in), and as the weights
        """
        rows = grad.reshape(-1, grad.shape[-1])
        grad_x = (rows @ self.weight).reshape(x.shape)
        if not back.wants_weights:
            return grad_x, {}
        gradients = {"weight": rows.T @ x.reshape(-1, x.shape[-1])}
        if self.bias is not None:
            gradients["bias"] = rows.sum(axis=0)
        return grad_x, gradients


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """Each token normalised, scaled and shifted.

    Source   torch 2.13.0 nn.LayerNorm
    """

    weight: Array  # (D,)
    bias: Array | None  # (D,)
    eps: float

    @classmethod
    def from_weights(cls, weights: Weights, dim: int, *, eps: float, bias: bool = True) -> "LayerNorm":
        """Takes `weight` and, by default, `bias`."""
        return cls(weights.take("weight", (dim,)), weights.take("bias", (dim,)) if bias else None, eps)

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (..., D) -> (..., D)."""
        return ctx.kernels.layer_norm(x, self.weight, self.bias, eps=self.eps)

    def vjp(self, x: Array, grad: Array) -> tuple[Array, Named]:
        """The gradients of x, and of `weight` and `bias`.

        Shapes   x (..., D), grad (..., D) -> (..., D), and as the weights
        """
        grad_x, weight, bias = layer_norm_vjp(x, self.weight, grad, eps=self.eps)
        return grad_x, {"weight": weight} if self.bias is None else {"weight": weight, "bias": bias}


@dataclass(frozen=True, eq=False)
class RmsNorm:
    """Each token divided by its root mean square, then scaled.

    Source   transformers 5.23.0 LlamaRMSNorm
    """

    weight: Array  # (D,)
    eps: float

    @classmethod
    def from_weights(cls, weights: Weights, dim: int, *, eps: float) -> "RmsNorm":
        """Takes `weight`."""
        return cls(weights.take("weight", (dim,)), eps)

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (..., D) -> (..., D)."""
        return ctx.kernels.rms_norm(x, self.weight, eps=self.eps)

    def vjp(self, x: Array, grad: Array) -> tuple[Array, Named]:
        """The gradients of x and of `weight`.

        Shapes   x (..., D), grad (..., D) -> (..., D), (D,)
        """
        grad_x, weight = rms_norm_vjp(x, self.weight, grad, eps=self.eps)
        return grad_x, {"weight": weight}
