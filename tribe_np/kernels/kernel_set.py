"""The record of hot operations. Whoever builds a model picks one; swapping a single entry bisects a parity failure.

Every entry has the signature, meaning and tests of its reference in `tribe_np.ops`; only speed may differ, and
rounding. There is no silent fallback: an entry given a dtype or layout it lacks raises.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tribe_np.ops import activation, attention, conv, norm, rotary
from tribe_np.protocols import Array


@dataclass(frozen=True)
class KernelSet:
    """Implementations of the operations that dominate a profile; see the reference of each for its contract."""

    name: str
    softmax: Callable[[Array], Array]
    gelu: Callable[[Array], Array]
    silu: Callable[[Array], Array]
    silu_gate: Callable[[Array, Array], Array]
    glu: Callable[[Array], Array]
    layer_norm: Callable[..., Array]
    rms_norm: Callable[..., Array]
    scale_norm: Callable[..., Array]
    rotate_half: Callable[[Array, Array, Array], Array]
    rotate_adjacent: Callable[[Array, Array, Array], Array]
    depthwise_causal: Callable[[Array, Array], Array]
    attention: Callable[..., Array]
    relative_attention: Callable[..., Array]


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
)
