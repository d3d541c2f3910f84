"""safetensors files whose bytes are ours alone: tensors in a given order, a block of numbers at a time.

The library orders its header as its version likes. Here it is fixed, so that a file's digest can be pinned:

    8 bytes   the header's length, little end first
    header    JSON without spaces: "__metadata__" first where there is any, then the tensors in the order of their
              bytes, each {"dtype", "shape", "data_offsets"}; spaces behind it up to a multiple of 8 bytes
    numbers   row-major, little end first; tensors of 8-byte numbers first, then 4, 2 and 1, so that all are aligned
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.formats.safetensors import STORED
from tribe_np.oracle.kits.lazy_tensors import LazyTensor

NAMES = {np.dtype(held): name for name, held in STORED.items() if name != "BF16"}


@dataclass(frozen=True, eq=False)
class TensorOut:
    """A tensor to be written: its blocks, flat, are asked for when it is its turn."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    blocks: Iterable[np.ndarray]

    @classmethod
    def of(cls, name: str, array: Any) -> "TensorOut":
        """An array, or a LazyTensor."""
        if isinstance(array, LazyTensor):
            return cls(name, array.dtype, array.shape, array.blocks())
        return cls(name, array.dtype, array.shape, [np.ascontiguousarray(array).reshape(-1)])


def write_ordered(path: Path, tensors: Sequence[TensorOut], metadata: Mapping[str, str] | None = None) -> str:
    """Writes the file and gives its SHA-256; callers see to it that the file appears whole.

    Raises   ShapeError for a dtype that the format lacks, or blocks that are not as long as the shape says; OSError
    """
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for part in ordered_bytes(tensors, metadata):
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


def ordered_bytes(tensors: Sequence[TensorOut], metadata: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """The bytes of a file of these tensors, part by part.

    Raises   ShapeError as `write_ordered`
    """
    ordered = sorted(tensors, key=lambda tensor: -tensor.dtype.itemsize)  # stable
    yield header_bytes(ordered, metadata or {})
    for tensor in ordered:
        yield from _blocks(tensor)


def header_bytes(tensors: Sequence[TensorOut], metadata: Mapping[str, str]) -> bytes:
    """Length and header of a file of these tensors, in this order."""
    entries: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for tensor in tensors:
        if tensor.dtype not in NAMES:
            raise ShapeError(f"tensor {tensor.name} has dtype {tensor.dtype}, which safetensors files cannot hold")
        start, end = end, end + prod(tensor.shape) * tensor.dtype.itemsize
        dtype = NAMES[tensor.dtype]
        entries[tensor.name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(entries, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _blocks(tensor: TensorOut) -> Iterator[bytes]:
    n_numbers = 0
    for block in tensor.blocks:
        n_numbers += block.size
        yield np.ascontiguousarray(block, tensor.dtype.newbyteorder("<")).tobytes()
    if n_numbers != prod(tensor.shape):
        raise ShapeError(f"tensor {tensor.name} of shape {tensor.shape} has {n_numbers} numbers")
