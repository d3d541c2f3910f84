"""Several views in one picture, prepared for many maps: a film picture is one sparse product and a few lookups.

What does not change from map to map (sulci, light, outlines, which vertices lie under which pixel) is worked out once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.raster.lighting import lit
from tribe_np.plots.raster.raster import Raster, base_colours
from tribe_np.plots.raster.softening import soften_rows, weight_slopes

SHADING = 0.5  # of the light's effect on the colours of a map: they must stay those of its colour bar
Colour = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Canvas:
    """Views placed in a picture; fragments that have their pixel for themselves come first, then the others by pixel.

    Shapes   matrix (P, 2 V) weights of vertices; slopes (P, 3, 2) as `weight_slopes`; bare (P, 3) and strength (P,)
             float32 of 255: what a fragment shows without a map, and the light on a map's colours; outline (P, 3)
             float32 or None, added to both; pixels (n_alone,); shared (n,) pixels that several fragments cover, or
             one in part, with starts (n,) of their fragments, and coverage (P - n_alone,); blank (height, width, 3)
             uint8, what lies under all: text may be written into it
    """

    width: int
    height: int
    matrix: csr_array
    slopes: np.ndarray
    bare: np.ndarray
    strength: np.ndarray
    outline: np.ndarray | None
    pixels: np.ndarray
    shared: np.ndarray
    starts: np.ndarray
    coverage: np.ndarray
    blank: np.ndarray

    def picture(self, values: np.ndarray | None, table: np.ndarray, low: float, high: float) -> np.ndarray:
        """A map's picture, (height, width, 3) uint8; None or NaN shows the sulci alone.

        Shapes   values (2 V,); table (n, 3 or 4) uint8: colours of values from low to high, evenly, with opacity
        Raises   ShapeError for values of another mesh
        """
        if values is None:
            return self._filled(np.zeros(len(self.bare), np.intp), np.zeros((1, 4), np.float32))
        if np.shape(values) != (self.matrix.shape[1],):
            raise ShapeError(f"values must have shape ({self.matrix.shape[1]},), got {np.shape(values)}")
        step = len(table) / (high - low) if high > low else 0.0
        scaled = np.clip((np.asarray(values, np.float64) - low) * step, -1e6, 1e6).astype(np.float32)
        at = self.matrix @ scaled
        indices = _rows(at, len(table))
        vertices = self.matrix.indices.reshape(-1, 3)
        colours = soften_rows(at, indices, _with_nothing(table), lambda some: scaled[vertices[some]], self.slopes)
        return self._filled(indices, colours)

    def _filled(self, indices: np.ndarray, table: np.ndarray) -> np.ndarray:
        picture = self.blank.copy()
        flat, n_alone = picture.reshape(-1), len(self.pixels)
        under = (1 - table[:, 3]).take(indices)
        for channel in range(3):
            colour = (table[:, channel] * table[:, 3]).take(indices)
            colour *= self.strength
            colour += under * self.bare[:, channel]
            if self.outline is not None:
                colour += self.outline[:, channel]
            flat[self.pixels * 3 + channel] = (colour[:n_alone] + 0.5).astype(np.uint8)
            if len(self.shared):
                parts = np.add.reduceat(colour[n_alone:] * self.coverage, self.starts)
                rest = 1 - np.add.reduceat(self.coverage, self.starts)
                place = self.shared * 3 + channel
                flat[place] = (parts + rest * self.blank.reshape(-1)[place] + 0.5).astype(np.uint8)
        return picture


def canvas_of(
    placed: Sequence[tuple[Raster, int, int]],
    width: int,
    height: int,
    *,
    sulc: np.ndarray | None = None,
    region_of: np.ndarray | None = None,
    outline_width: float = 1.5,
    outline_colour: Colour = (0.1, 0.1, 0.1),
    background: Colour = (1, 1, 1),
    shading: float = SHADING,
) -> Canvas:
    """Rasters, each with the place (left, top) of its upper left corner, as one canvas.

    Shapes   sulc (2 V,) as for `base_colours`; region_of (2 V,) int, whose outlines are drawn over every map
    Raises   ConfigError for no raster, one that does not fit into the canvas, and for two that cover the same pixel
    """
    rasters = [raster for raster, _, _ in placed]
    if not rasters:
        raise ConfigError("a canvas needs at least one view")
    pixels = np.concatenate([_pixels_at(*one, width, height) for one in placed])
    _check_apart(rasters, pixels)
    bare = np.concatenate([base_colours(raster, sulc) for raster in rasters]) * 255
    strength = 255 * (1 - shading * (1 - lit(np.concatenate([raster.light for raster in rasters]))))
    lines = np.zeros(len(pixels), np.float32)
    if region_of is not None:
        lines = np.concatenate([raster.edges(region_of, width=outline_width) for raster in rasters])
    coverage = np.concatenate([raster.coverage for raster in rasters])
    order, n_alone = _alone_first(pixels, coverage < 1)
    shared, starts = np.unique(pixels[order[n_alone:]], return_index=True)
    outline = (lines[:, None] * np.array(outline_colour) * 255)[order].astype(np.float32)
    return Canvas(
        width=width,
        height=height,
        matrix=_matrix(rasters, order),
        slopes=np.concatenate([weight_slopes(raster) for raster in rasters])[order],
        bare=(bare * (1 - lines[:, None]))[order].astype(np.float32),
        strength=(strength * (1 - lines))[order].astype(np.float32),
        outline=outline if outline.any() else None,
        pixels=pixels[order[:n_alone]],
        shared=shared,
        starts=starts,
        coverage=coverage[order[n_alone:]],
        blank=np.broadcast_to(np.round(np.array(background) * 255).astype(np.uint8), (height, width, 3)).copy(),
    )


def _alone_first(pixels: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, int]:
    """An order of the fragments: those with a pixel for themselves, and how many; then those that share, by pixel."""
    alone, others = np.flatnonzero(~shares), np.flatnonzero(shares)
    return np.concatenate([alone, others[np.argsort(pixels[others], kind="stable")]]), len(alone)


def _matrix(rasters: Sequence[Raster], order: np.ndarray) -> csr_array:
    """Weights of vertices (2 V) for each fragment, in a new order."""
    vertices = np.concatenate([raster.vertices for raster in rasters])[order]
    weights = np.concatenate([raster.weights for raster in rasters])[order]
    rows = np.arange(len(order) + 1) * 3
    return csr_array((weights.reshape(-1), vertices.reshape(-1), rows), shape=(len(order), rasters[0].n_vertices))


def _pixels_at(raster: Raster, left: int, top: int, width: int, height: int) -> np.ndarray:
    y, x = np.divmod(raster.pixels, raster.width)
    x, y = x + left, y + top
    if len(x) and (min(x.min(), y.min()) < 0 or x.max() >= width or y.max() >= height):
        raise ConfigError(f"view {raster.view.name} at ({left}, {top}) reaches beyond the canvas of {width} x {height}")
    return np.asarray(y * width + x)


def _check_apart(rasters: Sequence[Raster], pixels: np.ndarray) -> None:
    taken = np.zeros(pixels.max(initial=0) + 1, np.int8)
    for mine in np.split(pixels, np.cumsum([len(raster.pixels) for raster in rasters])[:-1]):
        taken[np.unique(mine)] += 1
    if taken.max() > 1:
        raise ConfigError("two views of a canvas cover the same pixels; place them further apart")
    if len({raster.n_vertices for raster in rasters}) > 1:
        raise ConfigError("the views of a canvas must show the same mesh")


def _rows(at: np.ndarray, n: int) -> np.ndarray:
    """The table's row of each fragment, n for none."""
    missing = np.isnan(at)
    row = np.clip(at, 0, n - 1)
    row[missing] = n
    return np.asarray(row.astype(np.intp))


def _with_nothing(table: np.ndarray) -> np.ndarray:
    """The table as (n + 1, 4) float32: colours and opacity from 0 to 1, and a last row that is not seen."""
    full = np.zeros((len(table) + 1, 4), np.float32)
    full[:-1, : table.shape[1]] = table / np.float32(255)
    if table.shape[1] == 3:
        full[:-1, 3] = 1
    return full
