"""Files and names that would steer the terminal, never end, or ask for terabytes: one printable line, exit code 2."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tribe_np.formats.checkpoint import read_checkpoint_config
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras
ESCAPES = "\x1b]0;title\x07\x1b[2J\u202e"


@pytest.fixture
def encoder(demo: DemoPaths, tmp_path: Path) -> Path:
    """A copy of the demo's brain encoder."""
    return Path(shutil.copytree(demo.models / "encoder", tmp_path / "encoder"))


def printable(line: str) -> str:
    assert line.removesuffix("\n").isprintable()
    assert len(line) < 1100
    return line


def test_escapes_in_names_and_values_are_spelled_out(
    command_here: Command, demo: DemoPaths, encoder: Path, tmp_path: Path
) -> None:
    entries, _ = read_header(encoder / "model.safetensors")
    tensors = {name: entry.read() for name, entry in entries.items()}
    write_safetensors(encoder / "model.safetensors", tensors | {f"a{ESCAPES}": np.zeros(1, np.float32)})
    chosen = ("--checkpoint", encoder, "--models", demo.models, "--no-speech", "--out", tmp_path / "out")
    line = refused(command_here("predict", demo.clip, *chosen))
    assert r"\x1b]0;title\x07\x1b[2J\u202e" in printable(line)
    assert r"\x1b" in printable(refused(command_here("info", tmp_path / f"absent{ESCAPES}")))
    assert r"\x1b" in printable(refused(command_here(f"predict{ESCAPES}")))
    config = tmp_path / "model" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"model_type": f"x{ESCAPES}{'y' * 9999}"}))
    printable(refused(command_here("info", config.parent)))


def test_escapes_in_what_is_described_are_spelled_out(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(demo.models / "video", tmp_path / "video"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architecture": f"x{ESCAPES}", "bytes": "many"}))
    done = command_here("info", folder)
    assert done.returncode == 0, done.stderr
    assert "architecture: x\\x1b]0;title" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", ["config.yaml", "build_args.json", "model.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "terabyte"])
def test_what_never_ends_is_refused(command_here: Command, encoder: Path, name: str, kind: str) -> None:
    path = encoder / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)
    line = printable(refused(command_here("info", encoder)))
    assert name in line


def test_a_pipe_in_the_place_of_a_checkpoint(command_here: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "best.ckpt")
    for path in (tmp_path / "best.ckpt", Path("/dev/zero")):
        printable(refused(command_here("convert", path, tmp_path / "out")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("data", "n_layers_to_use", 100_000_000, "n_layers_to_use must be a whole number from 1 to 1000 or null"),
        ("data", "duration_trs", 100_000_000, "duration_trs must be a whole number from"),
        ("brain_model_config", "hidden", 10**30, "hidden must be a whole number from 1 to 2147483647"),
    ],
)
def test_sizes_that_no_model_has(
    command_here: Command, encoder: Path, section: str, key: str, value: int, said: str
) -> None:
    config = read_checkpoint_config(encoder)
    config["data"]["layers_to_use"] = None
    config[section][key] = value
    (encoder / "config.yaml").write_text(json.dumps(config))
    assert said in printable(refused(command_here("info", encoder)))
