"""best.ckpt to safetensors: bit for bit, whole or not at all, and refused before the disk fills."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.formats import torch_writer as writer
from tribe_np.errors import CheckpointError, OutputError
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.weights import open_folder
from tribe_np.pipeline import convert
from tribe_np.pipeline.convert import convert_checkpoint
from tribe_np.pipeline.info import describe
from tribe_np.pipeline.progress import Silent

ARRAYS = {
    "b": np.arange(5, dtype=np.float32) / 7,
    "a.half": np.array([[1.5, -2]], np.float16),
    "a.bf16": np.array([0x3F80, 0x7FC1, 1], np.uint16),
    "c": np.array([3], np.int64),
}
BUILD_ARGS = {"feature_dims": {"video": (2, 3), "text": None}, "n_outputs": 6, "n_output_timesteps": 4}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "config.yaml").write_text("brain_model_config: {}\n")
    return writer.write(folder / "best.ckpt", *writer.lightning(ARRAYS, BUILD_ARGS, epoch=1))


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*"))


def test_bit_for_bit(checkpoint: Path, tmp_path: Path) -> None:
    done = convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent())
    assert (done.n_tensors, done.n_bytes, done.has_config) == (4, 20 + 4 + 6 + 8, True)
    entries, metadata = read_header(tmp_path / "out" / "model.safetensors")
    assert metadata == {"format": "pt"}
    assert {name: e.stored().tobytes() for name, e in entries.items()} == {n: a.tobytes() for n, a in ARRAYS.items()}
    assert {name: e.dtype for name, e in entries.items()} == {"a.bf16": "BF16", "a.half": "F16", "b": "F32", "c": "I64"}
    text = (tmp_path / "out" / "build_args.json").read_text()
    assert json.loads(text) == {**BUILD_ARGS, "feature_dims": {"video": [2, 3], "text": None}}
    assert text.index("video") < text.index("text")
    assert (tmp_path / "out" / "config.yaml").read_bytes() == checkpoint.with_name("config.yaml").read_bytes()


def test_the_library_reads_what_was_written(checkpoint: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    convert_checkpoint(checkpoint.parent, tmp_path / "out", progress=Silent())
    with safe_open(tmp_path / "out" / "model.safetensors", framework="np") as file:
        np.testing.assert_array_equal(file.get_tensor("b"), ARRAYS["b"])
        assert sorted(file.keys()) == sorted(ARRAYS)


def test_a_config_that_was_put_beside_the_result_is_not_lost(checkpoint: Path, tmp_path: Path) -> None:
    checkpoint.with_name("config.yaml").rename(tmp_path / "config.yaml")
    convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent())
    shutil.copy(tmp_path / "config.yaml", tmp_path / "out")  # as the command says
    with pytest.raises(OutputError, match=r"holds a config\.yaml, but none lies beside"):
        convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent())
    assert (tmp_path / "out" / "config.yaml").is_file()


def test_a_name_that_safetensors_cannot_hold(tmp_path: Path) -> None:
    path = writer.write(tmp_path / "best.ckpt", *writer.lightning({"__metadata__": np.ones(1, np.float32)}, {}))
    with pytest.raises(CheckpointError, match=r"best\.ckpt: holds a tensor named __metadata__"):
        convert_checkpoint(path, tmp_path / "out", progress=Silent())
    assert left(tmp_path) == ["best.ckpt"]


def test_an_earlier_result_is_replaced_and_other_files_are_not(checkpoint: Path, tmp_path: Path) -> None:
    checkpoint.with_name("config.yaml").unlink()
    for _ in range(2):
        assert not convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent()).has_config
    assert left(tmp_path / "out") == [".tribe-np.json", "build_args.json", "model.safetensors"]
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other files") as caught:
        convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent())
    assert "--out" not in str(caught.value)
    with pytest.raises(OutputError, match="holds other files"):
        convert_checkpoint(checkpoint, checkpoint.parent, progress=Silent())


def test_a_disk_that_fills_leaves_nothing(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *rest: Any, step: Callable[[int], object], **options: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(convert, "stream_safetensors", full)
    with pytest.raises(OutputError, match="the disk is full; nothing was written there"):
        convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent())
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_too_little_room_is_seen_before_work(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10))
    with pytest.raises(OutputError, match=r"needs 0 MB, but .* has 0 MB free"):
        convert_checkpoint(checkpoint, tmp_path / "deep" / "out", progress=Silent())
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_small_file_cannot_fill_the_disk(tmp_path: Path) -> None:
    one = writer.tensor("0", "Float", 1000, (1000,), (1,))
    value = {"state_dict": {f"model.{i}": one for i in range(200)}, "model_build_args": {}}
    path = writer.write(tmp_path / "best.ckpt", value, {"0": bytes(4000)})
    with pytest.raises(CheckpointError, match="would take 800000 bytes, far more than the file"):
        convert_checkpoint(path, tmp_path / "out", progress=Silent())


def test_damaged_weights_are_not_converted(checkpoint: Path, tmp_path: Path) -> None:
    raw = checkpoint.read_bytes()
    at = raw.index(ARRAYS["b"].tobytes())
    checkpoint.write_bytes(raw[:at] + b"\xff" + raw[at + 1 :])
    with pytest.raises(CheckpointError, match="does not match its checksum"):
        convert_checkpoint(checkpoint, tmp_path / "out", progress=Silent())
    assert not (tmp_path / "out").exists()


def test_progress_counts_megabytes(tmp_path: Path) -> None:
    counted: list[int] = []
    count = convert._in_megabytes(counted.append)
    for n in (600_000, 600_000, 5 << 20, 10):
        count(n)
    assert counted == [1, 5]


@pytest.mark.extras
def test_info_tells_what_a_lightning_folder_holds(demo: Any, tmp_path: Path) -> None:
    encoder = demo.models / "encoder"
    expected = describe(encoder)
    arrays = {name: np.array(e.read()) for name, e in read_header(encoder / "model.safetensors")[0].items()}
    build_args = json.loads((encoder / "build_args.json").read_text())
    shutil.copy(encoder / "config.yaml", tmp_path)
    writer.write(tmp_path / "best.ckpt", *writer.lightning(arrays, build_args))
    assert describe(tmp_path) == {**expected, "folder": str(tmp_path)}
    convert_checkpoint(tmp_path, tmp_path / "out", progress=Silent())
    assert sorted(open_folder(tmp_path / "out").names()) == sorted(arrays)
