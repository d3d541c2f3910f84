"""A loudness model with random weights."""

from pathlib import Path

from extractors.common.random import RandomTensors, write_json
from tribe_np.formats.safetensors import write_safetensors


def write_random(folder: str | Path, *, seed: int, n_layers: int = 4, width: int = 8) -> Path:
    """Writes config.json and model.safetensors."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"model_type": "loudness", "hidden_size": width, "num_hidden_layers": n_layers})
    drawn = RandomTensors(seed)
    drawn.tensors["gain"] = drawn.rng.uniform(1, 9, width).astype("float32")
    for i in range(n_layers):
        drawn.linear(f"layers.{i}", width, width)
    write_safetensors(folder / "model.safetensors", drawn.tensors)
    return folder
