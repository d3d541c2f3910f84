"""Random tensors for the tiny models of tests and demo, large enough that a mistake shows. They mean nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


class RandomTensors:
    """Tensors by name, drawn one after the other: same seed and order, same numbers."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors: dict[str, np.ndarray] = {}

    def matrix(self, name: str, *shape: int, gain: float = 1.0) -> None:
        """Normal numbers of standard deviation gain / sqrt(inputs)."""
        self.tensors[name] = self.rng.normal(0, gain / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

    def linear(self, name: str, *shape: int, gain: float = 1.0, bias: bool = True) -> None:
        """name.weight, and by default name.bias; enlarge queries and keys: attention must not be uniform."""
        self.matrix(f"{name}.weight", *shape, gain=gain)
        if bias:
            self.tensors[f"{name}.bias"] = self.rng.normal(0, 0.1, shape[0]).astype(np.float32)

    def norm(self, name: str, dim: int) -> None:
        """name.weight, gains around 1, and name.bias."""
        self.tensors[f"{name}.weight"] = self.rng.uniform(0.7, 1.3, dim).astype(np.float32)
        self.tensors[f"{name}.bias"] = self.rng.normal(0, 0.1, dim).astype(np.float32)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON file of a model folder."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
