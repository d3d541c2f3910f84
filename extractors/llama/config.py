"""The numbers of a LLaMA checkpoint that its mathematics needs, read from HuggingFace's config.json.

Two spellings are in use: transformers 4 writes `rope_theta` + `rope_scaling`, transformers 5 one `rope_parameters`.
Keys that do not touch the hidden states are ignored; a known key whose value changes them and is not implemented
is an error. `pretraining_tp` is ignored as transformers 5 does (it only ever split the products).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tribe_np.errors import ConfigError

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
class LlamaConfig:
    """Sizes and constants of one LLaMA. LLaMA-3.2-3B: 28 layers, D 3072, 24 heads, 8 key/value heads, eps 1e-5.

    Source   transformers 5.23.0 LlamaConfig
    """

    n_layers: int
    model_dim: int
    mlp_dim: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    vocab_size: int
    rms_norm_eps: float
    rope_theta: float
    rope_scaling: Llama3Scaling | None
    attention_bias: bool
    mlp_bias: bool

    @property
    def n_states(self) -> int:
        """Hidden states of the model: the embeddings, and one after each layer."""
        return self.n_layers + 1

    @classmethod
    def from_dict(cls, config: Mapping[str, Any], *, where: str = "config.json") -> "LlamaConfig":
        """The configuration from the mapping of a config.json.

        Raises   ConfigError that names `where` and the key: missing, of the wrong type, or not implemented
        """
        read = _Reader(config, where)
        _refuse_unknown_maths(config, where)
        model_dim, n_heads = read.count("hidden_size"), read.count("num_attention_heads")
        # absent or null in files older than these two keys: transformers' own fill-in
        n_kv_heads = read.count("num_key_value_heads", default=n_heads)
        head_dim = read.count("head_dim", default=model_dim // n_heads)
        if n_heads % n_kv_heads:
            raise ConfigError(
                f"{where}: num_attention_heads {n_heads} is no multiple of num_key_value_heads {n_kv_heads}"
            )
        if head_dim < 2 or head_dim % 2:
            raise ConfigError(f"{where}: head_dim {head_dim} is odd; rotary positions turn pairs of channels")
        theta, scaling = _rope(config, where)
        return cls(
            n_layers=read.count("num_hidden_layers"),
            model_dim=model_dim,
            mlp_dim=read.count("intermediate_size"),
            n_heads=n_heads,
            n_kv_heads=n_kv_heads,
            head_dim=head_dim,
            vocab_size=read.count("vocab_size"),
            rms_norm_eps=read.positive("rms_norm_eps"),
            rope_theta=theta,
            rope_scaling=scaling,
            attention_bias=read.flag("attention_bias"),
            mlp_bias=read.flag("mlp_bias"),
        )


@dataclass(frozen=True)
class _Reader:
    """Typed look-ups in a mapping that name the file and the key when they fail."""

    config: Mapping[str, Any]
    where: str

    def count(self, key: str, *, default: int | None = None) -> int:
        value = self.config.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{self.where}: {key} must be a whole number of at least 1, got {value!r}")
        return value

    def positive(self, key: str, *, default: float | None = None) -> float:
        value = self.config.get(key)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise ConfigError(f"{self.where}: {key} must be a positive number, got {value!r}")
        return float(value)

    def flag(self, key: str) -> bool:
        value = self.config.get(key, False)  # transformers 5.23.0: both bias flags are off unless written
        if not isinstance(value, bool):
            raise ConfigError(f"{self.where}: {key} must be true or false, got {value!r}")
        return value


def _refuse_unknown_maths(config: Mapping[str, Any], where: str) -> None:
    if config.get("model_type") != "llama":
        raise ConfigError(f"{where}: model_type must be llama, got {config.get('model_type')!r}")
    if config.get("hidden_act", "silu") not in SILU_NAMES:
        raise ConfigError(f"{where}: hidden_act {config['hidden_act']!r} is not implemented; only silu is")
    if config.get("is_causal", True) is not True:
        raise ConfigError(f"{where}: is_causal {config['is_causal']!r} is not implemented; the attention is causal")
    if config.get("quantization_config"):
        raise ConfigError(
            f"{where}: quantization_config: quantised weights are not implemented; use bf16, fp16 or fp32"
        )


def _rope(config: Mapping[str, Any], where: str) -> tuple[float, Llama3Scaling | None]:
    """Theta and the scaling, from either spelling; as in transformers, `rope_scaling` wins and theta may be inside."""
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    if not isinstance(rope, Mapping):
        raise ConfigError(f"{where}: rope_scaling must be a mapping, got {type(rope).__name__}")
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind not in ("default", "llama3"):
        raise ConfigError(f"{where}: rope_type {kind!r} is not implemented; known are default and llama3")
    for source in (config, rope):
        if source.get("partial_rotary_factor", 1.0) not in (None, 1):
            raise ConfigError(f"{where}: partial_rotary_factor other than 1 is not implemented")
    top, read = _Reader(config, where), _Reader(rope, f"{where}: rope parameters")
    theta = read.positive("rope_theta", default=top.positive("rope_theta", default=DEFAULT_THETA))
    if kind == "default":
        return theta, None
    # the pretraining length: on top where a file has it there, else inside, else the model's own maximum
    if config.get("original_max_position_embeddings") is not None:
        length = top.positive("original_max_position_embeddings")
    elif rope.get("original_max_position_embeddings") is not None:
        length = read.positive("original_max_position_embeddings")
    else:
        length = top.positive("max_position_embeddings")
    scaling = Llama3Scaling(
        read.positive("factor"), read.positive("low_freq_factor"), read.positive("high_freq_factor"), length
    )
    if scaling.high_freq_factor <= scaling.low_freq_factor:
        raise ConfigError(f"{where}: high_freq_factor must be greater than low_freq_factor")
    return theta, scaling
