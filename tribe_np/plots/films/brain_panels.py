"""The cortex on a film: rasterised once, then a film frame is a lookup of colours.

Where a fragment covers its pixel alone and wholly, which is nearly everywhere, the colour is written as it is; at
silhouettes the fragments of a pixel are added up. Values are brought to the fragments once a row; between two rows only
these are mixed.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.plots.colours.colour_scale import ColourScale
from tribe_np.plots.films.film_layout import Box
from tribe_np.plots.raster.raster import Raster, base_colours, lit

WHOLE = 0.999  # of a pixel
NOTHING = 256  # place in the tables of what is not shown
ROWS_KEPT = 3  # at the fragments
LINE = 20  # grey of outlines
RowOf = Callable[[int], np.ndarray]
SHADE = 0.5  # of the light that colours take: some, so that folds are seen, and not all, so that the bar can be read


@dataclass(frozen=True, eq=False)
class ColourTables:
    """A scale as integers.

    Shapes   paint (257, 3) uint16, colours times their opacity; left (257,) uint16, what they leave of the grey, 0..256
    """

    scale: ColourScale
    paint: np.ndarray
    left: np.ndarray

    @classmethod
    def of(cls, scale: ColourScale) -> "ColourTables":
        """The tables of a scale, with a last row for what is not shown."""
        alpha = scale.table[:, 3:].astype(np.float64) / 255
        paint = np.round(scale.table[:, :3] * alpha)
        left = np.round(256 * (1 - alpha[:, 0]))
        return cls(scale, np.vstack([paint, np.zeros(3)]).astype(np.uint16), np.append(left, 256).astype(np.uint16))

    def places(self, values: np.ndarray) -> np.ndarray:
        """The row of each value in the tables, int64."""
        places = self.scale.indices(values).astype(np.int64)
        places[self.scale.is_hidden(values)] = NOTHING
        return places


@dataclass(frozen=True, eq=False)
class BrainPanel:
    """One view in its place of the film.

    Shapes   over fragments (P,): base (P, 3) uint16 grey, shade (P, 1) uint16 0..256, outline (P, 1) float32. whole (n,)
             fragments that are pixels, at `targets` (n,) of the film; rest (m,) those at edges, of the pixels
             `edge_targets` (k,), which begin at `edge_starts`; edge_weights (m, 1), edge_ground (k, 3)
    """

    raster: Raster
    base: np.ndarray
    shade: np.ndarray
    whole: np.ndarray
    targets: np.ndarray
    rest: np.ndarray
    edge_targets: np.ndarray
    edge_starts: np.ndarray
    edge_weights: np.ndarray
    edge_ground: np.ndarray
    lined: np.ndarray
    line_left: np.ndarray

    def draw(self, film_pixels: np.ndarray, tables: ColourTables, values: np.ndarray | None) -> None:
        """Paints values (P,) at the fragments, or the bare cortex, into (height * width, 3) uint8."""
        if values is None:
            colours = self.base.copy()
        else:
            places = tables.places(values)
            colours = self.base * tables.left[places][:, None]
            colours += tables.paint[places] * self.shade
            colours >>= 8
        if len(self.lined):
            colours[self.lined] = (colours[self.lined] * self.line_left + LINE * (256 - self.line_left)) >> 8
        film_pixels[self.targets] = colours[self.whole] if len(self.rest) else colours
        if len(self.rest):
            parts = colours[self.rest] * self.edge_weights
            film_pixels[self.edge_targets] = np.add.reduceat(parts, self.edge_starts) + self.edge_ground

    def moved(self, by: int) -> "BrainPanel":
        """The same view `by` pixels further on."""
        return replace(self, targets=self.targets + by, edge_targets=self.edge_targets + by)


def brain_panel(
    raster: Raster,
    sulc: np.ndarray | None,
    box: Box,
    film_width: int,
    *,
    background: tuple[int, int, int],
    region_of: np.ndarray | None = None,
) -> BrainPanel:
    """A rasterised view, ready to be painted into `box` of a film; with outlines where region_of (2 V,) is given."""
    grey = base_colours(raster, sulc)
    y, x = np.divmod(raster.pixels, raster.width)
    targets = (y + box.y) * film_width + x + box.x
    _, places, counts = np.unique(raster.pixels, return_inverse=True, return_counts=True)
    is_whole = (raster.coverage > WHOLE) & (counts[places] == 1)
    rest = np.flatnonzero(~is_whole)
    edge_pixels, edge_starts = np.unique(raster.pixels[rest], return_index=True)  # fragments are sorted by pixel
    weights = raster.coverage[rest][:, None].astype(np.float32)
    covered = np.add.reduceat(weights, edge_starts) if len(rest) else np.zeros((0, 1), np.float32)
    ground = np.maximum(1 - covered, 0) * np.array(background, np.float32)
    outline = np.zeros(len(grey)) if region_of is None else raster.edges(region_of)
    lined = np.flatnonzero(outline > 0)
    left = np.round(256 * (1 - outline)).astype(np.uint16)[:, None]
    shade = 256 * (1 - SHADE + SHADE * lit(raster.light))
    return BrainPanel(
        raster, np.round(grey * 255).astype(np.uint16), np.minimum(np.round(shade), 256).astype(np.uint16)[:, None],
        np.flatnonzero(is_whole), targets[is_whole], rest,
        (edge_pixels // raster.width + box.y) * film_width + edge_pixels % raster.width + box.x,
        edge_starts, weights, ground + 0.5, lined, left[lined],
    )  # fmt: skip


class BrainPanels:
    """All views of one map."""

    def __init__(self, panels: Sequence[BrainPanel], tables: ColourTables) -> None:
        self.panels = list(panels)
        self.tables = tables
        self._rows: OrderedDict[int, list[np.ndarray]] = OrderedDict()

    def draw(self, film_pixels: np.ndarray, shown: tuple[int, int, float] | None, row_of: RowOf) -> None:
        """Paints the rows that are shown (row, next, weight of the next), or the bare cortex for None."""
        if shown is None:
            for panel in self.panels:
                panel.draw(film_pixels, self.tables, None)
            return
        row, following, weight = shown
        begin = self._at_pixels(row, row_of)
        end = begin if weight == 0 else self._at_pixels(following, row_of)
        for panel, first, second in zip(self.panels, begin, end, strict=True):
            mixed = first if first is second else first + np.float32(weight) * (second - first)
            panel.draw(film_pixels, self.tables, mixed)

    def _at_pixels(self, row: int, row_of: RowOf) -> list[np.ndarray]:
        if row not in self._rows:
            values = row_of(row)
            self._rows[row] = [panel.raster.at_pixels(values) for panel in self.panels]
            while len(self._rows) > ROWS_KEPT:
                self._rows.popitem(last=False)
        return self._rows[row]
