"""The figures of a fit: held-out r of each model on the brain, and as histograms beside the curve of the penalties.

Models come as they stand in the record, whichever they are.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.running_scores import summarise_map
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.brains import folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.figure_files import own_settings
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.lettering import FONT
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import LETTERS, SMALL, TITLE, TWO_COLUMNS, Look, Sheet, draw_thin_lines, new_sheet
from tribe_np.plots.figures.surface_maps import beyond_limits

FIT_VIEWS = ("lateral", "medial")
FIT_COLOURS = ("#0072B2", "#999999", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito's
BINS = np.linspace(-1, 1, 81)
HEIGHT = 150.0  # points


def fit_maps_figure(series: SurfaceSeries, r: Mapping[str, np.ndarray], note: str, subjects_dir: Any = None) -> Any:
    """The matplotlib figure of r on the kept-out rows, {title: (n,)}: a panel a model, one colour scale.

    Raises   MeshError, MissingDependencyError
    """
    views = shown_views(FIT_VIEWS)
    brain = folded_brain(series.mesh, "half", views=views, subjects_dir=subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, subjects_dir), brain.surface.origin)
    known = np.concatenate([values[np.isfinite(values)] for values in r.values()])
    scale = colour_scale(known, symmetric=True) if known.size else None
    whole = np.full((len(r), 2 * series.per_hemisphere), np.nan)
    whole[:, series.columns] = list(r.values())
    panels = [
        Panel(title, None if scale is None else ValueMap(row, scale)) for title, row in zip(r, whole, strict=True)
    ]
    bar = None if scale is None else ScaleBar(scale, "Pearson's r", beyond_limits(whole, scale))
    return draw_panels(
        brain, panels, views, Look(TWO_COLUMNS), Figure("A new person: rows that were kept out", note, bar)
    )


def fit_scores_figure(
    r: Mapping[str, np.ndarray], penalties: np.ndarray, scores: np.ndarray, score: str, note: str
) -> Any:
    """The matplotlib figure: a histogram of r over vertices a model, and the mean score of folds over penalties.

    Shapes   r {title: (V,)}; penalties (P,); scores (P, V) of the fitted head, by which penalties were chosen
    Raises   MissingDependencyError
    """
    look = Look(TWO_COLUMNS)
    unit = look.pixels(1)
    sheet = new_sheet(look.width_in_pixels, round(HEIGHT * unit), look)
    left, right = (0.07, 0.24, 0.38, 0.62), (0.74, 0.24, 0.24, 0.62)
    with own_settings():
        axes = _axes(sheet, left, "r on the rows that were kept out", "Vertices")
        axes.axvline(0, color=look.faint_ink, linewidth=0.4)
        for number, (title, values) in enumerate(r.items()):
            colour = FIT_COLOURS[number % len(FIT_COLOURS)]
            counts = np.histogram(values[np.isfinite(values)], BINS)[0]
            axes.stairs(counts, BINS, color=colour, linewidth=1.0)
            place = (left[0] + left[2] + 0.01) * sheet.width, (22 + 20 * number) * unit
            sheet.write(*place, f"{title}\n{_told(values)}", size=SMALL, color=colour, ha="left", va="top")
        axes.set_xlim(-1, 1)
        axes.set_ylim(0)
        curve = _axes(sheet, right, "Penalty of the fitted head", f"Mean {score} of folds")
        _draw_curve(curve, penalties, scores, look)
    sheet.write(sheet.width / 2, 8 * unit, "A new person", size=TITLE, fontweight="bold")
    for number, line in enumerate(reversed(note.split("\n"))):
        place = sheet.width / 2, sheet.height - (6 + 8 * number) * unit
        sheet.write(*place, line, size=min(SMALL, LETTERS), color=look.faint_ink)
    return sheet.figure


def _draw_curve(axes: Any, penalties: np.ndarray, scores: np.ndarray, look: Look) -> None:
    """The mean over vertices that have a score at every penalty; where one penalty is 0 the axis is not logarithmic."""
    known = np.isfinite(scores).all(axis=0)
    if not known.any():
        return
    means = scores[:, known].mean(axis=1)
    axes.axhline(0, color=look.faint_ink, linewidth=0.4)
    axes.plot(penalties, means, color=FIT_COLOURS[0], linewidth=1.0, marker="o", markersize=2.2)
    if penalties.min() > 0:
        axes.set_xscale("log")


def _axes(sheet: Sheet, box: tuple[float, float, float, float], x: str, y: str) -> Any:
    """Axes with two thin spines and their labels."""
    axes, look = sheet.figure.add_axes(box), sheet.look
    draw_thin_lines(axes, look)
    axes.set_xlabel(x, fontsize=SMALL, family=FONT, labelpad=2)
    axes.set_ylabel(y, fontsize=SMALL, family=FONT, labelpad=2)
    return axes


def _told(values: np.ndarray) -> str:
    summary = summarise_map(values)
    return f"mean {summary.mean:.3f}, median {summary.median:.3f}" if summary.n else "no vertex has a number"
