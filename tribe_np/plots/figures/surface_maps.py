"""A map on the cortex in one or several views, under upstream's name and arguments.

Source   tribev2 7239908 plotting.cortical.PlotBrainNilearn.plot_surf
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.resampling import resample
from tribe_np.errors import ShapeError
from tribe_np.plots.colours.colour_scale import FADE, ColourScale, colour_scale
from tribe_np.plots.colours.normalising import robust_normalize
from tribe_np.plots.figures.brains import FoldedBrain, Inflate, folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar, mappable_of
from tribe_np.plots.figures.drawn_views import DrawnView, draw_view
from tribe_np.plots.figures.given_axes import raster_for, shown_views, views_and_axes
from tribe_np.plots.figures.overlays import Overlay, ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels, legend_is_beside
from tribe_np.plots.figures.region_labels import RegionMarks, region_marks
from tribe_np.plots.figures.sheets import Look
from tribe_np.plots.raster.raster import GAP
from tribe_np.plots.views import View

OF_LABELS = "tab20"


def plot_surf(
    signals: Any,
    *,
    views: Any = "left",
    cmap: Any = None,
    vmin: float | None = None,
    vmax: float | None = None,
    threshold: float | None = None,
    symmetric_cbar: bool | None = None,
    norm_percentile: float | None = None,
    alpha_cmap: tuple[float, float] | None = FADE,
    colorbar: bool = False,
    colorbar_title: str | None = None,
    colorbar_kwargs: Mapping[str, Any] | None = None,
    annotated_rois: str | Sequence[str] | Mapping[str, str] | None = None,
    outlines: Any = None,
    parcellation: Any = None,
    axes: Any = None,
    mesh: str = "fsaverage5",
    inflate: Inflate = "half",
    bg_map: str = "sulcal",
    hemisphere_gap: float = GAP,
    subjects_dir: str | Path | None = None,
    brain: FoldedBrain | None = None,
    title: str = "",
    look: Look | None = None,
) -> Any:
    """A matplotlib figure of the map, or, in `axes` of the caller's, the ScalarMappable that upstream returns.

    signals         (2 V,) of any mesh of fsaverage, brought onto `mesh` as upstream does; whole numbers are labels
    views, axes     names or (elevation, azimuth); axes, a list of them, or a mapping from view to axes
    vmin, vmax      None: plus and minus the 99th percentile of the absolute values, or the percentiles of one sign
                    (upstream: the least and the greatest value)
    norm_percentile puts the values into 0..1 by `robust_normalize` first
    alpha_cmap      (threshold, scale): how values come out of the folds; None: every value hides them
    annotated_rois  regions to label (a mapping: what to write); outlines: a parcellation whose borders are drawn, or
                    True for `parcellation`, where names are looked up (None: hcp-mmp1)
    brain           instead of mesh, inflate and so on: one that was loaded before
    Raises   ShapeError for values of no mesh; ConfigError; MeshError; ParcellationError; MissingDependencyError
    """
    place = DrawingPlace.of(views, axes)
    brain = brain or place.brain(mesh, inflate, bg_map, hemisphere_gap, subjects_dir)
    limits = Limits(cmap, vmin, vmax, threshold, symmetric_cbar, norm_percentile, alpha_cmap)
    overlay, beyond = limits.overlay(values_on(brain, signals, subjects_dir))
    marks = region_marks(brain, annotated_rois, outlines, parcellation)
    if place.pairs is not None:
        return _in_given_axes(place.pairs, brain, overlay, marks, colorbar, colorbar_title, colorbar_kwargs)
    look = look or place.look()
    is_beside = legend_is_beside(place.views, 1, look)
    bar = ScaleBar(overlay.scale, colorbar_title or "", beyond, is_beside) if colorbar else None
    return draw_panels(brain, [Panel("", overlay)], place.views, look, Figure(title, legend=bar), marks=marks)


@dataclass(frozen=True, eq=False)
class DrawingPlace:
    """The views, and the caller's axes of each; None for a figure of our own."""

    views: tuple[View, ...]
    pairs: list[tuple[View, Any]] | None

    @classmethod
    def of(cls, views: Any, axes: Any) -> "DrawingPlace":
        """As `plot_surf` takes them.

        Raises   ConfigError
        """
        if axes is None:
            return cls(shown_views(views), None)
        pairs = views_and_axes(views, axes)
        return cls(tuple(view for view, _ in pairs), pairs)

    def brain(self, mesh: str, inflate: Inflate, bg_map: str, gap: float, subjects_dir: Any) -> FoldedBrain:
        """The brain that the views show."""
        return folded_brain(mesh, inflate, bg_map=bg_map, views=self.views, gap=gap, subjects_dir=subjects_dir)

    def look(self) -> Look:
        """The size of a figure of our own."""
        return Look(width=min(180.0, 60.0 * len(self.views)))


@dataclass(frozen=True)
class Limits:
    """How values become colours, in upstream's words."""

    cmap: Any = None
    vmin: float | None = None
    vmax: float | None = None
    threshold: float | None = None
    symmetric_cbar: bool | None = None
    norm_percentile: float | None = None
    alpha_cmap: tuple[float, float] | None = FADE

    def overlay(self, values: np.ndarray) -> tuple[ValueMap, tuple[bool, bool]]:
        """What is painted, and whether values lie below and above the limits."""
        if values.dtype.kind in "iu":
            return self._labels(values)
        if self.norm_percentile is not None:
            values = robust_normalize(values, percentile=self.norm_percentile)
        scale = self.scale(values)
        return ValueMap(values, scale), beyond_limits(values, scale)

    def scale(self, values: np.ndarray) -> ColourScale:
        """The scale of values that were normalised where that was asked for."""
        percentile = 99.0 if self.norm_percentile is None else 100.0
        return colour_scale(
            values, cmap=self.cmap, low=self.vmin, high=self.vmax, percentile=percentile,
            symmetric=self.symmetric_cbar, threshold=self.threshold, fade=self.alpha_cmap,
        )  # fmt: skip

    def _labels(self, values: np.ndarray) -> tuple[ValueMap, tuple[bool, bool]]:
        shown = np.where(values < 0, np.nan, values.astype(np.float32))
        least, most = float(np.nanmin(shown)), float(np.nanmax(shown))
        scale = colour_scale(
            shown, cmap=self.cmap or OF_LABELS, low=least if self.vmin is None else self.vmin,
            high=(most if most > least else least + 1) if self.vmax is None else self.vmax, symmetric=False, fade=None,
        )  # fmt: skip
        return ValueMap(shown, replace(scale, threshold=self.threshold), is_labels=True), (False, False)


def beyond_limits(values: np.ndarray, scale: ColourScale) -> tuple[bool, bool]:
    """Whether values lie below and above the limits."""
    return bool((values < scale.low).any()), bool((values > scale.high).any())


def values_on(brain: FoldedBrain, signals: Any, subjects_dir: str | Path | None = None) -> np.ndarray:
    """Values (2 V,) of the brain's mesh; those of another mesh of fsaverage are brought onto it.

    Raises   ShapeError for values that are no row of both hemispheres
    """
    values = np.ma.filled(signals, np.nan) if isinstance(signals, np.ma.MaskedArray) else np.asarray(signals)
    if values.ndim == 2 and len(values) == 1:
        values = values[0]
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise ShapeError(f"a map is one row of numbers of both hemispheres, (2 V,), got {values.dtype} {values.shape}")
    if values.dtype.kind == "b":
        values = values.astype(np.float32)
    if len(values) != brain.n_vertices and brain.surface.mesh.startswith("fsaverage"):
        values = resample(values, brain.surface.mesh, subjects_dir=subjects_dir).values[0]
    brain.check(values, "the map")
    return values


def draw_in_axes(pairs: Sequence[tuple[Any, Any]], brain: FoldedBrain, overlay: Overlay | None) -> list[DrawnView]:
    """The views in the axes of a caller, each as large as they are."""
    return [draw_view(axes, brain, raster_for(axes, brain, view), overlay) for view, axes in pairs]


def _in_given_axes(
    pairs: Sequence[tuple[Any, Any]], brain: FoldedBrain, overlay: ValueMap, marks: RegionMarks, colorbar: bool,
    title: str | None, settings: Mapping[str, Any] | None,
) -> Any:  # fmt: skip
    marks.draw_all(draw_in_axes(pairs, brain, overlay))
    mappable = None if overlay.is_labels else mappable_of(overlay.scale)
    if colorbar and mappable is not None:
        last = pairs[-1][1]
        chosen = {"format": "{x:0.2f}", "label": title or "", "shrink": 0.5} | dict(settings or {})
        last.figure.colorbar(mappable, ax=last, **chosen)
    return mappable
