"""A checkpoint folder: what is read from it, in which order, and what is said when a file is missing."""

import json
from pathlib import Path

import numpy as np
import pytest

from tribe_np.encoder.random import write_random
from tribe_np.errors import CheckpointError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import read_header, write_safetensors


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
