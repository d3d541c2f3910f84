"""Which function runs each hot operation: the record that layers call as `ctx.kernels`.

Whoever builds a model picks one; `REFERENCE` names the functions of `tribe_np.ops`. Swapping a single entry bisects a
difference.

Every entry has the signature, meaning and tests of its reference in `tribe_np.ops`; only speed may differ, and
rounding. There is no silent fallback: an entry given a dtype or layout it lacks raises. The protocols here say what an
entry takes, so that the type checker holds every set to it.
"""

from dataclasses import dataclass
from typing import Protocol

from tribe_np.ops import activation, attention, conv, norm, rotary
from tribe_np.protocols import Array


class ActivationKernel(Protocol):
    """One array in, one out."""

    def __call__(self, x: Array) -> Array:
        """Shapes   x (..., D) -> (..., D); `glu` halves the channels."""


class GateKernel(Protocol):
    """silu(gate) * up."""

    def __call__(self, gate: Array, up: Array) -> Array:
        """Shapes   gate (...), up (...) -> (...)."""


class LayerNormKernel(Protocol):
    """Mean 0 and variance 1, then scaled and shifted."""

    def __call__(self, x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
        """Shapes   x (..., D), weight (D,), bias (D,) -> (..., D)."""


class RmsNormKernel(Protocol):
    """Divided by the root mean square, then scaled."""

    def __call__(self, x: Array, weight: Array, *, eps: float) -> Array:
        """Shapes   x (..., D), weight (D,) -> (..., D)."""


class ScaleNormKernel(Protocol):
    """Rescaled to one length."""

    def __call__(self, x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
        """Shapes   x (..., D), gain (1,) -> (..., D)."""


class RotationKernel(Protocol):
    """Channels turned by the angles of their position."""

    def __call__(self, x: Array, cos: Array, sin: Array) -> Array:
        """Shapes   x (..., S, H), cos (S, R), sin (S, R), R <= H -> (..., S, H)."""


class ConvolutionKernel(Protocol):
    """One short kernel per channel over time."""

    def __call__(self, x: Array, weight: Array) -> Array:
        """Shapes   x (..., S, D), weight (D, W) -> (..., S, D)."""


class AttentionKernel(Protocol):
    """softmax(query . key * scale + bias) . value."""

    def __call__(
        self, query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False
    ) -> Array:
        """Shapes   query (B, N, S, H), key, value (B, K, T, H), bias to (B, N, S, T) -> (B, N, S, H); K divides N."""


class LogitsKernel(Protocol):
    """query . key * scale + bias: what attention takes the softmax of."""

    def __call__(
        self, query: Array, key: Array, *, scale: float, bias: Array | None = None, causal: bool = False
    ) -> Array:
        """Shapes   query (B, N, S, H), key (B, K, T, H), bias to (B, N, S, T) -> (B, N, S, T)."""


class RelativeAttentionKernel(Protocol):
    """Attention whose scores have a term for the clipped distance between query and key."""

    def __call__(
        self, query: Array, key: Array, value: Array, embedding: Array, *, scale: float, left_span: int
    ) -> Array:
        """Shapes   query, key, value (B, N, S, H), embedding (n distances, H) -> (B, N, S, H)."""


@dataclass(frozen=True)
class KernelSet:
    """Implementations of the operations that dominate a profile; see the reference of each for its contract.

    `attention_logits` runs only where somebody asks for the scores of every pair (see `nn.scores`).
    """

    name: str
    softmax: ActivationKernel
    gelu: ActivationKernel
    silu: ActivationKernel
    silu_gate: GateKernel
    glu: ActivationKernel
    layer_norm: LayerNormKernel
    rms_norm: RmsNormKernel
    scale_norm: ScaleNormKernel
    rotate_half: RotationKernel
    rotate_adjacent: RotationKernel
    depthwise_causal: ConvolutionKernel
    attention: AttentionKernel
    relative_attention: RelativeAttentionKernel
    attention_logits: LogitsKernel


REFERENCE = KernelSet(
    name="reference",
    softmax=activation.softmax,
    gelu=activation.gelu,
    silu=activation.silu,
    silu_gate=activation.silu_gate,
    glu=activation.glu,
    layer_norm=norm.layer_norm,
    rms_norm=norm.rms_norm,
    scale_norm=norm.scale_norm,
    rotate_half=rotary.rotate_half,
    rotate_adjacent=rotary.rotate_adjacent,
    depthwise_causal=conv.depthwise_causal,
    attention=attention.attention,
    relative_attention=attention.relative_attention,
    attention_logits=attention.attention_logits,
)
