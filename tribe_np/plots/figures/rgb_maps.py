"""Two or three maps as one, each in a colour of its own, under upstream's name and arguments.

Source   tribev2 7239908 plotting.cortical.PlotBrainNilearn.plot_surf_rgb
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError, ShapeError
from tribe_np.outputs.folder import write_array_file
from tribe_np.plots.colours.colour_maps import colour_map
from tribe_np.plots.colours.normalising import robust_normalize, saturate_colors
from tribe_np.plots.figures.brains import FoldedBrain, Inflate
from tribe_np.plots.figures.mixed_colours import Legend, MixLegend, SwatchLegend
from tribe_np.plots.figures.overlays import ColourOverlay
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels, legend_is_beside
from tribe_np.plots.figures.region_labels import region_marks
from tribe_np.plots.figures.sheets import Look
from tribe_np.plots.figures.surface_maps import DrawingPlace, draw_in_axes, values_on
from tribe_np.plots.raster.raster import GAP

MIXED = ("rgb", "rgb_argmax")
PERCENTILE_OF_RGB = 95.0


def plot_surf_rgb(
    signals: Sequence[Any],
    *,
    alpha_signals: Any = None,
    norm_percentile: float | None = PERCENTILE_OF_RGB,
    alpha_bg: float = 0,
    cmap: str = "rgb",
    saturation_factor: float | None = None,
    save_path: str | Path | None = None,
    axes: Any = None,
    views: Any = "left",
    bg_on_data: bool = False,
    labels: Sequence[str] | None = None,
    outlines: Any = None,
    annotated_rois: Any = None,
    parcellation: Any = None,
    mesh: str = "fsaverage5",
    inflate: Inflate = "half",
    bg_map: str = "sulcal",
    hemisphere_gap: float = GAP,
    subjects_dir: str | Path | None = None,
    brain: FoldedBrain | None = None,
    title: str = "",
    look: Look | None = None,
) -> Any:
    """A matplotlib figure of the maps, or, in `axes` of the caller's, the colours (2 V, 4) that upstream returns.

    signals        two or three maps (2 V,) for cmap "rgb" (red, green, blue) and "rgb_argmax" (the greatest alone);
                   any number for a colour map by name: the greatest decides, the first one is black
    alpha_signals  how opaque each vertex is, (2 V,) in 0..1; alpha_bg: how much of the folds is seen everywhere
    labels         the maps' names, for a legend; bg_on_data: the folds' grey darkens the colours
    save_path      also writes the colours as a .npy file
    Colours are normalised over both hemispheres, whatever the views (upstream: over those that a view shows).
    Raises   ConfigError, ShapeError, MeshError, MissingDependencyError
    """
    place = DrawingPlace.of(views, axes)
    brain = brain or place.brain(mesh, inflate, bg_map, hemisphere_gap, subjects_dir)
    maps = np.stack([values_on(brain, signal, subjects_dir) for signal in signals], axis=1)
    colours = rgb_colours(maps, cmap=cmap, norm_percentile=norm_percentile, saturation_factor=saturation_factor)
    colours[:, 3] *= np.clip(1 - alpha_bg if alpha_signals is None else values_on(brain, alpha_signals), 0, 1)
    if save_path is not None:
        write_array_file(Path(save_path).with_suffix(".npy"), colours)
    overlay, marks = ColourOverlay(colours, bg_on_data), region_marks(brain, annotated_rois, outlines, parcellation)
    if place.pairs is not None:
        marks.draw_all(draw_in_axes(place.pairs, brain, overlay))
        return colours
    look = look or place.look()
    legend = None if labels is None else rgb_legend(labels, cmap, is_beside=legend_is_beside(place.views, 1, look))
    return draw_panels(brain, [Panel("", overlay)], place.views, look, Figure(title, legend=legend), marks=marks)


def rgb_colours(
    maps: np.ndarray,
    *,
    cmap: str = "rgb",
    norm_percentile: float | None = PERCENTILE_OF_RGB,
    saturation_factor: float | None = None,
) -> np.ndarray:
    """The colour of each vertex, red, green, blue and opacity, of maps beside each other.

    Shapes   maps (2 V, 2 or 3), or any number for a colour map by name -> (2 V, 4) float64; a NaN is transparent
    Numerics with norm_percentile all maps share their limits, the least value and the percentile of all
    Raises   ShapeError for another number of maps
    Source   tribev2 7239908 PlotBrainNilearn.plot_surf_rgb with alpha_bg 0
    """
    maps = np.asarray(maps)
    opaque = (~np.isnan(maps).any(axis=1)).astype(float)
    if not opaque.any():
        raise ConfigError("there is nothing to draw: no vertex has a number in every map")
    if cmap in MIXED:
        colours = _mixed_maps(maps, cmap == "rgb_argmax", norm_percentile)
        if saturation_factor is not None:
            colours = saturate_colors(colours, saturation_factor)
    else:
        colours = winner_colours(maps.shape[1], cmap)[np.argmax(np.nan_to_num(maps, nan=-np.inf), axis=1)]
    return np.column_stack([np.nan_to_num(colours), opaque])


def _mixed_maps(maps: np.ndarray, is_argmax: bool, percentile: float | None) -> np.ndarray:
    if maps.shape[1] not in (2, 3):
        raise ShapeError(
            f"red, green and blue are two or three maps, got {maps.shape[1]}; or name a colour map (tab10)"
        )
    n = maps.shape[1]
    if n == 2:
        maps = np.column_stack([maps, np.zeros(len(maps))])
    if is_argmax:
        maps = (robust_normalize(maps, axis=1, percentile=100) >= 1).astype(int)
    if percentile is not None:
        maps = robust_normalize(maps, percentile=percentile, two_sided=False)
    clipped: np.ndarray = np.clip(maps, 0, 1)
    clipped[:, n:] = 0  # upstream: above 0, and blue everywhere, where values lie below 0
    return clipped


def winner_colours(n: int, cmap: str) -> np.ndarray:
    """Colours (n, 3) of maps of which the greatest is shown: black, then those of the map by name in order."""
    table = colour_map(cmap).listed
    if n - 1 > len(table):
        raise ConfigError(f"colour map {cmap} has {len(table)} colours, too few for {n} maps")
    return np.concatenate([np.zeros((1, 3)), table[: n - 1, :3]])


def rgb_legend(labels: Sequence[str], cmap: str, *, is_beside: bool = False) -> Legend:
    """What the colours mean; a mixture may be explained beside the brain."""
    if cmap == "rgb":
        return MixLegend(labels, is_beside)
    colours = np.eye(3)[: len(labels)] if cmap == "rgb_argmax" else winner_colours(len(labels), cmap)
    return SwatchLegend(labels, colours)
