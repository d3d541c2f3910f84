"""PyTorch checkpoints made without PyTorch, for tests: well-formed ones, and ones that are wrong in a chosen way."""

import io
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KINDS = {
    "float64": "Double", "float32": "Float", "float16": "Half", "uint16": "BFloat16", "int64": "Long",
    "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A global of a pickle."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """REDUCE of a global."""

    function: Name
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Persistent:
    """A persistent id."""

    value: Any


REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
ORDERED = Call(Name("collections", "OrderedDict"), ())


def tensor(
    key: str,
    kind: str,
    n_elements: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int = 0,
    location: str = "cpu",
) -> Call:
    """A tensor as torch.save describes it."""
    storage = Persistent(("storage", Name("torch", f"{kind}Storage"), key, location, n_elements))
    return Call(REBUILD, (storage, offset, shape, strides, False, ORDERED))


def encode(value: Any) -> bytes:
    """A value as pickle opcodes of protocol 2."""
    match value:
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int():
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(raw)]) + raw
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case Name():
            return f"c{value.module}\n{value.name}\n".encode()
        case Call():
            return encode(value.function) + encode(value.arguments) + b"R"
        case Persistent():
            return encode(value.value) + b"Q"
        case tuple():
            return b"(" + b"".join(map(encode, value)) + b"t"
        case list():
            return b"](" + b"".join(map(encode, value)) + b"e"
        case dict():
            return b"}(" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"u"
        case bytes():
            return value  # opcodes as they are
    raise TypeError(type(value))


def pickled(value: Any) -> bytes:
    """A whole pickle."""
    return b"\x80\x02" + encode(value) + b"."


def write(
    path: Path,
    value: Any,
    storages: Mapping[str, bytes],
    *,
    root: str = "best",
    byteorder: bytes | None = b"little",
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """Writes a checkpoint; `value` may be a finished pickle (bytes)."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(f"{root}/data.pkl", value if isinstance(value, bytes) else pickled(value))
        if byteorder is not None:
            archive.writestr(f"{root}/byteorder", byteorder)
        for key, raw in storages.items():
            archive.writestr(f"{root}/data/{key}", raw)
        archive.writestr(f"{root}/version", b"3\n")
    return path


def from_arrays(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, Call], dict[str, bytes]]:
    """Contiguous tensors with a storage each; uint16 stands for bfloat16 bits."""
    tensors, storages = {}, {}
    for i, (name, array) in enumerate(arrays.items()):
        strides = tuple(s // array.itemsize for s in np.ascontiguousarray(array).strides) if array.ndim else ()
        tensors[name] = tensor(str(i), KINDS[array.dtype.name], array.size, array.shape, strides)
        storages[str(i)] = array.tobytes()
    return tensors, storages


def lightning(
    arrays: Mapping[str, np.ndarray], build_args: Any, **extra: Any
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The top of a best.ckpt, names with the prefix `model.`."""
    tensors, storages = from_arrays({f"model.{name}": array for name, array in arrays.items()})
    return {**extra, "state_dict": tensors, "model_build_args": build_args}, storages


def zipped(value: Any, storages: Mapping[str, bytes]) -> bytes:
    """The bytes of a small checkpoint."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("best/data.pkl", pickled(value))
        for key, raw in storages.items():
            archive.writestr(f"best/data/{key}", raw)
    return buffer.getvalue()
