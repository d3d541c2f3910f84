"""The figures of what regions listen to: curves by lag of some; the best lag and the strongest modality of all."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from tribe_np.analysis.sensitivities.lag_curves import LagCurves
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.regions.asked_regions import AskedRegions
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.brains import FoldedBrain, folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.figure_files import own_settings
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.lettering import FONT
from tribe_np.plots.figures.mixed_colours import SwatchLegend
from tribe_np.plots.figures.modality_figure import modality_palette
from tribe_np.plots.figures.overlays import MixedMap, ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import LETTERS, SMALL, TITLE, TWO_COLUMNS, Look, Sheet, draw_thin_lines, new_sheet
from tribe_np.plots.figures.surface_maps import beyond_limits
from tribe_np.plots.views import View

BRAIN_VIEWS = ("lateral", "medial")
MOST_CURVES, ACROSS = 12, 3  # regions that are drawn, and in a row
HUES = ("#D55E00", "#009E73", "#0072B2", "#CC79A7")  # Okabe and Ito's, near the red, green and blue of the maps
ENDS = (2.0, 98.0)  # percentiles of lags between which colours change
LEAST_SPAN = 5.0  # seconds of lag over all colours: a row is a mean over steps, half a second is no difference
DRAWN_LAGS = 20.0  # seconds around the offset, or up to the farthest best lag


def lag_curve_figure(regions: AskedRegions, curves: LagCurves, *, offset: float, note: str) -> Any:
    """The matplotlib figure of `scaled` over lags: a panel a region, a line a modality, all on one scale.

    Raises   MissingDependencyError
    """
    shown, look = regions.names[:MOST_CURVES], Look(TWO_COLUMNS)
    n_across = min(ACROSS, len(shown))
    unit, n_down = look.pixels(1), ceil(len(shown) / n_across)
    left, right, top, bottom, gap = 40 * unit, 6 * unit, 38 * unit, 38 * unit, 16 * unit
    tall, step = 92 * unit, 122 * unit
    height = top + n_down * step - (step - tall) + bottom + 8 * unit * note.count("\n")
    sheet = new_sheet(look.width_in_pixels, height, look)
    wide = (sheet.width - left - right - gap * (n_across - 1)) / n_across
    farthest = [abs(lag - offset) for lags in curves.best_lags().values() for lag in lags[: len(shown)]]
    reach = np.nanmax([DRAWN_LAGS, *farthest]) + 1e-9
    near = (np.abs(curves.lags - offset) <= reach) & (curves.counts > 0)
    highest = max((float(np.nanmax(x[: len(shown), near])) for x in curves.scaled.values()), default=0.0)
    with own_settings():
        for place, name in enumerate(shown):
            down, across = divmod(place, n_across)
            x, y = left + across * (wide + gap), top + down * step
            axes = sheet.figure.add_axes(
                (x / sheet.width, 1 - (y + tall) / sheet.height, wide / sheet.width, tall / sheet.height)
            )
            _draw_region(axes, curves, place, near, offset, look)
            axes.set_ylim(0, 1.06 * highest or 1.0)
            axes.tick_params(labelleft=across == 0)
            if down == n_down - 1 or place + n_across >= len(shown):
                axes.set_xlabel("Lag from what is shown to BOLD (s)", fontsize=SMALL, family=FONT, labelpad=2)
            sheet.write(x + wide / 2, y - 6 * unit, name, size=LETTERS)
    sheet.write(sheet.width / 2, 8 * unit, "What regions listen to", size=TITLE, fontweight="bold")
    _write_names(sheet, curves.modalities, 20 * unit)
    sheet.write(8 * unit, top + (n_down * step) / 2, "z-scored BOLD per SD of the features", size=SMALL, rotation=90)
    sheet.write(sheet.width / 2, sheet.height - 3 * unit, note, size=SMALL, color=look.faint_ink, va="bottom")
    return sheet.figure


def _draw_region(axes: Any, curves: LagCurves, region: int, near: np.ndarray, offset: float, look: Look) -> None:
    axes.axvline(offset, color=look.faint_ink, linewidth=0.6, linestyle=(0, (3, 2)))
    best = curves.best_lags()
    for k, (modality, scaled) in enumerate(curves.scaled.items()):
        colour, lag = HUES[k % len(HUES)], best[modality][region]
        axes.plot(curves.lags[near], scaled[region, near], color=colour, linewidth=0.9)
        if np.isfinite(lag):
            peak = scaled[region, int(np.argmin(np.abs(curves.lags - lag)))]
            axes.plot([lag], [peak], color=colour, marker="o", markersize=2.6)
    draw_thin_lines(axes, look)


def _write_names(sheet: Sheet, modalities: Sequence[str], y: float) -> None:
    """The modalities in their colours, in one line."""
    wide = sheet.look.pixels(LETTERS) * 5.5
    for k, modality in enumerate(modalities):
        x = sheet.width / 2 + (k - (len(modalities) - 1) / 2) * wide
        sheet.write(x, y, modality, size=LETTERS, color=HUES[k % len(HUES)], fontweight="bold")


def best_lag_figure(regions: AskedRegions, curves: LagCurves, *, note: str, subjects_dir: Any = None) -> Any:
    """The matplotlib figure of the best lags: of the modality with the largest share, and of each.

    Raises   ConfigError where no region listens to anything; MeshError, MissingDependencyError
    """
    series = regions.series
    maps = dict(curves.best_lags())
    if len(maps) > 1:
        maps = {"of the modality with the largest share": curves.lag_of_strongest(), **maps}
    known = np.concatenate([values[np.isfinite(values)] for values in maps.values()])
    if not known.size:
        raise ConfigError("there is nothing to draw: every derivative is 0")
    brain, views = _bare_brain(series, subjects_dir)
    low, high = np.percentile(known, ENDS)
    wider = max(0.0, LEAST_SPAN - (high - low)) / 2
    low, high = low - wider, high + wider
    scale = colour_scale(known, low=float(low), high=float(high), cmap="viridis", fade=None)
    whole = {name: np.full(2 * series.per_hemisphere, np.nan) for name in maps}
    for name, values in maps.items():
        whole[name][series.columns] = regions.painted(values)
    panels = [Panel(name, ValueMap(values, scale, is_labels=True)) for name, values in whole.items()]
    pointed = beyond_limits(np.concatenate(list(whole.values())), scale)
    bar = ScaleBar(scale, "Best lag from what is shown to BOLD (s)", pointed)
    return draw_panels(
        brain, panels, views, Look(TWO_COLUMNS), Figure("When regions listen", note, bar), n_columns=min(2, len(maps))
    )


def strongest_figure(regions: AskedRegions, curves: LagCurves, *, note: str, subjects_dir: Any = None) -> Any:
    """The matplotlib figure of the modality with the largest share in each region, in the colours of the shares.

    Raises   ConfigError where no region listens to anything; MeshError, MissingDependencyError
    """
    series, strongest, names = regions.series, curves.strongest(), curves.modalities
    if (strongest < 0).all():
        raise ConfigError("there is nothing to draw: every derivative is 0")
    brain, views = _bare_brain(series, subjects_dir)
    whole = np.full((2 * series.per_hemisphere, len(names)), np.nan, np.float32)
    for place in range(len(names)):
        whole[series.columns, place] = regions.painted(np.where(strongest < 0, np.nan, strongest == place))
    palette = modality_palette(len(names))
    panel = Panel("", MixedMap(whole, palette, shows_strongest=True, fade=None))
    around = Figure("The modality with the largest share", note, SwatchLegend(names, palette))
    return draw_panels(brain, [panel], views, Look(TWO_COLUMNS), around)


def _bare_brain(series: SurfaceSeries, subjects_dir: Any) -> tuple[FoldedBrain, tuple[View, ...]]:
    views = shown_views(BRAIN_VIEWS)
    brain = folded_brain(series.mesh, "half", views=views, subjects_dir=subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, subjects_dir), brain.surface.origin)
    return brain, views
