"""A tiny V-JEPA 2 with random weights in the real folder layout, for tests and the demo. It has learned nothing."""

from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.random import RandomTensors, write_json
from extractors.vjepa2.config import VJepa2Config
from tribe_np.formats.safetensors import write_safetensors

TINY = {
    "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 4.0, "patch_size": 16,
    "tubelet_size": 2, "crop_size": 64, "frames_per_clip": 64, "in_chans": 3, "layer_norm_eps": 1e-6,
    "qkv_bias": True, "hidden_act": "gelu",
}  # fmt: skip
PREDICTOR_DIM = 12


def write_random(folder: str | Path, *, seed: int, **overrides: Any) -> Path:
    """Writes config.json, video_preprocessor_config.json and model.safetensors; `overrides` are HuggingFace's keys.

    A few `predictor.*` tensors are there as in the released file, so that leaving them alone is exercised.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    values = {**TINY, **overrides}
    config = VJepa2Config.from_dict(values)
    header = {"_note": f"random weights, seed {seed}: a stand-in for tests and the demo", "model_type": "vjepa2"}
    predictor = {"pred_hidden_size": PREDICTOR_DIM, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1}
    model = {"architectures": ["VJEPA2Model"], **header, **values, **predictor}
    write_json(folder / "config.json", model)
    processor = {"video_processor_type": "VJEPA2VideoProcessor", "crop_size": values["crop_size"], **header}
    processor.pop("model_type")
    write_json(folder / "video_preprocessor_config.json", processor)
    write_safetensors(folder / "model.safetensors", random_weights(config, seed), metadata={"format": "pt"})
    return folder


def random_weights(config: VJepa2Config, seed: int) -> dict[str, np.ndarray]:
    """The encoder's tensors, norm gains around 1 and queries and keys large enough that attention is not uniform."""
    drawn, D, M = RandomTensors(seed), config.model_dim, config.mlp_dim
    patch = (config.tubelet_size, config.patch_size, config.patch_size)
    drawn.linear("encoder.embeddings.patch_embeddings.proj", D, config.n_channels, *patch)
    for i in range(config.n_layers):
        layer = f"encoder.layer.{i}"
        drawn.norm(f"{layer}.norm1", D)
        drawn.linear(f"{layer}.attention.query", D, D, gain=1.4, bias=config.qkv_bias)
        drawn.linear(f"{layer}.attention.key", D, D, gain=1.4, bias=config.qkv_bias)
        drawn.linear(f"{layer}.attention.value", D, D, bias=config.qkv_bias)
        drawn.linear(f"{layer}.attention.proj", D, D)
        drawn.norm(f"{layer}.norm2", D)
        drawn.linear(f"{layer}.mlp.fc1", M, D)
        drawn.linear(f"{layer}.mlp.fc2", D, M)
    drawn.norm("encoder.layernorm", D)
    drawn.linear("predictor.embeddings.predictor_embeddings", PREDICTOR_DIM, D)
    drawn.linear("predictor.proj", D, PREDICTOR_DIM)
    return drawn.tensors
