"""The layers that models share: a linear map, and two normalisations with their weights."""

from dataclasses import dataclass

from tribe_np.nn.context import Context
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
