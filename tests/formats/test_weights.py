"""The weight tree: lazy, strict about names, shapes and values; folders and shards as HuggingFace lays them out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tests.formats import torch_writer as writer
from tribe_np.backend import array_module, to_device, to_host
from tribe_np.errors import CheckpointError
from tribe_np.formats.safetensors import narrow_bf16, write_safetensors
from tribe_np.formats.weights import (
    INDEX_NAME,
    SINGLE_NAME,
    TORCH_INDEX_NAME,
    TORCH_NAME,
    WeightTree,
    open_folder,
    read_json,
)


def tree(**options: Any) -> WeightTree:
    arrays = {
        "layers.0.weight": np.arange(6.0).reshape(2, 3),
        "layers.1.weight": np.full((2, 3), 7.0, np.float16),
        "norm.bias": np.zeros(3, np.float32),
    }
    return WeightTree(arrays, origin="here", **options)


def write_index(folder: Path, weight_map: Any) -> None:
    (folder / INDEX_NAME).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_names_and_shapes_by_subtree() -> None:
    layers = tree().at("layers")
    assert layers.names() == ["0.weight", "1.weight"]
    assert layers.at(0).has("weight")
    assert not layers.at(2).has("weight")
    assert tree().at("layers", 1).shape("weight") == (2, 3)
    assert tree().names() == ["layers.0.weight", "layers.1.weight", "norm.bias"]


def test_taken_tensors_have_the_trees_dtype_and_device() -> None:
    for dtype in (np.float32, np.float64):
        weights = tree(dtype=dtype, place=lambda array: to_device(array, fake_device.module))
        taken = weights.at("layers", 0).take("weight", (2, 3))
        assert taken.dtype == dtype
        assert array_module(taken) is fake_device.module
        np.testing.assert_array_equal(to_host(taken), np.arange(6.0).reshape(2, 3))
        table = weights.rows("layers.0.weight", (2, 3))
        np.testing.assert_array_equal(to_host(table(np.array([[1, 1, 0]])))[0, 2], [0, 1, 2])


def test_finish_names_what_nobody_took() -> None:
    weights = tree()
    weights.at("layers", 0).take("weight", (2, 3))
    with pytest.raises(CheckpointError, match=r"here: unexpected weights layers\.1\.weight, norm\.bias"):
        weights.finish({})
    with pytest.raises(CheckpointError, match=r"unexpected weights norm\.bias"):
        weights.finish({"layers.": "not used here"})
    weights.rows("layers.1.weight", (2, 3))
    weights.take("norm.bias", (3,))
    weights.finish({})


def test_finish_shortens_a_long_list_and_shows_odd_names_in_one_line() -> None:
    many = WeightTree({f"w{i}": np.ones(1) for i in range(9)}, origin="here")
    with pytest.raises(CheckpointError, match="w0, w1, w2 and 6 more"):
        many.finish({})
    odd = WeightTree({"a\nb": np.ones(1), "x" * 5000: np.ones(1)}, origin="here")
    with pytest.raises(CheckpointError) as caught:
        odd.finish({})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_missing_weight_names_the_full_key_and_a_near_one() -> None:
    with pytest.raises(CheckpointError, match=r"here: weight layers\.2\.weight is missing; there is layers\.0\.weight"):
        tree().at("layers", 2).take("weight", (2, 3))
    with pytest.raises(CheckpointError, match=r"weight other is missing$"):
        tree().shape("other")
    with pytest.raises(CheckpointError, match=r"weight 'a\\nb' is missing$"):
        tree().shape("a\nb")


def test_a_weight_of_another_shape() -> None:
    with pytest.raises(CheckpointError, match=r"norm\.bias has shape \(3,\), expected \(4,\)"):
        tree().at("norm").take("bias", (4,))
    with pytest.raises(CheckpointError, match=r"has shape \(2, 3\), expected \(3, 2\)"):
        tree().rows("layers.0.weight", (3, 2))


def test_headers_only_checks_names_and_shapes_and_reads_nothing(tmp_path: Path) -> None:
    write_safetensors(tmp_path / SINGLE_NAME, {"w": np.array([[1.0, np.nan]])})
    weights = open_folder(tmp_path, headers_only=True)
    taken = weights.take("w", (1, 2))
    with pytest.raises(CheckpointError, match=r"weight w has shape \(1, 2\), expected \(2, 1\)"):
        weights.take("w", (2, 1))
    assert (taken.shape, taken.dtype, taken.strides) == ((1, 2), np.float32, (0, 0))
    assert not taken.any()
    with pytest.raises(CheckpointError, match="NaN"):
        open_folder(tmp_path).take("w", (1, 2))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_no_float32_numbers(value: float, tmp_path: Path) -> None:
    bad = np.array([1.0, value])
    write_safetensors(tmp_path / SINGLE_NAME, {"w": bad})
    for weights in (WeightTree({"w": bad}, origin="here"), open_folder(tmp_path)):
        with pytest.raises(CheckpointError, match="weight w holds NaN or infinite values"):
            weights.take("w", (2,))
        rows = weights.rows("w", (2,))
        assert rows(np.array([0])) == [1.0]
        with pytest.raises(CheckpointError, match="NaN"):
            rows(np.array([1]))


def test_large_values_pass_in_float64() -> None:
    assert WeightTree({"w": np.array([1e300])}, origin="here", dtype=np.float64).take("w", (1,)) == [1e300]


@pytest.mark.parametrize("array", [np.ones(2, np.int8), np.ones(2, bool), np.array(["a", "b"])])
def test_quantised_or_other_dtypes_are_not_taken_for_floats(array: np.ndarray) -> None:
    with pytest.raises(CheckpointError, match="expected a float one"):
        WeightTree({"w": array}, origin="here").take("w", (2,))


def test_stored_integers_are_not_taken_for_floats(tmp_path: Path) -> None:
    write_safetensors(tmp_path / SINGLE_NAME, {"w": np.ones(2, np.int8)})
    with pytest.raises(CheckpointError, match="dtype I8, expected a float one"):
        open_folder(tmp_path).take("w", (2,))


def test_every_stored_float_dtype(tmp_path: Path) -> None:
    x = np.array([0.5, -2.0, 3.0])
    tensors = {name: x.astype(name) for name in ("float16", "float32", "float64")}
    write_safetensors(
        tmp_path / SINGLE_NAME, {**tensors, "bfloat16": narrow_bf16(x.astype(np.float32))}, bf16=frozenset({"bfloat16"})
    )
    for dtype in (np.float32, np.float64):
        weights = open_folder(tmp_path, dtype=dtype)
        for name in (*tensors, "bfloat16"):
            taken = weights.take(name, (3,))
            assert taken.dtype == dtype
            np.testing.assert_array_equal(taken, x)
        weights.finish({})


def test_shards(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "1.safetensors", {"a": np.ones(2)})
    write_safetensors(tmp_path / "2.safetensors", {"b": np.full(3, 2.0), "unnamed": np.ones(1)})
    write_index(tmp_path, {"b": "2.safetensors", "a": "1.safetensors"})
    weights = open_folder(tmp_path)
    np.testing.assert_array_equal(weights.take("b", (3,)), np.full(3, 2.0))
    weights.take("a", (2,))
    weights.finish({})


def test_names_are_mapped_to_the_models_own(tmp_path: Path) -> None:
    write_safetensors(tmp_path / SINGLE_NAME, {"model.a": np.ones(2), "a": np.ones(2)})
    assert set(open_folder(tmp_path, rename=lambda name: f"{name}!").names()) == {"model.a!", "a!"}
    with pytest.raises(CheckpointError, match="two tensors mean a"):
        open_folder(tmp_path, rename=lambda name: name.removeprefix("model."))


@pytest.mark.parametrize(
    ("weight_map", "message"),
    [
        (None, "needs weight_map"),
        ({"a": 3}, "needs weight_map"),
        ({"a": "gone.safetensors"}, "shard gone.safetensors is missing"),
        ({"a": "../1.safetensors"}, "must be a file name in the same folder"),
        ({"a": "/etc/passwd"}, "must be a file name in the same folder"),
        ({"a": "sub/1.safetensors"}, "must be a file name in the same folder"),
        ({"a": ".."}, r"shard \.\. is missing"),
        ({"a": ""}, "is missing"),
        ({"a": "nul\0"}, "is missing"),
        ({"a": "x" * 5000}, "is missing"),
        ({"gone": "1.safetensors"}, "tensor gone is missing"),
    ],
)
def test_an_index_that_names_what_is_not_there(weight_map: Any, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (tmp_path, folder):
        write_safetensors(place / "1.safetensors", {"a": np.ones(2)})
    write_index(folder, weight_map)
    with pytest.raises(CheckpointError, match=message) as caught:
        open_folder(folder)
    assert "\n" not in str(caught.value)


def test_folders_without_weights(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such folder"):
        open_folder(tmp_path / "none")
    with pytest.raises(CheckpointError, match="no such folder"):
        open_folder(tmp_path / ("x" * 5000))
    with pytest.raises(CheckpointError, match=f"holds neither {SINGLE_NAME} nor {INDEX_NAME}"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not valid JSON"),
        (b'{"a": ', "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b"[1]", "expected a JSON object, got list"),
    ],
)
def test_json_that_is_none(raw: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(raw)
    with pytest.raises(CheckpointError, match=message):
        read_json(tmp_path / "config.json")
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        read_json(tmp_path / "config.json")


BIN = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([0x3F80], np.uint16)}


def test_pytorch_files_where_no_safetensors_are(tmp_path: Path) -> None:
    writer.write(tmp_path / TORCH_NAME, *writer.from_arrays(BIN))
    weights = open_folder(tmp_path, rename=lambda name: name.replace("a.", "c."))
    np.testing.assert_array_equal(weights.take("c.weight", (2, 3)), BIN["a.weight"])
    assert weights.take("b", (1,)) == [1]
    write_safetensors(tmp_path / SINGLE_NAME, {"only": np.ones(1, np.float32)})
    assert open_folder(tmp_path).names() == ["only"]


def test_pytorch_shards(tmp_path: Path) -> None:
    for i, (name, array) in enumerate(BIN.items()):
        writer.write(tmp_path / f"pytorch_model-{i}.bin", *writer.from_arrays({name: array}))
    index = {"weight_map": {"b": "pytorch_model-1.bin", "a.weight": "pytorch_model-0.bin"}}
    (tmp_path / TORCH_INDEX_NAME).write_text(json.dumps(index))
    assert open_folder(tmp_path).names() == ["b", "a.weight"]
    (tmp_path / "pytorch_model-1.bin").unlink()
    with pytest.raises(CheckpointError, match=r"pytorch_model-1\.bin is missing; pytorch_model\.bin\.index\.json"):
        open_folder(tmp_path)
