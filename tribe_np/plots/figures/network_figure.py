"""The figure of networks: the map of each component, its share, and the template that it is most like."""

from typing import Any

import numpy as np

from tribe_np.analysis.decompositions.decomposing import ROWS_OF_TIME, Networks
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
from tribe_np.shown import shown

NETWORK_VIEWS = ("lateral", "medial")
MOST_DRAWN = 20  # components; the others are in the maps alone
LIMIT = 4.0  # standard deviations
HIDDEN_BELOW = 1.0  # of them: the body of a map is no network
LONGEST_TEMPLATE = 22


def network_figure(made: Networks) -> Any:
    """The matplotlib figure: a panel a component, by rank; weights in standard deviations over vertices.

    Raises   MeshError, MissingDependencyError
    """
    series, views, look = made.series, shown_views(NETWORK_VIEWS), Look(TWO_COLUMNS)
    brain = folded_brain(series.mesh, "half", views=views, subjects_dir=made.subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, made.subjects_dir), brain.surface.origin)
    scale = colour_scale(made.found.maps, low=-LIMIT, high=LIMIT, symmetric=True, threshold=HIDDEN_BELOW)
    whole = np.full((made.n_components, 2 * series.per_hemisphere), np.nan)
    whole[:, series.columns] = made.maps()
    n_drawn = min(made.n_components, MOST_DRAWN)
    panels = [Panel(_title(made, component), ValueMap(whole[component], scale)) for component in range(n_drawn)]
    bar = ScaleBar(scale, "Weight (SD over vertices)", beyond_limits(whole[:n_drawn], scale))
    title = "Networks" if made.options.rows == ROWS_OF_TIME else "Networks of the last layer"
    return draw_panels(brain, panels, views, look, Figure(title, _note(made, n_drawn), bar))


def _title(made: Networks, component: int) -> str:
    text = f"{component + 1}: {100 * made.found.shares[component]:.1f}%"
    best = made.best(component)
    if best is None or made.spins is None or made.templates is None:
        return text
    name = shown(made.templates.names[best], LONGEST_TEMPLATE)
    return f"{text}, {name}\nr = {made.spins.r[component, best]:.2f}, p = {made.spins.p_best[component]:.2g}"


def _note(made: Networks, n_drawn: int) -> str:
    """The lines below."""
    options = made.options
    first = (
        f"Spatial ICA of {len(made.series.values):,} {options.rows} x {made.rows.n_used:,} vertices, "
        f"{made.n_components} components by share of the variance; weights nearer to 0 than {HIDDEN_BELOW:g} SD are "
        "bare"
    )
    lines = [first if n_drawn == made.n_components else f"{first}; the first {n_drawn} are shown"]
    if made.spins is not None and made.templates is not None:
        lines.append(
            f"r with the best of {len(made.templates.names)} templates ({shown(made.templates.origin, 40)}); p of "
            f"{made.spins.n_spins:,} rotations of the sphere, over all templates"
        )
    if RANDOM in made.warnings:
        lines.append(f"{RANDOM[0].upper()}{RANDOM[1:]}")
    return "\n".join(lines)
