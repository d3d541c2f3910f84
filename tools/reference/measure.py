"""How parity is measured: largest absolute error over the root mean square of the reference, at every named stage."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.formats.safetensors import write_safetensors
from tribe_np.kernels.choose import kernel_set
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.oracle import relative_error
from tribe_np.pipeline.run_record import installed_versions

FLOAT64_BOUND = 1e-12
PACKAGES = (
    "torch", "torchvision", "torchmetrics", "transformers", "x-transformers", "neuraltrain", "neuralset", "exca",
    "julius", "moviepy", "spacy", "Levenshtein", "tokenizers", "numpy", "numba", "mne", "nilearn",
    "scikit-image", "vtk", "scikit-learn", "himalaya",
)  # fmt: skip
_kernels = ContextVar("kernels", default="reference")


@contextmanager
def using_kernels(name: str) -> Iterator[None]:
    """Within it our models run with the kernels of that name; without it, in plain NumPy."""
    token = _kernels.set(name)
    try:
        yield
    finally:
        _kernels.reset(token)


def our_kernels() -> KernelSet:
    """What our models are to run with."""
    return kernel_set(_kernels.get())


@dataclass(frozen=True)
class Row:
    """One stage of one case, against one real library.

    float32       our float32 error against the peer's float32 (the number a user sees)
    peer_float32  the peer's own float32 error against its float64 run on the same weights and input
    float64       our float64 error against the peer in float64 (None where the stage has no float64 form)
    patched       whether the peer's float32 islands (softmax, norms, rotary tables) were patched to float64
    floor         the bound that holds whatever the peer's own error is: 1e-5 for a stage, 1e-4 for a pipeline, 0 exact
    """

    stage: str
    peer: str
    case: str
    float32: float
    peer_float32: float
    float64: float | None = None
    patched: bool = True
    floor: float = 1e-5

    @property
    def bound(self) -> float:
        """max(floor, 3 x the peer's own float32 error); 0 for a stage that must be equal to the bit."""
        return 0.0 if self.floor == 0 else max(self.floor, 3 * self.peer_float32)

    def passes(self) -> bool:
        """Whether the float32 error is in bounds, and the float64 one where the peer is patched."""
        good = self.float32 <= self.bound
        return good and (self.float64 is None or not self.patched or self.float64 <= FLOAT64_BOUND)


def worst(
    stage: str,
    peer: str,
    case: str,
    ours32: Mapping[str, np.ndarray],
    peer32: Mapping[str, np.ndarray],
    peer64: Mapping[str, np.ndarray],
    ours64: Mapping[str, np.ndarray] | None = None,
    *,
    patched: bool = True,
    floor: float = 1e-5,
) -> list[Row]:
    """One Row per name of `peer32` (every named stage must pass by itself); its stage is stage/name."""
    rows = []
    for name in peer32:
        rows.append(
            Row(
                f"{stage}/{name}",
                peer,
                case,
                relative_error(ours32[name], peer32[name]),
                relative_error(peer32[name], peer64[name]),
                None if ours64 is None else relative_error(ours64[name], peer64[name]),
                patched,
                floor,
            )
        )
    return rows


def versions() -> dict[str, str]:
    """Installed versions of the reference packages."""
    return installed_versions(PACKAGES)


def write_golden(folder: Path, name: str, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Writes folder/name.safetensors with `about` (config, seed, meaning) as JSON under the metadata key "about"."""
    write_safetensors(folder / f"{name}.safetensors", arrays, metadata={"about": json.dumps(about)})


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows for a report."""
    return [asdict(row) | {"bound": row.bound, "passes": row.passes()} for row in rows]
