"""`plot`: from predictions to a figure, whatever is asked of it: a mean, moments, colours of several, a difference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.random_weights import RANDOM
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.colours.colour_scale import ColourScale, colour_scale
from tribe_np.plots.figures.brains import FoldedBrain, folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.faded_mixtures import mixture
from tribe_np.plots.figures.figure_files import check_figure_target, write_figure
from tribe_np.plots.figures.figure_options import FigureOptions
from tribe_np.plots.figures.map_sources import (
    ShownSeries,
    bare_vertices,
    difference,
    left_out_of_mean,
    mean_of_rows,
    rows_at,
    shown_series,
    whose_times,
)
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels, legend_is_beside, odd_of
from tribe_np.plots.figures.region_labels import RegionMarks, region_marks
from tribe_np.plots.figures.subcortex.subcortical_figure import is_of_voxels, voxel_figure
from tribe_np.plots.figures.surface_maps import beyond_limits
from tribe_np.plots.stimulus.row_clock import row_clock
from tribe_np.plots.surface_sources import distinct_names


@dataclass(frozen=True, eq=False)
class MadeFigure:
    """A matplotlib figure, and what a person should know of it."""

    figure: Any
    warnings: tuple[str, ...] = ()


def plot(*sources: Any, out: str | Path | None = None, **options: Any) -> Any:
    """A matplotlib figure of predictions on the cortex; `out` also writes it, as .png, .svg or .pdf.

    sources   prediction folders, those that project wrote, .npy files, arrays (R, 2 V) or (2 V,), SurfaceSeries; of
              rows the mean over time is shown, unless `at` or `timesteps` ask for moments. Several are drawn beside
              each other with one scale, or as colours of one brain (`rgb`)
    options   those of FigureOptions
    What is odd, such as vertices without a value, is said as a Python warning.
    Raises    ConfigError, OutputError, ShapeError, MeshError, ParcellationError, MissingDependencyError
    """
    import warnings

    if out is not None:
        check_figure_target(Path(out), figure_inputs(sources, options.get("minus")))
    made = make_figure(sources, FigureOptions.of(options))
    for text in made.warnings:
        warnings.warn(text, stacklevel=2)
    if out is not None:
        write_figure(made.figure, Path(out))
    return made.figure


def figure_inputs(sources: Sequence[Any], minus: Any = None) -> dict[str, Path | None]:
    """What a figure must not replace."""
    given = [source for source in (*sources, minus) if isinstance(source, (str, Path))]
    return {f"prediction {source}": Path(source) for source in given}


def make_figure(sources: Sequence[Any], options: FigureOptions) -> MadeFigure:
    """The figure of one or several predictions.

    Raises   as `plot`
    """
    if not sources:
        raise ConfigError("nothing to plot: expected a prediction folder, a .npy file or an array")
    options.check(len(sources))
    if is_of_voxels(sources):
        return MadeFigure(*voxel_figure(sources, options))
    if options.mask is not None:
        raise ConfigError("--mask is for a prediction of the subcortex; this one is of the cortex")
    if options.timesteps:
        return _timesteps(sources, options)
    shown = _shown(sources, options)
    maps = _maps(shown, options)
    brain = _brain(shown, options)
    marks = _marks(brain, options)
    views = options.all_views()
    look = options.look(len(maps.panels))
    if options.rgb:
        look = options.look(1)
        overlay, legend, strength = mixture(
            np.stack(maps.panels, axis=1), maps.titles, options, maps.unit, is_beside=legend_is_beside(views, 1, look)
        )
        panels = [Panel("", overlay)]
        note = "\n".join(text for text in (maps.note, strength) if text)
        around = Figure(options.title or "", note, legend if options.colour_bar else None)
    else:
        scale = _scale(maps, options)
        if scale.threshold is not None and all(scale.is_hidden(values).all() for values in maps.panels):
            maps.warnings.append(f"--threshold {scale.threshold:g}: every value is nearer to 0; nothing is coloured")
        titles = maps.titles if len(maps.panels) > 1 or options.at else [""]
        panels = [Panel(title, ValueMap(each, scale)) for title, each in zip(titles, maps.panels, strict=True)]
        bar = ScaleBar(scale, maps.unit, _beyond(maps, scale), legend_is_beside(views, len(panels), look))
        around = Figure(options.title or "", maps.note, bar if options.colour_bar else None)
    figure = draw_panels(brain, panels, views, look, around, n_columns=options.columns, marks=marks)
    return MadeFigure(figure, tuple(dict.fromkeys((*maps.warnings, *odd_of(figure)))))


@dataclass(frozen=True, eq=False)
class _Maps:
    """Maps (2 V,) with titles; the values that limits are taken from."""

    panels: list[np.ndarray]
    titles: list[str]
    of_all: np.ndarray
    unit: str
    note: str
    warnings: list[str]


def _shown(sources: Sequence[Any], options: FigureOptions) -> list[ShownSeries]:
    names = list(options.names) if len(options.names) == len(sources) else distinct_names(sources)
    if options.minus is not None:
        (first, second) = distinct_names([sources[0], options.minus])
        return [difference(shown_series(sources[0], first), shown_series(options.minus, second))]
    found = [shown_series(source, name) for source, name in zip(sources, names, strict=True)]
    if options.rgb and len(found) == 1:
        found = _rows_apart(found[0], options.names)
    meshes = {one.series.mesh for one in found}
    if len(meshes) > 1:
        raise ShapeError(
            f"the predictions are on different meshes: {', '.join(sorted(meshes))}; tribe-np resample brings them onto "
            "one"
        )
    return found


def _rows_apart(shown: ShownSeries, names: Sequence[str]) -> list[ShownSeries]:
    """Each row of an array of two or three maps as a map of its own."""
    n = len(shown.whole)
    if shown.series.run or n not in (2, 3):
        raise ShapeError(
            f"{shown.series.origin}: --rgb mixes two or three maps; give so many predictions, or an array of 2 or 3 "
            f"rows, not {n}"
        )
    if names and len(names) != n:
        raise ConfigError(f"{len(names)} names are given for {n} maps")
    titles = list(names) or [f"row {row}" for row in range(n)]
    return [replace(shown, whole=shown.whole[row : row + 1], name=title) for row, title in enumerate(titles)]


def _maps(shown: Sequence[ShownSeries], options: FigureOptions) -> _Maps:
    warnings = [text for one in shown for text in one.warnings]
    unit, first = shown[0].unit, shown[0]
    if options.at:
        clock = row_clock(first.series, align=options.align, timeline=options.timeline)
        panels, said = rows_at(first.whole, clock, options.at, first.series.origin)
        titles, note = [f"{moment:g} s" for moment in options.at], whose_times(clock)
        of_all = first.whole
        warnings += said
    else:
        panels = [mean_of_rows(one.whole) for one in shown]
        warnings += [text for one in shown if len(one.whole) > 1 for text in left_out_of_mean(one)]
        titles, of_all = [one.name for one in shown], np.stack(panels)
        note = _of_mean(shown, first.name if options.minus is not None else "")
    for values, one in zip(panels, shown, strict=False):
        if not np.isfinite(of_all).any():
            raise ConfigError(f"{one.series.origin}: there is nothing to draw: every value is NaN")
        known = values[np.isfinite(values)]
        if known.size and known.min() == known.max():
            warnings.append(f"{one.series.origin}: every value is {known[0]:g}; the map has one colour")
    n_counted = 2 * first.series.per_hemisphere - len(first.series.columns)
    return _Maps(panels, titles, of_all, unit, note, warnings + bare_vertices(panels, n_counted))


def _of_mean(shown: Sequence[ShownSeries], difference_of: str) -> str:
    """What was averaged, and what was taken from what."""
    n_rows = {len(one.whole) for one in shown}
    averaged = f"mean over {min(n_rows)} rows" if len(n_rows) == 1 else "means over all rows"
    said = [difference_of, "" if n_rows == {1} else averaged]
    note = "; ".join(text for text in said if text)
    return note if difference_of else note.capitalize()


def _scale(maps: _Maps, options: FigureOptions) -> ColourScale:
    low, high = options.limits or (None, None)
    return colour_scale(
        maps.of_all, cmap=options.cmap, low=low, high=high, percentile=options.percentile,
        symmetric=options.symmetric, threshold=options.threshold, fade=options.fade,
    )  # fmt: skip


def _beyond(maps: _Maps, scale: ColourScale) -> tuple[bool, bool]:
    found = [beyond_limits(values, scale) for values in maps.panels]
    return any(low for low, _ in found), any(high for _, high in found)


def _brain(shown: Sequence[ShownSeries], options: FigureOptions) -> FoldedBrain:
    series, views = shown[0].series, options.all_views()
    brain = folded_brain(series.mesh, options.surface, views=views, subjects_dir=options.subjects_dir)
    for one in shown:
        check_numbering(one.series, numbering_at_hand(series.mesh, options.subjects_dir), brain.surface.origin)
    return brain


def _marks(brain: FoldedBrain, options: FigureOptions) -> RegionMarks:
    """All borders where a parcellation is given, else those of the labelled regions; `outlines` decides otherwise."""
    has_borders = options.parcellation is not None if options.outlines is None else options.outlines
    return region_marks(
        brain, options.labels or None, True if has_borders else None, options.parcellation,
        only_labelled=not has_borders and options.outlines is None,
    )  # fmt: skip


def _timesteps(sources: Sequence[Any], options: FigureOptions) -> MadeFigure:
    """Brains below what was seen and heard."""
    from tribe_np.plots import plot_timesteps

    if options.minus is not None:
        raise ConfigError("--minus does not go with --timesteps")
    names = list(options.names) or distinct_names(sources)
    shown = [shown_series(source, name) for source, name in zip(sources, names, strict=True)]
    low, high = options.limits or (None, None)
    has_borders = options.parcellation is not None if options.outlines is None else options.outlines
    is_run = len(sources) == 1 and isinstance(sources[0], (str, Path)) and Path(sources[0]).is_dir()
    neuro = sources[0] if is_run else {one.name: one.series for one in shown}  # a run knows its stimulus
    figure = plot_timesteps(
        neuro, plot_every_k_timesteps=options.every, views=options.all_views(), align=options.align,
        timeline=options.timeline, stimulus=options.stimulus, look=options.look(1), cmap=options.cmap, vmin=low,
        vmax=high, threshold=options.threshold, symmetric_cbar=options.symmetric, alpha_cmap=options.fade,
        colorbar=options.colour_bar, annotated_rois=options.labels or None, outlines=has_borders or None,
        parcellation=options.parcellation, mesh=shown[0].series.mesh, inflate=options.surface,
        subjects_dir=options.subjects_dir, percentile=options.percentile,
    )  # fmt: skip
    random = [text for one in shown for text in one.warnings if text.endswith(RANDOM)]
    return MadeFigure(figure, tuple(dict.fromkeys([*random, *odd_of(figure)])))  # the figure counts bare vertices too
