"""Sizes of a Wav2Vec-BERT 2.0 checkpoint, from its config.json."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tribe_np.errors import ConfigError


@dataclass(frozen=True)
class Wav2VecBertConfig:
    """The numbers that shape the model; key of config.json -> field in `from_dict`."""

    model_dim: int
    n_layers: int
    n_heads: int
    mlp_dim: int
    input_dim: int  # 80 mel bins x 2 audio frames
    conv_width: int  # taps of the causal depthwise convolution
    left_span: int  # distances to earlier tokens that have an embedding of their own
    right_span: int  # the same to later tokens
    layer_norm_eps: float

    @property
    def head_dim(self) -> int:
        """Channels of one attention head."""
        return self.model_dim // self.n_heads

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], origin: str) -> "Wav2VecBertConfig":
        """From the keys of config.json; foreign keys are ignored.

        Absent keys take transformers' own class defaults, which describe w2v-bert-2.0. An adapter behind the encoder
        (add_adapter, use_intermediate_ffn_before_adapter) changes no hidden state and is passed over.
        Raises   ConfigError, naming `origin`, for a value that is malformed or not implemented
        Source   transformers 5.23.0 Wav2Vec2BertConfig
        """
        _only(values, "model_type", ("wav2vec2-bert",), "wav2vec2-bert", origin)
        _only(values, "hidden_act", ("swish", "silu"), "swish", origin)
        _only(values, "position_embeddings_type", ("relative_key",), "relative_key", origin)
        config = cls(
            model_dim=_count(values, "hidden_size", 1024, origin),
            n_layers=_count(values, "num_hidden_layers", 24, origin),
            n_heads=_count(values, "num_attention_heads", 16, origin),
            mlp_dim=_count(values, "intermediate_size", 4096, origin),
            input_dim=_count(values, "feature_projection_input_dim", 160, origin),
            conv_width=_count(values, "conv_depthwise_kernel_size", 31, origin),
            left_span=_count(values, "left_max_position_embeddings", 64, origin, least=0),
            right_span=_count(values, "right_max_position_embeddings", 8, origin, least=0),
            layer_norm_eps=_eps(values, origin),
        )
        if config.model_dim % config.n_heads:
            raise ConfigError(
                f"{origin}: hidden_size {config.model_dim} is no multiple of num_attention_heads {config.n_heads}"
            )
        if config.conv_width % 2 == 0:
            raise ConfigError(f"{origin}: conv_depthwise_kernel_size must be odd, got {config.conv_width}")
        return config


def _only(values: Mapping[str, Any], key: str, known: tuple[str, ...], default: str, origin: str) -> None:
    value = values.get(key, default)
    if value not in known:
        raise ConfigError(f"{origin}: {key} {value!r} is not implemented; only {' or '.join(map(repr, known))} is")


def _count(values: Mapping[str, Any], key: str, default: int, origin: str, *, least: int = 1) -> int:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{origin}: {key} must be a whole number of at least {least}, got {value!r}")
    return value


def _eps(values: Mapping[str, Any], origin: str) -> float:
    value = values.get("layer_norm_eps", 1e-5)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (value > 0 and math.isfinite(value)):
        raise ConfigError(f"{origin}: layer_norm_eps must be a positive number, got {value!r}")
    return float(value)
