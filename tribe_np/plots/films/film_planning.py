"""What a film will show, worked out and checked before the first film frame: maps, stimulus, times, colours, places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.surfaces import load_overlay, load_surface
from tribe_np.cortex.parcellations.parcellation import NO_REGION
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_scale import ColourScale, colour_scale
from tribe_np.plots.films.film_brain import FilmBrain, RegionNames, film_brain
from tribe_np.plots.films.film_encoder import GIF
from tribe_np.plots.films.film_layout import FilmContent, FilmLayout, film_layout
from tribe_np.plots.films.film_maps import FilmMap, film_maps
from tribe_np.plots.films.film_notes import film_texts, film_warnings, without_font
from tribe_np.plots.films.film_scene import FilmScene
from tribe_np.plots.films.film_text import TextPainter
from tribe_np.plots.films.film_wishes import FilmForm, Span, chosen_span
from tribe_np.plots.stimulus.row_clock import RowClock, row_clock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run
from tribe_np.plots.views import View, views_named

SOUND_ASPECT = 2.2  # of the box of a sound without pictures
NARROWEST, WIDEST = 0.5, 2.4  # of the box of pictures


@dataclass(frozen=True, eq=False)
class FilmPlan:
    """All that a film is made from.

    Units    moments and start in seconds of the stimulus
    """

    form: FilmForm
    layout: FilmLayout
    scene: FilmScene
    stimulus: RunStimulus
    moments: Sequence[float]  # the second of the stimulus that each film frame shows
    warnings: tuple[str, ...]

    @property
    def n_film_frames(self) -> int:
        """Film frames."""
        return len(self.moments)

    @property
    def start(self) -> float:
        """The first moment."""
        return self.moments[0]

    @property
    def stimulus_files(self) -> list[Path]:
        """The files that are shown or heard, and those that the predictions were made from, shown or not."""
        series = [each for shown in self.scene.maps for each in (shown.series, shown.minus) if each is not None]
        named = [told.get("path") for each in series if isinstance(told := each.run.get("stimulus"), Mapping)]
        own = [piece.path for piece in (*self.stimulus.pictured, *self.stimulus.heard) if not piece.is_blank]
        return own + [Path(path) for path in named if isinstance(path, str)]


def planned(
    prediction: Any, form: FilmForm, *, views: Sequence[Any], align: str, start: float | None, stop: float | None,
    timeline: str | None, stimulus: Any, beside: Any, minus: Any, names: Sequence[str] | None,
    parcellation: Any, labels: Sequence[str] | None, surface: str, subjects_dir: str | Path | None,
    title: str | None, colours: Mapping[str, Any],
) -> FilmPlan:  # fmt: skip
    """The plan of a film (`film_making.film` says what the arguments are).

    Raises   TribeError
    """
    maps = film_maps(prediction, beside=beside, minus=minus, names=None if names is None else tuple(names))
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
    painter = TextPainter()
    brain = _brain(
        layout, maps, seen, scale, painter, parcellation=parcellation, labels=labels, surface=surface,
        subjects_dir=subjects_dir,
    )  # fmt: skip
    n_film_frames = max(1, ceil((span.stop - span.start) * form.fps - 1e-6))
    moments = [span.start + number / form.fps for number in range(n_film_frames)]
    warnings = [*form.warnings, *span.warnings, *film_warnings(maps, clock, shown, is_silent=form.kind == GIF)]
    texts = film_texts(maps, clock, shown, title=title, moments=moments)
    scene = FilmScene(
        layout, texts, maps=maps, brain=brain, painter=painter, clock=clock, stimulus=shown, start=span.start,
        stop=span.start + n_film_frames / form.fps,
    )  # fmt: skip
    if labels and brain.letters is not None and (hidden := [n for n in labels if n not in brain.letters.written]):
        warnings.append(f"{', '.join(hidden)}: too little is seen in these views, so no name is written there")
    if painter.fonts.missing:
        warnings.append(without_font(painter.fonts.missing))
    return FilmPlan(form, layout, scene, shown, moments, tuple(warnings))


def whole_span(clock: RowClock, stimulus: RunStimulus) -> Span:
    """From the first to the last moment that has something to show.

    A last row that begins with the end of the stimulus adds no second of its own: it is where the others lead to.
    """
    start, stop = clock.first - clock.delay, clock.stop
    if stimulus.duration > 0:
        is_timed = stimulus.has_pictures or stimulus.has_sound  # nobody knows when words alone are over
        over = stop - (stimulus.stop + clock.delay)
        stop = stimulus.stop + clock.delay if is_timed and over <= clock.tr + 1e-3 else max(stop, stimulus.stop)
        start = min(start, stimulus.start)
    return Span(round(start, 3) + 0.0, round(stop, 3) + 0.0)  # a first row begins 1e-6 s early


def _stimulus(prediction: Any, series: SurfaceSeries, timeline: str | None, given: Any) -> RunStimulus:
    """The stimulus of the folder, or none; an array has one where a RunStimulus is given."""
    if isinstance(given, RunStimulus):
        return given
    if isinstance(prediction, (str, Path)) and Path(prediction).is_dir():
        return stimulus_of_run(prediction, timeline=timeline, stimulus=given)
    if given is not None:
        raise ConfigError(f"stimulus {given}: belongs to a prediction folder, and {series.origin} is none")
    return RunStimulus("none")


def _scale(maps: Sequence[FilmMap], clock: RowClock, colours: Mapping[str, Any]) -> ColourScale:
    """One scale for all maps; that of a difference has nothing in its middle."""
    if maps[0].minus is not None and colours.get("cmap") is None and colours.get("symmetric") is None:
        colours = {**colours, "symmetric": True}
    rows = np.arange(clock.n_rows) if clock.rows is None else np.asarray(clock.rows)
    values = [each.some_rows(rows) for each in maps]
    if len({part.shape[1] for part in values}) > 1:
        values = [part.ravel() for part in values]
    shown = values[0] if len(values) == 1 else np.concatenate(values)
    if not np.isfinite(shown).any():
        named = ", ".join(each.series.origin for each in maps)
        raise ConfigError(f"{named}: there is nothing to draw: no value is a number (all are NaN or infinite)")
    return colour_scale(shown, **colours)


def _picture_aspect(stimulus: RunStimulus) -> float:
    if not stimulus.has_pictures:
        return SOUND_ASPECT
    width, height = stimulus.picture_shape
    return min(max(width / height, NARROWEST), WIDEST)


def _brain(
    layout: FilmLayout, maps: Sequence[FilmMap], views: Sequence[View], scale: ColourScale, painter: TextPainter, *,
    parcellation: Any, labels: Sequence[str] | None, surface: str, subjects_dir: str | Path | None,
) -> FilmBrain:  # fmt: skip
    mesh = maps[0].series.mesh
    outlined, named = _regions(parcellation, labels, maps[0].series)
    sulc = load_overlay(mesh, "sulc", subjects_dir=subjects_dir)
    kinds = {view.is_flat: "flat" if view.is_flat else surface for view in views}
    surfaces = {is_flat: load_surface(mesh, kind, subjects_dir=subjects_dir) for is_flat, kind in kinds.items()}
    return film_brain(surfaces, views, layout, scale, sulc=sulc, outlined=outlined, named=named, painter=painter)


def _regions(
    parcellation: Any, labels: Sequence[str] | None, series: SurfaceSeries
) -> tuple[np.ndarray | None, RegionNames | None]:
    """Borders of all regions of a parcellation, or of those with a name to write alone."""
    if parcellation is None and not labels:
        return None, None
    found = load_parcellation(parcellation, 2 * series.per_hemisphere)
    if not labels:
        return np.asarray(found.region_of), None
    labelled = np.full(len(found.region_of), NO_REGION)
    for number, name in enumerate(labels):
        labelled[found.vertices(name)] = number
    return labelled if parcellation is None else np.asarray(found.region_of), RegionNames(labelled, tuple(labels))
