"""safetensors: round trips with the library both ways, every bfloat16, only CheckpointError from bad files."""

import json
import os
import stat
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from tests.strategies import seeds
from tribe_np.errors import CheckpointError, OutputError, ShapeError
from tribe_np.formats.safetensors import STORED, narrow_bf16, read_header, widen_bf16, write_safetensors

F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda name: name != "__metadata__")
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
TENSORS = st.dictionaries(NAMES, st.tuples(st.sampled_from(sorted(set(STORED) - {"BF16"})), SHAPES), max_size=5)
shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(folder: Path, header: Any, tensor_bytes: bytes = b"", claimed: int | None = None) -> Path:
    """A file from a header (bytes, or a value for JSON) and what follows it."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "damaged.safetensors"
    path.write_bytes((len(raw) if claimed is None else claimed).to_bytes(8, "little") + raw + tensor_bytes)
    return path


def numbers(seed: int, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    kind = np.dtype(STORED[dtype])
    raw = np.random.default_rng(seed).integers(0, 256, int(np.prod(shape)) * kind.itemsize, np.uint8)
    return (raw % 2 if kind == np.bool_ else raw).view(kind).reshape(shape)


@shared_folder
@given(seeds, TENSORS, st.dictionaries(NAMES, NAMES, max_size=3))
@example(0, {"": ("F32", ()), "a\nb": ("F64", (0,)), "é / \U0001f600": ("I8", (2, 0, 3))}, {"key": "value"})
def test_what_is_written_is_read_by_us_and_by_the_library(
    tmp_path: Path, seed: int, kinds: dict[str, tuple[str, tuple[int, ...]]], metadata: dict[str, str]
) -> None:
    path = tmp_path / "some.safetensors"
    tensors = {name: numbers(seed, *kind) for name, kind in kinds.items()}
    write_safetensors(path, tensors, metadata=metadata)
    entries, found_metadata = read_header(path)
    assert found_metadata == metadata
    theirs = load_file(path)
    assert set(entries) == set(theirs) == set(tensors)
    for name, tensor in tensors.items():
        assert (entries[name].dtype, entries[name].shape) == kinds[name]
        for found in (entries[name].read(), theirs[name]):
            assert found.dtype == tensor.dtype
            assert found.shape == tensor.shape
            assert found.tobytes() == tensor.tobytes()  # NaN payloads too


@shared_folder
@given(seeds, TENSORS)
def test_what_the_library_writes_is_read(
    tmp_path: Path, seed: int, kinds: dict[str, tuple[str, tuple[int, ...]]]
) -> None:
    path = tmp_path / "theirs.safetensors"
    tensors = {name: numbers(seed, *kind) for name, kind in kinds.items()}
    save_file(tensors, path, metadata={"format": "np"})
    entries, metadata = read_header(path)
    assert metadata == {"format": "np"}
    assert {name: entry.read().tobytes() for name, entry in entries.items()} == {
        name: tensor.tobytes() for name, tensor in tensors.items()
    }


def test_every_bfloat16_is_exact(tmp_path: Path) -> None:
    bits = np.arange(65536, dtype=np.uint16)
    wide = widen_bf16(bits)
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide.view(np.uint32), np.arange(65536, dtype=np.uint32) << 16)
    number = ~np.isnan(wide)
    np.testing.assert_array_equal(narrow_bf16(wide)[number], bits[number])
    assert np.isnan(widen_bf16(narrow_bf16(wide)))[~number].all()
    write_safetensors(tmp_path / "all.safetensors", {"bits": bits.reshape(256, 256)}, bf16=frozenset({"bits"}))
    (entry,) = read_header(tmp_path / "all.safetensors")[0].values()
    assert (entry.dtype, entry.shape) == ("BF16", (256, 256))
    np.testing.assert_array_equal(entry.stored().reshape(-1), bits)
    np.testing.assert_array_equal(entry.read().reshape(-1).view(np.uint32), wide.view(np.uint32))
    with np.errstate(invalid="ignore"):  # signalling NaN patterns
        np.testing.assert_array_equal(entry.read(np.float64).reshape(-1), wide.astype(np.float64))
    assert entry.read(rows=np.array([[3, 1]])).shape == (1, 2, 256)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(1.00390625)  # half-way between two: to even, down
@example(1.01171875)  # half-way between two: to even, up
@example(3.4e38)
def test_narrowing_rounds_to_the_nearest(value: float) -> None:
    x = np.array([value], np.float32)
    found = narrow_bf16(x)
    around = (int(found[0]) + np.array([-1, 0, 1])).clip(0, 65535).astype(np.uint16)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.abs(widen_bf16(around).astype(np.float64) - value)
    if np.isfinite(widen_bf16(found)[0]):
        assert distance[1] == np.nanmin(distance)
        if distance[1] == distance[2] or distance[1] == distance[0]:
            assert found[0] % 2 == 0 or distance[1] == 0


def test_what_is_stored_is_a_read_only_view_of_the_file_and_what_is_read_is_not(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a.safetensors", {"x": np.arange(6.0).reshape(2, 3)})
    entry = read_header(tmp_path / "a.safetensors")[0]["x"]
    with pytest.raises(ValueError, match="read-only"):
        entry.stored()[0, 0] = 1
    entry.read()[0, 0] = 1
    assert entry.read()[0, 0] == 0


def test_a_strided_array_is_written_in_its_own_order(tmp_path: Path) -> None:
    x = np.arange(24.0).reshape(4, 6)[::2, ::-3].T
    write_safetensors(tmp_path / "a.safetensors", {"x": x})
    np.testing.assert_array_equal(load_file(tmp_path / "a.safetensors")["x"], x)


MALFORMED: dict[str, tuple[Any, bytes, str]] = {
    "not UTF-8": (b'{"\xff\xfe": 1}', b"", "not valid JSON"),
    "not JSON": (b"this is not a header", b"", "not valid JSON"),
    "empty header": (b"", b"", "not valid JSON"),
    "a list": ([1, 2], b"", "JSON object, got list"),
    "deep lists": (b"[" * 200_000 + b"]" * 200_000, b"", "not valid JSON"),
    "deep objects": (b'{"a":' * 100_000, b"", "not valid JSON"),
    "an endless number": (b'{"a": 1' + b"0" * 10_000 + b"}", b"", "not valid JSON"),
    "duplicate names": (b'{"a": {}, "a": {}}', b"", "duplicate"),
    "duplicate fields": (b'{"a": {"dtype": "F32", "dtype": "F64"}}', b"", "duplicate"),
    "entry not an object": ({"a": 3}, b"", "must have dtype, shape and data_offsets"),
    "field missing": ({"a": {"dtype": "F32", "shape": [1]}}, b"", "must have dtype"),
    "field too many": ({"a": {**F32, "extra": 1}}, bytes(8), "must have dtype"),
    "unknown dtype": ({"a": {**F32, "dtype": "F7"}}, bytes(8), "known are F64"),
    "dtype not text": ({"a": {**F32, "dtype": ["F32"]}}, bytes(8), "known are F64"),
    "negative shape": ({"a": {**F32, "shape": [-2]}}, bytes(8), "malformed"),
    "fractional shape": ({"a": {**F32, "shape": [2.0]}}, bytes(8), "malformed"),
    "shape of truths": ({"a": {**F32, "shape": [True, 2]}}, bytes(8), "malformed"),
    "shape not a list": ({"a": {**F32, "shape": 2}}, bytes(8), "malformed"),
    "too many axes": ({"a": {**F32, "shape": [1] * 40}}, bytes(8), "malformed"),
    "negative offset": ({"a": {**F32, "data_offsets": [-8, 0]}}, bytes(8), "malformed"),
    "three offsets": ({"a": {**F32, "data_offsets": [0, 4, 8]}}, bytes(8), "malformed"),
    "offsets beyond 2^63": ({"a": {**F32, "data_offsets": [0, 2**63]}}, bytes(8), "malformed"),
    "shape overflows 2^64": ({"a": {**F32, "shape": [2**62, 2**62]}}, bytes(8), "takes"),
    "offsets backwards": ({"a": {**F32, "data_offsets": [8, 0]}}, bytes(8), "claims -8 bytes"),
    "size against shape": ({"a": {**F32, "shape": [3]}}, bytes(8), "takes 12"),
    "zero size for a shape": ({"a": {**F32, "data_offsets": [0, 0]}}, b"", "claims 0 bytes"),
    "overlap": ({"a": F32, "b": {**F32, "data_offsets": [4, 12]}}, bytes(12), "overlap or gap"),
    "gap": ({"a": F32, "b": {**F32, "data_offsets": [12, 20]}}, bytes(20), "overlap or gap"),
    "gap at the start": ({"a": {**F32, "data_offsets": [8, 16]}}, bytes(16), "overlap or gap"),
    "bytes missing": ({"a": F32}, bytes(7), "truncated"),
    "bytes left over": ({"a": F32}, bytes(9), "truncated or damaged"),
    "metadata not text": ({"__metadata__": {"a": 1}}, b"", "__metadata__"),
    "metadata not an object": ({"__metadata__": "x"}, b"", "__metadata__"),
}


@pytest.mark.parametrize("about", MALFORMED)
def test_malformed(about: str, tmp_path: Path) -> None:
    header, tensor_bytes, message = MALFORMED[about]
    path = damaged(tmp_path, header, tensor_bytes)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_header(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize("claimed", [3, 10**6, 2**63, 2**64 - 1])
def test_a_header_length_that_is_not_the_headers(claimed: int, tmp_path: Path) -> None:
    path = damaged(tmp_path, {"a": F32}, bytes(8), claimed)
    tracemalloc.start()
    with pytest.raises(CheckpointError):
        read_header(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300_000


@pytest.mark.parametrize("n", range(8))
def test_too_short_for_a_header(n: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(n))
    with pytest.raises(CheckpointError, match=f"{n} bytes, too short"):
        read_header(tmp_path / "a")


def test_an_absurd_shape_without_bytes_is_refused_when_read(tmp_path: Path) -> None:
    path = damaged(tmp_path, {"a": {"dtype": "F32", "shape": [0, 2**62], "data_offsets": [0, 0]}})
    with pytest.raises(CheckpointError, match="tensor a cannot be read"):
        read_header(path)[0]["a"].read()


def test_a_file_that_shrinks_after_its_header_was_read(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a", {"x": np.arange(1000.0)})
    entry = read_header(tmp_path / "a")[0]["x"]
    os.truncate(tmp_path / "a", 500)
    with pytest.raises(CheckpointError, match="tensor x cannot be read"):
        entry.read()


@pytest.mark.parametrize("path", ["no such file", ".", "x" * 5000])
def test_no_file(path: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_header(tmp_path / path)


def small_file(folder: Path) -> bytes:
    tensors = {"a": np.arange(4, dtype=np.float32), "b": np.arange(6, dtype=np.int16).reshape(2, 3)}
    write_safetensors(folder / "small", tensors, metadata={"k": "v"})
    return (folder / "small").read_bytes()


def read_all(path: Path) -> int:
    """Bytes of all tensors."""
    return sum(entry.read().nbytes for entry in read_header(path)[0].values())


def test_truncated_at_every_byte(tmp_path: Path) -> None:
    raw = small_file(tmp_path)
    for n in range(len(raw)):
        (tmp_path / "cut").write_bytes(raw[:n])
        with pytest.raises(CheckpointError):
            read_header(tmp_path / "cut")


def test_every_byte_changed_is_refused_or_still_within_the_file(tmp_path: Path) -> None:
    raw = small_file(tmp_path)
    rng = np.random.default_rng(0)
    path = tmp_path / "changed"
    for position in range(len(raw)):
        for value in (0, 255, raw[position] ^ 1, int(rng.integers(256))):
            path.write_bytes(raw[:position] + bytes([value]) + raw[position + 1 :])
            with suppress(CheckpointError):
                assert read_all(path) <= len(raw)


@shared_folder
@given(st.binary(max_size=200))
def test_random_bytes(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "random").write_bytes(raw)
    with pytest.raises(CheckpointError):
        read_all(tmp_path / "random")


def test_dtypes_that_the_format_lacks(tmp_path: Path) -> None:
    for array in (np.ones(2, np.complex128), np.array(["text"]), np.ones(2, ">f4")):
        with pytest.raises(ShapeError, match="which safetensors files cannot hold"):
            write_safetensors(tmp_path / "a", {"x": array})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory") as caught:
        write_safetensors(tmp_path / "none" / "a", {"x": np.ones(2)})
    assert isinstance(caught.value, OSError)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a", {"x": np.ones(2)})
    before = (tmp_path / "a").read_bytes()
    code = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from tribe_np.errors import OutputError\n"
        "from tribe_np.formats.safetensors import write_safetensors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"  # writing beyond is refused, as by a full disk
        "try:\n"
        "    write_safetensors(sys.argv[1], {'x': np.ones(10_000)})\n"
        "except OutputError:\n"
        "    sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], capture_output=True, check=False)
    assert done.returncode == 7, done.stderr
    assert (tmp_path / "a").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_file_gets_the_mode_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_safetensors(tmp_path / "a", {"x": np.ones(2)})
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
