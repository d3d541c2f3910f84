"""PyTorch's zip checkpoints without PyTorch: what torch.save wrote, its tensors left in the file until they are read.

    <root>/data.pkl      a pickle of plain containers, tensors as (storage, offset, shape, strides)
    <root>/data/<key>    the bytes of a storage, uncompressed; several tensors may share one
    <root>/byteorder     "little" or "big" (absent: little)

Devices named in the pickle are ignored. Every storage is checked against its member and every tensor against its
storage before an entry is made.
Source   torch 2.13 serialization.py _save, _load; the torch zip layout of upstream's best.ckpt
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError, reason_of
from tribe_np.formats.safetensors import STORED, TensorEntry
from tribe_np.formats.torch_pickle import MAX_BYTES, StoredTensor, is_text, read_pickle
from tribe_np.formats.zip_members import Member, check_member, read_members

DTYPES = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
    "BoolStorage": "BOOL", "UntypedStorage": "U8",
}  # fmt: skip
BYTE_ORDERS = (b"little", b"big")


@dataclass(frozen=True)
class StridedEntry(TensorEntry):
    """A tensor whose values lie apart, in another order or big end first: a window on bytes that others may share.

    Units    strides in elements
    """

    strides: tuple[int, ...] = ()
    big_endian: bool = False

    def stored(self) -> np.ndarray:
        """The tensor as it lies in the file: a read-only memory map (a copy of a big-endian one); BF16 as its bits.

        Raises   CheckpointError when the file cannot be read or has become shorter
        """
        dtype = np.dtype(STORED[self.dtype])
        try:
            if math.prod(self.shape) == 0:
                return np.empty(self.shape, dtype)
            span = 1 + _last_index(self.shape, self.strides)
            raw = np.memmap(self.path, np.uint8, "r", self.offset, (span * dtype.itemsize,))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.path}: tensor {self.name} cannot be read: {error}") from error
        flat = raw.view(dtype.newbyteorder(">") if self.big_endian else dtype)
        window = np.lib.stride_tricks.as_strided(
            flat, self.shape, tuple(stride * dtype.itemsize for stride in self.strides), writeable=False
        )
        return window.astype(dtype) if self.big_endian else window

    def row(self, number: int) -> TensorEntry:
        """One row of the first axis, as a tensor of its own."""
        offset = self.offset + number * self.strides[0] * np.dtype(STORED[self.dtype]).itemsize
        return replace(self, shape=self.shape[1:], strides=self.strides[1:], offset=offset)

    def read_checked(
        self, dtype: Any = None, *, rows: np.ndarray | None = None, columns: np.ndarray | None = None
    ) -> tuple[np.ndarray, bool]:
        """As `TensorEntry.read_checked`, through the memory map; of `columns` only these are looked at."""
        stored = self.stored() if rows is None else self.stored()[rows]
        return self._copied(stored if columns is None else stored[..., columns], dtype)


@dataclass(frozen=True, eq=False)
class TorchFile:
    """An opened checkpoint: plain containers whose tensors are StoredTensor until `entry` makes them readable."""

    path: Path
    top: Any
    members: Mapping[str, Member]  # by storage key
    big_endian: bool

    def tensors(self, mapping: Any, *, where: str) -> dict[str, TensorEntry]:
        """The tensors of a mapping from names, as entries.

        Raises   CheckpointError when `where` is not a mapping from names to tensors, or a tensor exceeds its storage
        """
        if not isinstance(mapping, dict) or not all(isinstance(name, str) for name in mapping):
            raise CheckpointError(f"{self.path}: {where} must map names to tensors, got {type(mapping).__name__}")
        for name, value in mapping.items():
            if not is_text(name):
                raise CheckpointError(f"{self.path}: {where} has a name that is not valid Unicode: {name[:80]!r}")
            if not isinstance(value, StoredTensor):
                raise CheckpointError(f"{self.path}: {where} holds a {type(value).__name__} as {name[:80]!r}")
        return {name: self.entry(name, value) for name, value in mapping.items()}

    def entry(self, name: str, tensor: StoredTensor) -> TensorEntry:
        """The tensor as something that can be read.

        Raises   CheckpointError when it lies outside its storage, or repeats elements beyond the file's own size
        """
        where = f"{self.path}: tensor {name[:80]!r}"
        storage = tensor.storage
        dtype = DTYPES[storage.type_name]
        item = np.dtype(STORED[dtype]).itemsize
        if storage.key not in self.members:
            raise CheckpointError(f"{where} needs the storage {storage.key[:40]!r}, which the file lacks")
        member = self.members[storage.key]
        if member.n_bytes != storage.n_elements * item:
            raise CheckpointError(
                f"{where}: its storage {storage.key[:40]!r} has {member.n_bytes} bytes, expected "
                f"{storage.n_elements} x {item}"
            )
        strides = tuple(stride if n > 1 else 0 for n, stride in zip(tensor.shape, tensor.strides, strict=True))
        entry = TensorEntry(self.path, name, dtype, tensor.shape, member.offset + tensor.offset * item)
        if self.big_endian or strides != _whole_strides(tensor.shape):
            entry = StridedEntry(**vars(entry), strides=strides, big_endian=self.big_endian)
        if math.prod(tensor.shape) and tensor.offset + _last_index(tensor.shape, tensor.strides) >= storage.n_elements:
            raise CheckpointError(
                f"{where} of shape {tensor.shape} reaches beyond its storage of {storage.n_elements} elements"
            )
        if entry.n_bytes > max(self.path.stat().st_size, item * storage.n_elements):
            raise CheckpointError(f"{where} of shape {tensor.shape} repeats a small storage beyond the file's size")
        return entry

    def check(self, step: Callable[[int], object] = lambda n: None) -> None:
        """Reads every storage once and compares its checksum.

        Raises   CheckpointError
        """
        for member in self.members.values():
            check_member(self.path, member, step)


def _whole_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a tensor without gaps; 0 for axes of one, as in StridedEntry."""
    return tuple(math.prod(shape[i + 1 :]) if n > 1 else 0 for i, n in enumerate(shape))


def _last_index(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    return sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))


def open_torch(path: str | Path) -> TorchFile:
    """What torch.save wrote; tensors stay in the file.

    Raises   CheckpointError in one line: no such zip file, damaged, or a pickle that is not plain data (see
             `read_pickle`); nothing in the file is ever run
    """
    path = Path(path)
    members = read_members(path)
    pickles = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise CheckpointError(f"{path}: not a PyTorch checkpoint: expected one data.pkl in it, found {len(pickles)}")
    root = pickles[0].removesuffix("data.pkl")
    order = _read_member(path, members[root + "byteorder"]) if root + "byteorder" in members else b"little"
    if order not in BYTE_ORDERS:
        raise CheckpointError(f"{path}: byteorder must be little or big, got {order[:20]!r}")
    top = read_pickle(_read_member(path, members[pickles[0]]), origin=f"{path}")
    storages = {
        name.removeprefix(root + "data/"): member for name, member in members.items() if name.startswith(root + "data/")
    }
    return TorchFile(path, top, storages, order == b"big")


def _read_member(path: Path, member: Member) -> bytes:
    if member.n_bytes > MAX_BYTES:
        raise CheckpointError(
            f"{path}: member {member.name[:80]!r} has {member.n_bytes} bytes; at most {MAX_BYTES} are read"
        )
    check_member(path, member)
    try:
        with path.open("rb") as file:
            file.seek(member.offset)
            return file.read(member.n_bytes)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {reason_of(error)}") from error


def read_torch_tensors(path: str | Path) -> dict[str, TensorEntry]:
    """The tensors of a weights file such as pytorch_model.bin: a mapping from names to tensors at the top.

    Raises   CheckpointError as `open_torch`
    """
    opened = open_torch(path)
    return opened.tensors(opened.top, where="the file")
