"""DINOv2 giant (gated feed-forwards) and the variants with registers: recorded numbers, spellings, facts."""

import json
from pathlib import Path

import numpy as np
import pytest

from extractors import DinoV2Model
from extractors.common.layer_groups import LayerSelection
from extractors.dinov2 import costs
from extractors.dinov2.config import DinoV2Config
from extractors.dinov2.extract import image_features
from extractors.dinov2.random import write_random
from tests import fake_device
from tribe_np.backend import to_host
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.oracle import relative_error, trace
from tribe_np.pipeline.info import describe

ENTRIES, METADATA = read_header(Path(__file__).parents[2] / "golden" / "dinov2_variant.safetensors")
ABOUT = json.loads(METADATA["about"])
GATED = {"use_swiglu_ffn": True, "image_size": 28, "patch_size": 7}
REGISTERS = {"model_type": "dinov2_with_registers", "num_register_tokens": 3, "image_size": 28, "patch_size": 7}


@pytest.fixture
def pixels(rng):
    return rng.normal(0, 1, (2, 3, 21, 35)).astype(np.float32)


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_every_recorded_stage(tmp_path, precision, bound):
    folder = write_random(tmp_path, seed=ABOUT["seed"], **ABOUT["config"])
    with trace() as recording:
        states = DinoV2Model.from_pretrained(folder, precision=precision).hidden_states(ENTRIES["pixel_values"].read())
    ours = {**recording.arrays, **{f"state {i}": state for i, state in enumerate(states)}}
    expected = {n.removeprefix(f"{precision}/"): e.read() for n, e in ENTRIES.items() if n.startswith(f"{precision}/")}
    assert {"state 0", "state 2"} <= set(expected)
    errors = {name: relative_error(ours[name], array) for name, array in expected.items()}
    assert {name: error for name, error in errors.items() if not error <= bound} == {}


@pytest.mark.parametrize("config", [GATED, REGISTERS, GATED | REGISTERS])
def test_spellings_streaming_and_devices_give_equal_bits(tmp_path, pixels, config):
    hub = write_random(tmp_path / "hub", seed=1, **config)
    current = write_random(tmp_path / "current", seed=1, hub_spelling=False, **config)
    expected = DinoV2Model.from_pretrained(hub).hidden_states(pixels)
    assert np.array_equal(DinoV2Model.from_pretrained(current).hidden_states(pixels), expected)
    assert np.array_equal(DinoV2Model.from_pretrained(hub, streaming=True).hidden_states(pixels), expected)
    there = DinoV2Model.from_pretrained(hub, device=fake_device.module).hidden_states(pixels)
    assert np.array_equal(to_host(there), expected)


def test_registers_stand_between_the_class_token_and_the_patches(tmp_path, pixels):
    model = DinoV2Model.from_pretrained(write_random(tmp_path, seed=1, **REGISTERS))
    first = model.hidden_states(pixels)[0]
    assert first.shape == (2, 1 + 3 + 15, 32)
    assert np.array_equal(first[0, 1:4], model.embeddings.register_tokens[0])


def test_every_token_counts_in_the_features(tmp_path, rng):
    model = DinoV2Model.from_pretrained(write_random(tmp_path, seed=1, **REGISTERS))
    frames = [rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)]
    found = image_features(model, frames, selection=LayerSelection((1.0,)))
    states = model.hidden_states(model.processor(frames[0])[None])
    assert np.allclose(found[0, :, 0], states[-1, 0].mean(0), atol=1e-6)


@pytest.mark.parametrize(("config", "prefix"), [(GATED, "dinov2"), (REGISTERS, "dinov2_with_registers")])
def test_the_model_inside_an_image_classifier(tmp_path, pixels, config, prefix):
    folder = write_random(tmp_path, seed=1, **config)
    expected = DinoV2Model.from_pretrained(folder).hidden_states(pixels)
    entries, _ = read_header(folder / "model.safetensors")
    tensors = {f"{prefix}.{name}": entry.read() for name, entry in entries.items()}
    tensors["classifier.weight"] = np.ones((10, 64), np.float32)
    write_safetensors(folder / "model.safetensors", tensors, metadata={})
    assert np.array_equal(DinoV2Model.from_pretrained(folder).hidden_states(pixels), expected)


def test_a_feed_forward_of_the_other_kind_is_named(tmp_path):
    folder = write_random(tmp_path, seed=1, **GATED)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"use_swiglu_ffn": False}))
    with pytest.raises(CheckpointError, match=r"mlp\.fc1\.weight is missing"):
        DinoV2Model.from_pretrained(folder)


def test_released_sizes():
    giant = {"hidden_size": 1536, "num_hidden_layers": 40, "num_attention_heads": 24, "image_size": 518, "mlp_ratio": 4}
    plain = DinoV2Config.from_dict(giant | {"use_swiglu_ffn": True, "hidden_act": "gelu", "model_type": "dinov2"})
    assert (plain.mlp_dim, plain.n_states, plain.n_first_tokens, plain.patch_size) == (4096, 41, 1, 14)
    registers = DinoV2Config.from_dict(giant | {"model_type": "dinov2_with_registers"})
    assert (registers.mlp_dim, registers.n_first_tokens, registers.patch_size) == (6144, 5, 16)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"use_swiglu_ffn": 1}, "use_swiglu_ffn"),
        ({"model_type": "dinov2_with_registers", "num_register_tokens": -1}, "num_register_tokens"),
        ({"model_type": "dinov3_vit"}, "'dinov2' or 'dinov2_with_registers'"),
    ],
)
def test_bad_configurations(values, message):
    with pytest.raises(ConfigError, match=message):
        DinoV2Config.from_dict(values)


def test_info_and_arithmetic(tmp_path):
    found = describe(write_random(tmp_path, seed=1, **(GATED | REGISTERS)))
    assert found["kind"] == "extractor (dinov2_with_registers)"
    assert "Apache-2.0" in found["licence"]
    assert found["memory_estimate"]["resident"] > 0
    config = DinoV2Config.from_dict({
        "model_type": "dinov2_with_registers", "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
        "mlp_ratio": 3, "image_size": 14, "patch_size": 14, "use_swiglu_ffn": True, "num_register_tokens": 2,
    })  # fmt: skip
    # 4 patches and 3 more tokens, four maps 4 x 4, three maps 4 x 8
    assert costs.picture(config, 28) == 7 * (2 * (64 + 96) + 4 * 4 * 7) + 4 * 2 * (3 * 196) * 4
