"""The numbers of a DINOv2 model, from the `config.json` of a HuggingFace folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from extractors.common.pictures import LONGEST_SIDE
from extractors.common.settings import Settings
from tribe_np.errors import ConfigError


@dataclass(frozen=True)
class DinoV2Config(ModelConfig):
    """Sizes of the model; dinov2-large: 1024 wide, 24 layers, 16 heads, patch 14, positions for 518 x 518."""

    mlp_ratio: float
    image_size: int
    patch_size: int
    n_channels: int
    layer_norm_eps: float
    qkv_bias: bool

    @property
    def mlp_dim(self) -> int:
        """Width of the feed-forward."""
        return int(self.model_dim * self.mlp_ratio)

    @property
    def grid_size(self) -> int:
        """Patches along one side of the picture the position table is for."""
        return self.image_size // self.patch_size

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration in a mapping with HuggingFace's keys.

        Raises   ConfigError for values that are wrong or not implemented (SwiGLU of the giant model among them)
        Source   transformers 5.23.0 Dinov2Config (whose defaults fill absent keys)
        """
        settings = Settings(values, origin)
        settings.only("model_type", "dinov2")
        settings.only("hidden_act", "gelu")
        settings.only("use_swiglu_ffn", False)
        config = cls(
            model_dim=settings.count("hidden_size", 768),
            n_layers=settings.count("num_hidden_layers", 12),
            n_heads=settings.count("num_attention_heads", 12),
            mlp_ratio=settings.positive("mlp_ratio", 4),
            image_size=settings.count("image_size", 224, most=LONGEST_SIDE),
            patch_size=settings.count("patch_size", 14),
            n_channels=settings.count("num_channels", 3),
            layer_norm_eps=settings.positive("layer_norm_eps", 1e-6),
            qkv_bias=settings.flag("qkv_bias", True),
        )
        head_dim = settings.share("hidden_size", config.model_dim, "num_attention_heads", config.n_heads)
        settings.only("head_dim", None, head_dim)
        if config.grid_size < 1:
            raise ConfigError(f"{origin}: image_size {config.image_size} is smaller than one patch")
        return config
