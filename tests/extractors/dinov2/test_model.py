"""DinoV2Model: recorded numbers of transformers, spellings, devices, features, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from extractors import DinoV2Model
from extractors.common.layer_groups import LayerSelection
from extractors.dinov2.config import DinoV2Config
from extractors.dinov2.extract import image_features
from extractors.dinov2.model import resized_positions
from extractors.dinov2.preprocess import PictureProcessor
from extractors.dinov2.random import write_random
from tests import fake_device
from tribe_np.backend import to_host
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error, trace

ENTRIES, METADATA = read_header(Path(__file__).parents[2] / "golden" / "dinov2.safetensors")
ABOUT = json.loads(METADATA["about"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("dino"), seed=1, image_size=28, patch_size=7)


@pytest.fixture(scope="module")
def model(folder):
    return DinoV2Model.from_pretrained(folder)


@pytest.fixture
def pixels(rng):
    return rng.normal(0, 1, (2, 3, 21, 35)).astype(np.float32)


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_every_recorded_stage(tmp_path, precision, bound):
    model = DinoV2Model.from_pretrained(
        write_random(tmp_path, seed=ABOUT["seed"], **ABOUT["config"]), precision=precision
    )
    with trace() as recording:
        states = model.hidden_states(ENTRIES["pixel_values"].read())
    ours = {**recording.arrays, **{f"state {i}": state for i, state in enumerate(states)}}
    expected = {n.removeprefix(f"{precision}/"): e.read() for n, e in ENTRIES.items() if n.startswith(f"{precision}/")}
    assert {"state 0", "state 2"} <= set(expected)
    errors = {name: relative_error(ours[name], array) for name, array in expected.items()}
    assert {name: error for name, error in errors.items() if not error <= bound} == {}


@pytest.mark.parametrize("shape", ["(45, 64)", "(60, 40)", "(20, 24)"])
def test_recorded_pixels(shape):
    processor = PictureProcessor.from_dict(ABOUT["processor"])
    found = processor(ENTRIES[f"processor/{shape}/frame"].read())
    assert found.dtype == np.float32
    assert relative_error(found, ENTRIES[f"processor/{shape}/pixels"].read()) <= 1e-5


def test_both_spellings_load_alike(folder, tmp_path, model, pixels):
    other = write_random(tmp_path, seed=1, image_size=28, patch_size=7, hub_spelling=False)
    assert np.array_equal(DinoV2Model.from_pretrained(other).hidden_states(pixels), model.hidden_states(pixels))


def test_positions_stay_on_their_own_grid_and_are_resized_off_it(model, rng):
    table = model.embeddings.position_embeddings
    with trace(pattern="*positions") as recording:
        model.hidden_states(rng.normal(size=(1, 3, 28, 28)).astype(np.float32))
        model.hidden_states(rng.normal(size=(1, 3, 14, 56)).astype(np.float32))  # as many patches, another grid
    assert np.array_equal(recording["dinov2.embeddings.positions"], table)
    wide = recording["dinov2.embeddings.positions@2"]
    assert np.array_equal(wide, resized_positions(table, 2, 8))
    assert np.array_equal(wide[:, 0], table[:, 0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_streaming_is_bit_equal(folder, pixels, precision):
    resident = DinoV2Model.from_pretrained(folder, precision=precision)
    streamed = DinoV2Model.from_pretrained(folder, precision=precision, streaming=True)
    assert np.array_equal(resident.hidden_states(pixels), streamed.hidden_states(pixels))


def test_runs_on_the_fake_device_with_equal_bits(folder, model, pixels):
    found = DinoV2Model.from_pretrained(folder, device=fake_device.module).hidden_states(pixels)
    assert isinstance(found, fake_device.FakeArray)
    assert np.array_equal(to_host(found), model.hidden_states(pixels))


def test_tracing_changes_nothing_and_names_are_a_contract(model, pixels):
    plain = model.hidden_states(pixels)
    with trace() as recording:
        assert np.array_equal(model.hidden_states(pixels), plain)
    attention = [f"attention.{leaf}" for leaf in ("query", "key", "value", "mixed", "output")]
    block = [
        "norm1.output", *attention, "layer_scale1.output", "attention.stream", "norm2.output", "mlp.hidden",
        "mlp.activated", "mlp.output", "layer_scale2.output", "output",
    ]  # fmt: skip
    first = [f"dinov2.embeddings.{leaf}" for leaf in ("patch_embeddings.projection.output", "positions", "output")]
    assert recording.names() == [*first, *[f"dinov2.encoder.layer.{i}.{leaf}" for i in range(2) for leaf in block]]


def test_features_are_token_means_and_later_layers_do_not_run(model, rng):
    frames, steps = [rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for _ in range(2)], []
    with trace() as recording:
        found = image_features(
            model, frames, selection=LayerSelection((2 / 3,)), progress=lambda *step: steps.append(step)
        )
    assert found.shape == (1, 32, 2)
    assert steps == [(1, 2), (2, 2)]
    assert not any("layer.1." in name for name in recording.names())
    states = model.hidden_states(model.processor(frames[0])[None])
    assert np.allclose(found[0, :, 0], states[1, 0].mean(0), atol=1e-6)
    assert image_features(model, iter(()), selection=LayerSelection((0.5, 1.0))).shape == (1, 32, 0)


@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 4, 28, 28), (1, 3, 6, 28), (0, 3, 28, 28)])
def test_bad_pixels(model, shape):
    with pytest.raises(ShapeError, match="pixel_values"):
        model.hidden_states(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden_act": "relu"}, "hidden_act"),
        ({"hidden_size": 33}, "multiple"),
        ({"hidden_size": 24, "num_attention_heads": 2, "head_dim": 8}, "head_dim"),
        ({"image_size": 5}, "one patch"),
        ({"image_size": [28, 14]}, "image_size"),
        ({"model_type": "vit"}, "dinov2"),
    ],
)
def test_bad_configurations(values, message):
    with pytest.raises(ConfigError, match=message):
        DinoV2Config.from_dict(values)


def test_released_sizes():
    large = DinoV2Config.from_dict(
        {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 518, "mlp_ratio": 4}
    )
    assert (large.mlp_dim, large.grid_size, large.n_states) == (4096, 37, 25)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": {"height": 2, "width": 2}}, "shortest_edge alone"),
        ({"size": 224}, "shortest_edge alone"),
        ({"crop_size": 300}, "larger than"),
        ({"resample": 2}, "resample"),
        ({"do_resize": False}, "do_resize"),
        ({"image_std": [1, 2, None]}, "three numbers"),
        ({"image_processor_type": "ViTImageProcessor"}, "image_processor"),
    ],
)
def test_bad_processor_files(values, message):
    with pytest.raises(ConfigError, match=message):
        PictureProcessor.from_dict(values)


def test_class_defaults_fill_absent_keys():
    processor = PictureProcessor.from_dict({})
    assert (processor.shortest_edge, processor.crop_size) == (224, (224, 224))
    assert processor.image_mean[0] == pytest.approx(0.48145466)


def test_a_missing_file_is_named(folder, tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json"):
        DinoV2Model.from_pretrained(tmp_path)
