"""The numbers of a LLaMA checkpoint that its mathematics needs, read from HuggingFace's config.json.

Two spellings are in use: transformers 4 writes `rope_theta` + `rope_scaling`, transformers 5 one `rope_parameters`.
Keys that do not touch the hidden states are ignored; a known key whose value changes them and is not implemented
is an error. `pretraining_tp` is ignored as transformers 5 does (it only ever split the products).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from extractors.common.config import ModelConfig
from tribe_np.errors import ConfigError
from tribe_np.settings import Settings
from tribe_np.shown import quoted

DEFAULT_THETA = 10000.0  # transformers 5.23.0: fills files older than the key `rope_theta`
SILU_NAMES = ("silu", "swish")


@dataclass(frozen=True)
class Llama3Scaling:
    """How LLaMA 3.1 and later stretch the slow frequencies; see `rope.llama3_frequencies`."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_positions: float


@dataclass(frozen=True)
class LlamaConfig(ModelConfig):
    """Sizes and constants of one LLaMA. LLaMA-3.2-3B: 28 layers, D 3072, 24 heads, 8 key/value heads, eps 1e-5.

    Source   transformers 5.23.0 LlamaConfig
    """

    mlp_dim: int
    n_kv_heads: int
    head_dim: int
    vocab_size: int
    rms_norm_eps: float
    rope_theta: float
    rope_scaling: Llama3Scaling | None
    attention_bias: bool
    mlp_bias: bool

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "config.json") -> Self:
        """The configuration from the mapping of a config.json.

        Raises   ConfigError that names `origin` and the key: missing, of the wrong type, or not implemented
        """
        settings = Settings(values, origin)
        nullable = Settings(values, origin, null_is_absent=True)
        _refuse_unknown_maths(settings)
        model_dim, n_heads = settings.count("hidden_size"), settings.count("num_attention_heads")
        # absent or null in files older than these two keys: transformers' own fill-in
        n_kv_heads = nullable.count("num_key_value_heads", n_heads)
        head_dim = nullable.count("head_dim", model_dim // n_heads)
        settings.share("num_attention_heads", n_heads, "num_key_value_heads", n_kv_heads)
        if head_dim % 2:
            raise ConfigError(f"{origin}: head_dim {head_dim} is odd; rotary positions turn pairs of channels")
        theta, scaling = _rope(values, origin)
        return cls(
            n_layers=settings.count("num_hidden_layers"),
            model_dim=model_dim,
            mlp_dim=settings.count("intermediate_size"),
            n_heads=n_heads,
            n_kv_heads=n_kv_heads,
            head_dim=head_dim,
            vocab_size=settings.count("vocab_size"),
            rms_norm_eps=settings.positive("rms_norm_eps"),
            rope_theta=theta,
            rope_scaling=scaling,
            attention_bias=settings.flag("attention_bias", False),  # transformers 5.23.0: off unless written
            mlp_bias=settings.flag("mlp_bias", False),
        )


def _refuse_unknown_maths(settings: Settings) -> None:
    if not settings.has("model_type"):
        raise ConfigError(f"{settings.name('model_type')} must be 'llama', but is missing")
    settings.only("model_type", "llama")
    settings.only("hidden_act", *SILU_NAMES)
    settings.only("is_causal", True)
    if settings.values.get("quantization_config"):
        raise ConfigError(
            f"{settings.origin}: quantization_config: quantised weights are not implemented; use bf16, fp16 or fp32"
        )


def _rope(values: Mapping[str, Any], origin: str | Path) -> tuple[float, Llama3Scaling | None]:
    """Theta and the scaling, from either spelling; as in transformers, `rope_scaling` wins and theta may be inside."""
    top = Settings(values, origin, null_is_absent=True)
    key = next((key for key in ("rope_scaling", "rope_parameters") if values.get(key)), None)
    inner = Settings({}, origin) if key is None else top.section(key)
    kind = inner.values.get("rope_type", inner.values.get("type", "default"))
    if kind not in ("default", "llama3"):
        name = inner.name("rope_type")
        raise ConfigError(f"{name} {quoted(kind)} is not implemented; only 'default' or 'llama3' is")
    for settings in (top, inner):
        settings.only("partial_rotary_factor", 1)
    theta = inner.positive("rope_theta", top.positive("rope_theta", DEFAULT_THETA))
    if kind == "default":
        return theta, None
    scaling = Llama3Scaling(
        inner.positive("factor"),
        inner.positive("low_freq_factor"),
        inner.positive("high_freq_factor"),
        _pretraining_length(top, inner),
    )
    if scaling.high_freq_factor <= scaling.low_freq_factor:
        raise ConfigError(f"{origin}: high_freq_factor must be greater than low_freq_factor")
    return theta, scaling


def _pretraining_length(top: Settings, inner: Settings) -> float:
    """On top where a file has it there, else inside, else the model's own maximum."""
    key = "original_max_position_embeddings"
    for settings in (top, inner):
        if settings.has(key):
            return settings.positive(key)
    return top.positive("max_position_embeddings")
