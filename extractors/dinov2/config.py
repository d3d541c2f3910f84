"""The numbers of a DINOv2 model, from the `config.json` of a HuggingFace folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from extractors.common.picture_settings import LONGEST_SIDE
from tribe_np.errors import ConfigError
from tribe_np.settings import Settings

PLAIN, WITH_REGISTERS = "dinov2", "dinov2_with_registers"
"""The two values of `model_type`."""


@dataclass(frozen=True)
class DinoV2Config(ModelConfig):
    """Sizes of the model; dinov2-large: 1024 wide, 24 layers, 16 heads, patch 14, positions for 518 x 518.

    The giant has gated feed-forwards (SwiGLU), the variants with registers four more tokens.
    """

    mlp_ratio: float
    image_size: int
    patch_size: int
    n_channels: int
    layer_norm_eps: float
    qkv_bias: bool
    is_gated: bool  # SwiGLU instead of GELU in the feed-forward
    n_registers: int  # tokens between the class token and the patches

    @property
    def mlp_dim(self) -> int:
        """Width of the feed-forward; a gated one has two thirds of it, rounded up to a multiple of 8.

        Source   transformers 5.23.0 Dinov2MLP, Dinov2SwiGLUFFN
        """
        width = int(self.model_dim * self.mlp_ratio)
        return (int(width * 2 / 3) + 7) // 8 * 8 if self.is_gated else width

    @property
    def n_first_tokens(self) -> int:
        """Tokens before the patches: the class token and the registers."""
        return 1 + self.n_registers

    @property
    def grid_size(self) -> int:
        """Patches along one side of the picture the position table is for."""
        return self.image_size // self.patch_size

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration in a mapping with HuggingFace's keys.

        Raises   ConfigError for values that are wrong or not implemented
        Source   transformers 5.23.0 Dinov2Config, Dinov2WithRegistersConfig (whose defaults fill absent keys)
        """
        settings = Settings(values, origin)
        settings.only("model_type", PLAIN, WITH_REGISTERS)
        has_registers = values.get("model_type") == WITH_REGISTERS
        is_gated = settings.flag("use_swiglu_ffn", False)
        if not is_gated:  # a gated feed-forward is SiLU's, whatever this key says
            settings.only("hidden_act", "gelu")
        config = cls(
            model_dim=settings.count("hidden_size", 768),
            n_layers=settings.count("num_hidden_layers", 12),
            n_heads=settings.count("num_attention_heads", 12),
            mlp_ratio=settings.positive("mlp_ratio", 4),
            image_size=settings.count("image_size", 224, most=LONGEST_SIDE),
            patch_size=settings.count("patch_size", 16 if has_registers else 14),
            n_channels=settings.count("num_channels", 3),
            layer_norm_eps=settings.positive("layer_norm_eps", 1e-6),
            qkv_bias=settings.flag("qkv_bias", True),
            is_gated=is_gated,
            n_registers=settings.count("num_register_tokens", 4) if has_registers else 0,
        )
        head_dim = settings.share("hidden_size", config.model_dim, "num_attention_heads", config.n_heads)
        settings.only("head_dim", None, head_dim)
        if config.grid_size < 1:
            raise ConfigError(f"{origin}: image_size {config.image_size} is smaller than one patch")
        return config
