"""A tiny LLaMA with random weights in the real on-disk layout: config.json, safetensors, a working tokenizer.json.

For the demo and the tests; its features mean nothing. NumPy and the standard library only.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.random import write_json
from extractors.llama.config import LlamaConfig
from extractors.llama.random_tokenizer import SPECIAL_TOKENS, tokenizer_settings
from tribe_np.errors import ConfigError
from tribe_np.formats.safetensors import narrow_bf16, write_safetensors

NOTE = "random weights made by tribe_np: not a trained model"


def write_random(
    folder: str | Path,
    *,
    seed: int,
    n_layers: int = 4,
    dtype: str = "bfloat16",
    n_shards: int = 1,
    prefix: str = "model.",
    **overrides: Any,
) -> Path:
    """The folder, now with a random LLaMA: by default, 4 layers of width 64.

    `overrides` are keys of config.json (None leaves a key out); `n_shards` over 1 writes an index; the rotary
    settings are the released ones, so that fast, blended and slow frequencies all occur. Weights are scaled so that
    attention is far from uniform, and norm gains lie in 0.7..1.3, so that mistakes show.
    Raises   ConfigError for a dtype other than bfloat16, float16 or float32, or a configuration not implemented
    """
    if dtype not in ("bfloat16", "float16", "float32"):
        raise ConfigError(f"dtype must be bfloat16, float16 or float32, got {dtype!r}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_settings()
    raw = _config(n_layers, dtype, tokenizer) | overrides
    raw = {key: value for key, value in raw.items() if value is not None}
    rng = np.random.default_rng(seed)
    tensors = {prefix + name: value for name, value in _weights(LlamaConfig.from_dict(raw), rng)}
    _write_weights(folder, tensors, dtype, n_shards)
    write_json(folder / "config.json", raw)
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIAL_TOKENS[0],
            "eos_token": SPECIAL_TOKENS[1], "model_max_length": 131072, "clean_up_tokenization_spaces": True,
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )  # fmt: skip
    return folder


def _config(n_layers: int, dtype: str, tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    """config.json of the released model, in its own spelling, scaled down."""
    bos, eos = (token["id"] for token in tokenizer["added_tokens"][:2])
    return {
        "_note": NOTE, "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
        "intermediate_size": 160, "num_hidden_layers": n_layers, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 16, "vocab_size": len(tokenizer["model"]["vocab"]) + len(tokenizer["added_tokens"]),
        "max_position_embeddings": 131072, "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
        "rope_scaling": {
            "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0,
        "bos_token_id": bos, "eos_token_id": eos, "initializer_range": 0.02, "pretraining_tp": 1,
        "torch_dtype": dtype, "use_cache": True,
    }  # fmt: skip


def _weights(config: LlamaConfig, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    D, M, H = config.model_dim, config.mlp_dim, config.head_dim
    attention = {
        "q_proj": (config.n_heads * H, D, 1.25), "k_proj": (config.n_kv_heads * H, D, 1.25),
        "v_proj": (config.n_kv_heads * H, D, 1.0), "o_proj": (D, config.n_heads * H, 0.7),
    }  # fmt: skip
    mlp = {"gate_proj": (M, D, 0.8), "up_proj": (M, D, 0.8), "down_proj": (D, M, 0.7)}
    yield "embed_tokens.weight", rng.standard_normal((config.vocab_size, D))
    for i in range(config.n_layers):
        yield f"layers.{i}.input_layernorm.weight", rng.uniform(0.7, 1.3, D)
        for part, shapes, biased in (
            ("self_attn", attention, config.attention_bias), ("mlp", mlp, config.mlp_bias),
        ):  # fmt: skip
            for leaf, (n_out, n_in, gain) in shapes.items():
                yield f"layers.{i}.{part}.{leaf}.weight", rng.standard_normal((n_out, n_in)) * gain / n_in**0.5
                if biased:
                    yield f"layers.{i}.{part}.{leaf}.bias", rng.standard_normal(n_out) * 0.1
        yield f"layers.{i}.post_attention_layernorm.weight", rng.uniform(0.7, 1.3, D)
    yield "norm.weight", rng.uniform(0.7, 1.3, D)


def _write_weights(folder: Path, tensors: Mapping[str, np.ndarray], dtype: str, n_shards: int) -> None:
    if dtype == "bfloat16":
        tensors = {name: narrow_bf16(value.astype(np.float32)) for name, value in tensors.items()}
    else:
        tensors = {name: value.astype(np.dtype(dtype)) for name, value in tensors.items()}
    bf16 = frozenset(tensors) if dtype == "bfloat16" else frozenset()
    if n_shards == 1:
        write_safetensors(folder / "model.safetensors", tensors, metadata={"format": "pt"}, bf16=bf16)
        return
    names = list(tensors)
    weight_map: dict[str, str] = {}
    for part, chosen in enumerate(np.array_split(np.arange(len(names)), n_shards), start=1):
        shard = f"model-{part:05d}-of-{n_shards:05d}.safetensors"
        held = {names[i]: tensors[names[i]] for i in chosen}
        write_safetensors(folder / shard, held, metadata={"format": "pt"}, bf16=bf16 & frozenset(held))
        weight_map |= dict.fromkeys(held, shard)
    total = sum(value.nbytes for value in tensors.values())
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})
