"""A tiny Wav2Vec-BERT of random weights in the real HuggingFace layout: for tests and the demo. It means nothing."""

from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.random import RandomTensors, write_json
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.formats.safetensors import write_safetensors

NOTE = "random weights of tribe_np's demo: the features mean nothing"
PREPROCESSOR = {
    "_note": NOTE, "feature_extractor_type": "SeamlessM4TFeatureExtractor", "feature_size": 80, "num_mel_bins": 80,
    "padding_side": "right", "padding_value": 1.0, "return_attention_mask": True, "sampling_rate": 16000, "stride": 2,
}  # fmt: skip


def write_random(
    folder: str | Path,
    *,
    seed: int,
    n_layers: int = 2,
    hidden: int = 64,
    heads: int = 2,
    intermediate: int = 128,
    left: int = 64,
    right: int = 8,
    kernel: int = 31,
    padding_value: float = 1.0,
    prefix: str = "",
    **overrides: Any,
) -> Path:
    """Writes config.json, preprocessor_config.json and model.safetensors; returns the folder.

    Same seed and sizes, same bytes. `prefix` such as "wav2vec2_bert." goes before every weight's name; `overrides`
    are further keys of config.json.
    Source   layout of transformers 5.23.0 Wav2Vec2BertModel, SeamlessM4TFeatureExtractor
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "_note": NOTE, "architectures": ["Wav2Vec2BertModel"], "model_type": "wav2vec2-bert", "hidden_size": hidden,
        "num_hidden_layers": n_layers, "num_attention_heads": heads, "intermediate_size": intermediate,
        "feature_projection_input_dim": 160, "hidden_act": "swish", "layer_norm_eps": 1e-5,
        "position_embeddings_type": "relative_key", "left_max_position_embeddings": left,
        "right_max_position_embeddings": right, "conv_depthwise_kernel_size": kernel, "add_adapter": False,
        "use_intermediate_ffn_before_adapter": False, **overrides,
    }  # fmt: skip
    config = Wav2VecBertConfig.from_dict(values, origin="write_random")
    tensors = random_weights(config, seed)
    write_json(folder / "config.json", values)
    write_json(folder / "preprocessor_config.json", PREPROCESSOR | {"padding_value": padding_value})
    named = {prefix + name: tensor for name, tensor in tensors.items()}
    # a single key: the format's writer orders several at random, and the bytes would differ
    write_safetensors(folder / "model.safetensors", named, metadata={"format": "pt"})
    return folder


def random_weights(config: Wav2VecBertConfig, seed: int) -> dict[str, np.ndarray]:
    """Every tensor of the checkpoint: gains near 1, queries and keys large enough that attention is not uniform."""
    drawn = RandomTensors(seed)
    D, M = config.model_dim, config.mlp_dim
    drawn.matrix("masked_spec_embed", D)
    drawn.norm("feature_projection.layer_norm", config.input_dim)
    drawn.linear("feature_projection.projection", D, config.input_dim)
    for i in range(config.n_layers):
        layer = f"encoder.layers.{i}"
        for name in ("ffn1_layer_norm", "self_attn_layer_norm", "ffn2_layer_norm", "final_layer_norm"):
            drawn.norm(f"{layer}.{name}", D)
        for name in ("ffn1", "ffn2"):
            drawn.linear(f"{layer}.{name}.intermediate_dense", M, D)
            drawn.linear(f"{layer}.{name}.output_dense", D, M)
        for name in ("linear_q", "linear_k", "linear_v", "linear_out"):
            drawn.linear(f"{layer}.self_attn.{name}", D, D, gain=1.5 if name in ("linear_q", "linear_k") else 1.0)
        n_distances = config.left_span + 1 + config.right_span
        drawn.matrix(
            f"{layer}.self_attn.distance_embedding.weight", n_distances, config.head_dim, gain=config.head_dim**0.5
        )
        drawn.norm(f"{layer}.conv_module.layer_norm", D)
        drawn.norm(f"{layer}.conv_module.depthwise_layer_norm", D)
        drawn.matrix(f"{layer}.conv_module.pointwise_conv1.weight", 2 * D, D, 1)
        drawn.matrix(f"{layer}.conv_module.depthwise_conv.weight", D, 1, config.conv_width)
        drawn.matrix(f"{layer}.conv_module.pointwise_conv2.weight", D, D, 1)
    return drawn.tensors
