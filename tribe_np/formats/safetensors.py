"""safetensors files, with bfloat16 (which the library's NumPy side lacks); tensors stay there until they are read.

Layout: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the bytes.
Every count is checked against the file's size before anything is allocated. Writing uses the library.
Source   safetensors 0.8 format description
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, TensorSpec, serialize_file

from tribe_np.errors import CheckpointError, OutputError, ShapeError, reason_of
from tribe_np.files.atomic import whole_file
from tribe_np.files.file_kinds import file_description
from tribe_np.files.small_files import check_regular
from tribe_np.formats.blocks import read_blocks, read_columns, write_values
from tribe_np.shown import quoted

MAX_HEADER = 8_000_000  # bytes, 80,000 tensors; the library allows 100 MB, which takes Python 100 s and 3 GB
STORED = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip
"""How each dtype of the format is held in memory; BF16 as its 16 bits."""


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a file, its values one after the other, little end first: known before its bytes are read."""

    path: Path
    name: str
    dtype: str  # the format's name, such as "BF16"
    shape: tuple[int, ...]
    offset: int  # of the first byte, from the start of the file

    @property
    def n_bytes(self) -> int:
        """Size in the file."""
        return math.prod(self.shape) * np.dtype(STORED[self.dtype]).itemsize

    def stored(self) -> np.ndarray:
        """The tensor as it lies in the file: a read-only memory map; BF16 as uint16 bits.

        Raises   CheckpointError when the file cannot be read or has become shorter
        """
        try:
            if self.n_bytes == 0:
                return np.empty(self.shape, STORED[self.dtype])
            raw = np.memmap(self.path, np.uint8, "r", self.offset, (self.n_bytes,))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.path}: tensor {self.name} cannot be read: {error}") from error
        return raw.view(STORED[self.dtype]).reshape(self.shape)

    def row(self, number: int) -> "TensorEntry":
        """One row of the first axis, as a tensor of its own."""
        row = replace(self, shape=self.shape[1:])
        return replace(row, offset=self.offset + number * row.n_bytes)

    def read(self, dtype: Any = None, *, rows: np.ndarray | None = None) -> np.ndarray:
        """The tensor's values, or those of some rows, in `dtype` (None: the stored one; float32 for BF16).

        Raises   CheckpointError when the file cannot be read or has become shorter
        """
        return self.read_checked(dtype, rows=rows)[0]

    def read_checked(
        self, dtype: Any = None, *, rows: np.ndarray | None = None, columns: np.ndarray | None = None
    ) -> tuple[np.ndarray, bool]:
        """`read`, and whether all values are finite. The array is its own: no page of the file stays mapped.

        `columns` picks some of the last axis; whether values are finite is then told of the whole tensor.
        """
        if rows is not None:
            return self._copied(self.stored()[rows], dtype)
        where = self.path, self.offset, self.dtype, np.dtype(STORED[self.dtype])
        try:
            if columns is not None:
                part = np.empty((*self.shape[:-1], len(columns)), self._wanted(dtype))
                rows_of_part = part.reshape(-1, len(columns))
                return part, read_columns(*where, self.shape[-1], columns, rows_of_part)
            out = np.empty(self.shape, self._wanted(dtype))
            finite = read_blocks(*where, out.reshape(-1))
        except (OSError, EOFError, ValueError) as error:
            raise CheckpointError(f"{self.path}: tensor {self.name} cannot be read: {error}") from error
        return out, finite

    def _copied(self, mapped: np.ndarray, dtype: Any) -> tuple[np.ndarray, bool]:
        """Stored values as an array of its own, and whether all are finite."""
        values = np.ascontiguousarray(mapped)
        out = np.empty(values.shape, self._wanted(dtype))
        return out, write_values(values.reshape(-1), out.reshape(-1), self.dtype)

    def _wanted(self, dtype: Any) -> np.dtype:
        return np.dtype(dtype or (np.float32 if self.dtype == "BF16" else STORED[self.dtype]))


def widen_bf16(bits: np.ndarray) -> np.ndarray:
    """bfloat16 bits as float32, exactly: the 16 bits are the upper half of the float32.

    Shapes   bits (...) uint16 -> (...) float32
    """
    return (bits.astype(np.uint32) << 16).view(np.float32)


def narrow_bf16(x: np.ndarray) -> np.ndarray:
    """float32 rounded to bfloat16 bits, to nearest, ties to even; NaN stays NaN.

    Shapes   x (...) float32 -> (...) uint16
    """
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(x), 0x7FC0, rounded).astype(np.uint16)


def read_header(path: str | Path) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    """Tensors of a file by name, in file order of their bytes, and its metadata.

    Raises   CheckpointError, naming the file: missing, truncated, malformed or self-contradicting
    """
    path = Path(path)
    try:
        size = check_regular(path)
        with path.open("rb") as file:
            prefix = file.read(8)
            n_header = int.from_bytes(prefix, "little")
            if len(prefix) < 8:
                raise CheckpointError(f"{path}: not a safetensors file: {size} bytes, too short for a header")
            if n_header > min(size - 8, MAX_HEADER):
                if other := file_description(path):
                    raise CheckpointError(f"{path}: not a safetensors file but {other}")
                if n_header <= size - 8:
                    raise CheckpointError(f"{path}: the header claims {n_header} bytes; at most {MAX_HEADER} are read")
                raise CheckpointError(
                    f"{path}: the header claims {n_header} bytes but the file has {size}; it is truncated or damaged"
                )
            raw = file.read(n_header)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {reason_of(error)}") from error
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique_keys)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: the header is not valid JSON: {str(error)[:80]}") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path}: the header must be a JSON object, got {type(header).__name__}")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CheckpointError(f"{path}: __metadata__ must map text to text")
    entries = {name: _entry(path, name, spec, 8 + n_header) for name, spec in header.items()}
    return _checked_layout(path, entries, header, size - 8 - n_header), metadata


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("duplicate key")
    return mapping


def _entry(path: Path, name: str, spec: Any, base: int) -> TensorEntry:
    where = f"{path}: tensor {name[:80]!r}"
    if not isinstance(spec, dict) or set(spec) != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"{where} must have dtype, shape and data_offsets")
    dtype, shape, offsets = spec["dtype"], spec["shape"], spec["data_offsets"]
    if not isinstance(dtype, str) or dtype not in STORED:
        raise CheckpointError(f"{where} has dtype {str(dtype)[:40]!r}; known are {', '.join(STORED)}")
    if not _are_counts(shape) or len(shape) > 32 or not _are_counts(offsets) or len(offsets) != 2:
        raise CheckpointError(f"{where} has a malformed shape or data_offsets")
    entry = TensorEntry(path, name, dtype, tuple(shape), base + offsets[0])
    if offsets[1] - offsets[0] != entry.n_bytes:
        raise CheckpointError(
            f"{where} claims {offsets[1] - offsets[0]} bytes, but {dtype} of shape {shape} takes {entry.n_bytes}"
        )
    return entry


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**63 for v in values
    )


def _checked_layout(
    path: Path, entries: dict[str, TensorEntry], header: dict[str, Any], n_data: int
) -> dict[str, TensorEntry]:
    ordered = sorted(entries.values(), key=lambda e: (e.offset, e.n_bytes))
    end = 0
    for entry in ordered:
        start, stop = header[entry.name]["data_offsets"]
        if start != end:
            raise CheckpointError(
                f"{path}: tensor {quoted(entry.name)} starts at byte {start}, expected {end} (overlap or gap)"
            )
        end = stop
    if end != n_data:
        raise CheckpointError(
            f"{path}: tensors take {end} bytes but the file holds {n_data}; it is truncated or damaged"
        )
    return {entry.name: entry for entry in ordered}


def write_safetensors(
    path: str | Path,
    tensors: Mapping[str, np.ndarray],
    *,
    metadata: Mapping[str, str] | None = None,
    bf16: frozenset[str] = frozenset(),
) -> None:
    """Writes the file whole or not at all; names in `bf16` hold bfloat16 bits as uint16.

    Raises   ShapeError for a dtype the format lacks; OutputError when the disk refuses
    """
    names = {np.dtype(stored) for stored in STORED.values()}
    arrays = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}  # kept alive while written
    specs = {}
    for name, array in arrays.items():
        if array.dtype not in names:
            raise ShapeError(f"{path}: tensor {name} has dtype {array.dtype}, which safetensors files cannot hold")
        dtype = "bfloat16" if name in bf16 else array.dtype.name
        specs[name] = TensorSpec(
            dtype=dtype, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes
        )
    try:
        with whole_file(Path(path)) as partial:
            partial.touch()  # has the mode that the user's umask gives; the library's own is for the owner only
            mode = partial.stat().st_mode
            serialize_file(specs, str(partial), dict(metadata) if metadata else None)
            partial.chmod(mode)
    except (SafetensorError, OSError) as error:
        raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from error
