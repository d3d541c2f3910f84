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
from math import isfinite, prod, sqrt
from typing import Any

import numpy as np

from tribe_np.errors import RecordingError
from tribe_np.oracle.generator import GOLDEN, mix
from tribe_np.shown import quoted

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
            mean, rms = mean_and_rms(finite)
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
            shape = tuple(whole_number(n) for n in values["shape"])
            mean, rms, smallest, largest = (float(values[key]) for key in ("mean", "rms", "smallest", "largest"))
            others = whole_number(values["n_not_finite"])
            found = cls(shape, str(values["dtype"]), mean, rms, smallest, largest, others, sample)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RecordingError(f"the summary of {name} lacks fields, or they are not numbers: {error}") from error
        if not all(map(isfinite, (mean, rms, smallest, largest))) or rms < 0:
            raise RecordingError(f"the summary of {name}: its statistics must be finite, and rms not below 0")
        size = prod(shape)
        if sample.shape != (min(size, N_PLACES),):
            raise RecordingError(f"the summary of {name}: a shape of {shape} does not have {sample.shape} samples")
        return found


def mean_and_rms(x: np.ndarray) -> tuple[float, float]:
    """The mean and the root mean square of finite numbers; (0, 0) without any.

    Numerics in float64; numbers whose squares it cannot hold are divided by the largest before
    """
    if not x.size:
        return 0.0, 0.0
    with np.errstate(over="ignore"):
        mean, square = float(np.mean(x, dtype=np.float64)), float(np.mean(np.square(x, dtype=np.float64)))
    if isfinite(square) and (square > 0 or not x.any()):
        return mean, sqrt(square)
    scale = float(np.abs(x).max())
    mean, rms = mean_and_rms(x / scale)
    return mean * scale, rms * scale


def whole_number(value: Any) -> int:
    """A count from a file.

    Raises   ValueError for anything else
    """
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"expected a whole number, got {quoted(value)}")
    return value


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
