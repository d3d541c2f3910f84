"""VJepa2Model on random folders: states, streaming, devices, taps, and bad input."""

import json

import numpy as np
import pytest

from extractors import VJepa2Model
from extractors.vjepa2 import model as module
from extractors.vjepa2.costs import UNREAD
from extractors.vjepa2.random import write_random
from tests import fake_device
from tribe_np.backend import to_host
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.formats.weights import read_folder
from tribe_np.oracle import relative_error, trace
from tribe_np.pipeline.costs.estimate import WeightSizes

SMALL = {"hidden_size": 44, "num_attention_heads": 2, "crop_size": 12, "patch_size": 4, "frames_per_clip": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("vjepa2"), seed=1, **SMALL)


@pytest.fixture(scope="module")
def model(folder):
    return VJepa2Model.from_pretrained(folder)


@pytest.fixture
def pixels(rng):
    return rng.normal(0, 1, (2, 8, 3, 12, 12)).astype(np.float32)


def test_states_are_the_embedding_then_the_layers(model, pixels):
    raw, normed = model.hidden_states(pixels), model.hidden_states(pixels, final_norm=True)
    assert raw.shape == normed.shape == (3, 2, 36, 44)
    assert raw.dtype == np.float32
    assert np.array_equal(raw[:-1], normed[:-1])
    unscaled = (normed[-1] - model.layernorm.bias) / model.layernorm.weight
    assert np.allclose(unscaled.mean(-1), 0, atol=1e-5)
    assert np.allclose(unscaled.std(-1), 1, atol=1e-4)


def test_a_patch_is_a_convolution(model, pixels):
    kernel = model.patch_embeddings.proj.weight.reshape(44, 3, 2, 4, 4)
    box = pixels[1, 2:4, :, 4:8, 8:12].transpose(1, 0, 2, 3)  # depth 1, row 1, column 2
    expected = np.sum(kernel * box, axis=(1, 2, 3, 4)) + model.patch_embeddings.proj.bias
    assert np.allclose(model.hidden_states(pixels)[0, 1, 9 + 3 + 2], expected, atol=1e-5)


def test_leftovers_are_cut_and_short_clips_repeated(model, pixels):
    assert model.hidden_states(pixels[:, :7, :, :11]).shape[2] == 3 * 2 * 3
    one = model.hidden_states(pixels[:, :1])
    assert np.array_equal(one, model.hidden_states(np.repeat(pixels[:, :1], 2, axis=1)))


def test_order_of_frames_matters_through_positions(model, pixels):
    swapped = pixels[:, [2, 3, 0, 1, 4, 5, 6, 7]]
    a, b = model.hidden_states(pixels), model.hidden_states(swapped)
    assert np.array_equal(a[0][:, :9], b[0][:, 9:18])
    assert relative_error(b[1][:, 9:18], a[1][:, :9]) > 1e-2


def test_a_clip_alone_equals_the_clip_in_its_batch(model, pixels):
    assert relative_error(model.hidden_states(pixels[:1])[:, 0], model.hidden_states(pixels)[:, 0]) < 1e-5


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_streaming_is_bit_equal(folder, pixels, precision):
    resident = VJepa2Model.from_pretrained(folder, precision=precision)
    streamed = VJepa2Model.from_pretrained(folder, precision=precision, streaming=True)
    assert np.array_equal(resident.hidden_states(pixels), streamed.hidden_states(pixels))


def test_float64_is_float64_throughout(folder, model, pixels):
    double = VJepa2Model.from_pretrained(folder, precision="float64")
    with trace() as recording:
        states = double.hidden_states(pixels)
    assert {recording[name].dtype for name in recording.names()} == {np.dtype(np.float64)}
    assert 0 < relative_error(model.hidden_states(pixels), states) < 1e-5


def test_runs_on_the_fake_device_with_equal_bits(folder, model, pixels):
    there = VJepa2Model.from_pretrained(folder, device=fake_device.module)
    found = there.hidden_states(pixels, final_norm=True)
    assert isinstance(found, fake_device.FakeArray)
    assert np.array_equal(to_host(found), model.hidden_states(pixels, final_norm=True))


def test_the_feed_forward_in_blocks(model, pixels, monkeypatch):
    with trace() as once:
        whole = model.hidden_states(pixels)
    monkeypatch.setattr(module, "MLP_ROWS", 7)
    in_blocks = model.hidden_states(pixels)
    assert relative_error(in_blocks, whole) < 1e-5
    with trace() as recording:
        assert np.array_equal(model.hidden_states(pixels), in_blocks)
    assert recording.names() == once.names()
    name = "vjepa2.encoder.layer.0.mlp.hidden"
    assert recording[name].shape == once[name].shape
    assert relative_error(recording[name], once[name]) < 1e-5


def test_stopping_early_skips_later_layers(model, pixels):
    with trace() as recording:
        for number, _ in model.iterate_states(pixels, model.context()):
            if number == 1:
                break
    assert not any("layer.1" in name for name in recording.names())


def test_tracing_changes_nothing_and_names_are_a_contract(model, pixels):
    plain = model.hidden_states(pixels, final_norm=True)
    with trace() as recording:
        assert np.array_equal(model.hidden_states(pixels, final_norm=True), plain)
    attention = ["query", "key", "value", "query_rotated", "key_rotated", "mixed", "output", "stream"]
    mlp = ["norm2.output", "mlp.hidden", "mlp.activated", "mlp.output", "output"]
    block = ["norm1.output", *[f"attention.{leaf}" for leaf in attention], *mlp]
    layers = [f"vjepa2.encoder.layer.{i}.{leaf}" for i in range(2) for leaf in block]
    first, last = "vjepa2.encoder.embeddings.patch_embeddings.proj.output", "vjepa2.encoder.layernorm.output"
    tables = [f"vjepa2.encoder.rotary.{leaf}" for leaf in ("inv_freq", "cos", "sin")]
    assert recording.names() == [first, *tables, *layers, last]


def edited(folder, tmp_path, change):
    target = tmp_path / "edited"
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    tensors = {name: np.array(entry.read()) for name, entry in read_header(folder / "model.safetensors")[0].items()}
    change(tensors)
    write_safetensors(target / "model.safetensors", tensors)
    return target


def test_the_encoder_of_a_video_classifier(folder, model, pixels, tmp_path):
    def change(tensors):
        for name in list(tensors):
            tensors[f"vjepa2.{name}"] = tensors.pop(name)
        tensors["pooler.query_tokens"] = np.ones((1, 1, 44), np.float32)
        tensors["pooler.self_attention_layers.0.mlp.fc1.bias"] = np.ones(9, np.float32)
        tensors["classifier.weight"] = np.ones((174, 44), np.float32)

    copy = edited(folder, tmp_path, change)
    assert np.array_equal(VJepa2Model.from_pretrained(copy).hidden_states(pixels), model.hidden_states(pixels))
    assert WeightSizes.of(read_folder(copy), UNREAD) == WeightSizes.of(read_folder(folder), UNREAD)


def test_the_predictor_is_neither_needed_nor_read(folder, model, pixels, tmp_path):
    def change(tensors):
        for name in list(tensors):
            if name.startswith("predictor."):
                tensors[name] = np.full_like(tensors[name], np.nan)
        tensors.pop("predictor.proj.bias")

    other = VJepa2Model.from_pretrained(edited(folder, tmp_path, change))
    assert np.array_equal(other.hidden_states(pixels), model.hidden_states(pixels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("encoder.layer.1.mlp.fc2.bias"), r"encoder\.layer\.1\.mlp\.fc2\.bias is missing"),
        (lambda t: t.update({"encoder.extra": np.zeros(2)}), r"unexpected weights encoder\.extra"),
        (lambda t: t["encoder.layernorm.weight"].__setitem__(0, np.nan), "NaN"),
        (lambda t: t.update({"encoder.layernorm.bias": np.zeros(3, np.float32)}), r"shape \(3,\), expected \(44,\)"),
    ],
)
def test_bad_weights_fail_at_load(folder, tmp_path, change, message):
    with pytest.raises(CheckpointError, match=message):
        VJepa2Model.from_pretrained(edited(folder, tmp_path, change))


@pytest.mark.parametrize("name", ["config.json", "video_preprocessor_config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, tmp_path, name):
    copy = edited(folder, tmp_path, lambda tensors: None)
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        VJepa2Model.from_pretrained(copy)


@pytest.mark.parametrize(
    "shape", [(8, 3, 12, 12), (1, 8, 4, 12, 12), (1, 8, 3, 3, 12), (0, 8, 3, 12, 12), (1, 0, 3, 12, 12)]
)
def test_bad_pixels(model, shape):
    with pytest.raises(ShapeError, match="pixel_values"):
        model.hidden_states(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("hidden_size", 45, "not a multiple"),
        ("hidden_act", "gelu_new", "not implemented"),
        ("num_attention_heads", 0, "whole"),
        ("num_hidden_layers", True, "whole"),
        ("layer_norm_eps", -1, "above 0"),
        ("mlp_ratio", "4", "above 0"),
        ("qkv_bias", 1, "true or false"),
        ("crop_size", 3, "smaller than one patch"),
        ("model_type", "vit", "only 'vjepa2'"),
        ("patch_size", [4, 4], "whole"),
    ],
)
def test_bad_configurations(folder, tmp_path, key, value, message):
    copy = edited(folder, tmp_path, lambda tensors: None)
    values = json.loads((copy / "config.json").read_text()) | {key: value}
    (copy / "config.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=message) as caught:
        VJepa2Model.from_pretrained(copy)
    assert key in str(caught.value)


def test_released_sizes_and_class_defaults():
    released = module.VJepa2Config.from_dict(
        {"hidden_size": 1408, "num_attention_heads": 22, "num_hidden_layers": 40, "mlp_ratio": 4.363636363636363}
    )
    assert (released.head_dim, released.mlp_dim, released.grid_size, released.n_states) == (64, 6144, 16, 41)
    assert (released.crop_size, released.frames_per_clip, released.layer_norm_eps) == (256, 64, 1e-6)
