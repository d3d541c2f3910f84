"""WeightTree.take with columns: some of the last axis, read in blocks, whatever the file holds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.errors import NotFiniteError
from tribe_np.formats import blocks
from tribe_np.formats.safetensors import narrow_bf16, write_safetensors
from tribe_np.formats.weights import WeightTree, open_folder

SHAPE = (2, 37, 11)
COLUMNS = np.array([0, 3, 10, 10])


def written(folder: Path, array: np.ndarray, *, bf16: bool = False) -> Path:
    write_safetensors(folder / "model.safetensors", {"t": array}, bf16=frozenset({"t"} if bf16 else ()))
    return folder


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stored", ["F32", "F64", "F16", "BF16"])
@pytest.mark.parametrize("block", [1, 200, 1 << 20])
def test_columns_are_those_of_the_whole(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, stored: str, dtype: Any, block: int
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", block)
    table = rng.standard_normal(SHAPE)
    array = {"F32": table.astype(np.float32), "F64": table, "F16": table.astype(np.float16)}.get(
        stored, narrow_bf16(table.astype(np.float32))
    )
    tree = open_folder(written(tmp_path, array, bf16=stored == "BF16"), dtype=dtype)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 20)
    whole = tree.take("t", SHAPE)
    monkeypatch.setattr(blocks, "BLOCK", block)
    part = tree.take("t", SHAPE, COLUMNS)
    assert part.dtype == dtype
    np.testing.assert_array_equal(part, whole[..., COLUMNS])
    assert part.flags.c_contiguous
    tree.finish(ignore={})


def test_nan_in_another_column_is_found(tmp_path: Path) -> None:
    table = np.zeros(SHAPE, np.float32)
    table[1, 36, 5] = np.nan
    tree = open_folder(written(tmp_path, table))
    with pytest.raises(NotFiniteError, match="t holds NaN"):
        tree.take("t", SHAPE, COLUMNS)


def test_plain_arrays_and_headers_alone(tmp_path: Path, rng: np.random.Generator) -> None:
    table = rng.standard_normal(SHAPE).astype(np.float32)
    plain = WeightTree({"t": table}, origin="memory").take("t", SHAPE, COLUMNS)
    np.testing.assert_array_equal(plain, table[..., COLUMNS])
    headers = open_folder(written(tmp_path, table), headers_only=True).take("t", SHAPE, COLUMNS)
    assert headers.shape == (2, 37, 4)
