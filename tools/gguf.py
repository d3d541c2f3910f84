"""A LLaMA in llama.cpp's GGUF as a HuggingFace folder, so that tools can read trained weights; the product never does.

Tensors of the types F32, F16, Q4_0, Q4_1, Q8_0 and Q6_K are widened to float32, as llama.cpp computes with them; query
and key rows, which GGUF stores for rotary pairs side by side, are put back in HuggingFace's order.
Source   llama.cpp gguf specification v3, ggml-quants.c (block layouts)
"""

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.formats.safetensors import write_safetensors

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
NAMES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip


class _Reader:
    """Values in the order of the file."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self.content, self.at)
        self.at += struct.calcsize(f"<{code}")
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        self.at += length
        return self.content[self.at - length : self.at].decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, count = self.scalar("I"), self.scalar("Q")
            return [self.value(inner) for _ in range(count)]
        return self.scalar(SCALARS[kind])


def _halves(blocks: np.ndarray, first: int, count: int = 1) -> np.ndarray:
    """float16 numbers of each block as float32, (n_blocks, count)."""
    return blocks[:, first : first + 2 * count].copy().view("<f2").astype(np.float32)


def _nibbles(packed: np.ndarray) -> np.ndarray:
    """(n_blocks, 16) bytes -> (n_blocks, 32): low halves first."""
    return np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)


def _q6_k(blocks: np.ndarray) -> np.ndarray:
    """256 values of 6 bits: 128 bytes of low halves, 64 of high pairs, 16 scales, one float16."""
    low, high = blocks[:, :128].reshape(-1, 2, 64), blocks[:, 128:192].reshape(-1, 2, 32)
    scales = blocks[:, 192:208].copy().view(np.int8).astype(np.float32).reshape(-1, 2, 4, 2, 1)
    nibbles = np.stack([low[..., :32] & 15, low[..., 32:] & 15, low[..., :32] >> 4, low[..., 32:] >> 4], axis=2)
    pairs = np.stack([high >> shift & 3 for shift in (0, 2, 4, 6)], axis=2)
    values = (nibbles | pairs << 4).astype(np.float32).reshape(-1, 2, 4, 2, 16) - 32
    return (values * scales).reshape(-1, 256) * _halves(blocks, 208)


# type -> values and bytes of a block, and how a block becomes float32
TYPES: Mapping[int, tuple[int, int, Callable[[np.ndarray], np.ndarray]]] = {
    0: (1, 4, lambda b: b.copy().view("<f4")),
    1: (1, 2, lambda b: _halves(b, 0)),
    2: (32, 18, lambda b: _halves(b, 0) * (_nibbles(b[:, 2:]) - 8)),
    3: (32, 20, lambda b: _halves(b, 0) * _nibbles(b[:, 4:]) + _halves(b, 2)),
    8: (32, 34, lambda b: _halves(b, 0) * b[:, 2:].copy().view(np.int8).astype(np.float32)),
    14: (256, 210, _q6_k),
}


def read_gguf(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The settings and the tensors, as float32 in NumPy's order of axes."""
    reader = _Reader(path.read_bytes())
    if reader.content[:4] != b"GGUF":
        raise ValueError(f"{path}: not a GGUF file")
    reader.at = 8
    n_tensors, n_settings = reader.scalar("Q"), reader.scalar("Q")
    settings = {reader.string(): reader.value(reader.scalar("I")) for _ in range(n_settings)}
    infos = []
    for _ in range(n_tensors):
        name = reader.string()
        shape = [reader.scalar("Q") for _ in range(reader.scalar("I"))]
        infos.append((name, shape[::-1], reader.scalar("I"), reader.scalar("Q")))
    align = settings.get("general.alignment", 32)
    start = -(-reader.at // align) * align
    content = np.frombuffer(reader.content, np.uint8)
    tensors = {}
    for name, shape, kind, offset in infos:
        n_values, n_bytes, widen = TYPES[kind]
        n_blocks = int(np.prod(shape)) // n_values
        blocks = content[start + offset : start + offset + n_blocks * n_bytes].reshape(n_blocks, n_bytes)
        tensors[name] = np.ascontiguousarray(widen(blocks).reshape(shape), dtype=np.float32)
    return settings, tensors


def write_folder(path: Path, folder: Path) -> Path:
    """The model as config.json, model.safetensors, tokenizer.json and tokenizer_config.json."""
    settings, tensors = read_gguf(path)
    heads = {"q": settings["llama.attention.head_count"], "k": settings["llama.attention.head_count_kv"]}
    weights = {}
    for name, tensor in tensors.items():
        if name in ("token_embd.weight", "output_norm.weight"):
            weights[{"t": "model.embed_tokens.weight", "o": "model.norm.weight"}[name[0]]] = tensor
        elif name.startswith("blk."):
            _, layer, leaf, kind = name.split(".")
            if leaf in ("attn_q", "attn_k"):
                n = heads[leaf[-1]]
                tensor = tensor.reshape(n, -1, 2, tensor.shape[1]).swapaxes(1, 2).reshape(tensor.shape)
            weights[f"model.layers.{layer}.{NAMES[leaf]}.{kind}"] = np.ascontiguousarray(tensor)
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
        "hidden_size": settings["llama.embedding_length"], "intermediate_size": settings["llama.feed_forward_length"],
        "num_hidden_layers": settings["llama.block_count"], "num_attention_heads": heads["q"],
        "num_key_value_heads": heads["k"], "vocab_size": len(settings["tokenizer.ggml.tokens"]),
        "rms_norm_eps": settings["llama.attention.layer_norm_rms_epsilon"],
        "rope_theta": settings["llama.rope.freq_base"], "max_position_embeddings": settings["llama.context_length"],
        "tie_word_embeddings": True,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", weights)
    _write_tokenizer(settings, folder)
    return folder


def _write_tokenizer(settings: Mapping[str, Any], folder: Path) -> None:
    """The byte-level tokenizer; digits are cut one by one, as SmolLM's ("smollm") does."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    tokens, kinds = settings["tokenizer.ggml.tokens"], settings["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in settings["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: k for k, token in enumerate(tokens)}, merges=merges))
    steps = [pre_tokenizers.Digits(individual_digits=True)] if settings["tokenizer.ggml.pre"] == "smollm" else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*steps, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == 3]  # control tokens
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    end = tokens[settings["tokenizer.ggml.eos_token_id"]]
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": end, "pad_token": end}))
