"""Upstream's film of time steps, under its name and with its arguments, made as every film here is made.

Source   tribev2 7239908 plotting.base.BasePlotBrain.plot_timesteps_mp4, which draws each row with matplotlib and has
         ffmpeg shift the pixels of the drawings; here the values are interpolated
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.films.film_making import FilmMade, film
from tribe_np.plots.stimulus.segment_stimulus import stimulus_of_segments
from tribe_np.shown import did_you_mean

SETTINGS = {  # of plot_surf, and what they are called in `film`
    "views": "views", "cmap": "cmap", "vmin": "low", "vmax": "high", "threshold": "threshold",
    "symmetric_cbar": "symmetric", "alpha_cmap": "fade", "subjects_dir": "subjects_dir", "size": "size",
}  # fmt: skip
INFLATED = {"half": "half", True: "inflated", False: "pial"}


def plot_timesteps_mp4(
    neuro: Any,
    filepath: str | Path,
    *,
    segments: Sequence[Any] | None = None,
    suptitle: str | None = None,
    interpolated_fps: float | None = None,
    norm_percentile: float = 100,
    **plot_kwargs: Any,
) -> FilmMade:
    """Writes a film of rows (R, 2 V): one picture a row, or `interpolated_fps` of them a second.

    segments         those of the rows, as predict returns them: their times, pictures, sound and words are shown too
    suptitle         written above; the time is always shown
    norm_percentile  of all values, at which colours end (upstream takes it and does nothing with it)
    plot_kwargs      views (default "left"), cmap, vmin, vmax, threshold, symmetric_cbar, alpha_cmap, inflate, mesh,
                     subjects_dir; and size, (width, height)
    Raises   ShapeError for rows of no mesh, or as many segments as there are no rows; ConfigError for an unknown
             argument; otherwise as `film`
    """
    settings = _settings(plot_kwargs)
    series = as_series(neuro, mesh=plot_kwargs.get("mesh"))
    stimulus, stop = None, None
    if segments is not None:
        if len(segments) != len(series.values):
            raise ShapeError(f"{len(segments)} segments of {len(series.values)} rows; expected one a row")
        series, stimulus = _in_time(series, segments), stimulus_of_segments(segments)
        stop = float(series.starts[-1]) + series.tr
    fps = interpolated_fps if interpolated_fps is not None else 1 / series.tr
    return film(
        series,
        filepath,
        fps=fps,
        title=suptitle,
        stimulus=stimulus,
        stop=stop,
        percentile=max(norm_percentile, 50.1),
        **settings,
    )


def _settings(plot_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    known = (*SETTINGS, "inflate", "mesh")
    for name in plot_kwargs:
        if name not in known:
            raise ConfigError(f"plot_timesteps_mp4 has no argument {name}{did_you_mean(name, known)}")
    found = {SETTINGS[name]: value for name, value in plot_kwargs.items() if name in SETTINGS}
    inflate = plot_kwargs.get("inflate", "half")
    if inflate not in INFLATED:
        raise ConfigError(f"inflate must be True, False or 'half', got {inflate!r}")
    views = found.get("views", "left")
    found["views"] = [views] if isinstance(views, str) else list(views)
    return found | {"surface": INFLATED[inflate]}


def _in_time(series: SurfaceSeries, segments: Sequence[Any]) -> SurfaceSeries:
    starts = np.array([float(segment.start) for segment in segments])
    return SurfaceSeries(series.values, series.mesh, starts, float(segments[0].duration), origin=series.origin)
