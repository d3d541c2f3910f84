"""The numbers of a loudness model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from tribe_np.settings import Settings


@dataclass(frozen=True)
class LoudnessConfig(ModelConfig):
    """Width and depth."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration in a mapping."""
        settings = Settings(values, origin)
        settings.only("model_type", "loudness")
        return cls(settings.count("hidden_size"), settings.count("num_hidden_layers"), n_heads=1)
