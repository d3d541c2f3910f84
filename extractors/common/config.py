"""What the configurations of the four models share: where they are read from, and the count of hidden states."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tribe_np.formats.weights import read_json


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
