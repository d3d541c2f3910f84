"""The figure of an evaluation: r at every vertex on four views, and below it what was compared with what."""

from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.evaluating import Evaluation
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.random_weights import RANDOM
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.brains import folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import TWO_COLUMNS, Look
from tribe_np.plots.figures.surface_maps import beyond_limits

EVALUATION_VIEWS = ("lateral", "medial", "ventral", "dorsal")


def evaluation_figure(made: Evaluation, subjects_dir: Any = None) -> Any:
    """The matplotlib figure of r.

    Raises   MeshError, MissingDependencyError
    """
    series = made.series
    brain = folded_brain(series.mesh, "half", views=shown_views(EVALUATION_VIEWS), subjects_dir=subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, subjects_dir), brain.surface.origin)
    known = made.r[np.isfinite(made.r)]
    overlay = bar = None
    if known.size:
        scale = colour_scale(known, symmetric=True)
        whole = np.full(2 * series.per_hemisphere, np.nan)
        whole[series.columns] = made.r
        overlay = ValueMap(whole, scale)
        bar = ScaleBar(scale, "Pearson's r", beyond_limits(whole, scale), is_vertical=True)
    return draw_panels(
        brain, [Panel("", overlay)], shown_views(EVALUATION_VIEWS), Look(TWO_COLUMNS),
        Figure("Prediction and measured BOLD", _note(made, known), bar),
    )  # fmt: skip


def _note(made: Evaluation, known: np.ndarray) -> str:
    rows = sum(one.n_rows for one in made.subjects)
    who = made.subjects[0].subject if len(made.subjects) == 1 else f"mean of {len(made.subjects)} subjects"
    mean = f"mean r {known.mean():.3f} over {known.size:,} vertices" if known.size else "no vertex has an r"
    note = f"{who}; {rows:,} rows; {mean}; BOLD read {made.series.hemodynamic_offset:g} s after the stimulus"
    return f"{note}\n{RANDOM[0].upper()}{RANDOM[1:]}" if RANDOM in made.warnings else note
