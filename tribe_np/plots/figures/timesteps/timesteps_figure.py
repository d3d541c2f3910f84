"""A row of time steps: the brain at each, and above it what was seen, heard and said then.

Source   tribev2 7239908 plotting.base.BasePlotBrain.plot_timesteps, plot_stimuli (arguments and order of the rows)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.resampling import resample
from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_scale import FADE, PERCENTILE, colour_scale
from tribe_np.plots.colours.normalising import robust_normalize
from tribe_np.plots.figures.brains import FoldedBrain, Inflate, folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.region_labels import region_marks
from tribe_np.plots.figures.sheets import TWO_COLUMNS, Look
from tribe_np.plots.figures.surface_maps import beyond_limits
from tribe_np.plots.figures.timesteps.timesteps_bands import StepBands
from tribe_np.plots.figures.timesteps.timesteps_plan import TimestepsPlan, plan_of
from tribe_np.plots.raster.raster import GAP
from tribe_np.plots.surface_sources import unit_of
from tribe_np.plots.views import View, views_named
from tribe_np.shown import did_you_mean, quoted

PER_BAND = 8  # steps beside each other
Views = str | Sequence[str] | Mapping[str, str | Sequence[str]]


def plot_timesteps(
    neuro: Any,
    segments: Sequence[Any] | None = None,
    *,
    plot_every_k_timesteps: int | None = None,
    trues: Any = None,
    norm_percentile: float | None = None,
    show_stimuli: bool | None = None,
    views: Views = "left",
    timestamps: Sequence[Any] | None = None,
    align: str = "stimulus",
    timeline: str | None = None,
    stimulus: str | Path | None = None,
    steps_per_band: int = PER_BAND,
    look: Look | None = None,
    **kwargs: Any,
) -> Any:
    """A matplotlib figure of brains at steps of time; many steps wrap into bands.

    neuro       a prediction folder, a SurfaceSeries, rows (R, 2 V), or several of these by name: a row of brains each
    segments    what predict returns beside the rows: their times, and with show_stimuli what was seen and heard
    plot_every_k_timesteps   None takes as few steps as stay readable, and says so
    trues       measured rows of the same times, drawn below
    norm_percentile   each is brought into 0..1 by `robust_normalize` first, as upstream
    show_stimuli      None: where neuro is a folder
    views       a view, several, or a mapping with those of each name of neuro
    timestamps  what is written above the steps: seconds or text
    align       "stimulus": below each moment the row that describes it; "bold": the BOLD of that moment
    timeline, stimulus   one of several recordings; a file to show in the place of the run's own
    kwargs      of plot_surf: cmap, vmin, vmax, percentile, threshold, symmetric_cbar, alpha_cmap, colorbar,
                colorbar_title, annotated_rois, outlines, parcellation, mesh, inflate, bg_map, hemisphere_gap,
                subjects_dir
    Raises      ShapeError, ConfigError, MeshError, OutputError, MediaError, MissingDependencyError
    """
    settings = _settings(kwargs)
    if isinstance(steps_per_band, bool) or not isinstance(steps_per_band, int) or steps_per_band < 1:
        raise ConfigError(f"steps_per_band must be a whole number from 1 on, got {quoted(steps_per_band)}")
    plan = plan_of(
        neuro, segments, trues, every=plot_every_k_timesteps, timestamps=timestamps, align=align, timeline=timeline,
        stimulus=stimulus, show_stimuli=show_stimuli,
    )  # fmt: skip
    shown = [(name, view) for name in plan.rows for view in _views_of(views, name, list(plan.rows))]
    brain = folded_brain(
        settings.mesh, settings.inflate, bg_map=settings.bg_map, views=tuple(view for _, view in shown),
        gap=settings.hemisphere_gap, subjects_dir=settings.subjects_dir,
    )  # fmt: skip
    plan = _on_brain(plan, brain, norm_percentile, settings.subjects_dir)
    bar = _bar(plan, settings, norm_percentile)
    marks = region_marks(brain, settings.annotated_rois, settings.outlines, settings.parcellation)
    look = look or Look(TWO_COLUMNS)
    return StepBands.of(plan, brain, bar, marks, shown, look, steps_per_band, shows_bar=settings.colorbar).draw()


@dataclass(frozen=True)
class _Settings:
    """plot_surf's arguments, by its names."""

    cmap: Any = None
    vmin: float | None = None
    vmax: float | None = None
    threshold: float | None = None
    symmetric_cbar: bool | None = None
    alpha_cmap: tuple[float, float] | None = FADE
    percentile: float = PERCENTILE
    colorbar: bool = True
    colorbar_title: str | None = None
    annotated_rois: Any = None
    outlines: Any = None
    parcellation: Any = None
    mesh: str = "fsaverage5"
    inflate: Inflate = "half"
    bg_map: str = "sulcal"
    hemisphere_gap: float = GAP
    subjects_dir: str | Path | None = None


def _settings(kwargs: Mapping[str, Any]) -> _Settings:
    known = [field.name for field in fields(_Settings)]
    for name in kwargs:
        if name not in known:
            raise ConfigError(f"plot_timesteps has no argument {name}{did_you_mean(name, known)}")
    return _Settings(**kwargs)


def _views_of(views: Views, name: str, names: Sequence[str]) -> tuple[View, ...]:
    """Raises   ConfigError for a mapping without the name"""
    if not isinstance(views, Mapping):
        return views_named([views] if isinstance(views, str) else list(views))
    if name not in views:
        raise ConfigError(f"views must name a view for each of {', '.join(names)}; {name} has none")
    own = views[name]
    return views_named([own] if isinstance(own, str) else list(own))


def _on_brain(
    plan: TimestepsPlan, brain: FoldedBrain, norm_percentile: float | None, subjects_dir: str | Path | None
) -> TimestepsPlan:
    """The rows on the brain's mesh, in 0..1 where that was asked for."""
    rows: dict[str, np.ndarray] = {}
    for name, values in plan.rows.items():
        fits = values.shape[1] == brain.n_vertices
        on_mesh = values if fits else resample(values, brain.surface.mesh, subjects_dir=subjects_dir).values
        normal = on_mesh if norm_percentile is None else robust_normalize(on_mesh, percentile=norm_percentile)
        rows[name] = normal
    return replace(plan, rows=rows)


def _bar(plan: TimestepsPlan, settings: _Settings, norm_percentile: float | None) -> ScaleBar:
    """One scale for all rows of brains and all times."""
    values = [np.asarray(rows) for rows in plan.rows.values()]
    whole = values[0] if len(values) == 1 else np.concatenate(values)
    scale = colour_scale(
        whole, cmap=settings.cmap, low=settings.vmin, high=settings.vmax, threshold=settings.threshold,
        percentile=settings.percentile if norm_percentile is None else 100.0, symmetric=settings.symmetric_cbar,
        fade=settings.alpha_cmap,
    )  # fmt: skip
    unit = unit_of(plan.series) if norm_percentile is None else ""
    title = unit if settings.colorbar_title is None else settings.colorbar_title
    return ScaleBar(scale, title, beyond_limits(whole, scale))
