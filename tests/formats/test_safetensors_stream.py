"""Streamed safetensors: what our reader and the library read back, aligned, in small memory."""

import tracemalloc
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tribe_np.formats.safetensors import narrow_bf16, read_header, write_safetensors
from tribe_np.formats.safetensors_stream import stream_safetensors

ARRAYS = {
    "ü b": np.arange(3, dtype=np.int8), "a": np.arange(6.0).reshape(2, 3), "h": np.ones((0, 2), np.float16),
    "s": np.array(2.5, np.float32),
}  # fmt: skip


def test_written_and_read_back(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "in", {**ARRAYS, "x": narrow_bf16(np.ones(2, np.float32))}, bf16=frozenset({"x"}))
    counted: list[int] = []
    entries = read_header(tmp_path / "in")[0]
    stream_safetensors(tmp_path / "out", entries, metadata={"k": "v"}, step=counted.append)
    found, metadata = read_header(tmp_path / "out")
    assert metadata == {"k": "v"}
    assert sum(counted) == sum(entry.n_bytes for entry in found.values()) == 3 + 48 + 4 + 4
    assert {n: (e.dtype, e.shape) for n, e in found.items()} == {n: (e.dtype, e.shape) for n, e in entries.items()}
    assert all(e.offset % np.dtype(e.stored().dtype).itemsize == 0 for e in found.values())
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name].read(), array)


def test_the_library_reads_it(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "in", ARRAYS)
    stream_safetensors(tmp_path / "out", read_header(tmp_path / "in")[0])
    for name, array in load_file(tmp_path / "out").items():
        np.testing.assert_array_equal(array, ARRAYS[name])


def test_memory_is_that_of_nothing(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "in", {str(i): np.ones(500_000, np.float32) for i in range(4)})
    entries = read_header(tmp_path / "in")[0]
    tracemalloc.start()
    stream_safetensors(tmp_path / "out", entries)
    assert tracemalloc.get_traced_memory()[1] < 500_000
    tracemalloc.stop()
