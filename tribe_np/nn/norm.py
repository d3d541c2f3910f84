"""Layer normalisation with its weights (the other norms have a single gain and need no layer of their own)."""

from dataclasses import dataclass

from tribe_np.nn.context import Context
from tribe_np.protocols import Array, Weights


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
        """Takes `weight` and, unless told otherwise, `bias`."""
        return cls(weights.take("weight", (dim,)), weights.take("bias", (dim,)) if bias else None, eps)

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (..., D) -> (..., D)."""
        return ctx.kernels.layer_norm(x, self.weight, self.bias, eps=self.eps)
