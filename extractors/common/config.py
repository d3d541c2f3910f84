"""What the configurations of the four models share: where they are read from, and the count of hidden states."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from tribe_np.formats.weights import read_json
from tribe_np.kernels.kernel_set import KernelSet


@dataclass(frozen=True)
class ModelConfig(ABC):
    """A configuration from the `config.json` of a HuggingFace folder."""

    model_dim: int
    n_layers: int
    n_heads: int

    @property
    def n_states(self) -> int:
        """Hidden states of the model: the embedded input, and one after each layer."""
        return self.n_layers + 1

    def facts(self, place: str, dtype: Any, kernels: KernelSet) -> dict[str, object]:
        """What a model of this configuration shows of itself (tribe_np.card)."""
        sizes = {"layers": self.n_layers, "width": self.model_dim, "heads": self.n_heads}
        return {**sizes, "weights": place, "dtype": np.dtype(dtype).name, "kernels": kernels.name}

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """Reads folder/config.json.

        Raises   CheckpointError when it cannot be read; ConfigError for values that are wrong or not implemented
        """
        return cls.from_dict(read_json(Path(folder) / "config.json"), origin=Path(folder) / "config.json")

    @classmethod
    @abstractmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration in a mapping with HuggingFace's keys."""
