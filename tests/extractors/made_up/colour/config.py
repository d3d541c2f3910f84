"""The numbers of a colour model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from tribe_np.settings import Settings, one_of


@dataclass(frozen=True)
class ColourConfig(ModelConfig):
    """Width, depth, and the clip it was made for."""

    frames_per_clip: int

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration in a mapping."""
        settings = Settings(values, origin)
        settings.read("model_type", one_of("colour", "colours"))
        return cls(
            model_dim=settings.count("hidden_size"),
            n_layers=settings.count("num_hidden_layers"),
            n_heads=1,
            frames_per_clip=settings.count("frames_per_clip"),
        )
