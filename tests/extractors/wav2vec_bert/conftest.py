"""Golden dumps of the audio model, and a tiny model folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors.wav2vec_bert.random import write_random
from tribe_np.formats.safetensors import read_header, write_safetensors

Golden = Callable[[str], tuple[dict[str, np.ndarray], dict[str, Any]]]
FOLDER = Path(__file__).parents[2] / "golden"


@pytest.fixture
def golden() -> Golden:
    """Arrays and description of a dump by name."""

    def load(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        entries, metadata = read_header(FOLDER / f"{name}.safetensors")
        return {key: entry.read() for key, entry in entries.items()}, json.loads(metadata["about"])

    return load


@pytest.fixture
def write_folder() -> Callable[..., Path]:
    """Writes a HuggingFace folder from the `weights/...` arrays and configurations of a dump."""

    def write(folder: Path, arrays: dict[str, np.ndarray], configs: dict[str, dict[str, Any]]) -> Path:
        for name, values in configs.items():
            (folder / f"{name}.json").write_text(json.dumps(values))
        weights = {k.removeprefix("weights/"): v for k, v in arrays.items() if k.startswith("weights/")}
        write_safetensors(folder / "model.safetensors", weights)
        return folder

    return write


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny random model in the real layout."""
    return write_random(tmp_path / "tiny", seed=1, n_layers=3, hidden=16, heads=2, intermediate=24, left=5, right=2)
