"""tribe-np convert and info on a best.ckpt, as a user runs them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.formats import torch_writer as writer
from tribe_np.formats.safetensors import read_header
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras  # the demo needs them


@pytest.fixture
def lightning(demo: DemoPaths, tmp_path: Path) -> Path:
    """The demo's encoder as upstream ships it: config.yaml and best.ckpt."""
    source, folder = demo.models / "encoder", tmp_path / "released"
    folder.mkdir()
    shutil.copy(source / "config.yaml", folder)
    arrays = {name: np.array(e.read()) for name, e in read_header(source / "model.safetensors")[0].items()}
    writer.write(folder / "best.ckpt", *writer.lightning(arrays, json.loads((source / "build_args.json").read_text())))
    return folder


def test_convert(command_here: Command, lightning: Path, demo: DemoPaths, tmp_path: Path) -> None:
    done = command_here("convert", lightning / "best.ckpt", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "build_args.json, config.yaml" in done.stdout
    assert "converted: " in done.stderr
    source = read_header(demo.models / "encoder" / "model.safetensors")[0]
    found = read_header(tmp_path / "out" / "model.safetensors")[0]
    assert {n: e.stored().tobytes() for n, e in found.items()} == {n: e.stored().tobytes() for n, e in source.items()}
    (lightning / "config.yaml").unlink()
    done = command_here("convert", lightning, tmp_path / "bare", "--quiet")
    assert done.stderr == ""
    assert "there was no config.yaml beside the checkpoint" in done.stdout


def test_convert_refuses(command_here: Command, lightning: Path, tmp_path: Path) -> None:
    assert "cannot be read" in refused(command_here("convert", tmp_path / "absent.ckpt", tmp_path / "out"))
    assert "holds other files" in refused(command_here("convert", lightning, lightning))
    (lightning / "best.ckpt").write_bytes((lightning / "best.ckpt").read_bytes()[:-1000])
    assert "best.ckpt" in refused(command_here("convert", lightning, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_predictions_from_best_ckpt_are_those_of_safetensors(
    command_here: Command, lightning: Path, demo: DemoPaths, tmp_path: Path
) -> None:
    saved = []
    for i, folder in enumerate((lightning, demo.models / "encoder")):
        done = command_here(
            "predict", demo.clip, "--transcript", demo.transcript, "--checkpoint", folder, "--models", demo.models,
            "--out", tmp_path / str(i), "--cache", tmp_path / "features", "--quiet",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        saved.append((tmp_path / str(i) / "predictions.npy").read_bytes())
    assert saved[0] == saved[1]


def test_info_on_a_config_without_data(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = shutil.copytree(demo.models / "encoder", tmp_path / "encoder")
    (folder / "config.yaml").write_text("brain_model_config: {}\n")
    done = command_here("info", folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "config.yaml: data must be a mapping, got None" in done.stderr


def test_info(command_here: Command, lightning: Path, demo: DemoPaths) -> None:
    told = json.loads(command_here("info", lightning, "--json").stdout)
    expected = json.loads(command_here("info", demo.models / "encoder", "--json").stdout)
    assert told == {**expected, "folder": str(lightning)}
