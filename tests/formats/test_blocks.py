"""Tensors read block by block: the same bits as the plain conversions, at every size around a block."""

from pathlib import Path

import numpy as np
import pytest

from tests.formats import torch_writer as writer
from tribe_np.formats import blocks
from tribe_np.formats.blocks import read_blocks, write_values
from tribe_np.formats.safetensors import STORED, TensorEntry, read_header, widen_bf16, write_safetensors
from tribe_np.formats.torch_zip import StridedEntry, read_torch_tensors

PATTERNS = np.arange(65536, dtype=np.uint16)


def plain(stored: np.ndarray, dtype: str, wanted: type) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):  # signalling NaN patterns
        return (widen_bf16(stored) if dtype == "BF16" else stored).astype(wanted)


@pytest.mark.parametrize("wanted", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_every_pattern_of_16_bits_alone_and_among_finite_ones(dtype: str, wanted: type) -> None:
    stored = PATTERNS if dtype == "BF16" else PATTERNS.view(np.float16)
    expected = plain(stored, dtype, wanted)
    is_finite = np.isfinite(expected)
    for chosen in (slice(None), is_finite):
        out = np.empty(expected[chosen].shape, wanted)
        with np.errstate(invalid="ignore"):
            assert write_values(stored[chosen], out, dtype) == (chosen is is_finite)
        np.testing.assert_array_equal(out, expected[chosen])
        if wanted is np.float32 and dtype == "BF16":
            assert out.tobytes() == expected[chosen].tobytes()  # NaN payloads and the sign of zero
    for i in np.flatnonzero(~is_finite):  # one bad value is enough, whichever it is
        out = np.empty(2, wanted)
        with np.errstate(invalid="ignore"):
            assert not write_values(stored[[0, i]], out, dtype)


def test_the_sign_of_zero_and_subnormal_halves() -> None:
    stored = np.array([0.0, -0.0, 6e-8, -6e-8], np.float16)
    out = np.empty(4, np.float32)
    assert write_values(stored, out, "F16")
    assert out.tobytes() == stored.astype(np.float32).tobytes()


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("wanted", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16", "I32"])
def test_sizes_around_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, wanted: type, dtype: str
) -> None:
    kind = np.dtype(STORED[dtype])
    monkeypatch.setattr(blocks, "BLOCK", 4 * kind.itemsize)
    stored = (np.arange(n) + 0x3F80).astype(kind)
    (tmp_path / "raw").write_bytes(b"head" + stored.tobytes() + b"tail")
    out = np.empty(n, wanted)
    assert read_blocks(tmp_path / "raw", 4, dtype, kind, out)
    np.testing.assert_array_equal(out, plain(stored, dtype, wanted))


@pytest.mark.parametrize("place", [0, 5, 10])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_value_that_is_not_finite_is_seen_in_any_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, value: float
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 32)
    x = np.zeros(11)
    x[place] = value
    write_safetensors(tmp_path / "x", {"x": x})
    (entry,) = read_header(tmp_path / "x")[0].values()
    assert entry.read_checked(np.float64)[1] == (value == 1e300)
    with np.errstate(over="ignore"):
        assert not entry.read_checked(np.float32)[1]
        assert entry.read_checked(np.float32, rows=np.array([place]))[1] is False
    others = np.flatnonzero(np.isfinite(x) & (x == 0))
    assert entry.read_checked(np.float32, rows=others)[1] is True


def test_an_early_end(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(10))
    with pytest.raises(EOFError, match="ends before"):
        read_blocks(tmp_path / "raw", 0, "F32", np.dtype(np.float32), np.empty(3, np.float32))


def test_windows_of_a_pytorch_file_are_read_in_c_order(tmp_path: Path) -> None:
    base = np.arange(24, dtype=np.float32)
    value = {
        "plain": writer.tensor("0", "Float", 24, (2, 1, 3), (3, 7, 1), offset=4),
        "transposed": writer.tensor("0", "Float", 24, (6, 4), (1, 6)),
    }
    entries = read_torch_tensors(writer.write(tmp_path / "w.bin", value, {"0": base.tobytes()}))
    assert {name: type(entry) for name, entry in entries.items()} == {"plain": TensorEntry, "transposed": StridedEntry}
    np.testing.assert_array_equal(entries["plain"].read(), base[4:10].reshape(2, 1, 3))
    found, finite = entries["transposed"].read_checked(np.float64)
    assert finite
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, base.reshape(4, 6).T)
    np.testing.assert_array_equal(entries["transposed"].row(1).read(), base.reshape(4, 6)[:, 1])
