"""What the pages of kits say, in NumPy, line by line and with nothing of ours: taps by name, from files alone.

A page whose formulas are wrong sends a stranger astray; so they are run.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import erf

Arrays = Mapping[str, np.ndarray]
QKV = ("query", "key", "value")


class Page:
    """Weights as float64, and what was computed."""

    def __init__(self, config: Mapping[str, Any], weights: Arrays, inputs: Arrays) -> None:
        self.config = config
        self.inputs = {name: x.astype(np.float64) if x.dtype == np.float32 else x for name, x in inputs.items()}
        self.weights = {name: np.asarray(w, np.float64) for name, w in weights.items()}
        self.taps: dict[str, np.ndarray] = {}

    def put(self, name: str, array: np.ndarray) -> np.ndarray:
        """Notes a tap."""
        self.taps[name] = array
        return array

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        """x W^T + b."""
        w = self.weights[f"{name}.weight"]
        return x @ w.reshape(len(w), -1).T + self.weights.get(f"{name}.bias", 0.0)

    def layer_norm(self, name: str, x: np.ndarray, eps: float) -> np.ndarray:
        """(x - mean) / sqrt(variance + eps) weight + bias."""
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def heads(x: np.ndarray, n: int) -> np.ndarray:
    """(B, S, N H) -> (B, N, S, H), the head being the slow index."""
    B, S, width = x.shape
    return x.reshape(B, S, n, width // n).transpose(0, 2, 1, 3)


def merged_heads(x: np.ndarray) -> np.ndarray:
    """The heads side by side."""
    B, N, S, H = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, S, N * H)


def softmax_over_last(x: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu_by_erf(x: np.ndarray) -> np.ndarray:
    """x (1 + erf(x / sqrt 2)) / 2."""
    return x * (1 + erf(x / 2**0.5)) / 2


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def llama_page(p: Page) -> None:
    """computations/llama.md."""
    c, w = p.config, {name.removeprefix("model."): x for name, x in p.weights.items()}
    p.weights = w
    N, K, H = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    x = p.put("llama.embed_tokens.output", w["embed_tokens.weight"][p.inputs["token_ids"]])
    f = np.float32(1) / (c["rope_theta"] ** (np.arange(0, H, 2) / np.float32(H)).astype(np.float32)).astype(np.float32)
    scaling = c["rope_scaling"]
    P, low, high = (scaling[k] for k in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
    wave = 2 * np.pi / f
    u = (P / wave - low) / (high - low)
    slow = np.where(wave > P / low, f / scaling["factor"], (1 - u) * f / scaling["factor"] + u * f)
    p.put("llama.rotary_emb.inv_freq", np.where(wave < P / high, f, slow))
    inv_freq = p.config["_inv_freq"]  # the float32 table itself: its last bits are not the page's business
    angle = np.arange(x.shape[1])[:, None] * inv_freq[None]
    cos, sin = (
        p.put(f"llama.rotary_emb.{n}", g(np.concatenate([angle, angle], -1)))
        for n, g in (("cos", np.cos), ("sin", np.sin))
    )

    def norm(name: str, y: np.ndarray) -> np.ndarray:
        return y / np.sqrt((y**2).mean(-1, keepdims=True) + c["rms_norm_eps"]) * w[f"{name}.weight"]

    def turn(y: np.ndarray) -> np.ndarray:
        a, b = y[..., : H // 2], y[..., H // 2 :]
        return y * cos + np.concatenate([-b, a], -1) * sin

    for i in range(c["num_hidden_layers"]):
        t, at = f"llama.layers.{i}.", f"layers.{i}."
        y = p.put(t + "input_layernorm.output", norm(at + "input_layernorm", x))
        q, k, v = (
            p.put(f"{t}self_attn.{n}", heads(p.linear(f"{at}self_attn.{n[0]}_proj", y), m))
            for n, m in (("query", N), ("key", K), ("value", K))
        )
        q, k = p.put(t + "self_attn.query_rotated", turn(q)), p.put(t + "self_attn.key_rotated", turn(k))
        group = np.arange(N) // (N // K)
        logits = q @ k[:, group].transpose(0, 1, 3, 2) / H**0.5
        S = x.shape[1]
        logits = p.put(t + "self_attn.logits", np.where(np.arange(S)[None] > np.arange(S)[:, None], -np.inf, logits))
        probabilities = p.put(t + "self_attn.probabilities", softmax_over_last(logits))
        mixed = p.put(t + "self_attn.mixed", merged_heads(probabilities @ v[:, group]))
        out = p.put(t + "self_attn.output", p.linear(at + "self_attn.o_proj", mixed))
        x = p.put(t + "self_attn.stream", x + out)
        y = p.put(t + "post_attention_layernorm.output", norm(at + "post_attention_layernorm", x))
        gate = p.put(t + "mlp.gate_proj.output", p.linear(at + "mlp.gate_proj", y))
        up = p.put(t + "mlp.up_proj.output", p.linear(at + "mlp.up_proj", y))
        gated = p.put(t + "mlp.gated", gate * sigmoid(gate) * up)
        x = p.put(t + "output", x + p.put(t + "mlp.output", p.linear(at + "mlp.down_proj", gated)))
    p.put("llama.norm.output", norm("norm", x))


def wav2vec_bert_page(p: Page) -> None:
    """computations/wav2vec_bert.md."""
    c = p.config
    N, eps = c["num_attention_heads"], c["layer_norm_eps"]
    left, right = c["left_max_position_embeddings"], c["right_max_position_embeddings"]
    at = "feature_projection."
    y = p.put(f"wav2vec_bert.{at}layer_norm.output", p.layer_norm(at + "layer_norm", p.inputs["input_features"], eps))
    x = p.put(f"wav2vec_bert.{at}output", p.linear(at + "projection", y))
    for i in range(c["num_hidden_layers"]):
        at = f"encoder.layers.{i}."
        t = f"wav2vec_bert.{at}"

        def half(part: str, x: np.ndarray, at: str = at, t: str = t) -> np.ndarray:
            y = p.put(f"{t}{part}_layer_norm.output", p.layer_norm(f"{at}{part}_layer_norm", x, eps))
            hidden = p.put(f"{t}{part}.hidden", p.linear(f"{at}{part}.intermediate_dense", y))
            activated = p.put(f"{t}{part}.activated", hidden * sigmoid(hidden))
            out = p.put(f"{t}{part}.output", p.linear(f"{at}{part}.output_dense", activated))
            return p.put(f"{t}{part}.stream", x + out / 2)

        x = half("ffn1", x)
        y = p.put(t + "self_attn_layer_norm.output", p.layer_norm(at + "self_attn_layer_norm", x, eps))
        q, k, v = (
            p.put(f"{t}self_attn.{n}", heads(p.linear(f"{at}self_attn.linear_{n[0]}", y), N))
            for n in ("query", "key", "value")
        )
        H = q.shape[-1]
        E = p.weights[at + "self_attn.distance_embedding.weight"]
        distances = p.put(t + "self_attn.distances", q @ E.T / H**0.5)
        s = np.arange(x.shape[1])
        places = np.minimum(np.maximum(s[None] - s[:, None], -left), right) + left
        bias = np.take_along_axis(distances, np.broadcast_to(places, (*distances.shape[:2], *places.shape)), -1)
        logits = p.put(t + "self_attn.logits", q @ k.transpose(0, 1, 3, 2) / H**0.5 + bias)
        probabilities = p.put(t + "self_attn.probabilities", softmax_over_last(logits))
        mixed = p.put(t + "self_attn.mixed", merged_heads(probabilities @ v))
        out = p.put(t + "self_attn.output", p.linear(at + "self_attn.linear_out", mixed))
        x = p.put(t + "self_attn.stream", x + out)
        y = p.put(t + "conv_module.layer_norm.output", p.layer_norm(at + "conv_module.layer_norm", x, eps))
        both = p.put(t + "conv_module.pointwise_conv1.output", p.linear(at + "conv_module.pointwise_conv1", y))
        D = both.shape[-1] // 2
        gated = p.put(t + "conv_module.gated", both[..., :D] * sigmoid(both[..., D:]))
        kernel = p.weights[at + "conv_module.depthwise_conv.weight"][:, 0]
        W = kernel.shape[1]
        padded = np.concatenate([np.zeros((len(x), W - 1, D)), gated], 1)
        y = sum(kernel[:, n] * padded[:, n : n + x.shape[1]] for n in range(W))
        y = p.put(t + "conv_module.depthwise_conv.output", np.asarray(y))
        y = p.layer_norm(at + "conv_module.depthwise_layer_norm", y, eps)
        y = p.put(t + "conv_module.depthwise_layer_norm.output", y)
        y = p.put(t + "conv_module.activated", y * sigmoid(y))
        y = p.put(t + "conv_module.output", p.linear(at + "conv_module.pointwise_conv2", y))
        x = half("ffn2", p.put(t + "conv_module.stream", x + y))
        x = p.put(t + "output", p.layer_norm(at + "final_layer_norm", x, eps))


def picture_layer(
    p: Page, t: str, at: str, x: np.ndarray, eps: float, attend: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The layers of V-JEPA 2 and DINOv2, but for the attention's linear maps and the scales."""
    scales = [p.weights.get(f"{at}layer_scale{n}.lambda1") for n in (1, 2)]
    out = attend(p.put(t + "norm1.output", p.layer_norm(at + "norm1", x, eps)))
    if scales[0] is not None:
        out = p.put(t + "layer_scale1.output", out * scales[0])
    x = p.put(t + "attention.stream", x + out)
    y = p.put(t + "norm2.output", p.layer_norm(at + "norm2", x, eps))
    hidden = p.put(t + "mlp.hidden", p.linear(at + "mlp.fc1", y))
    out = p.put(t + "mlp.output", p.linear(at + "mlp.fc2", p.put(t + "mlp.activated", gelu_by_erf(hidden))))
    if scales[1] is not None:
        out = p.put(t + "layer_scale2.output", out * scales[1])
    return p.put(t + "output", x + out)


def scored(p: Page, t: str, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """logits, probabilities, mixed."""
    logits = p.put(t + "attention.logits", q @ k.transpose(0, 1, 3, 2) / q.shape[-1] ** 0.5)
    return p.put(
        t + "attention.mixed", merged_heads(p.put(t + "attention.probabilities", softmax_over_last(logits)) @ v)
    )


def vjepa2_page(p: Page) -> None:
    """computations/vjepa2.md, of pixels that fill their boxes."""
    c, pixels = p.config, p.inputs["pixel_values"]
    N, patch, tubelet, D = c["num_attention_heads"], c["patch_size"], c["tubelet_size"], c["hidden_size"]
    B, frames, C, height, width = pixels.shape
    boxes = pixels.reshape(B, frames // tubelet, tubelet, C, height // patch, patch, width // patch, patch)
    boxes = boxes.transpose(0, 1, 4, 6, 3, 2, 5, 7).reshape(B, -1, C * tubelet * patch * patch)
    name = "encoder.embeddings.patch_embeddings.proj"
    x = p.put(f"vjepa2.{name}.output", p.linear(name, boxes))
    g, H = c["crop_size"] // patch, D // N
    part = 2 * ((H // 3) // 2)
    s = np.arange(x.shape[1])
    inv_freq = p.config["_inv_freq"]
    p.put("vjepa2.encoder.rotary.inv_freq", 10000.0 ** (-np.arange(part // 2) / (part / 2)))
    angles = [np.tile(axis[:, None] * inv_freq, 2) for axis in (s // g**2, s % g**2 // g, s % g)]
    cos = p.put("vjepa2.encoder.rotary.cos", np.cos(np.concatenate(angles, -1)))
    sin = p.put("vjepa2.encoder.rotary.sin", np.sin(np.concatenate(angles, -1)))

    def turn(y: np.ndarray) -> np.ndarray:
        out = y.copy()
        for j in range(3 * part // 2):
            out[..., 2 * j] = y[..., 2 * j] * cos[:, 2 * j] - y[..., 2 * j + 1] * sin[:, 2 * j]
            out[..., 2 * j + 1] = y[..., 2 * j + 1] * cos[:, 2 * j + 1] + y[..., 2 * j] * sin[:, 2 * j + 1]
        return out

    for i in range(c["num_hidden_layers"]):
        at = f"encoder.layer.{i}."
        t = f"vjepa2.{at}"

        def attend(y: np.ndarray, at: str = at, t: str = t) -> np.ndarray:
            q, k, v = (
                p.put(f"{t}attention.{n}", heads(p.linear(f"{at}attention.{n}", y), N))
                for n in ("query", "key", "value")
            )
            q, k = p.put(t + "attention.query_rotated", turn(q)), p.put(t + "attention.key_rotated", turn(k))
            return p.put(t + "attention.output", p.linear(at + "attention.proj", scored(p, t, q, k, v)))

        x = picture_layer(p, t, at, x, c["layer_norm_eps"], attend)


def dinov2_page(p: Page) -> None:
    """computations/dinov2.md, of pictures on the table's grid."""
    c, pixels = p.config, p.inputs["pixel_values"]
    N, patch = c["num_attention_heads"], c["patch_size"]
    B, C, height, width = pixels.shape
    boxes = pixels.reshape(B, C, height // patch, patch, width // patch, patch)
    boxes = boxes.transpose(0, 2, 4, 1, 3, 5).reshape(B, -1, C * patch * patch)
    name = "embeddings.patch_embeddings.projection"
    patches = p.put(f"dinov2.{name}.output", p.linear(name, boxes))
    positions = p.put("dinov2.embeddings.positions", p.weights["embeddings.position_embeddings"])
    first = np.broadcast_to(p.weights["embeddings.cls_token"], (B, 1, patches.shape[-1]))
    x = p.put("dinov2.embeddings.output", np.concatenate([first, patches], 1) + positions)
    for i in range(c["num_hidden_layers"]):
        at = f"encoder.layer.{i}."
        t = f"dinov2.{at}"

        def attend(y: np.ndarray, at: str = at, t: str = t) -> np.ndarray:
            q, k, v = (
                p.put(f"{t}attention.{n}", heads(p.linear(f"{at}attention.attention.{n}", y), N))
                for n in ("query", "key", "value")
            )
            return p.put(t + "attention.output", p.linear(at + "attention.output.dense", scored(p, t, q, k, v)))

        x = picture_layer(p, t, at, x, c["layer_norm_eps"], attend)


def encoder_page(p: Page) -> None:
    """computations/encoder.md, steps 1 to 8."""
    brain, build, w = p.config["brain_model_config"], p.config["model_build_args"], p.weights
    D, N, dims = brain["hidden"], brain["encoder"]["heads"], build["feature_dims"]
    parts = []
    for m in dims:
        x = p.inputs[f"features.{m}"]
        B, G, F, T = x.shape
        joined = p.put(f"encoder.projectors.{m}.joined", x.transpose(0, 3, 1, 2).reshape(B, T, G * F))
        parts.append(p.put(f"encoder.projectors.{m}.output", p.linear(f"projectors.{m}", joined)))
    x = p.put("encoder.modalities", np.concatenate(parts, -1))
    x = p.put("encoder.time_pos_embed.output", x + p.put("encoder.time_pos_embed.rows", w["time_pos_embed"][:, :T]))
    f = p.put("encoder.rotary_pos_emb.inv_freq", w["encoder.rotary_pos_emb.inv_freq"])
    angle = np.tile(np.arange(T)[:, None] * f, 2)
    cos, sin = p.put("encoder.rotary_pos_emb.cos", np.cos(angle)), p.put("encoder.rotary_pos_emb.sin", np.sin(angle))
    R = angle.shape[-1]

    def norm(name: str, y: np.ndarray) -> np.ndarray:
        return y / np.maximum(np.sqrt((y**2).sum(-1, keepdims=True)), 1e-12) * D**0.5 * w[f"{name}.g"]

    def turn(y: np.ndarray) -> np.ndarray:
        a, b = y[..., : R // 2], y[..., R // 2 : R]
        return np.concatenate([y[..., :R] * cos + np.concatenate([-b, a], -1) * sin, y[..., R:]], -1)

    for i in range(2 * brain["encoder"]["depth"]):
        at = t = f"encoder.layers.{i}."
        y = p.put(t + "norm.output", norm(at + "0.0", x))
        if i % 2 == 0:
            q, k, v = (p.put(t + n, heads(p.linear(f"{at}1.to_{n[0]}", y), N)) for n in ("query", "key", "value"))
            q, k = p.put(t + "query_rotated", turn(q)), p.put(t + "key_rotated", turn(k))
            logits = p.put(t + "logits", q @ k.transpose(0, 1, 3, 2) / (D // N) ** 0.5)
            mixed = merged_heads(p.put(t + "probabilities", softmax_over_last(logits)) @ v)
            out = p.linear(at + "1.to_out", p.put(t + "mixed", mixed))
        else:
            hidden = p.put(t + "hidden", p.linear(at + "1.ff.0.0", y))
            out = p.linear(at + "1.ff.2", p.put(t + "activated", gelu_by_erf(hidden)))
        residual = p.put(t + "residual", x * w[at + "2.residual_scale"])
        x = p.put(t + "output", p.put(t + "branch", out) + residual)
    x = p.put("encoder.final_norm.output", norm("encoder.final_norm", x))
    x = p.put("encoder.low_rank_head.output", p.linear("low_rank_head", x))
    y = (x @ w["predictor.weights"][-1] + w["predictor.bias"][-1]).transpose(0, 2, 1)
    p.put("encoder.predictor.output", y)
    n = build["n_output_timesteps"]
    bins = [(r * T // n, -(-(r + 1) * T // n)) for r in range(n)]
    p.put("encoder.output", np.stack([y[..., a:b].mean(-1) for a, b in bins], -1))


PAGES = {
    "encoder": encoder_page,
    "llama": llama_page,
    "wav2vec_bert": wav2vec_bert_page,
    "vjepa2": vjepa2_page,
    "dinov2": dinov2_page,
}
