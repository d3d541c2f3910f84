"""The cortex on a film: a canvas that is rasterised once, painted anew for every film frame, with names of regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.plots.colours.colour_scale import ColourScale
from tribe_np.plots.films.film_layout import Box, FilmLayout
from tribe_np.plots.films.film_text import DIM, NIGHT, TextPainter, TextStyle
from tribe_np.plots.raster.camera import fitted_scale
from tribe_np.plots.raster.canvas import Canvas, canvas_of
from tribe_np.plots.raster.raster import GAP, Raster, rasterise
from tribe_np.plots.views import View

NAME_HEIGHT = 20  # of a view's name, in a film of 1280 x 720
LINE = (0.07, 0.07, 0.07)  # of outlines
LEAST_SEEN = 150  # pixels of a region that gets its name written
INK, PAPER = 12, 240  # greys of names and of what is around their letters


@dataclass(frozen=True, eq=False)
class RegionNames:
    """Regions whose names are written.

    Shapes   region_of (2 V,) numbers of `names`; negative is none
    """

    region_of: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Letters:
    """Names over the brain: pixels that they touch, and how much of each is paper, and of what is left ink.

    Shapes   y, x (n,); paper, ink (n, 1) float32
    """

    written: frozenset[str]

    y: np.ndarray
    x: np.ndarray
    paper: np.ndarray
    ink: np.ndarray

    def write(self, picture: np.ndarray) -> None:
        """Into (height, width, 3) uint8."""
        under = picture[self.y, self.x].astype(np.float32)
        under += self.paper * (PAPER - under)
        picture[self.y, self.x] = np.round(under + self.ink * (INK - under))


@dataclass(frozen=True, eq=False)
class FilmBrain:
    """The views of one map, to be painted at several places.

    Shapes   table (256, 4) uint8; boxes, one a map, of the canvas's size
    """

    canvas: Canvas
    scale: ColourScale
    table: np.ndarray
    boxes: tuple[Box, ...]
    letters: Letters | None = None

    def draw(self, film_frame: np.ndarray, number: int, values: np.ndarray | None) -> None:
        """Paints values (2 V,) of map `number`, or the bare cortex, into (height, width, 3) uint8."""
        picture = self.canvas.picture(values, self.table, self.scale.low, self.scale.high)
        if self.letters is not None:
            self.letters.write(picture)
        film_frame[self.boxes[number].window] = picture


def film_brain(
    surfaces: Mapping[bool, Surface], views: Sequence[View], layout: FilmLayout, scale: ColourScale, *,
    sulc: np.ndarray, outlined: np.ndarray | None, named: RegionNames | None, painter: TextPainter,
) -> FilmBrain:  # fmt: skip
    """The views in their tiles, below their names, all at one scale; `surfaces` by whether a view is flat.

    Shapes   sulc (2 V,), outlined (2 V,) numbers of regions that get borders
    """
    name_height = layout.px(NAME_HEIGHT)
    boxes = tuple(_around(of_map) for of_map in layout.tiles)
    tiles = [replace(t, y=t.y + name_height, height=max(1, t.height - name_height)) for t in layout.tiles[0]]
    scales = {is_flat: _one_scale(surfaces[is_flat], views, tiles, is_flat) for is_flat in surfaces}
    placed = [
        (
            rasterise(surfaces[v.is_flat], v, width=tile.width, height=tile.height, mm_per_pixel=scales[v.is_flat]),
            tile.x - boxes[0].x,
            tile.y - boxes[0].y,
        )
        for v, tile in zip(views, tiles, strict=True)
    ]
    canvas = canvas_of(
        placed, boxes[0].width, boxes[0].height, sulc=sulc, region_of=outlined, outline_colour=LINE,
        outline_width=max(1.0, 1.3 * layout.scale), background=(NIGHT[0] / 255, NIGHT[1] / 255, NIGHT[2] / 255),
    )  # fmt: skip
    for view, (raster, left, top) in zip(views, placed, strict=True):
        text = painter.line(
            view.name.replace("_", " "), (raster.width, name_height), TextStyle(layout.text_size(14), DIM, across=0.5)
        )
        canvas.blank[top - name_height : top, left : left + raster.width] = text
    letters = None if named is None else _letters(placed, boxes[0], named, painter, layout.text_size(13))
    return FilmBrain(canvas, scale, _thresholded(scale), boxes, letters)


def _one_scale(surface: Surface, views: Sequence[View], tiles: Sequence[Box], is_flat: bool) -> float:
    """mm per pixel at which all views of a kind fit their tiles."""
    mine = [(view, (t.width, t.height)) for view, t in zip(views, tiles, strict=True) if view.is_flat == is_flat]
    return fitted_scale(surface, [view for view, _ in mine], [size for _, size in mine], gap=GAP)


def _letters(
    placed: Sequence[tuple[Raster, int, int]], box: Box, named: RegionNames, painter: TextPainter, size: int
) -> Letters:
    """Names in the middle of what is seen of their regions, the largest first; one that would lie on another is left
    out."""
    sheets = [painter.mask(box.width, box.height) for _ in range(2)]
    taken: list[tuple[float, float, float, float]] = []
    written: set[str] = set()
    for raster, left, top in placed:
        points = raster.label_points(named.region_of)
        for number, (x, y, n_seen) in sorted(points.items(), key=lambda item: -item[1][2]):
            text = named.names[number]
            wide, high = painter.fonts.width(text, size) / 2 + 2, 0.6 * size
            place = (x + left - wide, y + top - high, x + left + wide, y + top + high)
            if n_seen >= LEAST_SEEN and not any(_meet(place, other) for other in taken):
                taken.append(place)
                written.add(text)
                for sheet, stroke in zip(sheets, (2, 0), strict=True):
                    sheet.write(text, x + left, y + top, size, stroke)
    paper, ink = (sheet.cover for sheet in sheets)
    rows, columns = np.nonzero(np.maximum(paper, ink) > 0)
    return Letters(frozenset(written), rows, columns, 0.8 * paper[rows, columns, None], ink[rows, columns, None])


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _around(tiles: Sequence[Box]) -> Box:
    """The smallest box that holds all tiles."""
    x, y = min(tile.x for tile in tiles), min(tile.y for tile in tiles)
    right, bottom = max(tile.x + tile.width for tile in tiles), max(tile.y + tile.height for tile in tiles)
    return Box(x, y, right - x, bottom - y)


def _thresholded(scale: ColourScale) -> np.ndarray:
    """The table with nothing to see nearer to 0 than the threshold, to a 256th of the range."""
    table = scale.table.copy()
    if scale.threshold is not None:
        n = len(table)
        values = scale.low + (np.arange(n) + 0.5) * (scale.high - scale.low) / n
        table[np.abs(values) < scale.threshold, 3] = 0
    return table
