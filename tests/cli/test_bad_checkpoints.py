"""Checkpoints that are hostile, damaged or do not fit, and a disk that fills, as a user meets them."""

import json
import os
import pickle
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.formats import torch_writer as writer
from tribe_np.encoder.random import write_random
from tribe_np.formats.safetensors import read_header, write_safetensors

BUILD_ARGS = {"feature_dims": {"text": [2, 4]}, "n_outputs": 9, "n_output_timesteps": 4}
ARRAYS = {"a": np.arange(6, dtype=np.float32), "b": np.ones((2, 2), np.float32)}


@pytest.fixture
def convert(command_here: Command, tmp_path: Path) -> Callable[[Path], str]:
    """`tribe-np convert` of a file that must be refused; nothing may be left of the result."""

    def run(checkpoint: Path) -> str:
        line = refused(command_here("convert", checkpoint, tmp_path / "made" / "out"))
        assert checkpoint.name in line
        assert not (tmp_path / "made").exists()
        return line

    return run


def archive(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in {"version": b"3\n", "byteorder": b"little", **members}.items():
            file.writestr(f"archive/{name}", content)
    return path


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A checkpoint whose members went through `change`, with their new sizes in the directory."""
    whole = writer.write(path.with_name("whole.ckpt"), *writer.lightning(ARRAYS, BUILD_ARGS))
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            target.writestr(info.filename, change(info.filename, source.read(info)))
    return path


def test_a_pickle_that_runs_a_command(convert: Callable[[Path], str], command_here: Command, tmp_path: Path) -> None:
    witness = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {witness}",)

    folder = tmp_path / "released"
    write_random(folder, seed=0, feature_dims={"text": (2, 4)}, n_outputs=9, hidden=32, depth=1, heads=1)
    (folder / "model.safetensors").unlink()
    hostile = archive(folder / "best.ckpt", {"data.pkl": pickle.dumps({"state_dict": Evil()}, 2)})
    assert "the pickle names posix.system" in convert(hostile)
    assert "the pickle names posix.system" in refused(command_here("info", folder))
    stimulus = tmp_path / "words.txt"
    stimulus.write_text("hello")
    predict = command_here("predict", stimulus, "--out", tmp_path / "out", "--checkpoint", folder)
    assert "the pickle names posix.system" in refused(predict)
    assert not witness.exists()


@pytest.mark.parametrize("name", ["data.pkl", "data/0"])
def test_a_zip_bomb_is_not_unpacked(convert: Callable[[Path], str], tmp_path: Path, name: str) -> None:
    members = {"data.pkl": pickle.dumps({"state_dict": {}}, 2)} | {name: bytes(1 << 26)}
    bomb = archive(tmp_path / "bomb.ckpt", members, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 1 << 20
    assert "is compressed; PyTorch stores its members as they are" in convert(bomb)


@pytest.mark.parametrize(("change", "n_bytes"), [(lambda raw: raw[:-4], 20), (lambda raw: raw + bytes(4), 28)])
def test_a_member_of_another_size(
    convert: Callable[[Path], str], tmp_path: Path, change: Callable[[bytes], bytes], n_bytes: int
) -> None:
    path = rewritten(tmp_path / "sizes.ckpt", lambda name, raw: change(raw) if name.endswith("data/0") else raw)
    assert f"tensor 'model.a': its storage '0' has {n_bytes} bytes, expected 6 x 4" in convert(path)


def test_a_directory_that_claims_more_than_there_is(convert: Callable[[Path], str], tmp_path: Path) -> None:
    path = writer.write(tmp_path / "claims.ckpt", *writer.lightning(ARRAYS, BUILD_ARGS))
    raw = bytearray(path.read_bytes())
    entry = raw.rfind(b"PK\x01\x02", 0, raw.rfind(b"data/0"))
    raw[entry + 20 : entry + 28] = 2 * (1 << 30).to_bytes(4, "little")
    path.write_bytes(raw)
    assert "claims 1073741824 bytes, more than the file holds" in convert(path)


def limited(n_bytes: int) -> Callable[[], None]:
    """For a child process: no file may grow beyond that, as if the disk were full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def test_a_disk_that_fills_while_converting(tmp_path: Path) -> None:
    arrays = {f"layer.{i}": np.full((100, 1000), i, np.float32) for i in range(8)}
    writer.write(tmp_path / "best.ckpt", *writer.lightning(arrays, BUILD_ARGS))
    process = subprocess.run(
        [sys.executable, "-m", "tribe_np", "convert", tmp_path / "best.ckpt", tmp_path / "out"],
        capture_output=True, text=True, timeout=120, check=False, preexec_fn=limited(2_000_000),
    )  # fmt: skip
    assert "out: the disk is full; nothing was written there" in refused(process)
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A tiny text model in two shards with an index."""
    from extractors.llama.random import write_random as write_text

    folder = write_text(tmp_path / "text", seed=1, n_layers=2)
    entries, _ = read_header(folder / "model.safetensors")
    names = sorted(entries)
    weight_map = {}
    for number, part in enumerate((names[:5], names[5:]), 1):
        shard = f"model-0000{number}-of-00002.safetensors"
        write_safetensors(folder / shard, {name: np.array(entries[name].read(np.float32)) for name in part})
        weight_map |= dict.fromkeys(part, shard)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder


def test_shards_of_an_index(command_here: Command, sharded: Path) -> None:
    assert command_here("info", sharded).returncode == 0
    index = sharded / "model.safetensors.index.json"
    whole = index.read_text()
    (sharded / "model-00002-of-00002.safetensors").rename(sharded / "kept")
    line = refused(command_here("info", sharded))
    assert "shard model-00002-of-00002.safetensors is missing; model.safetensors.index.json names it" in line
    index.write_text(whole.replace("model-00002-of-00002.safetensors", "../kept"))
    assert "must be a file name in the same folder" in refused(command_here("info", sharded))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_size": 128}, r"embed_tokens.weight has shape (464, 64), expected (464, 128)"),
        ({"num_hidden_layers": 3}, "weight layers.2."),
        ({"num_hidden_layers": 1}, "unexpected weights layers.1."),
    ],
)
def test_a_config_whose_sizes_disagree_with_the_weights(sharded: Path, changes: dict[str, int], said: str) -> None:
    from extractors import LlamaModel
    from tribe_np.errors import CheckpointError

    path = sharded / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(CheckpointError) as caught:
        LlamaModel.from_pretrained(sharded)
    assert said in str(caught.value)
    assert str(sharded) in str(caught.value)
