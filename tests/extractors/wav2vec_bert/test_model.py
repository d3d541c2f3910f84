"""The model: shapes, names, streaming, devices, and every bad folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from extractors import Wav2VecBertModel
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from extractors.wav2vec_bert.random import write_random
from tests import fake_device
from tribe_np import trace
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.safetensors import read_header, write_safetensors

PARTS = (
    "ffn1_layer_norm.output", "ffn1.hidden", "ffn1.activated", "ffn1.output", "ffn1.stream",
    "self_attn_layer_norm.output", "self_attn.query", "self_attn.key", "self_attn.value", "self_attn.mixed",
    "self_attn.output", "self_attn.stream", "conv_module.layer_norm.output", "conv_module.pointwise_conv1.output",
    "conv_module.gated", "conv_module.depthwise_conv.output", "conv_module.depthwise_layer_norm.output",
    "conv_module.activated", "conv_module.output", "conv_module.stream", "ffn2_layer_norm.output", "ffn2.hidden",
    "ffn2.activated", "ffn2.output", "ffn2.stream", "output",
)  # fmt: skip


@pytest.fixture
def features(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(2, 21, 160)).astype(np.float32)


def test_all_hidden_states(tiny: Path, features: np.ndarray) -> None:
    model = Wav2VecBertModel.from_pretrained(tiny)
    states = model.hidden_states(features)
    assert states.shape == (4, 2, 21, 16)
    assert states.dtype == np.float32
    assert Wav2VecBertModel.from_pretrained(tiny, precision="float64").hidden_states(features).dtype == np.float64


def test_names_of_the_intermediates(tiny: Path, features: np.ndarray) -> None:
    model = Wav2VecBertModel.from_pretrained(tiny)
    with trace() as recording:
        traced = model.hidden_states(features)
    layers = [f"wav2vec_bert.encoder.layers.{i}.{part}" for i in range(3) for part in PARTS]
    projection = ["wav2vec_bert.feature_projection.layer_norm.output", "wav2vec_bert.feature_projection.output"]
    assert recording.names() == projection + layers
    assert np.array_equal(traced, model.hidden_states(features))
    assert np.array_equal(recording["wav2vec_bert.encoder.layers.2.output"], traced[3])


def test_streaming_gives_the_same_bits(tiny: Path, features: np.ndarray) -> None:
    resident = Wav2VecBertModel.from_pretrained(tiny).hidden_states(features)
    streamed = Wav2VecBertModel.from_pretrained(tiny, streaming=True)
    assert streamed.layers.resident is None
    assert np.array_equal(streamed.hidden_states(features), resident)


def test_same_bits_on_another_array_module(tiny: Path, features: np.ndarray) -> None:
    model = Wav2VecBertModel.from_pretrained(tiny, device=fake_device.module)
    states = fake_device.module.asnumpy(model.hidden_states(features))
    assert np.array_equal(states, Wav2VecBertModel.from_pretrained(tiny).hidden_states(features))


def test_a_sound_alone_equals_itself_in_a_batch(tiny: Path, features: np.ndarray) -> None:
    model = Wav2VecBertModel.from_pretrained(tiny, precision="float64")
    batch = model.hidden_states(features)
    assert model.hidden_states(features[1:])[:, 0] == pytest.approx(batch[:, 1], abs=1e-12)


def test_float32_is_close_to_float64(tiny: Path, features: np.ndarray) -> None:
    single, double = (Wav2VecBertModel.from_pretrained(tiny, precision=p) for p in ("float32", "float64"))
    assert single.hidden_states(features) == pytest.approx(double.hidden_states(features), abs=2e-5)


def test_a_fine_tuned_checkpoint_with_prefix_and_heads(tmp_path: Path, features: np.ndarray) -> None:
    sizes = {"seed": 4, "hidden": 16, "intermediate": 24}
    plain = write_random(tmp_path / "plain", **sizes)
    tuned = write_random(tmp_path / "tuned", prefix="wav2vec2_bert.", **sizes)
    weights = {name: entry.read() for name, entry in read_header(tuned / "model.safetensors")[0].items()}
    extra = {
        "lm_head.weight": np.ones((3, 16), np.float32),
        "wav2vec2_bert.adapter.proj.weight": np.ones(2, np.float32),
    }
    write_safetensors(tuned / "model.safetensors", weights | extra)
    loaded = (Wav2VecBertModel.from_pretrained(folder).hidden_states(features) for folder in (plain, tuned))
    assert np.array_equal(*loaded)


@pytest.mark.parametrize("shape", [(21, 160), (1, 21, 159), (1, 0, 160), (0, 21, 160)])
def test_inputs_of_another_shape_are_errors(tiny: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"must have shape \(B, S, 160\)"):
        Wav2VecBertModel.from_pretrained(tiny).hidden_states(np.zeros(shape, np.float32))


def edit(folder: Path, **changes: object) -> None:
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | changes))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_act", "gelu"), ("position_embeddings_type", "relative"), ("position_embeddings_type", "rotary"),
        ("position_embeddings_type", None), ("model_type", "wav2vec2"), ("hidden_size", 0), ("hidden_size", "16"),
        ("num_attention_heads", 3), ("num_hidden_layers", True), ("conv_depthwise_kernel_size", 4),
        ("layer_norm_eps", 0), ("layer_norm_eps", "small"), ("left_max_position_embeddings", -1),
        ("hidden_act", ["swish"]),
    ],
)  # fmt: skip
def test_configurations_that_are_not_implemented_are_errors(tiny: Path, key: str, value: object) -> None:
    edit(tiny, **{key: value})
    with pytest.raises(ConfigError, match=rf"config.json: .*{key}"):
        Wav2VecBertModel.from_pretrained(tiny)


def test_absent_keys_describe_the_released_checkpoint() -> None:
    config = Wav2VecBertConfig.from_dict({})
    assert (config.model_dim, config.n_layers, config.n_heads, config.head_dim) == (1024, 24, 16, 64)
    assert (config.left_span, config.right_span, config.conv_width, config.mlp_dim) == (64, 8, 31, 4096)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file(tiny: Path, name: str) -> None:
    (tiny / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        Wav2VecBertModel.from_pretrained(tiny)


def test_weights_missing_extra_or_misshapen(tiny: Path) -> None:
    path = tiny / "model.safetensors"
    weights = {name: entry.read().copy() for name, entry in read_header(path)[0].items()}
    name = "encoder.layers.1.self_attn.distance_embedding.weight"
    write_safetensors(path, {k: v for k, v in weights.items() if k != name})
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        Wav2VecBertModel.from_pretrained(tiny)
    write_safetensors(path, weights | {name: weights[name][1:]})
    with pytest.raises(CheckpointError, match=r"has shape \(7, 8\), expected \(8, 8\)"):
        Wav2VecBertModel.from_pretrained(tiny)
    write_safetensors(path, weights | {"encoder.layers.3.ffn1.extra": weights[name]})
    with pytest.raises(CheckpointError, match="unexpected weights"):
        Wav2VecBertModel.from_pretrained(tiny)
