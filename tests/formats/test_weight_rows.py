"""WeightTree.rows: rows of a table that stays in its file."""

import numpy as np
import pytest

from tribe_np.errors import CheckpointError
from tribe_np.formats.safetensors import narrow_bf16, widen_bf16, write_safetensors
from tribe_np.formats.weights import WeightTree, open_folder


@pytest.fixture
def table(rng):
    return rng.standard_normal((6, 3)).astype(np.float32)


def saved(folder, array, bf16=False):
    write_safetensors(folder / "model.safetensors", {"t": array}, bf16=frozenset({"t"} if bf16 else ()))
    return folder


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bf16_rows_equal_rows_of_the_widened_table(tmp_path, table, dtype):
    bits = narrow_bf16(table)
    tree = open_folder(saved(tmp_path, bits, bf16=True), dtype=dtype)
    indices = np.array([[5, 0, 5], [2, 2, 1]])
    found = tree.rows("t", (6, 3))(indices)
    assert found.dtype == dtype
    assert found.shape == (2, 3, 3)
    assert np.array_equal(found, widen_bf16(bits)[indices])
    tree.finish(ignore={})  # counts as taken


def test_rows_of_float16_and_of_plain_arrays(tmp_path, table):
    half = table.astype(np.float16)
    found = open_folder(saved(tmp_path, half)).rows("t", (6, 3))(np.array([3]))
    assert np.array_equal(found, half[[3]].astype(np.float32))
    plain = WeightTree({"a.t": table}, origin="memory", place=lambda a: a + 1).at("a").rows("t", (6, 3))
    assert np.array_equal(plain(np.array([1, 4])), table[[1, 4]] + 1)


def test_nan_is_found_in_the_rows_that_are_read(tmp_path, table):
    table[4, 1] = np.nan
    rows = open_folder(saved(tmp_path, table)).rows("t", (6, 3))
    rows(np.array([0, 3]))
    with pytest.raises(CheckpointError, match="t holds NaN"):
        rows(np.array([0, 4]))


def test_a_wrong_shape_or_name_fails_at_once(tmp_path, table):
    tree = open_folder(saved(tmp_path, table))
    with pytest.raises(CheckpointError, match=r"has shape \(6, 3\), expected \(7, 3\)"):
        tree.rows("t", (7, 3))
    with pytest.raises(CheckpointError, match="u is missing"):
        tree.rows("u", (6, 3))
