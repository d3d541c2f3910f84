"""PyTorch files without PyTorch: every dtype and layout bit for bit; wrong sizes and damage are one line each."""

import pickle
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats import torch_writer as writer
from tribe_np.errors import CheckpointError
from tribe_np.formats import torch_zip
from tribe_np.formats.torch_zip import open_torch, read_torch_tensors

ARRAYS = {
    "d": np.linspace(-1, 1, 6).reshape(2, 3),
    "f": np.arange(6, dtype=np.float32).reshape(3, 2) / 3,
    "h": np.array([1.5, -2, np.inf], np.float16),
    "b": np.array([0x3F80, 0xC000, 0x7FC1], np.uint16),
    "l": np.array([-(2**40), 5]),
    "i": np.array([[7]], np.int32),
    "s": np.array([-300], np.int16),
    "c": np.array([-3], np.int8),
    "u": np.array([250], np.uint8),
    "t": np.array([True, False]),
    "scalar": np.array(2.5, np.float32),
    "empty": np.zeros((0, 3), np.float32),
}


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_torch_tensors(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert len(message) < len(str(path)) + 300
    return message


def shapes_or_refusal(path: Path) -> list[tuple[int, ...]] | None:
    """Shapes of what can be read; None where the file is refused in one line. Anything else is a failure."""
    message = ""
    try:
        return [entry.read().shape for entry in read_torch_tensors(path).values()]
    except CheckpointError as error:
        message = str(error)
    assert message
    assert "\n" not in message
    return None


def test_every_dtype_bit_for_bit(tmp_path: Path) -> None:
    entries = read_torch_tensors(writer.write(tmp_path / "w.bin", *writer.from_arrays(ARRAYS)))
    assert list(entries) == list(ARRAYS)
    for name, array in ARRAYS.items():
        stored = entries[name].stored()
        assert stored.dtype == array.dtype
        assert stored.shape == entries[name].shape == array.shape
        assert stored.tobytes() == array.tobytes()
        assert not stored.flags.writeable or stored.size == 0
    assert entries["b"].dtype == "BF16"
    np.testing.assert_array_equal(entries["b"].read()[:2], [1, -2])
    np.testing.assert_array_equal(entries["d"].read(np.float32, rows=np.array([1])), ARRAYS["d"][1:].astype(np.float32))


def test_strided_shared_and_repeated_storages(tmp_path: Path) -> None:
    base = np.arange(24, dtype=np.float32)
    value = {
        "all": writer.tensor("0", "Float", 24, (4, 6), (6, 1)),
        "transposed": writer.tensor("0", "Float", 24, (6, 4), (1, 6), location="cuda:3"),
        "window": writer.tensor("0", "Float", 24, (2, 3), (6, 2), offset=7),
        "repeated": writer.tensor("0", "Float", 24, (3, 2), (0, 1), offset=4),
        "nothing": writer.tensor("0", "Float", 24, (0,), (1,), offset=24),
    }
    entries = read_torch_tensors(writer.write(tmp_path / "w.bin", value, {"0": base.tobytes()}))
    full = base.reshape(4, 6)
    np.testing.assert_array_equal(entries["all"].read(), full)
    np.testing.assert_array_equal(entries["transposed"].read(), full.T)
    np.testing.assert_array_equal(entries["window"].read(), full[1:3, 1::2])
    np.testing.assert_array_equal(entries["repeated"].read(), np.tile(base[4:6], (3, 1)))
    assert entries["nothing"].read().shape == (0,)
    assert {entry.n_bytes for entry in entries.values()} == {96, 24, 0}


@pytest.mark.parametrize("order", [b"big", b"little", None])
def test_the_byte_order_of_the_writer(tmp_path: Path, order: bytes | None) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensors, storages = writer.from_arrays({"w": array, "b": np.array([0x3F80], np.uint16)})
    if order == b"big":
        storages = {"0": array.astype(">f4").tobytes(), "1": b"\x3f\x80"}
    entries = read_torch_tensors(writer.write(tmp_path / "w.bin", tensors, storages, byteorder=order))
    np.testing.assert_array_equal(entries["w"].read(), array)
    assert entries["w"].stored().dtype == np.dtype(np.float32)
    assert entries["b"].read() == [1]


def test_parameters_and_ordered_dicts(tmp_path: Path) -> None:
    made = writer.tensor("0", "Float", 1, (1,), (1,))
    parameter = writer.Call(writer.Name("torch._utils", "_rebuild_parameter"), (made, True, writer.ORDERED))
    body = writer.encode(writer.ORDERED) + b"(" + writer.encode("w") + writer.encode(parameter) + b"u"
    state = b"}" + writer.encode("_metadata") + writer.encode({}) + b"s" + b"b"
    path = writer.write(tmp_path / "w.bin", b"\x80\x02" + body + state + b".", {"0": struct.pack("<f", 2.0)})
    assert read_torch_tensors(path)["w"].read() == [2]


def test_newer_pickle_protocols_and_sizes(tmp_path: Path) -> None:
    raw = pickle.dumps({"a": (1, 2.5, None, True, [3, "x" * 300]), "b": b"raw"}, protocol=5)
    assert open_torch(writer.write(tmp_path / "w.bin", raw, {})).top == {
        "a": (1, 2.5, None, True, [3, "x" * 300]),
        "b": b"raw",
    }
    size = {"s": writer.Call(writer.Name("torch", "Size"), ((2, 3),))}
    assert open_torch(writer.write(tmp_path / "w.bin", size, {})).top == {"s": (2, 3)}


def test_a_file_that_shrinks_after_it_was_opened(tmp_path: Path) -> None:
    path = writer.write(tmp_path / "w.bin", *writer.from_arrays({"w": np.ones(1000, np.float32)}))
    entry = read_torch_tensors(path)["w"]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="tensor w cannot be read"):
        entry.read()


ONE = {"0": bytes(4)}


@pytest.mark.parametrize(
    ("value", "storages", "expected"),
    [
        ({"w": writer.tensor("1", "Float", 1, (1,), (1,))}, ONE, "needs the storage '1', which the file lacks"),
        ({"w": writer.tensor("0", "Float", 2, (1,), (1,))}, ONE, "has 4 bytes, expected 2 x 4"),
        ({"w": writer.tensor("0", "Float", 2**61, (1,), (1,))}, ONE, "has 4 bytes, expected"),
        ({"w": writer.tensor("0", "Half", 1, (1,), (1,))}, ONE, "has 4 bytes, expected 1 x 2"),
        ({"w": writer.tensor("0", "Float", 1, (2,), (1,))}, ONE, r"beyond its storage of 1 elements"),
        ({"w": writer.tensor("0", "Float", 1, (1,), (1,), offset=1)}, ONE, "beyond its storage"),
        ({"w": writer.tensor("0", "Float", 1, (2**40,), (0,))}, ONE, "repeats a small storage beyond the file's size"),
        ({"w": 3}, ONE, "holds a int as 'w'"),
        ({3: writer.tensor("0", "Float", 1, (1,), (1,))}, ONE, "must map names to tensors"),
        ([1], ONE, "must map names to tensors, got list"),
        ({b"X\x03\x00\x00\x00\xed\xa0\x80": 3}, ONE, r"a name that is not valid Unicode: '\ud800'"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit(tmp_path: Path, value: Any, storages: dict[str, bytes], expected: str) -> None:
    assert expected in refused(writer.write(tmp_path / "w.bin", value, storages))


def test_the_stride_of_an_axis_of_one_means_nothing(tmp_path: Path) -> None:
    """torch writes there whatever a view had, and 2^61 elements are more bytes than an address can hold."""
    value = {"w": writer.tensor("0", "Float", 2, (2, 1), (1, 2**61))}
    raw = np.array([3, 4], np.float32).tobytes()
    entry = read_torch_tensors(writer.write(tmp_path / "w.bin", value, {"0": raw}))["w"]
    np.testing.assert_array_equal(entry.read(), [[3], [4]])


def test_an_empty_tensor_of_an_impossible_shape(tmp_path: Path) -> None:
    value = {"w": writer.tensor("0", "Float", 1, (2**61, 2**61, 0), (0, 0, 1))}
    entry = read_torch_tensors(writer.write(tmp_path / "w.bin", value, ONE))["w"]
    with pytest.raises(CheckpointError, match="cannot be read"):
        entry.read()


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    assert "cannot be read" in refused(path)
    assert "cannot be read" in refused(tmp_path)
    path.write_bytes(b"")
    assert "not a PyTorch checkpoint" in refused(path)
    path.write_bytes(pickle.dumps({}))
    assert "before PyTorch 1.6" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/b/data.pkl", b"")
    assert "expected one data.pkl in it, found 0" in refused(path)
    writer.write(path, {}, {}, byteorder=b"middle")
    assert "byteorder must be little or big" in refused(path)


def test_a_huge_pickle_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_zip, "MAX_BYTES", 5)
    assert "at most 5 are read" in refused(writer.write(tmp_path / "w.bin", {}, {}, byteorder=None))


def test_a_compressed_bomb_is_not_inflated(tmp_path: Path) -> None:
    storages = {"0": bytes(200_000_000)}
    path = writer.write(tmp_path / "w.bin", {}, storages, compression=zipfile.ZIP_DEFLATED)
    del storages
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    assert "is compressed" in refused(path)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_truncated_at_every_byte(tmp_path: Path) -> None:
    whole = writer.zipped(*writer.from_arrays({"w": np.ones(3, np.float32)}))
    path = tmp_path / "w.bin"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        refused(path)


def test_every_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    whole = writer.zipped(*writer.from_arrays({"w": np.ones(3, np.float32)}))
    path = tmp_path / "w.bin"
    start = time.process_time()
    for at in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            shapes = shapes_or_refusal(path)
            assert shapes in (None, [(3,)]), (at, flip)
    assert time.process_time() - start < 20


@given(st.binary(max_size=120), st.integers(0, 200))
def test_random_bytes_in_the_pickle(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    tensors, storages = writer.from_arrays({"w": np.ones(3, np.float32)})
    good = writer.pickled(tensors)
    path = writer.write(tmp_path_factory.getbasetemp() / "noise.bin", good[:at] + noise + good[at:], storages)
    shapes_or_refusal(path)
