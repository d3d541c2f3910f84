"""Writing a safetensors file tensor by tensor, so that converting a large checkpoint needs memory for one of them.

The library writes from arrays that are all in memory, and tells nothing of how far it is.
Source   safetensors 0.8 format description
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tribe_np.errors import CheckpointError
from tribe_np.formats.safetensors import STORED, TensorEntry

BLOCK = 1 << 24
ALIGNMENT = 8
METADATA = "__metadata__"


def stream_safetensors(
    path: str | Path,
    entries: Mapping[str, TensorEntry],
    *,
    metadata: Mapping[str, str] | None = None,
    step: Callable[[int], object] = lambda n: None,
) -> None:
    """Writes the tensors under the mapping's names, bit for bit in their stored dtype; `step` gets the bytes written.

    Wider dtypes come first, as the library orders them, so that every tensor is aligned.
    Raises   CheckpointError for a tensor that cannot be read or has a reserved name; OSError from the disk
    """
    if METADATA in entries:
        raise CheckpointError(
            f"{entries[METADATA].path}: holds a tensor named {METADATA}, a name that safetensors keeps for itself"
        )
    ordered = sorted(entries.items(), key=lambda item: (-np.dtype(STORED[item[1].dtype]).itemsize, item[0]))
    header: dict[str, object] = {METADATA: dict(metadata)} if metadata else {}
    end = 0
    for name, entry in ordered:
        start, end = end, end + entry.n_bytes
        header[name] = {"dtype": entry.dtype, "shape": list(entry.shape), "data_offsets": [start, end]}
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    raw += b" " * (-len(raw) % ALIGNMENT)
    with Path(path).open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for _, entry in ordered:
            stored = np.ascontiguousarray(entry.stored()).reshape(-1).view(np.uint8)
            for at in range(0, stored.size, BLOCK):
                block = stored[at : at + BLOCK]
                file.write(block.data)
                step(block.size)
