"""GGUF: every block layout beside a naive reading of it, and a tiny model as a folder."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from extractors import LlamaModel
from tools.gguf import TYPES, read_gguf, write_folder


def half(raw: bytes) -> float:
    return float(np.frombuffer(raw, "<f2")[0])


def naive(kind: int, b: bytes) -> list[float]:
    """One block, value by value, as ggml-quants.c does it."""
    if kind == 2:
        low = [half(b[:2]) * ((q & 15) - 8) for q in b[2:]]
        return low + [half(b[:2]) * ((q >> 4) - 8) for q in b[2:]]
    if kind == 3:
        low = [half(b[:2]) * (q & 15) + half(b[2:4]) for q in b[4:]]
        return low + [half(b[:2]) * (q >> 4) + half(b[2:4]) for q in b[4:]]
    if kind == 8:
        return [half(b[:2]) * q for q in struct.unpack("32b", b[2:])]
    values = [0.0] * 256
    scales = struct.unpack("16b", b[192:208])
    for n in range(2):
        for k in range(32):
            low, high = b[64 * n + k], b[64 * n + 32 + k]
            pairs = b[128 + 32 * n + k]
            quants = [low & 15, high & 15, low >> 4, high >> 4]
            for j in range(4):
                quant = (quants[j] | (pairs >> 2 * j & 3) << 4) - 32
                values[128 * n + 32 * j + k] = half(b[208:210]) * scales[8 * n + 2 * j + k // 16] * quant
    return values


@pytest.mark.parametrize("kind", [2, 3, 8, 14])
def test_blocks(kind: int) -> None:
    n_values, n_bytes, widen = TYPES[kind]
    blocks = np.random.default_rng(kind).integers(0, 256, (3, n_bytes), dtype=np.uint8)
    places = {2: (0,), 3: (0, 2), 8: (0,), 14: (208,)}[kind]
    for place in places:
        blocks[:, place : place + 2] = np.array([0.5, -1.25, 3.0], "<f2")[:, None].view(np.uint8)
    found = widen(blocks)
    assert found.shape == (3, n_values)
    assert np.allclose(found, [naive(kind, block.tobytes()) for block in blocks], rtol=1e-6)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def setting(value: Any) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, list):
        kind = 8 if isinstance(value[0], str) else 5
        return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(
            text(item) if kind == 8 else struct.pack("<i", item) for item in value
        )
    return struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)


def write_gguf(path: Path, settings: dict[str, Any], tensors: dict[str, np.ndarray]) -> Path:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(settings))
    head += b"".join(text(name) + setting(value) for name, value in settings.items())
    body = b""
    for name, tensor in tensors.items():
        head += text(name) + struct.pack("<I", tensor.ndim) + struct.pack(f"<{tensor.ndim}Q", *tensor.shape[::-1])
        head += struct.pack("<IQ", 0, len(body))
        body += tensor.astype("<f4").tobytes() + bytes(-tensor.nbytes % 32)
    path.write_bytes(head + bytes(-len(head) % 32) + body)
    return path


@pytest.mark.extras
def test_a_tiny_model_as_a_folder(tmp_path: Path) -> None:
    rng, prefix = np.random.default_rng(0), "tokenizer.ggml."
    tokens = ["<end>", "a", "b", "1", "2", "ab"]
    settings = {
        "llama.embedding_length": 8, "llama.feed_forward_length": 16, "llama.block_count": 1,
        "llama.attention.head_count": 2, "llama.attention.head_count_kv": 1, "llama.context_length": 64,
        "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.freq_base": 10000.0, prefix + "pre": "smollm",
        prefix + "tokens": tokens, prefix + "token_type": [3, 1, 1, 1, 1, 1], prefix + "merges": ["a b"],
        prefix + "eos_token_id": 0,
    }  # fmt: skip
    shapes = {
        "attn_q": (8, 8), "attn_k": (4, 8), "attn_v": (4, 8), "attn_output": (8, 8), "attn_norm": (8,),
        "ffn_norm": (8,), "ffn_gate": (16, 8), "ffn_up": (16, 8), "ffn_down": (8, 16),
    }  # fmt: skip
    tensors = {f"blk.0.{leaf}.weight": rng.standard_normal(shape).astype(np.float32) for leaf, shape in shapes.items()}
    tensors |= {"token_embd.weight": rng.standard_normal((6, 8)).astype(np.float32), "output_norm.weight": np.ones(8)}
    path = write_gguf(tmp_path / "a.gguf", settings, tensors)
    read, _ = read_gguf(path)
    assert read.keys() == settings.keys()
    assert (read[prefix + "tokens"], read["llama.embedding_length"]) == (tokens, 8)
    folder = write_folder(path, tmp_path / "model")
    states = LlamaModel.from_pretrained(folder).hidden_states(np.array([[5, 3]]))
    assert np.array_equal(states[0, 0], tensors["token_embd.weight"][[5, 3]])
    query = load_file(folder / "model.safetensors")["model.layers.0.self_attn.q_proj.weight"]
    # rows of a head were stored as rotary pairs, (0, 2) and (1, 3)
    assert np.array_equal(query[:4], tensors["blk.0.attn_q.weight"][[0, 2, 1, 3]])
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    assert [step["type"] for step in tokenizer["pre_tokenizer"]["pretokenizers"]] == ["Digits", "ByteLevel"]
