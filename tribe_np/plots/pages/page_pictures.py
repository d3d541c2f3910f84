"""Small still pictures for browsers without WebGL, for paper and for readers of the page's source: some moments, four
views each, with what can be seen told in words.
"""

import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.surfaces import load_overlay, load_surface
from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.optional import require
from tribe_np.plots.colours.colour_scale import ColourScale, colour_scale
from tribe_np.plots.pages.packing import text_of
from tribe_np.plots.pages.page_layers import PageLayer
from tribe_np.plots.raster.raster import Raster, base_colours, blend, rasterise
from tribe_np.plots.views import views_named

VIEWS_OF_STILL = ("lateral_left", "medial_left", "medial_right", "lateral_right")
WIDTH, HEIGHT = 200, 150  # pixels of a view
N_MOMENTS = 4
WEBP_QUALITY = 65
TOP_REGIONS = 3


def still_pictures(
    layer: PageLayer, parcels: Parcellation | None, *, percentile: float, subjects_dir: Any = None
) -> str:
    """HTML: a figure for each of some moments of a layer, spread over its time.

    Raises   as `load_surface`; MissingDependencyError without matplotlib's Pillow
    """
    series = layer.series
    surface = load_surface(series.mesh, "half", subjects_dir=subjects_dir)
    sulc = load_overlay(series.mesh, "sulc", subjects_dir=subjects_dir)
    rasters = [rasterise(surface, view, width=WIDTH, height=HEIGHT) for view in views_named(VIEWS_OF_STILL)]
    bases = [base_colours(raster, sulc) for raster in rasters]
    scale = colour_scale(series.values, percentile=percentile)
    figures = []
    for row in _moments(series):
        values = series.full()[row]
        picture = np.concatenate(
            [_painted(raster, base, values, scale) for raster, base in zip(rasters, bases, strict=True)], axis=1
        )
        figures.append(_figure(picture, _said(layer, row, values, parcels)))
    return "\n".join(figures)


def _moments(series: SurfaceSeries) -> list[int]:
    """Rows spread over the time, none at its very edge."""
    n_rows = len(series.values)
    n_moments = min(N_MOMENTS, n_rows)
    return [int((k + 0.5) * n_rows / n_moments) for k in range(n_moments)]


def _painted(raster: Raster, base: np.ndarray, values: np.ndarray, scale: ColourScale) -> np.ndarray:
    return raster.paint_rgba(blend(base, scale.rgba(raster.at_pixels(values))))


def _figure(picture: np.ndarray, said: tuple[str, str]) -> str:
    caption, description = (html.escape(text) for text in said)
    height, width = picture.shape[:2]
    return (
        f'<figure class="still"><img src="data:image/webp;base64,{text_of(_webp(picture))}" width="{width}" '
        f'height="{height}" alt="{description}"><figcaption>{caption}</figcaption></figure>'
    )


def _webp(picture: np.ndarray) -> bytes:
    pillow: Any = require("PIL.Image", extra="plot", why="the still pictures of a page")
    file = io.BytesIO()
    pillow.fromarray(picture).save(file, "WEBP", quality=WEBP_QUALITY, method=3)
    return file.getvalue()


def _said(layer: PageLayer, row: int, values: np.ndarray, parcels: Parcellation | None) -> tuple[str, str]:
    """A picture's caption, and its description for those who do not see it."""
    when = layer.name if layer.is_static else f"{layer.name} at {_clock(float(layer.series.starts[row]))}"
    views = "left hemisphere from outside and inside, right hemisphere from inside and outside"
    if not np.isfinite(values).any():
        return f"{when}: nothing was predicted", f"{when}; {views}; grey, because nothing was predicted"
    return when, f"{when}; {views}; values from {np.nanmin(values):.2f} to {np.nanmax(values):.2f}" + (
        "" if parcels is None else f"; highest in {', '.join(_highest(values, parcels))}"
    )


def _highest(values: np.ndarray, parcels: Parcellation) -> Sequence[str]:
    is_used = np.isfinite(values) & (parcels.region_of != NO_REGION)
    n, here = len(parcels.regions), parcels.region_of[is_used]
    counts = np.bincount(here, minlength=n)
    means = np.where(counts, np.bincount(here, values[is_used], n) / np.maximum(counts, 1), -np.inf)
    return [parcels.regions[number] for number in np.argsort(-means, kind="stable")[:TOP_REGIONS] if counts[number]]


def _clock(seconds: float) -> str:
    minutes, left = divmod(round(max(seconds, 0.0)), 60)
    return f"{minutes}:{left:02d}"
