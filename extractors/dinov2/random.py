"""A tiny DINOv2 with random weights in the real folder layout, for tests. It has learned nothing.

`use_swiglu_ffn` makes it gated as the giant is, a `model_type` of dinov2_with_registers gives it registers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.picture_settings import IMAGENET_MEAN, IMAGENET_STD
from extractors.common.random import RandomTensors, write_json
from extractors.dinov2.config import PLAIN, DinoV2Config
from extractors.dinov2.model import SPELLINGS
from tribe_np.formats.safetensors import write_safetensors

TINY = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 4, "image_size": 98,
    "patch_size": 14, "num_channels": 3, "layer_norm_eps": 1e-6, "qkv_bias": True, "hidden_act": "gelu",
    "use_swiglu_ffn": False,
}  # fmt: skip


def write_random(
    folder: str | Path,
    *,
    seed: int,
    crop_size: int = 56,
    shortest_edge: int = 64,
    hub_spelling: bool = True,
    **overrides: Any,
) -> Path:
    """Writes config.json, preprocessor_config.json and model.safetensors; `overrides` are HuggingFace's keys."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    values = {"model_type": PLAIN, **TINY, **overrides}
    note = {"_note": f"random weights, seed {seed}: a stand-in for tests"}
    architecture = "Dinov2Model" if values["model_type"] == PLAIN else "Dinov2WithRegistersModel"
    model = {"architectures": [architecture], **note, **values}
    write_json(folder / "config.json", model)
    processor = {
        "image_processor_type": "BitImageProcessor", **note, "size": {"shortest_edge": shortest_edge},
        "crop_size": {"height": crop_size, "width": crop_size}, "resample": 3,
        "image_mean": IMAGENET_MEAN, "image_std": IMAGENET_STD,
    }  # fmt: skip
    write_json(folder / "preprocessor_config.json", processor)
    tensors = random_weights(DinoV2Config.from_dict(values), seed)
    tensors = in_hub_spelling(tensors) if hub_spelling else tensors
    write_safetensors(folder / "model.safetensors", tensors, metadata={"format": "pt"})
    return folder


def in_hub_spelling(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors as the files of the hub name them, gate and up as one."""
    found = {}
    for name, tensor in tensors.items():
        if ".up_proj." in name:
            continue
        if ".gate_proj." in name:
            tensor = np.concatenate([tensor, tensors[name.replace("gate_proj", "up_proj")]])
            name = name.replace("gate_proj", "weights_in")
        for old, new in SPELLINGS.items():
            name = name.replace(new, old)
        found[name] = tensor
    return found


def random_weights(config: DinoV2Config, seed: int) -> dict[str, np.ndarray]:
    """The model's tensors, gains around 1 and queries and keys large enough that attention is not uniform."""
    drawn = RandomTensors(seed)
    D, M, patch, rng = config.model_dim, config.mlp_dim, config.patch_size, drawn.rng
    drawn.tensors |= {
        "embeddings.cls_token": rng.normal(0, 1, (1, 1, D)).astype(np.float32),
        "embeddings.mask_token": np.zeros((1, D), np.float32),
        "embeddings.position_embeddings": rng.normal(0, 0.5, (1, config.grid_size**2 + 1, D)).astype(np.float32),
    }
    drawn.linear("embeddings.patch_embeddings.projection", D, config.n_channels, patch, patch)
    maps = {"fc1": (M, D), "fc2": (D, M)}
    if config.is_gated:
        maps = {"gate_proj": (M, D), "up_proj": (M, D), "down_proj": (D, M)}
    for i in range(config.n_layers):
        layer = f"encoder.layer.{i}"
        drawn.norm(f"{layer}.norm1", D)
        drawn.linear(f"{layer}.attention.q_proj", D, D, gain=1.4, bias=config.qkv_bias)
        drawn.linear(f"{layer}.attention.k_proj", D, D, gain=1.4, bias=config.qkv_bias)
        drawn.linear(f"{layer}.attention.v_proj", D, D, bias=config.qkv_bias)
        drawn.linear(f"{layer}.attention.o_proj", D, D)
        drawn.norm(f"{layer}.norm2", D)
        for name, shape in maps.items():
            drawn.linear(f"{layer}.mlp.{name}", *shape, gain=0.7 if config.is_gated else 1.0)
        for scale in ("layer_scale1", "layer_scale2"):
            drawn.tensors[f"{layer}.{scale}.lambda1"] = rng.uniform(0.5, 1.5, D).astype(np.float32)
    drawn.norm("layernorm", D)
    if config.n_registers:
        registers = rng.normal(0, 1, (1, config.n_registers, D)).astype(np.float32)
        drawn.tensors["embeddings.register_tokens"] = registers
    return drawn.tensors
