"""The numbers of a V-JEPA 2 encoder, from the `config.json` of a HuggingFace folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from extractors.common.picture_settings import LONGEST_SIDE
from tribe_np.errors import ConfigError
from tribe_np.settings import Settings

MOST_FRAMES = 10_000  # of one clip


@dataclass(frozen=True)
class VJepa2Config(ModelConfig):
    """Sizes of the encoder; released (vjepa2-vitg-fpc64-256): 1408 wide, 40 layers, 22 heads, crop 256, 64 frames."""

    mlp_ratio: float
    patch_size: int
    tubelet_size: int
    crop_size: int
    frames_per_clip: int  # that the model was trained on; `timeline.features.N_VIDEO_FRAMES` is what it is given
    n_channels: int
    layer_norm_eps: float
    qkv_bias: bool

    @property
    def head_dim(self) -> int:
        """Channels of one head."""
        return self.model_dim // self.n_heads

    @property
    def mlp_dim(self) -> int:
        """Width of the feed-forward, truncated as transformers does: int(1408 * 4.3636...) is 6144."""
        return int(self.model_dim * self.mlp_ratio)

    @property
    def grid_size(self) -> int:
        """Patches along one side of the configured crop: positions are counted on this grid, whatever is fed in."""
        return self.crop_size // self.patch_size

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration in a mapping with HuggingFace's keys; predictor and pooler keys are not needed.

        Raises   ConfigError for values that are wrong or not implemented
        Source   transformers 5.23.0 VJEPA2Config (whose defaults fill absent keys)
        """
        settings = Settings(values, origin)
        settings.only("model_type", "vjepa2")
        settings.only("hidden_act", "gelu")
        config = cls(
            model_dim=settings.count("hidden_size", 1024),
            n_layers=settings.count("num_hidden_layers", 24),
            n_heads=settings.count("num_attention_heads", 16),
            mlp_ratio=settings.positive("mlp_ratio", 4.0),
            patch_size=settings.count("patch_size", 16),
            tubelet_size=settings.count("tubelet_size", 2),
            crop_size=settings.count("crop_size", 256, most=LONGEST_SIDE),
            frames_per_clip=settings.count("frames_per_clip", 64, most=MOST_FRAMES),
            n_channels=settings.count("in_chans", 3),
            layer_norm_eps=settings.positive("layer_norm_eps", 1e-6),
            qkv_bias=settings.flag("qkv_bias", True),
        )
        settings.share("hidden_size", config.model_dim, "num_attention_heads", config.n_heads)
        if config.grid_size < 1:
            raise ConfigError(f"{origin}: crop_size {config.crop_size} is smaller than one patch ({config.patch_size})")
        return config
