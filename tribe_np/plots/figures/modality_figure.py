"""The figure of what modalities contribute: one brain in their mixed colours, and one for each alone in its own.

All panels share their limits: none at 0, full at one value, the percentile of all maps together.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.contrast_record import UNIT
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_maps import colour_map
from tribe_np.plots.figures.brains import folded_brain
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.mixed_colours import Legend, MixLegend, SwatchLegend
from tribe_np.plots.figures.overlays import MixedMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import TWO_COLUMNS, Look

MODALITY_VIEWS = ("lateral", "medial")
COLOURS = ("red", "green", "blue")


def colours_of(modalities: Mapping[str, Any] | list[str]) -> dict[str, str]:
    """Which colour each modality has, by name or, where there are more than three, as #rrggbb."""
    names = list(modalities)
    if len(names) <= len(COLOURS):
        return dict(zip(names, COLOURS, strict=False))
    codes = ["#" + "".join(f"{round(255 * x):02x}" for x in rgb) for rgb in modality_palette(len(names))]
    return dict(zip(names, codes, strict=True))


def modality_figure(
    series: AnySeries,
    contributions: Mapping[str, np.ndarray],
    limit: float | None,
    *,
    title: str,
    note: str,
    unit: str = UNIT,
    subjects_dir: Any = None,
) -> Any:
    """The matplotlib figure of maps (V,) by modality; values below 0 have no colour.

    Raises   ConfigError for voxels of a mask, or where no value is above 0; MeshError, MissingDependencyError
    """
    if not isinstance(series, SurfaceSeries):
        raise ConfigError("contributions to voxels have no figure; `tribe-np plot` draws a map of them")
    if limit is None:
        raise ConfigError("there is nothing to draw: no contribution is above 0")
    names = list(contributions)
    views, look = shown_views(MODALITY_VIEWS), Look(TWO_COLUMNS)
    brain = folded_brain(series.mesh, "half", views=views, subjects_dir=subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, subjects_dir), brain.surface.origin)
    shares = np.full((2 * series.per_hemisphere, len(names)), np.nan, np.float32)
    shares[series.columns] = np.clip(np.stack([contributions[m] for m in names], axis=1) / limit, 0, 1)
    is_mixed, palette = len(names) <= len(COLOURS), modality_palette(len(names))
    together = MixedMap(shares, palette, shows_strongest=not is_mixed)
    panels = [Panel(m, MixedMap(shares[:, [k]], palette[[k]])) for k, m in enumerate(names)]
    if len(names) > 1:
        panels.insert(0, Panel("all together" if is_mixed else "the strongest", together))
    legend: Legend = MixLegend(names) if is_mixed and len(names) > 1 else SwatchLegend(names, palette)
    below = " and below" * any(np.nanmin(each) < 0 for each in contributions.values())
    strength = (
        f"Strength of the colours: none at 0{below}, full at {limit:.3g} and above ({unit}), the same in all panels"
    )
    around = Figure(title, f"{strength}\n{note}", legend)
    return draw_panels(brain, panels, views, look, around, n_columns=min(2, len(panels)))


def modality_palette(n: int) -> np.ndarray:
    """The colours of so many modalities, (n, 3) in 0..1."""
    if n <= len(COLOURS):
        return np.eye(3)[:n]
    table: np.ndarray = colour_map("tab10").listed[:n, :3]
    return table
