"""Weights and inputs from integers: the same bits on every machine and in every language, without log or cos.

A tensor's numbers depend on the seed, its name and the place in it (row-major), and on nothing else:

    hash      FNV-1a of the name's UTF-8 bytes, 64 bits
    mix(z)    z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27; z *= 0x94D049BB133111EB; z ^= z >> 31
    word(i)   mix(mix(seed + hash) + (i + 1) * 0x9E3779B97F4A7C15)

all modulo 2^64. A word becomes a number by the recipe's kind (see `TensorRecipe`): an integer of at most 18 bits times
a power of two, which float32 holds exactly.
Source   splitmix64 (Steele, Lea and Flood 2014), FNV-1a (Fowler, Noll and Vo)
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.shown import quoted, some_of

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
KINDS = ("normal", "gain", "uniform", "integer")
DTYPES = ("float32", "int64", "uint8")
MOST_EXPONENT = 60
MOST_SHIFT = 1000  # where float32 ends, zeros are left
BLOCK = 1 << 16  # words made at once: they stay in the processor's cache
EVEN_PARTS = np.uint64(0x0000FFFF0000FFFF)


@dataclass(frozen=True)
class TensorRecipe:
    """How a tensor is generated: `Kit` holds one for each, in the order of the file.

    Kinds    normal   the four 16-bit parts of the word added, minus 131070, times 2^-exponent: standard deviation
                      37837 x 2^-exponent (about 2^(15.2 - exponent)), nearly Gaussian
             gain     1 + (the lowest 16 bits - 32768) x 2^-17: from 0.75 to 1.25
             uniform  (the lowest 16 bits - 32768) x 2^-exponent
             integer  low + the word's upper 32 bits x (high - low) / 2^32, rounded down: low to high - 1
    Fields   scaled: indices along `axis` whose numbers are multiplied by 2^shift besides: tokens of tiny norm, channels
             with outliers, steps that are zero
    """

    name: str
    shape: tuple[int, ...]
    kind: str = "normal"
    exponent: int = 15
    low: int = 0
    high: int = 0
    dtype: str = "float32"  # or int64, uint8 of the kind integer
    axis: int = 0
    scaled: tuple[int, ...] = ()
    shift: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fields that are not their default, for the manifest."""
        plain = asdict(TensorRecipe(self.name, self.shape))
        return {k: v for k, v in asdict(self).items() if k in ("name", "shape", "kind") or v != plain[k]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TensorRecipe":
        """The recipe that `as_json` wrote.

        Raises   ConfigError for a field that is unknown, missing or impossible
        """
        if not isinstance(values, dict):
            raise ConfigError(f"a tensor's recipe must be an object, got {quoted(values)}")
        try:
            fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            found = cls(**fields)
        except TypeError as error:
            raise ConfigError(
                f"a tensor's recipe has unknown or missing fields: {some_of(sorted(values), 9)}"
            ) from error
        if not isinstance(values["name"], str):
            raise ConfigError(f"a tensor's recipe has the name {quoted(values['name'])}; expected text")
        if wrong := next(found._impossible(), None):
            raise ConfigError(f"the recipe of tensor {quoted(found.name)} has an impossible {wrong}")
        return found

    def _impossible(self) -> Iterator[str]:
        """Which fields no generator could obey."""
        if not _are_whole(self.shape) or not all(0 <= n < 1 << 48 for n in self.shape) or len(self.shape) > 8:
            yield f"shape; expected at most 8 whole numbers, got {quoted(self.shape)}"
            return
        if self.kind not in KINDS:
            yield f"kind {quoted(self.kind)}; known are {', '.join(KINDS)}"
        if self.dtype not in DTYPES or (self.kind != "integer" and self.dtype != "float32"):
            yield f"dtype {quoted(self.dtype)}; known are {', '.join(DTYPES)}, the last two of integers alone"
        whole = {"exponent": self.exponent, "low": self.low, "high": self.high, "axis": self.axis, "shift": self.shift}
        for name, value in whole.items():
            if not _are_whole((value,)):
                yield f"{name} {quoted(value)}; expected a whole number"
                return
        if not (abs(self.exponent) <= MOST_EXPONENT and -MOST_SHIFT <= self.shift <= MOST_EXPONENT):
            yield f"exponent or shift; expected at most {MOST_EXPONENT}"
        if self.kind == "integer" and not 0 < self.high - self.low <= 1 << 32:
            yield f"low and high; expected 1 to 2^32 integers, got {self.low} to {self.high}"
        if not 0 <= self.axis < max(1, len(self.shape)):
            yield f"axis {self.axis}; the shape has {len(self.shape)}"
        elif self.scaled and not self.shape:
            yield "scaled; the shape has no axis"
        elif not _are_whole(self.scaled) or not all(0 <= i < self.shape[self.axis] for i in self.scaled):
            yield "scaled; expected indices along the axis"


def _are_whole(values: Any) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def generate(recipe: TensorRecipe, seed: int) -> np.ndarray:
    """The tensor, in memory.

    Shapes   -> recipe.shape, in recipe.dtype
    """
    flat = np.empty(prod(recipe.shape), recipe.dtype)
    for first, block in generate_blocks(recipe, seed):
        flat[first : first + len(block)] = block
    return flat.reshape(recipe.shape)


def generate_blocks(
    recipe: TensorRecipe, seed: int, start: int = 0, stop: int | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """(first place, numbers) of the flat tensor, a block at a time: full-size tables need not be in memory."""
    key, total = stream_key(recipe.name, seed), prod(recipe.shape) if stop is None else stop
    for first in range(start, total, BLOCK):
        places = np.arange(first, min(first + BLOCK, total), dtype=np.uint64)
        words = mix(key + (places + np.uint64(1)) * GOLDEN)
        yield first, _numbers(recipe, words, places)


def stream_key(name: str, seed: int) -> np.uint64:
    """What all words of a tensor start from.

    Raises   ConfigError for a seed outside 0 to 2^64 - 1
    """
    if not 0 <= seed < 1 << 64:
        raise ConfigError(f"seed must lie in 0 to 2^64 - 1, got {seed}")
    found = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        found = ((found ^ byte) * 0x100000001B3) % (1 << 64)
    return np.uint64(mix(np.array([(seed + found) % (1 << 64)], np.uint64))[0])


def mix(z: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64, of each word.

    Shapes   z (n,) uint64 -> (n,) uint64
    """
    z = z ^ (z >> np.uint64(30))
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def _numbers(recipe: TensorRecipe, words: np.ndarray, places: np.ndarray) -> np.ndarray:
    if recipe.kind == "integer":
        spread = ((words >> np.uint64(32)) * np.uint64(recipe.high - recipe.low)) >> np.uint64(32)
        return (recipe.low + spread.astype(np.int64)).astype(recipe.dtype)
    if recipe.kind == "normal":
        pairs = (words & EVEN_PARTS) + ((words >> np.uint64(16)) & EVEN_PARTS)
        whole = (pairs & np.uint64(0xFFFFFFFF)) + (pairs >> np.uint64(32))
        x = (whole.astype(np.int64) - 131070) * 2.0**-recipe.exponent
    else:
        lowest = (words & np.uint64(0xFFFF)).astype(np.int64) - 32768
        x = 1.0 + lowest * 2.0**-17 if recipe.kind == "gain" else lowest * 2.0**-recipe.exponent
    if recipe.scaled:
        inner = prod(recipe.shape[recipe.axis + 1 :])
        along = (places // np.uint64(inner)) % np.uint64(recipe.shape[recipe.axis])
        x[np.isin(along, np.array(recipe.scaled, np.uint64))] *= 2.0**recipe.shift
    return x.astype(recipe.dtype)


def exponent_for(n_inputs: int, *, gain: int = 0) -> int:
    """The exponent of a kind `normal` whose standard deviation is near 2^gain / sqrt(n_inputs)."""
    return 15 + (max(n_inputs, 1).bit_length() - 1 + 1) // 2 - gain
