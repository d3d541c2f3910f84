"""`plot` of voxels: predictions of the subcortex, as means or moments, on the surfaces of its structures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.voxel_series import VoxelSeries, as_voxel_series, is_voxel_folder
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.faded_mixtures import mixture
from tribe_np.plots.figures.figure_options import FigureOptions
from tribe_np.plots.figures.map_sources import difference_unit, mean_of_rows, rows_at, whose_times
from tribe_np.plots.figures.overlays import Overlay, ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels, legend_is_beside
from tribe_np.plots.figures.region_labels import RegionMarks
from tribe_np.plots.figures.subcortex.subcortical_brain import StructuresBrain, load_structures
from tribe_np.plots.figures.surface_maps import beyond_limits
from tribe_np.plots.stimulus.row_clock import row_clock
from tribe_np.plots.surface_sources import distinct_names, unit_of
from tribe_np.plots.views import views_named

FRONT, BACK = (25.26, 60.0), (25.26, 240.0)  # degrees: upstream's view, and the one from behind


@dataclass(frozen=True, eq=False)
class VoxelMaps:
    """Rows (k, n) of voxels that are drawn, with titles; `of_all` is what limits are taken from."""

    rows: np.ndarray
    titles: list[str]
    of_all: np.ndarray
    note: str
    warnings: list[str]


def is_of_voxels(sources: Sequence[Any]) -> bool:
    """Whether the sources are predictions of a mask's voxels.

    Raises   ConfigError where only some are; OutputError
    """
    kinds = [is_voxel_folder(source) for source in sources]
    if any(kinds) and not all(kinds):
        raise ConfigError("some predictions are of the cortex and others of a mask's voxels; draw them apart")
    return any(kinds)


def voxel_figure(sources: Sequence[Any], options: FigureOptions) -> tuple[Any, tuple[str, ...]]:
    """The matplotlib figure of predictions of voxels, and what a person should know of it.

    Raises   ConfigError for what only a cortex has; ShapeError for predictions of different masks; ParcellationError
             where the mask is not found
    """
    _check(options)
    both = [*sources, *([] if options.minus is None else [options.minus])]
    all_series = [as_voxel_series(source) for source in both]
    maps = _maps(all_series, distinct_names(both), options)
    structures = load_structures(_mask(options.mask), space=all_series[0].space, subjects_dir=options.subjects_dir)
    views = views_named([FRONT, BACK] if options.views is None or not len(options.views) else options.views)
    look = options.look(1 if options.rgb else len(maps.rows))
    legend: Any
    strength = ""
    if options.rgb:
        values = _bare_where_grey(structures, _without_holes(structures.values(maps.rows)).T)
        overlay, legend, strength = mixture(values, maps.titles, options, unit_of(all_series[0]), is_beside=False)
        overlays: list[Overlay] = [overlay]
    else:
        low, high = options.limits or (None, None)
        scale = colour_scale(
            maps.of_all, cmap=options.cmap, low=low, high=high, percentile=options.percentile,
            symmetric=options.symmetric, threshold=options.threshold, fade=options.fade,
        )  # fmt: skip
        overlays = [ValueMap(values, scale) for values in structures.values(maps.rows)]
        is_beside = legend_is_beside(views, len(overlays), look)
        unit = unit_of(all_series[0])
        unit = unit if options.minus is None else difference_unit(unit)
        legend = ScaleBar(scale, unit, beyond_limits(maps.rows, scale), is_beside)
    titles = maps.titles if len(overlays) > 1 or options.at else [""]
    panels = [Panel(title, overlay) for title, overlay in zip(titles, overlays, strict=False)]
    note = "\n".join(text for text in (maps.note, strength) if text)
    around = Figure(options.title or "", note, legend if options.colour_bar else None)
    figure = draw_panels(structures.brain, panels, views, look, around, n_columns=options.columns, marks=RegionMarks())
    return figure, tuple(dict.fromkeys(maps.warnings))


def _check(options: FigureOptions) -> None:
    for name, is_given in (
        ("--timesteps", options.timesteps),
        ("--parcellation", options.parcellation is not None),
        ("--label", bool(options.labels)),
    ):
        if is_given:
            raise ConfigError(f"{name} is for predictions of the cortex; this one holds the voxels of a mask")


def _mask(given: Any) -> Any:
    """One file or folder as itself, as the command line's list holds it."""
    return given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given


def _maps(all_series: Sequence[VoxelSeries], names: Sequence[str], options: FigureOptions) -> VoxelMaps:
    first = all_series[0]
    for series, name in zip(all_series, names, strict=True):
        if series.space != first.space:
            raise ShapeError(f"{name} holds {series.space}, but {names[0]} holds {first.space}")
    warnings = [
        f"{series.origin}: {series.n_missing} of {series.space.n_outputs} voxels were not computed; drawn bare"
        for series in all_series
        if series.n_missing
    ]
    whole = [np.asarray(series.full(), np.float32) for series in all_series]
    titles = list(options.names) if len(options.names) == len(whole) else list(names)
    note = "" if all(len(rows) == 1 for rows in whole) else f"Mean over {min(map(len, whole))} rows"
    if options.minus is not None:
        if whole[0].shape != whole[1].shape or not np.allclose(first.starts, all_series[1].starts, atol=1e-3):
            raise ShapeError(f"rows of {names[0]} and {names[1]} are not of the same times")
        whole, titles = [whole[0] - whole[1]], [f"{names[0]} {chr(0x2212)} {names[1]}"]
        note = f"{titles[0]}; {note}" if note else titles[0]
    if not options.at:
        rows = np.stack([mean_of_rows(values) for values in whole])
        return VoxelMaps(rows, titles, rows, note, warnings)
    return _moments(first, whole[0], options, warnings)


def _moments(series: VoxelSeries, whole: np.ndarray, options: FigureOptions, warnings: list[str]) -> VoxelMaps:
    clock = row_clock(series, align=options.align, timeline=options.timeline)
    rows, said = rows_at(whole, clock, options.at, series.origin)
    titles = [f"{moment:g} s" for moment in options.at]
    return VoxelMaps(np.stack(rows), titles, whole, whose_times(clock), [*warnings, *said])


def _without_holes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.nan_to_num(values))


def _bare_where_grey(structures: StructuresBrain, values: np.ndarray) -> np.ndarray:
    """Values (2 V, n), NaN on what has no voxels."""
    bare = np.ones(len(values), bool)
    for part in structures.parts:
        bare[part.vertices] = part.voxels is None
    return np.where(bare[:, None], np.nan, values)
