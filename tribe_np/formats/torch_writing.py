"""A PyTorch checkpoint written without PyTorch: the file that `torch.load(weights_only=True)` and `open_torch` read.

    archive/data.pkl    a pickle of plain containers, tensors as (storage, offset, shape, strides)
    archive/data/<n>    the bytes of tensor n, uncompressed, at a multiple of 64 bytes so that they can be mapped
    archive/byteorder, archive/version

The pickle is put together from its opcodes: it names what torch needs to build tensors, and nothing else.
Source   torch 2.13 serialization._save, pickletools (protocol 2)
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from tribe_np.errors import OutputError, ShapeError, reason_of
from tribe_np.files.atomic import whole_file

ROOT = "archive"
STORAGES = {
    "float64": "DoubleStorage", "float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage",
    "int32": "IntStorage", "int16": "ShortStorage", "int8": "CharStorage", "uint8": "ByteStorage",
    "bool": "BoolStorage",
}  # fmt: skip
ALIGNMENT = 64
LOCAL_HEADER, WIDE_FIELDS = 30, 20  # bytes before a member's name, and of sizes beyond 4 GB
LARGE = 2**30


def write_torch(path: str | Path, top: Any, *, bf16: frozenset[str] = frozenset()) -> None:
    """Writes dicts, tuples, text, numbers, None and arrays as torch.save does, whole or not at all.

    Arrays under a key in `bf16` hold bfloat16 bits as uint16; lists become tuples, arrays become tensors on the CPU.
    Raises   ShapeError for a dtype or value that such a file cannot hold; OutputError when the disk refuses
    """
    pickle = _Pickle(str(path), bf16)
    raw = pickle.of(top)
    try:
        with whole_file(Path(path)) as partial, partial.open("wb") as file, ZipFile(file, "w", ZIP_STORED) as archive:
            _add(archive, "data.pkl", raw, file.tell())
            _add(archive, "byteorder", b"little", file.tell())
            for number, array in enumerate(pickle.arrays):
                flat = array.reshape(-1)
                little = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
                _add(archive, f"data/{number}", little.view(np.uint8).data, file.tell())
            _add(archive, "version", b"3\n", file.tell())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from error


def _add(archive: ZipFile, name: str, raw: bytes | memoryview, at: int) -> None:
    """A member whose bytes begin at a multiple of 64: its header, which begins at `at`, is filled up as torch's is."""
    info = ZipInfo(f"{ROOT}/{name}")
    is_large = len(raw) > LARGE
    start = at + LOCAL_HEADER + len(info.filename) + 4 + (WIDE_FIELDS if is_large else 0)
    n_fill = -start % ALIGNMENT
    info.extra = b"FB" + n_fill.to_bytes(2, "little") + b"Z" * n_fill
    with archive.open(info, "w", force_zip64=is_large) as member:
        member.write(raw)


class _Pickle:
    """Opcodes of a value, and the arrays that it holds, in the order of their numbers."""

    def __init__(self, origin: str, bf16: frozenset[str]) -> None:
        self.origin = origin
        self.bf16 = bf16
        self.arrays: list[np.ndarray] = []

    def of(self, top: Any) -> bytes:
        """The whole pickle."""
        return b"\x80\x02" + self._value(top, "") + b"."

    def _value(self, value: Any, key: str) -> bytes:
        if isinstance(value, Mapping):
            pairs = b"".join(self._value(k, "") + self._value(v, str(k)) for k, v in value.items())
            return b"}(" + pairs + b"u"
        if isinstance(value, (tuple, list)):
            return b"(" + b"".join(self._value(one, key) for one in value) + b"t"
        if isinstance(value, str):
            raw = value.encode("utf-8")
            return b"X" + len(raw).to_bytes(4, "little") + raw
        if value is None or isinstance(value, bool):
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        if isinstance(value, int):
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + len(raw).to_bytes(1, "little") + raw
        if isinstance(value, np.ndarray):
            return self._tensor(value, key)
        raise ShapeError(f"{self.origin}: {key or 'a value'} is a {type(value).__name__}, which cannot be written")

    def _tensor(self, array: np.ndarray, key: str) -> bytes:
        """A tensor with a storage of its own; a parameter would only be another name around it."""
        is_bf16 = key in self.bf16 and array.dtype == np.uint16
        storage = "BFloat16Storage" if is_bf16 else STORAGES.get(array.dtype.name)
        if storage is None:
            raise ShapeError(f"{self.origin}: tensor {key} has dtype {array.dtype}, which a checkpoint cannot hold")
        number, shape = len(self.arrays), tuple(array.shape)
        self.arrays.append(np.ascontiguousarray(array))
        strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
        where = self._value("storage", "") + _named("torch", storage) + self._value((str(number), "cpu"), "")[1:-1]
        window = b"(" + where + self._value(array.size, "") + b"tQ" + self._value((0, shape, strides, False), "")[1:-1]
        return _named("torch._utils", "_rebuild_tensor_v2") + b"(" + window + NO_HOOKS + b"tR"


def _named(module: str, name: str) -> bytes:
    return b"c" + f"{module}\n{name}\n".encode()


NO_HOOKS = _named("collections", "OrderedDict") + b")R"
