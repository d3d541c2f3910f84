"""Sizes of a Wav2Vec-BERT 2.0 checkpoint, from its config.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from tribe_np.errors import ConfigError
from tribe_np.settings import Settings


@dataclass(frozen=True)
class Wav2VecBertConfig(ModelConfig):
    """The numbers that shape the model; key of config.json -> field in `from_dict`."""

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
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """From the keys of config.json; foreign keys are ignored.

        Absent keys take transformers' own class defaults, which describe w2v-bert-2.0. An adapter behind the encoder
        (add_adapter, use_intermediate_ffn_before_adapter) changes no hidden state and is ignored.
        Raises   ConfigError, naming `origin`, for a value that is malformed or not implemented
        Source   transformers 5.23.0 Wav2Vec2BertConfig
        """
        settings = Settings(values, origin)
        settings.only("model_type", "wav2vec2-bert")
        settings.only("hidden_act", "swish", "silu")
        settings.only("position_embeddings_type", "relative_key")
        config = cls(
            model_dim=settings.count("hidden_size", 1024),
            n_layers=settings.count("num_hidden_layers", 24),
            n_heads=settings.count("num_attention_heads", 16),
            mlp_dim=settings.count("intermediate_size", 4096),
            input_dim=settings.count("feature_projection_input_dim", 160),
            conv_width=settings.count("conv_depthwise_kernel_size", 31),
            left_span=settings.count("left_max_position_embeddings", 64, least=0),
            right_span=settings.count("right_max_position_embeddings", 8, least=0),
            layer_norm_eps=settings.positive("layer_norm_eps", 1e-5),
        )
        settings.share("hidden_size", config.model_dim, "num_attention_heads", config.n_heads)
        if config.conv_width % 2 == 0:
            raise ConfigError(f"{origin}: conv_depthwise_kernel_size must be odd, got {config.conv_width}")
        return config
