"""Weights of full-size models that are not in memory: generated, or read from a file, when a layer takes them.

Each behaves as far as `WeightTree` asks: shape and dtype are known before any number is, `np.asarray` makes all of
them, and indices of the first axis some rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tribe_np.formats.safetensors import TensorEntry
from tribe_np.oracle.generator import TensorRecipe, generate, generate_blocks

FILE_BLOCK = 1 << 20  # numbers of a file that are copied at once


@dataclass(frozen=True, eq=False)
class LazyTensor(ABC):
    """An array as far as `WeightTree` asks; its numbers are made anew each time."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @abstractmethod
    def whole(self) -> np.ndarray:
        """All numbers."""

    @abstractmethod
    def row(self, number: int) -> np.ndarray:
        """One row of the first axis."""

    @abstractmethod
    def blocks(self) -> Iterator[np.ndarray]:
        """All numbers, flat, a block at a time."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.whole(), dtype)

    def __getitem__(self, indices: Any) -> np.ndarray:
        if not isinstance(indices, np.ndarray) or indices.dtype.kind not in "iu" or indices.size == 0:
            found: np.ndarray = self.whole()[indices]
            return found
        different, places = np.unique(indices, return_inverse=True)
        return np.stack([self.row(int(number)) for number in different])[places.reshape(indices.shape)]

    @property
    def nbytes(self) -> int:
        """Size of all numbers."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class GeneratedTensor(LazyTensor):
    """A tensor of the generator."""

    recipe: TensorRecipe
    seed: int

    @classmethod
    def of(cls, recipe: TensorRecipe, seed: int) -> "GeneratedTensor":
        """The tensor of a recipe."""
        return cls(recipe.shape, np.dtype(recipe.dtype), recipe, seed)

    def whole(self) -> np.ndarray:
        """See LazyTensor."""
        return generate(self.recipe, self.seed)

    def row(self, number: int) -> np.ndarray:
        """See LazyTensor."""
        width = prod(self.shape[1:])
        parts = generate_blocks(self.recipe, self.seed, number * width, (number + 1) * width)
        return np.concatenate([part for _, part in parts]).reshape(self.shape[1:])

    def blocks(self) -> Iterator[np.ndarray]:
        """See LazyTensor."""
        return (block for _, block in generate_blocks(self.recipe, self.seed))


@dataclass(frozen=True, eq=False)
class FileTensor(LazyTensor):
    """A tensor of a safetensors file, as float32 whatever the file holds: exact for bfloat16 and float16."""

    entry: TensorEntry

    @classmethod
    def of(cls, entry: TensorEntry) -> "FileTensor":
        """The tensor of a file."""
        return cls(entry.shape, np.dtype(np.float32), entry)

    def whole(self) -> np.ndarray:
        """See LazyTensor."""
        return self.entry.read(np.float32)

    def row(self, number: int) -> np.ndarray:
        """See LazyTensor."""
        return self.entry.row(number).read(np.float32)

    def blocks(self) -> Iterator[np.ndarray]:
        """See LazyTensor."""
        if not self.shape or 0 in self.shape:
            yield self.whole().reshape(-1)
            return
        n_rows = max(1, FILE_BLOCK // prod(self.shape[1:]))
        for first in range(0, self.shape[0], n_rows):
            rows = np.arange(first, min(first + n_rows, self.shape[0]))
            yield self.entry.read(np.float32, rows=rows).reshape(-1)


@dataclass(frozen=True, eq=False)
class BlankTensor(LazyTensor):
    """Zeros that take no memory, in the place of what no result depends on."""

    def whole(self) -> np.ndarray:
        """See LazyTensor."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)

    def row(self, number: int) -> np.ndarray:
        """See LazyTensor."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape[1:])

    def blocks(self) -> Iterator[np.ndarray]:
        """See LazyTensor."""
        yield self.whole().reshape(-1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.broadcast_to(np.zeros((), self.dtype if dtype is None else dtype), self.shape)


def generated(recipes: tuple[TensorRecipe, ...], seed: int, *, lazy: bool = False) -> Mapping[str, Any]:
    """Tensors by name: arrays in memory, or lazy ones."""
    return {recipe.name: GeneratedTensor.of(recipe, seed) if lazy else generate(recipe, seed) for recipe in recipes}
