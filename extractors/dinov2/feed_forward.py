"""The two feed-forwards of DINOv2: two maps with GELU between them, and the gated one of the giant model.

| key (hub spelling; transformers 5.23's gate_proj, up_proj, down_proj are read as well) | shape           |
|-----------------------------------------------------------------------------------------|-----------------|
| mlp.fc1.weight, mlp.fc2.weight                                                          | (M, D), (D, M)  |
| mlp.weights_in.weight: the gate's rows, then the other map's                            | (2 M, D)        |
| mlp.weights_out.weight                                                                  | (D, M)          |
"""

from dataclasses import dataclass

from extractors.dinov2.config import DinoV2Config
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.nn.layers import Linear
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class Mlp:
    """fc2(gelu(fc1(x))).

    Source   transformers 5.23.0 Dinov2MLP
    """

    fc1: Linear
    fc2: Linear

    def __call__(self, x: Array, kernels: KernelSet) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        return self.fc2(kernels.gelu(self.fc1(x)))


@dataclass(frozen=True, eq=False)
class SwiGlu:
    """down_proj(silu(gate_proj(x)) * up_proj(x)).

    Source   transformers 5.23.0 Dinov2SwiGLUFFN
    """

    gate_proj: Linear
    up_proj: Linear
    down_proj: Linear

    def __call__(self, x: Array, kernels: KernelSet) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D)."""
        return self.down_proj(kernels.silu_gate(self.gate_proj(x), self.up_proj(x)))


def take_feed_forward(weights: Weights, config: DinoV2Config) -> Mlp | SwiGlu:
    """Takes one `encoder.layer.{i}.mlp`."""
    D, M = config.model_dim, config.mlp_dim
    if not config.is_gated:
        return Mlp(
            Linear.from_weights(weights.at("fc1"), D, M, bias=True),
            Linear.from_weights(weights.at("fc2"), M, D, bias=True),
        )
    if weights.has("weights_in.weight"):
        weight, bias = weights.take("weights_in.weight", (2 * M, D)), weights.take("weights_in.bias", (2 * M,))
        gate, up = Linear(weight[:M], bias[:M]), Linear(weight[M:], bias[M:])
    else:
        gate, up = (Linear.from_weights(weights.at(name), D, M, bias=True) for name in ("gate_proj", "up_proj"))
    return SwiGlu(gate, up, Linear.from_weights(weights.at("down_proj"), M, D, bias=True))
