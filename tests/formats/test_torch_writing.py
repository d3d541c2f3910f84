"""Checkpoints of our own in torch's format: read back to the bit, and byte for byte the same each time."""

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from tribe_np.errors import OutputError, ShapeError
from tribe_np.formats import torch_writing
from tribe_np.formats.checkpoint import read_lightning
from tribe_np.formats.torch_writing import ALIGNMENT, write_torch
from tribe_np.formats.torch_zip import open_torch

BUILD_ARGS: dict[str, Any] = {"feature_dims": {"text": (2, 5), "video": None}, "n_outputs": 20484, "least": -(2**40)}


def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    found = {f"model.{name}": random.normal(size=(3, 4)).astype(name) for name in ("f8", "f4", "f2")}
    found |= {f"model.{name}": np.arange(-3, 3).reshape(2, 3).astype(name) for name in ("i8", "i4", "i2", "i1")}
    turned = random.normal(size=(2, 3, 5)).transpose(2, 0, 1)
    odd = {"model.scalar": np.array(3.5), "model.none": np.zeros((0, 3)), "model.turned": turned}
    return found | odd | {"model.flags": np.array([True, False]), "model.bf16": np.array([0x3F80, 0x4000], np.uint16)}


@pytest.mark.parametrize("large", [2**30, 8])
def test_what_is_written_is_read_to_the_bit(tmp_path: Path, large: int) -> None:
    """Also with the fields that members of over 4 GB have."""
    path, expected = tmp_path / "best.ckpt", arrays()
    with mock.patch.object(torch_writing, "LARGE", large):
        write_torch(path, {"state_dict": expected, "model_build_args": BUILD_ARGS}, bf16=frozenset(["model.bf16"]))
    opened = open_torch(path)
    opened.check()
    entries, build_args = read_lightning(opened)
    assert build_args == BUILD_ARGS | {"feature_dims": {"text": [2, 5], "video": None}}
    assert list(entries) == list(expected)
    for name, entry in entries.items():
        assert (entry.stored().dtype, entry.stored().shape) == (expected[name].dtype, expected[name].shape)
        np.testing.assert_array_equal(entry.stored(), expected[name])
        assert entry.offset % ALIGNMENT == 0
    assert entries["model.bf16"].dtype == "BF16"
    np.testing.assert_array_equal(entries["model.bf16"].read(np.float32), [1, 2])


def test_bytes_are_the_same_each_time_and_big_end_first_is_turned(tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(3, 4)
    for name, array in (("a", x), ("b", x), ("c", x.astype(">f8"))):
        write_torch(tmp_path / name, {"w": array})
    first = (tmp_path / "a").read_bytes()
    assert first == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


@pytest.mark.parametrize(
    ("value", "said"),
    [(np.zeros(2, complex), "w has dtype complex128"), (np.zeros(2, np.uint16), "uint16"), (1.5, "w is a float")],
)
def test_what_cannot_be_held_leaves_no_file(tmp_path: Path, value: Any, said: str) -> None:
    with pytest.raises(ShapeError, match=said):
        write_torch(tmp_path / "best.ckpt", {"w": value})
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_torch(tmp_path / "file" / "best.ckpt", {})
