"""The figures of an evaluation: r at every vertex on four views, r beside its ceiling, and r over lags."""

from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.evaluating import Evaluation
from tribe_np.analysis.evaluation.evaluation_maps import evaluation_maps
from tribe_np.analysis.evaluation.running_scores import summarise_map
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.random_weights import RANDOM
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.brains import folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.figure_files import own_settings
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.lettering import FONT
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import (
    LETTERS,
    ONE_COLUMN,
    SMALL,
    TITLE,
    TWO_COLUMNS,
    Look,
    draw_thin_lines,
    new_sheet,
)
from tribe_np.plots.figures.surface_maps import beyond_limits

EVALUATION_VIEWS = ("lateral", "medial", "ventral", "dorsal")
TITLES = {
    "r": ("Prediction and measured BOLD", "Pearson's r"),
    "r_normalised": ("Prediction beside its ceiling", "r / ceiling"),
    "r_group": ("Prediction and the mean of the group", "Pearson's r"),
}
BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito's


def evaluation_figure(made: Evaluation, name: str = "r", subjects_dir: Any = None) -> Any:
    """The matplotlib figure of the map `name`, one of TITLES.

    Raises   MeshError, MissingDependencyError
    """
    series, values = made.series, evaluation_maps(made)[name].values
    title, unit = TITLES[name]
    brain = folded_brain(series.mesh, "half", views=shown_views(EVALUATION_VIEWS), subjects_dir=subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, subjects_dir), brain.surface.origin)
    known = values[np.isfinite(values)]
    overlay = bar = None
    if known.size:
        scale = colour_scale(known, symmetric=True)
        whole = np.full(2 * series.per_hemisphere, np.nan)
        whole[series.columns] = values
        overlay = ValueMap(whole, scale)
        bar = ScaleBar(scale, unit, beyond_limits(whole, scale), is_vertical=True)
    return draw_panels(
        brain, [Panel("", overlay)], shown_views(EVALUATION_VIEWS), Look(TWO_COLUMNS),
        Figure(title, _note(made, values), bar),
    )  # fmt: skip


def _note(made: Evaluation, values: np.ndarray) -> str:
    rows = sum(one.n_rows for one in made.subjects)
    who = made.subjects[0].subject if len(made.subjects) == 1 else f"{len(made.subjects)} subjects"
    summary = summarise_map(values)
    mean = f"mean {summary.mean:.3f} over {summary.n:,} vertices" if summary.n else "no vertex has a number"
    note = f"{who}; {rows:,} rows; {mean}; {_read_at(made)}"
    return _with_random(note, made)


def _read_at(made: Evaluation) -> str:
    is_aligned = all(run.paired.truth.is_aligned for one in made.subjects for run in one.runs)
    if is_aligned:
        return "BOLD stands at stimulus time"
    return f"BOLD read {made.series.hemodynamic_offset:g} s after the stimulus"


def _with_random(note: str, made: Evaluation) -> str:
    return f"{note}\n{RANDOM[0].upper()}{RANDOM[1:]}" if RANDOM in made.warnings else note


def lag_figure(made: Evaluation) -> Any:
    """The matplotlib figure of mean r over lags, with the best and the expected one; None without a scan.

    Raises   MissingDependencyError
    """
    scan = made.lags
    if scan is None or not np.isfinite(scan.mean_r).any():
        return None
    look = Look(ONE_COLUMN)
    unit = look.pixels(1)
    width, height = look.width_in_pixels, 150 * unit
    left, right, top, bottom = 38 * unit, 8 * unit, 20 * unit, 50 * unit
    sheet = new_sheet(width, height, look)
    with own_settings():
        axes = sheet.figure.add_axes(
            (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
        )
        axes.axhline(0, color=look.faint_ink, linewidth=0.4)
        axes.axvline(scan.expected, color=look.faint_ink, linewidth=0.7, linestyle=(0, (3, 2)))
        axes.plot(scan.lags, scan.mean_r, color=BLUE, linewidth=1.0, marker="o", markersize=2.2)
        axes.plot([scan.best], [np.nanmax(scan.mean_r)], color=ORANGE, marker="o", markersize=4.5)
        draw_thin_lines(axes, look)
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("Lag: truth read so many seconds later than expected", fontsize=SMALL, family=FONT, labelpad=2)
        axes.set_ylabel("Mean r", fontsize=SMALL, family=FONT, labelpad=2)
    sheet.write(width / 2, 9 * unit, "Mean r over lags", size=TITLE, fontweight="bold")
    words = "the expected one" if scan.is_expected else f"expected {scan.expected:+g} s"
    note = _with_random(f"Best lag {scan.best:+g} s, {words}; {scan.n_columns:,} vertices", made)
    for number, line in enumerate(reversed(note.split("\n"))):
        sheet.write(width / 2, height - (6 + 8 * number) * unit, line, size=min(SMALL, LETTERS), color=look.faint_ink)
    return sheet.figure
