"""A checkpoint folder: what is read from it, in which order, and what is said when a file is missing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.formats import torch_writer as writer
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import write_random
from tribe_np.errors import CheckpointError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.runtime import Runtime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_random(
        tmp_path / "encoder", seed=1, feature_dims={"video": (2, 3), "text": None, "audio": (1, 4)}, n_outputs=6,
        n_output_timesteps=4, hidden=96, depth=1, heads=3, low_rank_head=None, max_seq_len=8,
    )  # fmt: skip
    return tmp_path / "encoder"


def test_what_is_in_it(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    assert list(checkpoint.build_args["feature_dims"]) == ["video", "text", "audio"]
    assert checkpoint.build_args["feature_dims"]["text"] is None
    assert checkpoint.config["data"]["features_to_use"] == ["video", "text", "audio"]
    assert checkpoint.brain_model_config is checkpoint.config["brain_model_config"]
    assert checkpoint.brain_model_config["hidden"] == 96
    assert checkpoint.weights.shape("time_pos_embed") == (1, 8, 96)


def test_the_lightning_prefix_is_dropped_once(folder: Path) -> None:
    entries, _ = read_header(folder / "model.safetensors")
    write_safetensors(folder / "model.safetensors", {f"model.{n}": np.array(e.read()) for n, e in entries.items()})
    assert open_checkpoint(folder).weights.has("encoder.layers.0.0.0.g")


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors", "build_args.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")) as caught:
        open_checkpoint(folder)
    assert "\n" not in str(caught.value)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no such folder; expected config\.yaml"):
        open_checkpoint(tmp_path / "nowhere")


def test_a_best_ckpt_that_is_no_torch_checkpoint(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "best.ckpt")
    with pytest.raises(CheckpointError, match=r"best\.ckpt: not a PyTorch checkpoint in zip form"):
        open_checkpoint(folder)


def as_lightning(folder: Path, name: str = "best.ckpt", **changes: Any) -> dict[str, np.ndarray]:
    """Puts the folder's weights and build arguments into a best.ckpt; returns the weights."""
    arrays = {n: np.array(e.read()) for n, e in read_header(folder / "model.safetensors")[0].items()}
    build_args = json.loads((folder / "build_args.json").read_text())
    build_args["feature_dims"] = {m: d and tuple(d) for m, d in build_args["feature_dims"].items()}
    top, storages = writer.lightning(arrays, build_args, epoch=3, callbacks={"x": [1, 2]})
    writer.write(folder / name, {**top, **changes}, storages)
    (folder / "model.safetensors").unlink()
    (folder / "build_args.json").unlink()
    return arrays


@pytest.mark.parametrize("name", ["best.ckpt", "last.ckpt"])
def test_a_lightning_checkpoint_is_read_in_place(folder: Path, name: str) -> None:
    before = open_checkpoint(folder)
    arrays = as_lightning(folder, name)
    checkpoint = open_checkpoint(folder, checkpoint_name=name)
    assert checkpoint.build_args == before.build_args
    assert list(checkpoint.build_args["feature_dims"]) == ["video", "text", "audio"]
    assert sorted(checkpoint.weights.names()) == sorted(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(checkpoint.weights.take(key, array.shape), array)
    assert not any(entry.stored().flags.owndata for entry in checkpoint.entries)  # windows on the file, no copies
    FmriEncoder.from_weights(
        open_checkpoint(folder, checkpoint_name=name).weights,
        EncoderConfig.from_dict(checkpoint.brain_model_config), BuildArgs.from_dict(checkpoint.build_args),
        Runtime(),
    )  # fmt: skip


def test_safetensors_come_before_a_lightning_checkpoint(folder: Path) -> None:
    (folder / "best.ckpt").write_bytes(b"not looked at")
    assert open_checkpoint(folder).weights.has("time_pos_embed")


HALF_A_PAIR = b"X\x03\x00\x00\x00\xed\xa0\x80"  # text of half a surrogate pair, which UTF-8 cannot hold


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_build_args": None}, "model_build_args must be a mapping, got NoneType"),
        ({"model_build_args": {"feature_dims": {"text": ((1,), 2)}}}, "nested too deeply"),
        ({"model_build_args": {"x": list(range(51))}}, "too long"),
        ({"model_build_args": {"x": writer.Name("torch", "FloatStorage")}}, "holds a Global, expected numbers"),
        ({"model_build_args": {"x": "z" * 201}}, "text of over 200 characters"),
        ({"model_build_args": {"z" * 201: 1}}, "text of over 200 characters"),
        ({"model_build_args": {"x": HALF_A_PAIR}}, "not valid Unicode"),
        ({"model_build_args": {"x": 2**63}}, "a number that is too large, infinite or NaN"),
        ({"model_build_args": {"x": float("nan")}}, "a number that is too large, infinite or NaN"),
        ({"state_dict": []}, "state_dict must map names to tensors"),
        ({"state_dict": {"model.x": 3}}, "state_dict holds a int as 'model.x'"),
    ],
)
def test_malformed_lightning_checkpoints(folder: Path, changes: dict[str, Any], expected: str) -> None:
    as_lightning(folder, **changes)
    with pytest.raises(CheckpointError, match=expected) as caught:
        open_checkpoint(folder)
    assert "best.ckpt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_the_two_entries(folder: Path) -> None:
    as_lightning(folder)
    writer.write(folder / "best.ckpt", {"epoch": 1}, {})
    with pytest.raises(CheckpointError, match="needs the entries state_dict and model_build_args"):
        open_checkpoint(folder)


def test_two_names_that_mean_one_tensor(folder: Path) -> None:
    one = writer.tensor("0", "Float", 1, (), ())
    as_lightning(folder)
    value = {"state_dict": {"model.x": one, "x": one}, "model_build_args": {}}
    writer.write(folder / "best.ckpt", value, {"0": bytes(4)})
    with pytest.raises(CheckpointError, match="two tensors mean x"):
        open_checkpoint(folder)


def test_no_weights_at_all(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"holds neither best\.ckpt nor model\.safetensors"):
        open_checkpoint(folder)


def test_a_config_without_an_encoder(folder: Path) -> None:
    (folder / "config.yaml").write_text("data: {}")
    with pytest.raises(CheckpointError, match="lacks the mapping brain_model_config"):
        open_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"a": 1'])
def test_malformed_build_args(folder: Path, text: str) -> None:
    (folder / "build_args.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"build_args\.json"):
        open_checkpoint(folder)


def test_order_of_modalities_is_the_files(folder: Path) -> None:
    raw = json.loads((folder / "build_args.json").read_text())
    raw["feature_dims"] = dict(reversed(raw["feature_dims"].items()))
    (folder / "build_args.json").write_text(json.dumps(raw))
    assert list(open_checkpoint(folder).build_args["feature_dims"]) == ["audio", "text", "video"]
