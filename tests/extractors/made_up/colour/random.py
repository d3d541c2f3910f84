"""A colour model with random weights."""

from pathlib import Path

from extractors.common.random import RandomTensors, write_json
from tribe_np.formats.safetensors import write_safetensors


def write_random(folder: str | Path, *, seed: int, n_layers: int = 2, model_type: str = "colour") -> Path:
    """Writes config.json and model.safetensors."""
    folder, D = Path(folder), 8
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"hidden_size": D, "num_hidden_layers": n_layers, "frames_per_clip": 4}
    write_json(folder / "config.json", {"model_type": model_type, **sizes})
    drawn = RandomTensors(seed)
    drawn.linear("embed", D, 3, bias=False)
    for i in range(n_layers):
        drawn.linear(f"layers.{i}", D, D)
    write_safetensors(folder / "model.safetensors", drawn.tensors)
    return folder
