"""Clips to features, and the processor's file."""

import json
import re
import shutil

import numpy as np
import pytest

from extractors import VJepa2Model
from extractors.common.layer_groups import LayerSelection
from extractors.vjepa2.extract import video_features
from extractors.vjepa2.preprocess import VideoProcessor
from extractors.vjepa2.random import write_random
from tests import fake_device
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.safetensors import read_header, write_safetensors

SELECTION = LayerSelection((0.5, 0.75, 1.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("v"), seed=2, crop_size=16, patch_size=8, num_hidden_layers=4)


@pytest.fixture
def clips(rng):
    return [rng.integers(0, 256, (4, 20, 30, 3), dtype=np.uint8) for _ in range(3)]


@pytest.mark.parametrize("final_norm", [False, True])
def test_features_are_token_means_of_grouped_states(folder, clips, final_norm):
    model, steps = VJepa2Model.from_pretrained(folder), []
    found = video_features(
        model, clips, selection=SELECTION, final_norm=final_norm, progress=lambda *step: steps.append(step)
    )
    assert found.shape == (2, 48, 3)
    assert found.dtype == np.float32
    assert steps == [(1, 3), (2, 3), (3, 3)]
    states = model.hidden_states(model.processor(clips[1])[None], final_norm=final_norm)[:, 0].mean(1)
    assert np.allclose(found[0, :, 1], states[2], atol=1e-5)
    assert np.allclose(found[1, :, 1], (states[3] + states[4]) / 2, atol=1e-5)


def test_prepared_clips_give_the_same(folder, clips):
    model = VJepa2Model.from_pretrained(folder)
    plain = video_features(model, clips, selection=SELECTION, final_norm=True)
    pixels = (model.processor.normalize([model.processor.shrink(frame) for frame in clip]) for clip in clips)
    steps = []
    prepared = video_features(
        model, pixels, selection=SELECTION, final_norm=True, prepared=True, progress=lambda *s: steps.append(s)
    )
    assert np.array_equal(plain, prepared)
    assert steps[-1] == (3, 0)


def test_no_clips(folder):
    model = VJepa2Model.from_pretrained(folder)
    assert video_features(model, [], selection=SELECTION, final_norm=True).shape == (2, 48, 0)


def test_features_from_the_fake_device_are_on_the_host(folder, clips):
    there = VJepa2Model.from_pretrained(folder, device=fake_device.module)
    found = video_features(there, clips, selection=SELECTION, final_norm=True)
    here = video_features(VJepa2Model.from_pretrained(folder), clips, selection=SELECTION, final_norm=True)
    assert np.array_equal(found, here)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("encoder.embeddings.patch_embeddings.proj.weight", "patch_embeddings of its 4 layers"),
        ("encoder.layer.1.mlp.fc2.weight", "layer.1 of its 4 layers"),
        ("encoder.layernorm.weight", "layer.3 or the norm after it of its 4 layers"),
    ],
)
def test_values_that_grow_too_large_are_named_by_their_layer(folder, clips, tmp_path, name, place):
    shutil.copytree(folder, tmp_path / "broken")
    weights = {key: np.array(entry.read()) for key, entry in read_header(folder / "model.safetensors")[0].items()}
    weights[name].flat[: weights[name].size // 2] = 3e38
    write_safetensors(tmp_path / "broken" / "model.safetensors", weights)
    model = VJepa2Model.from_pretrained(tmp_path / "broken")
    with (
        np.errstate(all="ignore"),
        pytest.raises(CheckpointError, match=f"NaN or infinite values, first in {re.escape(place)}"),
    ):
        video_features(model, clips[:1], selection=SELECTION, final_norm=True)


@pytest.mark.parametrize("size", [(20, 30), (300, 20), (16, 16), (7, 5), (18, 18)])
def test_every_size_of_frame_fits(size, rng):
    processor = VideoProcessor.from_dict({"crop_size": 16})
    assert processor.shrink(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).shape == (16, 16, 3)


def test_files_are_looked_for_in_the_order_of_transformers(tmp_path):
    with pytest.raises(CheckpointError, match="holds neither"):
        VideoProcessor.from_folder(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"crop_size": {"height": 32, "width": 32}}))
    assert VideoProcessor.from_folder(tmp_path).crop_size == (32, 32)
    (tmp_path / "video_preprocessor_config.json").write_text(json.dumps({"crop_size": 64, "do_rescale": False}))
    assert VideoProcessor.from_folder(tmp_path).crop_size == (64, 64)
    (tmp_path / "processor_config.json").write_text(json.dumps({"other": 1}))
    assert VideoProcessor.from_folder(tmp_path).crop_size == (64, 64)
    (tmp_path / "processor_config.json").write_text(json.dumps({"video_processor": {"crop_size": 16}}))
    assert VideoProcessor.from_folder(tmp_path).shortest_edge == 18


def test_a_stored_size_is_overridden():
    assert VideoProcessor.from_dict({"size": {"shortest_edge": 500}}).shortest_edge == 292


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"do_normalize": False}, "do_normalize"),
        ({"resample": 3}, "resample"),
        ({"image_mean": [1, 2]}, "three numbers"),
        ({"crop_size": "big"}, "crop_size"),
        ({"crop_size": {"height": 8}}, "width"),
        ({"do_sample_frames": True}, "sample"),
        ({"crop_size": {"height": 8, "width": 20}}, "wider"),
        ({"rescale_factor": 0}, "rescale_factor"),
    ],
)
def test_bad_processor_files(values, message):
    with pytest.raises(ConfigError, match=message):
        VideoProcessor.from_dict(values)


@pytest.mark.parametrize("frame", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_bad_frames(frame):
    with pytest.raises(ShapeError, match="picture must be"):
        VideoProcessor.from_dict({}).shrink(frame)


def test_writing_is_repeatable_and_labelled(tmp_path):
    a, b = write_random(tmp_path / "a", seed=3), write_random(tmp_path / "b", seed=3)
    assert (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()
    assert "random weights" in json.loads((a / "config.json").read_text())["_note"]
