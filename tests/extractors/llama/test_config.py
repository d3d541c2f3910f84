"""LlamaConfig: both spellings, the fill-ins of old files, and everything that is refused."""

import math

import pytest

from extractors.llama.config import Llama3Scaling, LlamaConfig
from tribe_np.errors import ConfigError

SCALING = {
    "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip
RELEASED = {
    "model_type": "llama", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28,
    "num_attention_heads": 24, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256, "hidden_act": "silu",
    "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "rope_scaling": SCALING, "max_position_embeddings": 131072,
    "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "torch_dtype": "bfloat16",
    "some_foreign_key": 3,
}  # fmt: skip


def changed(**changes):
    merged = RELEASED | changes
    return {key: value for key, value in merged.items() if value != "absent"}


def test_the_released_configuration():
    config = LlamaConfig.from_dict(RELEASED)
    assert (config.n_layers, config.model_dim, config.mlp_dim, config.vocab_size) == (28, 3072, 8192, 128256)
    assert (config.n_heads, config.n_kv_heads, config.head_dim) == (24, 8, 128)
    assert config.rms_norm_eps == 1e-5
    assert config.n_states == 29
    assert config.rope_scaling == Llama3Scaling(32.0, 1.0, 4.0, 8192.0)


def test_both_spellings_mean_the_same():
    newer = changed(
        rope_theta="absent", rope_scaling="absent", rope_parameters=SCALING | {"rope_theta": 500000.0},
        torch_dtype="absent", dtype="bfloat16",
    )  # fmt: skip
    assert LlamaConfig.from_dict(newer) == LlamaConfig.from_dict(RELEASED)


def test_fill_ins_of_files_older_than_a_key():
    old = changed(num_key_value_heads="absent", head_dim=None, rope_theta="absent", rope_scaling=None)
    config = LlamaConfig.from_dict(old)
    assert (config.n_kv_heads, config.head_dim, config.rope_theta, config.rope_scaling) == (24, 128, 10000.0, None)
    assert not LlamaConfig.from_dict(changed(attention_bias="absent")).attention_bias


def test_older_and_nested_names_of_the_rotary_settings():
    assert LlamaConfig.from_dict(changed(rope_scaling={"type": "default"})).rope_scaling is None
    short = {key: value for key, value in SCALING.items() if key != "original_max_position_embeddings"}
    found = LlamaConfig.from_dict(changed(rope_scaling=short)).rope_scaling
    assert found is not None
    assert found.original_max_positions == 131072  # transformers falls back to the model's maximum
    found = LlamaConfig.from_dict(changed(original_max_position_embeddings=4096)).rope_scaling
    assert found is not None
    assert found.original_max_positions == 4096  # and prefers the value on top


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "mistral"}, "model_type"),
        ({"model_type": "absent"}, "model_type"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu' is not implemented"),
        ({"is_causal": False}, "is_causal"),
        ({"quantization_config": {"bits": 4}}, "quantization_config"),
        ({"hidden_size": "absent"}, "hidden_size"),
        ({"hidden_size": "3072"}, "hidden_size"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"num_hidden_layers": True}, "num_hidden_layers"),
        ({"vocab_size": 1.5}, "vocab_size"),
        ({"num_key_value_heads": 7}, "not a multiple of num_key_value_heads 7"),
        ({"head_dim": 127}, "head_dim 127 is odd"),
        ({"rms_norm_eps": "absent"}, "rms_norm_eps"),
        ({"rms_norm_eps": math.nan}, "rms_norm_eps"),
        ({"rms_norm_eps": -1e-5}, "rms_norm_eps"),
        ({"rope_theta": 0}, "rope_theta"),
        ({"rope_theta": True}, "rope_theta"),
        ({"attention_bias": 1}, "attention_bias"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "rope_type 'yarn' is not implemented"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_type 'linear'"),
        ({"rope_scaling": [1]}, "must be a mapping"),
        ({"rope_scaling": {"rope_type": "llama3"}}, "factor"),
        ({"rope_scaling": SCALING | {"high_freq_factor": 1.0}}, "high_freq_factor"),
        ({"rope_scaling": SCALING | {"partial_rotary_factor": 0.5}}, "partial_rotary_factor"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
        (
            {"rope_scaling": {**SCALING, "original_max_position_embeddings": None}, "max_position_embeddings": None},
            "max_position_embeddings",
        ),
    ],
)
def test_what_is_refused_is_named_with_its_file(changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        LlamaConfig.from_dict(changed(**changes), origin="here/config.json")
    assert "here/config.json" in str(caught.value)
    assert "\n" not in str(caught.value)
