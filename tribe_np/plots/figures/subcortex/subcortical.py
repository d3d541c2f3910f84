"""A map of the subcortex: the surfaces of its structures, coloured by voxels or one by one, under upstream's name.

Nothing here needs VTK or a display: the surfaces are drawn by the same rasteriser as the cortex.
Source   tribev2 7239908 plotting.subcortical.plot_subcortical
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.optional import require
from tribe_np.plots.colours.colour_scale import FADE
from tribe_np.plots.colours.normalising import robust_normalize
from tribe_np.plots.figures.colour_bars import ScaleBar, mappable_of
from tribe_np.plots.figures.drawn_views import draw_view
from tribe_np.plots.figures.given_axes import raster_for
from tribe_np.plots.figures.lettering import FIGURE_WHY
from tribe_np.plots.figures.overlays import ColourOverlay, Overlay, ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import Look
from tribe_np.plots.figures.subcortex.subcortical_brain import StructuresBrain, load_structures
from tribe_np.plots.figures.surface_maps import Limits, beyond_limits
from tribe_np.plots.raster.raster import rasterise
from tribe_np.plots.views import View, view_of

ISOMETRIC = (35.264389682754654, 45.0)  # degrees: from where VTK looks by default
FULL_ZOOM = 1.3  # upstream's default: what fits is as large as its place
UPSTREAM_LIGHT = 1.5
WIDTH = 85.0  # mm


def plot_subcortical(
    ax: Any = None,
    *,
    colors: Mapping[str, Any] | None = None,
    voxel_scores: Any = None,
    average_per_roi: bool = False,
    norm_percentile: float | None = None,
    show_cortex: bool = False,
    show_brain_stem: bool = False,
    show_cerebellum: bool = False,
    explode: float = 0.5,
    resolution: str | None = None,
    show_scalar_bar: bool = False,
    zoom: float = FULL_ZOOM,
    azimuth: float = 15,
    elevation: float = -10,
    intensity: float = UPSTREAM_LIGHT,
    vmin: float | None = None,
    vmax: float | None = None,
    symmetric_cbar: bool | None = None,
    threshold: float | None = None,
    cmap: Any = None,
    alpha_cmap: tuple[float, float] | None = FADE,
    mask: Any = None,
    structures: StructuresBrain | None = None,
    look: Look | None = None,
) -> Any:
    """The ScalarMappable of a map drawn in `ax` (None where structures are coloured one by one), as upstream returns
    it; without `ax`, a matplotlib figure.

    colors        a colour for each structure, `Left Thalamus` or `Thalamus`; those not named are grey
    voxel_scores  (n,) values of the mask's voxels, (3, n) as red, green and blue, or a VoxelSeries, whose mean over
                  time is shown
    average_per_roi   each structure has its mean
    explode, azimuth, elevation   how far structures move apart; degrees from VTK's isometric view, or in `view`'s words
    zoom, intensity   1.3 fills the place, more shows the middle alone; 1.5 is full light
    vmin ... alpha_cmap   as plot_surf
    mask          the atlas, as tribe-np's --mask; structures: one that was loaded before
    Raises   ConfigError unless exactly one of colors and voxel_scores is given; ShapeError for another number of
             voxels; ParcellationError where the atlas is not found; MissingDependencyError
    """
    _check(colors, voxel_scores, show_cerebellum=show_cerebellum, zoom=zoom)
    if structures is None:
        structures = load_structures(
            mask, space=getattr(voxel_scores, "space", None), resolution=resolution, explode=explode,
            show_brain_stem=show_brain_stem, show_cortex=show_cortex,
        )  # fmt: skip
    limits = Limits(cmap, vmin, vmax, threshold, symmetric_cbar, norm_percentile, alpha_cmap)
    overlay = _overlay(structures, colors, voxel_scores, limits, average_per_roi=average_per_roi)
    view = view_of((ISOMETRIC[0] + elevation, ISOMETRIC[1] + azimuth))
    if ax is None:
        return _figure(structures, view, overlay, look or Look(WIDTH), shows_bar=show_scalar_bar)
    return _draw_in(ax, structures, view, overlay, zoom, intensity, shows_bar=show_scalar_bar)


def _check(colors: Any, voxel_scores: Any, *, show_cerebellum: bool, zoom: float) -> None:
    if (colors is None) == (voxel_scores is None):
        raise ConfigError("plot_subcortical takes either colors, one for each structure, or voxel_scores")
    if colors is not None and not isinstance(colors, Mapping):
        raise ConfigError(f"colors must be a mapping from structure to colour, got {type(colors).__name__}")
    if show_cerebellum:
        raise ConfigError("the Harvard-Oxford atlas has no cerebellum; leave show_cerebellum away")
    if not 0 < zoom < np.inf:
        raise ConfigError(f"zoom must be above 0, got {zoom}")


def _scores(given: Any) -> np.ndarray:
    if isinstance(given, VoxelSeries):
        whole = np.asarray(given.full(), np.float64)
        known = np.isfinite(whole)
        count = known.sum(axis=0)
        return np.where(count > 0, np.where(known, whole, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return np.asarray(given)


def _overlay(
    structures: StructuresBrain, colors: Mapping[str, Any] | None, voxel_scores: Any, limits: Limits, *,
    average_per_roi: bool,
) -> Overlay:  # fmt: skip
    if colors is not None:
        return ColourOverlay(structures.colours(_rgb_of(colors)))
    scores = _scores(voxel_scores)
    if scores.ndim not in (1, 2) or (scores.ndim == 2 and len(scores) != 3) or scores.dtype.kind not in "fiu":
        raise ShapeError(f"voxel_scores must be (n,), or (3, n) for colours, got {scores.dtype} {scores.shape}")
    scores = scores.astype(np.float64)
    if average_per_roi:
        scores = structures.averaged(scores)
    if limits.norm_percentile is not None:
        scores = robust_normalize(scores, percentile=limits.norm_percentile)
    at_vertices = structures.values(scores)
    if scores.ndim == 1:
        return ValueMap(at_vertices[0], limits.scale(scores))
    rgb = np.clip(np.nan_to_num(at_vertices.T), 0, 1)
    shown = np.isfinite(at_vertices).all(axis=0)
    return ColourOverlay(np.concatenate([rgb, shown[:, None]], axis=1).astype(np.float32))


def _rgb_of(colors: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    to_rgb = require("matplotlib.colors", extra="plot", why=FIGURE_WHY).to_rgb
    found = {}
    for name, colour in colors.items():
        try:
            found[name] = to_rgb(colour)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"colors: {name} has no colour that matplotlib knows: {error}") from error
    return found


def _figure(structures: StructuresBrain, view: View, overlay: Overlay, look: Look, *, shows_bar: bool) -> Any:
    bar = None
    if shows_bar and isinstance(overlay, ValueMap):
        bar = ScaleBar(overlay.scale, "", beyond_limits(overlay.values, overlay.scale), is_vertical=True)
    return draw_panels(structures.brain, [Panel("", overlay)], [view], look, Figure("", "", bar))


def _draw_in(
    ax: Any, structures: StructuresBrain, view: View, overlay: Overlay, zoom: float, light: float, *, shows_bar: bool
) -> Any:
    brain = structures.brain
    raster = raster_for(ax, brain, view)
    if zoom != FULL_ZOOM:
        scale = raster.mm_per_pixel * FULL_ZOOM / zoom
        raster = rasterise(brain.surface, view, width=raster.width, height=raster.height, mm_per_pixel=scale)
    if light != UPSTREAM_LIGHT:
        raster = replace(raster, light=np.clip(raster.light * np.float32(light / UPSTREAM_LIGHT), 0, 1))
    draw_view(ax, brain, raster, overlay)
    mappable = mappable_of(overlay.scale) if isinstance(overlay, ValueMap) else None
    if shows_bar and mappable is not None:
        ax.figure.colorbar(mappable, ax=ax, format="{x:0.2f}", shrink=0.5)
    return mappable
