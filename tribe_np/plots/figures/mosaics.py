"""Layouts of letters, as matplotlib's subplot_mosaic takes them, put beside or above each other.

Source   tribev2 7239908 plotting.utils.combine_mosaics
"""

from collections.abc import Sequence
from math import lcm

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.shown import quoted


def combine_mosaics(*blocks: str, ratio: float | Sequence[float] | None = None, orient: str = "v") -> str:
    """One layout of several, each stretched to the others' size: stacked for orient "v", else side by side.

    `ratio`: how wide (or high) each block is beside the others; one number is for all.
    Raises   ConfigError for fewer than two blocks, an empty one, and a letter in two of them

    >>> print(combine_mosaics("AB", "C"))
    AB
    CC
    >>> print(combine_mosaics("A", "B", ratio=[2, 1], orient="h"))
    AAB
    """
    if len(blocks) < 2:
        raise ConfigError(f"combine_mosaics needs at least two blocks, got {len(blocks)}")
    grids = [_grid(block) for block in blocks]
    _check_apart(grids)
    if orient == "v":
        grids = [grid.T for grid in grids]
    wide, tall = lcm(*(grid.shape[1] for grid in grids)), lcm(*(len(grid) for grid in grids))
    parts = [
        np.repeat(np.repeat(grid, tall // len(grid), axis=0), max(1, round(wide / grid.shape[1] * share)), axis=1)
        for grid, share in zip(grids, _shares(ratio, len(grids)), strict=True)
    ]
    whole = np.concatenate(parts, axis=1)
    rows = ["".join(row).replace(" ", "") for row in (whole.T if orient == "v" else whole)]
    return "\n".join(rows).strip("\n")


def _grid(block: str) -> np.ndarray:
    """The letters in rows and columns; shorter rows are filled with spaces."""
    rows = block.replace(" ", "").strip("\n").split("\n")
    width = max(map(len, rows))
    if width == 0:
        raise ConfigError(f"a block of a mosaic must hold letters, got {quoted(block)}")
    return np.array([list(row.ljust(width)) for row in rows])


def _check_apart(grids: Sequence[np.ndarray]) -> None:
    seen: set[str] = set()
    for number, grid in enumerate(grids, 1):
        letters = {str(letter) for letter in grid.ravel()} - {" "}
        if both := sorted(letters & seen):
            raise ConfigError(f"block {number} of the mosaic has a letter of another block: {', '.join(both)}")
        seen |= letters


def _shares(ratio: float | Sequence[float] | None, n: int) -> list[float]:
    if ratio is None:
        return [1.0] * n
    if isinstance(ratio, (int, float)):
        return [float(ratio)] * n
    if len(ratio) != n:
        raise ConfigError(f"ratio must be one number or one for each of {n} blocks, got {len(ratio)}")
    return [float(share) for share in ratio]
