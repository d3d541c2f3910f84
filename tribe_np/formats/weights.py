"""Weights as a lazy tree: names and shapes come from the headers, bytes are read when a layer takes them."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import CheckpointError, NotFiniteError
from tribe_np.files.file_kinds import HEAD, description
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.formats.safetensors import TensorEntry, read_header
from tribe_np.formats.torch_zip import read_torch_tensors
from tribe_np.protocols import Array
from tribe_np.shown import quoted, some_of

INDEX_NAME = "model.safetensors.index.json"
SINGLE_NAME = "model.safetensors"
TORCH_INDEX_NAME = "pytorch_model.bin.index.json"
TORCH_NAME = "pytorch_model.bin"
LONGEST_NAME = 200  # characters of a tensor's name in a message
MAX_JSON = 8 * MEGABYTE  # the index of a model in shards takes about 100 bytes a tensor
FLOATS = ("F64", "F32", "F16", "BF16")


class WeightTree:
    """The `Weights` protocol over safetensors files or plain arrays; subtrees share one record of what was taken.

    Parameters
        entries       name -> TensorEntry (read at `take`), NumPy array, or the oracle's LazyTensor (made at `take`)
        origin        where they come from, for messages
        dtype         of the arrays handed out
        place         moves a host array to the device of the model
        headers_only  reads no weight: what is taken has its name, dtype and shape checked, and is 0 everywhere
    """

    def __init__(
        self,
        entries: Mapping[str, TensorEntry | np.ndarray],
        *,
        origin: str,
        dtype: Any = np.float32,
        place: Callable[[np.ndarray], Array] = np.asarray,
        headers_only: bool = False,
        _prefix: str = "",
        _taken: set[str] | None = None,
    ) -> None:
        self._entries = entries
        self._origin = origin
        self._dtype = dtype
        self._place = place
        self._headers_only = headers_only
        self._prefix = _prefix
        self._taken: set[str] = set() if _taken is None else _taken

    def at(self, *parts: str | int) -> "WeightTree":
        """The subtree below a dotted prefix."""
        return WeightTree(
            self._entries, origin=self._origin, dtype=self._dtype, place=self._place, headers_only=self._headers_only,
            _prefix=self._prefix + "".join(f"{part}." for part in parts), _taken=self._taken,
        )  # fmt: skip

    def has(self, name: str) -> bool:
        """Whether the tensor is there."""
        return self._prefix + name in self._entries

    def names(self) -> list[str]:
        """Names below this subtree's prefix, without it."""
        return [name[len(self._prefix) :] for name in self._entries if name.startswith(self._prefix)]

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor from the header.

        Raises   CheckpointError when it is missing
        """
        full = self._prefix + name
        if full not in self._entries:
            near = [other for other in self._entries if other.rpartition(".")[2] == full.rpartition(".")[2]]
            hint = f"; there is {_shown(near[0])}" if near else ""
            raise CheckpointError(f"{self._origin}: weight {_shown(full)} is missing{hint}")
        return tuple(self._entries[full].shape)

    def take(self, name: str, shape: tuple[int, ...], columns: np.ndarray | None = None) -> Array:
        """The tensor in the tree's dtype, on its device; `columns` (k,) of its last axis alone where they are given.

        Raises   CheckpointError when missing, of another shape, of a non-float dtype, or with NaN or infinity
        """
        full, entry = self._find(name, shape)
        self._taken.add(full)
        return self._finite(full, entry, columns=columns)

    def skip(self, name: str, shape: tuple[int, ...]) -> None:
        """Marks a tensor as taken that no result depends on, such as a counter of training; its dtype is free.

        Raises   CheckpointError when missing or of another shape
        """
        self._taken.add(self._shaped(name, shape))

    def rows(self, name: str, shape: tuple[int, ...]) -> Callable[[np.ndarray], Array]:
        """A function from host indices (...) to those rows (..., D), for tables of which few rows are used.

        The table stays in its file: rows are read, widened and checked for NaN when asked for.
        Raises   CheckpointError when missing, of another shape or of a non-float dtype
        """
        full, entry = self._find(name, shape)
        self._taken.add(full)

        def read(indices: np.ndarray) -> Array:
            return self._finite(full, entry, rows=indices)

        return read

    def _find(self, name: str, shape: tuple[int, ...]) -> tuple[str, TensorEntry | np.ndarray]:
        full = self._shaped(name, shape)
        entry = self._entries[full]
        is_float = entry.dtype in FLOATS if isinstance(entry, TensorEntry) else entry.dtype.kind == "f"
        if not is_float:
            raise CheckpointError(f"{self._origin}: weight {full} has dtype {entry.dtype}, expected a float one")
        return full, entry

    def _shaped(self, name: str, shape: tuple[int, ...]) -> str:
        full, found = self._prefix + name, self.shape(name)
        if found != tuple(shape):
            raise CheckpointError(f"{self._origin}: weight {full} has shape {found}, expected {tuple(shape)}")
        return full

    def _finite(
        self,
        full: str,
        entry: TensorEntry | np.ndarray,
        *,
        rows: np.ndarray | None = None,
        columns: np.ndarray | None = None,
    ) -> Array:
        if self._headers_only:
            shape = entry.shape if columns is None else (*entry.shape[:-1], len(columns))
            return self._place(np.broadcast_to(np.zeros((), self._dtype), shape))
        with np.errstate(over="ignore"):  # what does not fit the dtype becomes infinite, and is refused below
            if isinstance(entry, TensorEntry):
                array, finite = entry.read_checked(self._dtype, rows=rows, columns=columns)
            else:
                some = entry if rows is None else entry[rows]
                array = np.asarray(some if columns is None else some[..., columns], self._dtype)
                finite = bool(np.all(np.isfinite(array)))
        if not finite:
            raise NotFiniteError(f"{self._origin}: weight {full} holds NaN or infinite values")
        return self._place(array)

    def finish(self, ignore: Mapping[str, str]) -> None:
        """Checks that every tensor was taken; `ignore` maps prefixes of names that may be left to the reason.

        Raises   CheckpointError that lists what is left over
        """
        left = [
            name
            for name in self._entries
            if name not in self._taken and not any(name.startswith(prefix) for prefix in ignore)
        ]
        if left:
            raise CheckpointError(f"{self._origin}: unexpected weights {some_of(list(map(_shown, left)))}")


def _shown(name: str) -> str:
    return name if name.isprintable() and len(name) < LONGEST_NAME else quoted(name, LONGEST_NAME)


def open_folder(
    folder: str | Path,
    *,
    dtype: Any = np.float32,
    place: Callable[[np.ndarray], Array] = np.asarray,
    headers_only: bool = False,
    rename: Callable[[str], str] = lambda name: name,
) -> WeightTree:
    """Weights of a HuggingFace folder (see `read_folder`) as a tree (see `WeightTree` for the options).

    `rename` maps each stored name to the model's own (a prefix dropped, an older spelling).
    Raises   CheckpointError when no weights, a shard, or a tensor named by the index is missing
    """
    entries = renamed(read_folder(folder), rename, origin=str(folder))
    return WeightTree(entries, origin=str(folder), dtype=dtype, place=place, headers_only=headers_only)


def read_folder(folder: str | Path) -> dict[str, TensorEntry]:
    """The tensors of a HuggingFace folder by their stored names.

    Looked for in this order: `model.safetensors.index.json` with its shards, `model.safetensors`, and PyTorch's
    `pytorch_model.bin.index.json` with its shards, `pytorch_model.bin`.
    Raises   CheckpointError as `open_folder`
    """
    folder = Path(folder)
    if not os.path.isdir(folder):  # unlike Path.is_dir, False for a name that the system refuses
        raise CheckpointError(f"{folder}: no such folder; expected config.json and {SINGLE_NAME} in it")
    if os.path.isfile(folder / INDEX_NAME):
        return _sharded_entries(folder / INDEX_NAME, lambda path: read_header(path)[0])
    if os.path.isfile(folder / SINGLE_NAME):
        return read_header(folder / SINGLE_NAME)[0]
    if os.path.isfile(folder / TORCH_INDEX_NAME):
        return _sharded_entries(folder / TORCH_INDEX_NAME, read_torch_tensors)
    if os.path.isfile(folder / TORCH_NAME):
        return read_torch_tensors(folder / TORCH_NAME)
    raise CheckpointError(f"{folder}: holds neither {SINGLE_NAME} nor {INDEX_NAME} (nor {TORCH_NAME})")


def renamed(
    entries: Mapping[str, TensorEntry], rename: Callable[[str], str], *, origin: str
) -> dict[str, TensorEntry | np.ndarray]:
    """The entries under the model's own names.

    Raises   CheckpointError when two get the same
    """
    found: dict[str, TensorEntry | np.ndarray] = {}
    for name, entry in entries.items():
        if rename(name) in found:
            raise CheckpointError(f"{origin}: two tensors mean {_shown(rename(name))}")
        found[rename(name)] = entry
    return found


def _sharded_entries(index_path: Path, read: Callable[[Path], dict[str, TensorEntry]]) -> dict[str, TensorEntry]:
    folder, index_name = index_path.parent, index_path.name
    weight_map = read_json(index_path).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(v, str) for v in weight_map.values()):
        raise CheckpointError(f"{index_path}: needs weight_map, from tensor names to shard files")
    shards: dict[str, dict[str, TensorEntry]] = {}
    for shard in dict.fromkeys(weight_map.values()):
        if Path(shard).name != shard:
            raise CheckpointError(f"{index_path}: shard {quoted(shard)} must be a file name in the same folder")
        if not os.path.isfile(folder / shard):
            raise CheckpointError(f"{folder}: shard {_shown(shard)} is missing; {index_name} names it")
        shards[shard] = read(folder / shard)
    for name, shard in weight_map.items():
        if name not in shards[shard]:
            raise CheckpointError(f"{folder / shard}: tensor {_shown(name)} is missing; {index_name} places it there")
    return {name: shards[shard][name] for name, shard in weight_map.items()}


def read_json(path: str | Path, *, most: int = MAX_JSON) -> dict[str, Any]:
    """A JSON object from a file of at most `most` bytes.

    Raises   CheckpointError, naming the file: missing, no regular file, too large, not UTF-8, not JSON, or no object
    """
    raw = read_small_file(path, most=most)
    try:
        value = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits too
        if other := description(raw[:HEAD]):
            raise CheckpointError(f"{path}: not JSON but {other}") from error
        raise CheckpointError(f"{path}: not valid JSON: {str(error)[:80]}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value
