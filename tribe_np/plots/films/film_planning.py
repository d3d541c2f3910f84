"""What a film will show, worked out and checked before the first film frame: maps, stimulus, times, colours, places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.surfaces import load_overlay, load_surface
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.formats.prediction_folder import MEASURED
from tribe_np.plots.colours.colour_scale import ColourScale, colour_scale
from tribe_np.plots.films.brain_panels import BrainPanel, BrainPanels, ColourTables, brain_panel
from tribe_np.plots.films.film_layout import Box, FilmContent, FilmLayout, film_layout
from tribe_np.plots.films.film_maps import FilmMap, film_maps, is_of_random_weights, stimulus_name
from tribe_np.plots.films.film_scene import FilmScene, FilmTexts
from tribe_np.plots.films.film_text import NIGHT
from tribe_np.plots.films.film_wishes import FilmForm, Span, chosen_span
from tribe_np.plots.raster.raster import rasterise
from tribe_np.plots.stimulus.row_clock import RowClock, row_clock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run
from tribe_np.plots.views import View, views_named

NAME_HEIGHT = 20  # of a view's name, in a film of 1280 x 720
SOUND_ASPECT = 2.2  # of the box of a sound without pictures
NARROWEST, WIDEST = 1.0, 2.0  # of the box of pictures


@dataclass(frozen=True, eq=False)
class FilmPlan:
    """All that a film is made from.

    Units    start in seconds of the stimulus
    """

    form: FilmForm
    layout: FilmLayout
    scene: FilmScene
    stimulus: RunStimulus
    start: float
    n_film_frames: int
    warnings: tuple[str, ...]

    @cached_property
    def moments(self) -> list[float]:
        """The second of the stimulus that each film frame shows."""
        return (self.start + np.arange(self.n_film_frames) / self.form.fps).tolist()


def planned(
    prediction: Any, form: FilmForm, *, views: Sequence[Any], align: str, start: float | None, stop: float | None,
    timeline: str | None, stimulus: str | Path | None, beside: Any, minus: Any, labels: Sequence[str] | None,
    parcellation: Any, regions: Sequence[str] | None, surface: str, subjects_dir: str | Path | None,
    title: str | None, colours: Mapping[str, Any],
) -> FilmPlan:  # fmt: skip
    """The plan of a film (`film_making.film` says what the arguments are).

    Raises   TribeError
    """
    maps = film_maps(prediction, beside=beside, minus=minus, labels=None if labels is None else tuple(labels))
    series = maps[0].series
    clock = row_clock(series, align=align, timeline=timeline)
    if not clock.n_rows:
        raise ConfigError(f"{series.origin}: has no rows, and there is nothing to show")
    shown = _stimulus(prediction, series, timeline, stimulus)
    span = chosen_span(whole_span(clock, shown), start, stop)
    scale = _scale(maps, clock, colours)
    seen = views_named(views)
    content = FilmContent(
        len(seen), len(maps), shown.has_pictures or shown.has_sound, bool(shown.words), _picture_aspect(shown)
    )
    layout = film_layout(form.size, content)
    outlines = _outlines(parcellation, regions, series)
    panels = _panels(layout, maps, seen, scale, surface, subjects_dir, outlines)
    n_film_frames = max(1, ceil((span.stop - span.start) * form.fps - 1e-6))
    warnings = [*form.warnings, *span.warnings, *_warnings(maps, clock, shown, form)]
    texts = _texts(maps, clock, shown, seen, title, prediction)
    scene = FilmScene(
        layout, texts, maps=maps, panels=panels, clock=clock, stimulus=shown, start=span.start,
        stop=span.start + n_film_frames / form.fps,
    )  # fmt: skip
    if scene.painter.fonts.missing:
        warnings.append(_without_font(scene.painter.fonts.missing))
    return FilmPlan(form, layout, scene, shown, span.start, n_film_frames, tuple(warnings))


def whole_span(clock: RowClock, stimulus: RunStimulus) -> Span:
    """From the first to the last moment that has something to show.

    A last row that begins with the end of the stimulus adds no second of its own: it is where the others lead to.
    """
    start, stop = clock.first - clock.delay, clock.stop
    if stimulus.duration > 0:
        stop = max(stimulus.stop, stop if stop - clock.delay - stimulus.stop > clock.tr + 1e-3 else -np.inf)
        stop = max(stop, stimulus.stop + clock.delay)
        start = min(start, stimulus.start)
    return Span(*(round(moment, 3) + 0.0 for moment in (start, stop)))  # a first row begins 1e-6 s early


def _stimulus(prediction: Any, series: SurfaceSeries, timeline: str | None, given: str | Path | None) -> RunStimulus:
    """The stimulus of the folder, or none; measured data and arrays have a stimulus where one is given."""
    if isinstance(prediction, (str, Path)):
        return stimulus_of_run(prediction, timeline=timeline, stimulus=given)
    if given is not None:
        raise ConfigError(f"stimulus {given}: belongs to a prediction folder, and {series.origin} is none")
    return RunStimulus("none")


def _scale(maps: Sequence[FilmMap], clock: RowClock, colours: Mapping[str, Any]) -> ColourScale:
    """One scale for all maps."""
    rows = np.arange(clock.n_rows) if clock.rows is None else np.asarray(clock.rows)
    values = [each.some_rows(rows) for each in maps]
    if len({part.shape[1] for part in values}) == 1:
        return colour_scale(values[0] if len(values) == 1 else np.concatenate(values), **colours)
    return colour_scale(np.concatenate([part.ravel() for part in values]), **colours)


def _picture_aspect(stimulus: RunStimulus) -> float:
    if not stimulus.has_pictures:
        return SOUND_ASPECT
    width, height = stimulus.picture_shape
    return min(max(width / height, NARROWEST), WIDEST)


def _outlines(parcellation: Any, regions: Sequence[str] | None, series: SurfaceSeries) -> np.ndarray | None:
    """The region of each vertex, of those that are asked for."""
    if parcellation is None and not regions:
        return None
    found = load_parcellation(parcellation, 2 * series.per_hemisphere)
    if not regions:
        return found.region_of
    kept = np.full(len(found.region_of), -1)
    for name in regions:
        kept[found.vertices(name)] = found.regions.index(name)
    return kept


def _panels(
    layout: FilmLayout, maps: Sequence[FilmMap], views: Sequence[View], scale: ColourScale, surface: str,
    subjects_dir: str | Path | None, region_of: np.ndarray | None,
) -> list[BrainPanels]:  # fmt: skip
    """The views of every map; each view is rasterised once."""
    mesh = maps[0].series.mesh
    sulc = load_overlay(mesh, "sulc", subjects_dir=subjects_dir)
    kinds = {is_flat: "flat" if is_flat else surface for is_flat in {view.is_flat for view in views}}
    surfaces = {key: load_surface(mesh, kind, subjects_dir=subjects_dir) for key, kind in kinds.items()}
    name_height, film_width = layout.px(NAME_HEIGHT), layout.size[0]
    first: list[BrainPanel] = []
    for view, tile in zip(views, layout.tiles[0], strict=True):
        box = Box(tile.x, tile.y + name_height, tile.width, max(1, tile.height - name_height))
        raster = rasterise(surfaces[view.is_flat], view, width=box.width, height=box.height)
        first.append(brain_panel(raster, sulc, box, film_width, background=NIGHT, region_of=region_of))
    tables = ColourTables.of(scale)
    together = []
    for tiles in layout.tiles:
        by = tiles[0].x - layout.tiles[0][0].x + (tiles[0].y - layout.tiles[0][0].y) * film_width
        together.append(BrainPanels([panel.moved(by) for panel in first], tables))
    return together


def _texts(
    maps: Sequence[FilmMap], clock: RowClock, stimulus: RunStimulus, views: Sequence[View], title: str | None,
    prediction: Any,
) -> FilmTexts:  # fmt: skip
    series, offset = maps[0].series, clock.hemodynamic_offset
    is_measured = isinstance(prediction, (str, Path)) and (Path(prediction) / MEASURED).is_file()
    what = "Measured BOLD" if is_measured else "Predicted BOLD"
    if maps[0].minus is not None:
        what = f"Difference of {what[0].lower()}{what[1:]}"
    between = f"linear interpolation between rows {clock.tr:g} s apart"
    if offset == 0 or is_measured:
        shown = (f"{what} at this moment", between)
    elif clock.align == "bold":
        shown = (f"{what} at this moment", f"the answer to the stimulus {offset:g} s ago · {between}")
    else:
        shown = (f"{what} for this moment of the stimulus", f"measured {offset:g} s later · {between}")
    name = stimulus.path.name if stimulus.path is not None else stimulus_name(series)
    notes = [note for note in (_other_stimulus(maps), stimulus.note) if note]
    unit = "z-scored BOLD" if not maps[0].minus else "difference, z-scored BOLD"
    subtitle = maps[0].label if len(maps) == 1 else ""
    warnings = ["random weights: the numbers mean nothing about any brain"] if _are_random(maps) else []
    return FilmTexts(
        title or name or Path(series.origin).name, subtitle, " · ".join([*warnings, *notes]), shown, unit,
        tuple(view.name.replace("_", " ") for view in views),
    )  # fmt: skip


def _are_random(maps: Sequence[FilmMap]) -> bool:
    return any(is_of_random_weights(each) for shown in maps for each in (shown.series, shown.minus) if each is not None)


def _other_stimulus(maps: Sequence[FilmMap]) -> str:
    """What is said where two predictions are of different stimuli."""
    first = maps[0].series
    others = [each for shown in maps for each in (shown.series, shown.minus) if each is not None and each is not first]
    for other in others:
        one, two = (series.run.get("stimulus") for series in (first, other))
        digests = [told.get("sha256") if isinstance(told, Mapping) else None for told in (one, two)]
        if digests[0] != digests[1]:
            mine, theirs = (stimulus_name(series) or series.origin for series in (first, other))
            return f"the stimulus shown is {mine}; the other prediction is of {theirs}"
    return ""


def _warnings(maps: Sequence[FilmMap], clock: RowClock, stimulus: RunStimulus, form: FilmForm) -> list[str]:
    found = [note for note in (_other_stimulus(maps), stimulus.note) if note]
    if clock.gaps:
        missing = sum(stop - start for start, stop in clock.gaps)
        gaps = f"{len(clock.gaps)} gap{'s' if len(clock.gaps) > 1 else ''}"
        found.append(f"rows are missing in {gaps}, {missing:g} s together: the cortex is shown bare there, and it is said")
    for shown in maps:
        found += _bare_vertices(shown, clock)
    if form.kind == "gif" and stimulus.has_sound:
        found.append("a GIF has no sound; an .mp4 has")
    return found


def _bare_vertices(shown: FilmMap, clock: RowClock) -> list[str]:
    """How many vertices and rows have no value."""
    rows = np.arange(clock.n_rows) if clock.rows is None else np.asarray(clock.rows)
    values, found = shown.series.values, []
    counts = np.array([int(np.isnan(values[row]).sum()) for row in rows]) if values.dtype.kind == "f" else np.zeros(1)
    n_columns, empty = values.shape[1], int((counts == values.shape[1]).sum())
    some = int(((counts > 0) & (counts < n_columns)).sum())
    n_all = 2 * shown.series.per_hemisphere
    if shown.series.vertices is not None:
        found.append(f"{shown.series.origin}: {n_columns} of {n_all} vertices were computed; the others are bare")
    if empty:
        found.append(f"{shown.series.origin}: {empty} of {len(rows)} rows are NaN at every vertex and shown bare")
    if some:
        worst = int(counts[counts < n_columns].max())
        found.append(
            f"{shown.series.origin}: {some} of {len(rows)} rows have vertices that are NaN, up to {worst} of {n_columns}: "
            "they are bare"
        )
    return found


def _without_font(missing: set[str]) -> str:
    some = " ".join(f"U+{ord(c):04X}" for c in sorted(missing)[:5])
    return (
        f"{len(missing)} character{'s' if len(missing) > 1 else ''} of the words are in no font that is installed "
        f"({some}) and drawn as boxes; a font such as Noto Sans would have them"
    )
