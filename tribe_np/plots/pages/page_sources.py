"""What a page is made from: predictions and maps as layers of one mesh, cut to a part of the time, with their stimuli.

The page's time 0 is second `start` of the stimulus.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.outputs.exports.export_names import is_measured
from tribe_np.plots.pages.page_layers import PageLayer
from tribe_np.plots.stimulus.row_clock import row_clock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run
from tribe_np.plots.stimulus.stimulus_parts import whole_file_pieces
from tribe_np.plots.surface_sources import read_surface, stimulus_name
from tribe_np.shown import quoted

AT_AN_EDGE = 1e-4  # seconds by which a row may miss an edge of the window: the first rows start 1e-6 s early
NO_STIMULUS = RunStimulus("none", note="the page was made without its stimulus")
NO_FOLDER = RunStimulus("none", note="an array names no stimulus")


@dataclass(frozen=True)
class ShownPart:
    """The part of the time that is shown, in seconds of the stimulus; `stop` None is its end."""

    start: float = 0.0
    stop: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.start) and self.start >= 0):
            raise ConfigError(f"--start must be a second from 0 on, got {self.start:g}")
        if self.stop is not None and not self.start < self.stop < np.inf:
            raise ConfigError(f"--stop must come after --start {self.start:g}, got {self.stop:g}")

    @property
    def end(self) -> float:
        """Where it ends; infinity where everything is shown."""
        return np.inf if self.stop is None else self.stop


WHOLE = ShownPart()


@dataclass(frozen=True)
class PageSources:
    """Layers and stimuli of a page, in the page's time, and what was odd about them."""

    layers: tuple[PageLayer, ...]
    stimuli: tuple[RunStimulus, ...]
    notes: tuple[str, ...]


def sources_of_page(
    sources: Sequence[Any],
    more: Mapping[str, Any],
    *,
    window: ShownPart,
    timeline: str | None,
    stimulus: str | Path | None,
    with_stimulus: bool,
) -> PageSources:
    """Predictions `sources`, each with its stimulus, and further layers `more` by name, which share the first's.

    Raises   ShapeError for layers of different meshes; ConfigError; OutputError; MediaError
    """
    series = [read_surface(source) for source in sources]
    layers: list[PageLayer] = []
    stimuli: list[RunStimulus] = []
    notes: list[str] = []
    for each, name in zip(series, _names(series), strict=True):
        shown = cut_rows(each, timeline, window)
        _check_mesh(shown, series[0])
        number = _number_of_film(each, layers)
        if number is None:
            number = len(stimuli)
            given = stimulus if each is series[0] else None
            stimuli.append(_stimulus_of(each, timeline, given) if with_stimulus else NO_STIMULUS)
        layers.append(PageLayer(shown, name, number))
    for name, source in more.items():
        layer, said = _further(name, source, series[0], timeline, window)
        layers.append(layer)
        notes += said
    names = [layer.name for layer in layers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"two layers are called {quoted(min(twice))}; give another name with --layer NAME=FILE")
    return PageSources(tuple(layers), tuple(stimuli), tuple(notes))


def _names(series: Sequence[SurfaceSeries]) -> list[str]:
    """The one is "prediction" or "measured"; of several, the names of their stimuli or folders, if these differ."""
    if len(series) == 1:
        return ["measured" if is_measured(series[0]) else "prediction"]
    for names in ([stimulus_name(each) for each in series], [Path(each.origin).name for each in series]):
        if all(names) and len(set(names)) == len(names):
            return names
    return [f"{number} {Path(each.origin).name}" for number, each in enumerate(series, 1)]


def _check_mesh(series: SurfaceSeries, first: SurfaceSeries) -> None:
    if series.mesh != first.mesh:
        raise ShapeError(
            f"{series.origin}: is on {series.mesh}, but {first.origin} on {first.mesh}; a page has one mesh: "
            f"`tribe-np resample --to {first.mesh}` brings one to the other"
        )


def cut_rows(series: SurfaceSeries, timeline: str | None, window: ShownPart) -> SurfaceSeries:
    """The rows of one timeline within the window, in order, in the page's time.

    Raises   ConfigError where there are none
    """
    clock = row_clock(series, timeline=timeline)
    numbers = np.arange(len(clock.starts)) if clock.rows is None else np.asarray(clock.rows)
    starts = np.asarray(clock.starts, float)
    kept = (starts < window.end - AT_AN_EDGE) & (starts + series.tr > window.start + AT_AN_EDGE)
    if not kept.any():
        raise ConfigError(
            f"{series.origin}: has no rows from second {window.start:g} on"
            + ("" if window.stop is None else f" to {window.stop:g}")
            + (f"; its rows reach from {starts.min():g} to {starts.max() + series.tr:g}" if len(starts) else "")
        )
    return replace(series, values=series.values[numbers[kept]], starts=starts[kept] - window.start, timelines=None)


def _number_of_film(series: SurfaceSeries, layers: Sequence[PageLayer]) -> int | None:
    """The number of the stimulus that an earlier prediction of the same film has."""
    told = series.run.get("stimulus")
    return next((layer.stimulus for layer in layers if told and layer.series.run.get("stimulus") == told), None)


def _stimulus_of(series: SurfaceSeries, timeline: str | None, given: str | Path | None) -> RunStimulus:
    if series.run and (Path(series.origin) / "run.json").is_file():
        return stimulus_of_run(series.origin, timeline=timeline, stimulus=given)
    return NO_FOLDER if given is None else _stimulus_of_file(Path(given))


def _stimulus_of_file(path: Path) -> RunStimulus:
    pieces = whole_file_pieces(path)
    seen = tuple(piece for piece in pieces if piece.kind != "sound")
    heard = tuple(piece for piece in pieces if piece.kind == "sound")
    kind = seen[0].kind if seen else "audio"
    lasts = pieces[0].duration if np.isfinite(pieces[0].duration) else 0.0
    return RunStimulus(
        kind, path, path if heard else None, duration=lasts, pictured=seen, heard=heard,
        note=f"{path} is shown from second 0 on",
    )  # fmt: skip


def _further(
    name: str, source: Any, first: SurfaceSeries, timeline: str | None, window: ShownPart
) -> tuple[PageLayer, list[str]]:
    """A layer beside the prediction: with times of its own, with the prediction's, or one map without any."""
    series, notes = read_surface(source), list[str]()
    _check_mesh(series, first)
    if series.run:
        return PageLayer(cut_rows(series, timeline, window), name), notes
    if len(series.values) == 1:
        return PageLayer(replace(series, starts=np.zeros(1)), name, is_static=True), notes
    if len(series.values) == len(first.values):
        same = replace(first, values=series.values, vertices=None, run={}, origin=series.origin)
        return PageLayer(cut_rows(same, timeline, window), name), notes
    notes.append(f"{name}: {len(series.values)} rows without times are taken to be of 1 s each, from second 0 on")
    return PageLayer(cut_rows(series, None, window), name), notes
