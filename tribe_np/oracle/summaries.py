"""Summaries: what is kept of an intermediate where whole arrays would take gigabytes.

A summary holds the shape, the dtype, four statistics and the numbers at 1,024 places of the flat array (row-major), the
same places in every language. Of n numbers, place k (from 0) lies in its own 1,024th of them:

    first  = floor(k n / 1024),  width = floor((k + 1) n / 1024) - first
    place  = first + mix((k + 1) * 0x9E3779B97F4A7C15) mod width

with `mix` as in `generator`, modulo 2^64. A fixed step would meet the same channels again and again. All of n <= 1024
numbers are kept.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tribe_np.errors import RecordingError
from tribe_np.oracle.generator import GOLDEN, mix

N_PLACES = 1024


@dataclass(frozen=True, eq=False)
class Summary:
    """What is kept of an array.

    Fields   mean, rms, smallest and largest of the finite numbers, from float64 sums (0 without any); n_not_finite of
             the others; sample the numbers at `sample_places` of the array, in its dtype
    """

    shape: tuple[int, ...]
    dtype: str
    mean: float
    rms: float
    smallest: float
    largest: float
    n_not_finite: int
    sample: np.ndarray  # (min(size, 1024),)

    @classmethod
    def of(cls, array: np.ndarray) -> "Summary":
        """The summary of an array."""
        flat = np.asarray(array).reshape(-1)
        finite = flat if flat.dtype.kind in "iub" else flat[np.isfinite(flat)]
        mean, rms, smallest, largest = 0.0, 0.0, 0.0, 0.0
        if finite.size:
            mean = float(np.mean(finite, dtype=np.float64))
            rms = float(np.sqrt(np.mean(np.square(finite, dtype=np.float64))))
            smallest, largest = float(finite.min()), float(finite.max())
        return cls(
            tuple(array.shape), flat.dtype.name, mean, rms, smallest, largest, flat.size - finite.size,
            flat[sample_places(flat.size)],
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """All but the sample."""
        return {
            "shape": list(self.shape), "dtype": self.dtype, "mean": self.mean, "rms": self.rms,
            "smallest": self.smallest, "largest": self.largest, "n_not_finite": self.n_not_finite,
        }  # fmt: skip

    @classmethod
    def from_json(cls, name: str, values: Any, sample: np.ndarray) -> "Summary":
        """The summary that `as_json` wrote, with its sample.

        Raises   RecordingError for fields that are missing or wrong, or a sample of another length, naming it
        """
        try:
            shape = tuple(int(n) for n in values["shape"])
            mean, rms, smallest, largest = (float(values[key]) for key in ("mean", "rms", "smallest", "largest"))
            others = int(values["n_not_finite"])
            found = cls(shape, str(values["dtype"]), mean, rms, smallest, largest, others, sample)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingError(f"the summary of {name} lacks fields, or they are not numbers: {error}") from error
        size = int(np.prod(shape, dtype=np.int64))
        if sample.shape != (min(size, N_PLACES),):
            raise RecordingError(f"the summary of {name}: a shape of {shape} does not have {sample.shape} samples")
        return found


TapValues = np.ndarray | Summary
"""Every number of an intermediate, or a summary of them."""


@lru_cache(maxsize=64)
def sample_places(size: int) -> np.ndarray:
    """Which numbers of a flat array are kept, ascending.

    Shapes   -> (min(size, 1024),) int64
    """
    if size <= N_PLACES:
        return np.arange(size)
    bounds = np.array([k * size // N_PLACES for k in range(N_PLACES + 1)], np.uint64)
    words = mix(np.arange(1, N_PLACES + 1, dtype=np.uint64) * GOLDEN)
    places: np.ndarray = (bounds[:-1] + words % np.diff(bounds)).astype(np.int64)
    return places
