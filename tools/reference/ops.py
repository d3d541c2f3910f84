"""Single operations against torch, transformers and x-transformers; the models' stages stand on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tools.reference.measure import Row, worst, write_golden
from tools.reference.torch_setup import skip_torchvision_operators
from tribe_np.ops import activation, attention, conv, norm, pool, rotary

EPS = 1e-5
Arrays = dict[str, np.ndarray]


def inputs(seed: int) -> Arrays:
    """Float64 inputs of every operation."""
    rng = np.random.default_rng(seed)
    shapes = {
        "x": (2, 9, 16), "y": (2, 9, 16), "query": (2, 4, 9, 8), "key": (2, 2, 9, 8), "value": (2, 2, 9, 8),
        "bias": (1, 4, 9, 9), "taps": (16, 5),
    }  # fmt: skip
    found = {name: rng.normal(size=shape) * (3 if name in ("x", "query") else 1) for name, shape in shapes.items()}
    gains = {"gain": (16,), "one_gain": (1,)}
    found |= {name: rng.uniform(0.7, 1.3, shape) for name, shape in gains.items()}
    found |= {"shift": rng.normal(size=16), "slope": np.array([0.2]), "inv_freq": 10000.0 ** -(np.arange(4) / 4)}
    return {name: array.astype(np.float32).astype(np.float64) for name, array in found.items()}


def ours(a: Mapping[str, np.ndarray]) -> Arrays:
    """Every operation of ours, in the inputs' dtype."""
    cos, sin = rotary.rotary_tables(a["inv_freq"], a["query"].shape[2])
    heads = (a["query"], a["key"], a["value"])
    return {
        "gelu": activation.gelu(a["x"]),
        "silu": activation.silu(a["x"]),
        "silu_gate": activation.silu_gate(a["x"], a["y"]),
        "relu": activation.relu(a["x"]),
        "elu": activation.elu(a["x"]),
        "prelu": activation.prelu(a["x"], a["slope"]),
        "softmax": activation.softmax(a["x"]),
        "layer_norm": norm.layer_norm(a["x"], a["gain"], a["shift"], eps=EPS),
        "rms_norm": norm.rms_norm(a["x"], a["gain"], eps=EPS),
        "scale_norm": norm.scale_norm(a["x"], a["one_gain"]),
        "length_norm": norm.length_norm(a["x"], a["gain"]),
        "rotate_half": rotary.rotate_half(a["query"], cos, sin),
        "rotate_half_partial": rotary.rotate_half(a["query"], cos[:, [0, 1, 4, 5]], sin[:, [0, 1, 4, 5]]),
        "depthwise_causal": conv.depthwise_causal(a["x"], a["taps"]),
        "adaptive_pool_even": pool.adaptive_pool(a["x"], 4),
        "adaptive_pool_overlap": pool.adaptive_pool(a["x"], 5),
        "attention": attention.attention(*heads, scale=0.35, bias=a["bias"]),
        "attention_causal": attention.attention(*heads, scale=0.35, causal=True),
    }


def theirs(a: Mapping[str, np.ndarray], dtype: str) -> Arrays:
    """The same by the libraries."""
    skip_torchvision_operators()
    import torch
    from torch.nn import functional as F  # noqa: N812
    from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb
    from x_transformers.x_transformers import RMSNorm, ScaleNorm
    from x_transformers.x_transformers import apply_rotary_pos_emb as apply_partial

    t = {name: torch.from_numpy(array).to(getattr(torch, dtype)) for name, array in a.items()}
    float64 = t["x"].dtype == torch.float64
    rms = LlamaRMSNorm(16, eps=EPS).to(t["x"].dtype)
    rms.weight.data = t["gain"]
    scale, length = ScaleNorm(16), RMSNorm(16)
    scale.g.data, length.g.data = t["one_gain"], t["gain"]
    angles = torch.arange(9, dtype=t["x"].dtype)[:, None] * t["inv_freq"]
    angles = torch.cat([angles, angles], -1)
    heads = (t["query"], t["key"].repeat_interleave(2, 1), t["value"].repeat_interleave(2, 1))
    x, padded = t["x"], F.pad(t["x"].transpose(1, 2), (4, 0))
    found = {
        "gelu": F.gelu(x),
        "silu": F.silu(x),
        "silu_gate": F.silu(x) * t["y"],
        "relu": F.relu(x),
        "elu": F.elu(x),
        "prelu": F.prelu(x, t["slope"]),
        "softmax": torch.softmax(x, -1),
        "layer_norm": F.layer_norm(x, (16,), t["gain"], t["shift"], EPS),
        "rms_norm": _rms_in_float64(rms, x) if float64 else rms(x),
        "scale_norm": scale(x),
        "length_norm": length(x),
        "rotate_half": apply_rotary_pos_emb(t["query"], t["query"], angles.cos()[None], angles.sin()[None])[0],
        "rotate_half_partial": apply_partial(t["query"], angles[:, [0, 1, 4, 5]]),
        "depthwise_causal": F.conv1d(padded, t["taps"][:, None], groups=16).transpose(1, 2),
        "adaptive_pool_even": F.adaptive_avg_pool1d(x, 4),
        "adaptive_pool_overlap": F.adaptive_avg_pool1d(x, 5),
        "attention": F.scaled_dot_product_attention(*heads, attn_mask=t["bias"].expand(2, -1, -1, -1), scale=0.35),
        "attention_causal": F.scaled_dot_product_attention(*heads, is_causal=True, scale=0.35),
    }
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def _rms_in_float64(module: Any, x: Any) -> Any:
    """LlamaRMSNorm's formula without its float32 island."""
    return module.weight * (x * (x.pow(2).mean(-1, keepdim=True) + EPS).rsqrt())


def compare(seed: int) -> list[Row]:
    """One row per operation."""
    wide = inputs(seed)
    narrow = {name: array.astype(np.float32) for name, array in wide.items()}
    return worst(
        "ops", "torch", f"seed {seed}", ours(narrow), theirs(wide, "float32"), theirs(wide, "float64"), ours(wide)
    )


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Inputs and the libraries' float32 and float64 results."""
    wide = inputs(0)
    arrays = {f"input.{name}": array.astype(np.float32) for name, array in wide.items()}
    for dtype in ("float32", "float64"):
        arrays |= {f"{dtype}.{name}": array for name, array in theirs(wide, dtype).items()}
    write_golden(folder, "ops", arrays, {"seed": 0, "eps": EPS})
    return ["ops.safetensors"]
