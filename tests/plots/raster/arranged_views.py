"""Views side by side on a canvas, as large as fits: what the tests of `canvas_of` and of softening draw."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.plots.raster.camera import extent
from tribe_np.plots.raster.raster import GAP, Raster, rasterise
from tribe_np.plots.views import View


def arranged(surface: Surface, views: Sequence[View], width: int, height: int) -> list[tuple[Raster, int, int]]:
    """Rasters of views in rows of two, or of three for more than four, all at one scale: what `canvas_of` takes."""
    columns = min(len(views), 2 if len(views) <= 4 else 3)
    rows = -(-len(views) // columns)
    space = 8  # pixels around each
    sizes = [high - low for low, high in (extent(surface, view, GAP) for view in views)]
    wide = [max(size[0] for size in sizes[column::columns]) for column in range(columns)]
    tall = [max(size[1] for size in sizes[row * columns : (row + 1) * columns]) for row in range(rows)]
    free = width - space * (columns + 1), height - space * (rows + 1)
    scale = max(sum(wide) / free[0], sum(tall) / free[1])
    # the space that is left over goes evenly between the views
    lefts = _starts([part / scale for part in wide], width)
    tops = _starts([part / scale for part in tall], height)
    placed = []
    for index, view in enumerate(views):
        row, column = divmod(index, columns)
        (left, across), (top, down) = lefts[column], tops[row]
        placed.append((rasterise(surface, view, width=across, height=down, mm_per_pixel=scale), left, top))
    return placed


def _starts(sizes: Sequence[float], whole: int) -> list[tuple[int, int]]:
    """First pixel and size of each cell in a row of `whole` pixels: what is left over is spread evenly."""
    over = (whole - sum(sizes)) / len(sizes)
    edges = np.round(np.cumsum([0.0, *(size + over for size in sizes)])).astype(int)
    return [(int(start), int(stop - start)) for start, stop in pairwise(edges)]
