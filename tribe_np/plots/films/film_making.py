"""A film of a prediction: the stimulus with its own sound beside the cortex, in one file that appears whole or not.

The mesh is rasterised once (`brain_panels`); then a film frame is a lookup of colours. The pictures of the stimulus
come from one ffmpeg and go to another (`film_encoder`). Nothing is kept of what has been shown: an hour takes as much
memory as a minute.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.files.leftovers import remove_scratch, scratch_prefix
from tribe_np.media.sound.audio import TRACK_RATE
from tribe_np.outputs.whole import check_file_target, output_error, write_file_whole
from tribe_np.plots.films.colour_strip import bar_colours
from tribe_np.plots.films.film_encoder import GIF, Put, encode_sound, gif_file, mp4_file
from tribe_np.plots.films.film_planning import FilmPlan, planned
from tribe_np.plots.films.film_text import NIGHT
from tribe_np.plots.films.film_wishes import DEFAULT_VIEWS, film_form
from tribe_np.plots.stimulus.run_stimulus import RunStimulus

COMMAND = "film"
SOUND_BLOCK = 10.0  # seconds that are read at once
N_SAMPLES = 16  # film frames that a GIF's colours are chosen from

Stage = Callable[[str, int | None, str], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class FilmMade:
    """What was written.

    Units    start and duration in seconds, fps film frames a second
    """

    path: Path
    size: tuple[int, int]
    fps: float
    n_film_frames: int
    start: float
    duration: float
    has_sound: bool
    warnings: tuple[str, ...] = ()


def film(
    prediction: Any, out: str | Path, *, views: Sequence[Any] = DEFAULT_VIEWS, size: Any = None,
    fps: float | None = None, align: str = "stimulus", start: float | None = None, stop: float | None = None,
    timeline: str | None = None, stimulus: str | Path | RunStimulus | None = None, beside: Any = None,
    minus: Any = None, names: Sequence[str] | None = None, parcellation: Any = None,
    labels: Sequence[str] | None = None,
    surface: str = "half", subjects_dir: str | Path | None = None, title: str | None = None,
    stage: Stage | None = None, **colours: Any,
) -> FilmMade:  # fmt: skip
    """Writes an MP4 or GIF, by the suffix of `out`: stimulus, sound and words beside the cortex, with a time line.

    prediction  a folder, a SurfaceSeries or an array (R, 2 V); `beside` another one to show too, `minus` one to
                subtract: of the same mesh and rows. The stimulus is the first one's
    align       "stimulus": at each moment the BOLD predicted for what is on screen, which is measured some seconds
                later; "bold": the BOLD of that moment, which answers what was on screen some seconds before
    start, stop seconds of the stimulus; by default all of it
    names       what the maps are called; by default the names of their folders
    parcellation, labels   borders of its regions, and the names of some; labels alone: those regions alone
    stimulus    a file in the place of the one that run.json names
    colours     settings of `colour_scale`: cmap, low, high, percentile, symmetric, threshold, fade
    stage       draws progress: `stage(name, total, unit)` is a context that gives a function of steps done
    Raises   TribeError of the kind that fits; nothing is left of a film that could not be finished
    """
    out = Path(out)
    form = film_form(out, size, fps)
    folders = {"prediction": prediction, "second prediction": beside if minus is None else minus, "stimulus": stimulus}
    inputs = {name: Path(given) for name, given in folders.items() if isinstance(given, (str, Path))}
    check_file_target(out, COMMAND, inputs)
    plan = planned(
        prediction, form, views=views, align=align, start=start, stop=stop, timeline=timeline, stimulus=stimulus,
        beside=beside, minus=minus, names=names, parcellation=parcellation, labels=labels, surface=surface,
        subjects_dir=subjects_dir, title=title, colours=colours,
    )  # fmt: skip
    for path in plan.stimulus_files:
        check_file_target(out, COMMAND, {"stimulus": path})
    write_planned_film(plan, out, stage or _no_stage)
    has_sound = form.kind != GIF and plan.stimulus.has_sound
    return FilmMade(
        out, form.size, form.fps, plan.n_film_frames, plan.start, plan.n_film_frames / form.fps, has_sound,
        plan.warnings,
    )  # fmt: skip


def write_planned_film(plan: FilmPlan, out: Path, stage: Stage) -> None:
    """Makes the film of a plan.

    Raises   MediaError where the stimulus cannot be decoded; OutputError where the film cannot be written
    """

    remove_scratch()  # of films whose program was killed

    def fill(partial: Path) -> None:
        with (
            tempfile.TemporaryDirectory(prefix=scratch_prefix()) as scratch,
            _file(plan, partial, Path(scratch)) as put,
            stage("film", plan.n_film_frames, "film frames") as step,
        ):
            for film_frame in film_frames(plan, plan.moments):
                put(film_frame)
                step(1)

    write_file_whole(out, fill, COMMAND)


def film_frames(plan: FilmPlan, moments: Sequence[float]) -> Iterator[np.ndarray]:
    """The film frames of rising moments, (height, width, 3) uint8 each: valid until the next."""
    pictures: Iterable[np.ndarray | None] = (None for _ in moments)
    box = plan.layout.picture
    if plan.stimulus.has_pictures and not box.is_empty:
        pictures = plan.stimulus.pictures_at(moments, box.width, box.height, fill=NIGHT)
    for moment, picture in zip(moments, pictures, strict=False):
        yield plan.scene.at(moment, picture)


def sound_pieces(stimulus: RunStimulus, start: float, stop: float) -> Iterator[np.ndarray]:
    """The sound from start to stop, (n, 2) float32, piece by piece."""
    n_samples, block = round((stop - start) * TRACK_RATE), round(SOUND_BLOCK * TRACK_RATE)
    for first in range(0, n_samples, block):
        last = min(first + block, n_samples)
        yield stimulus.track.samples(start + first / TRACK_RATE, start + last / TRACK_RATE, TRACK_RATE)


def _file(plan: FilmPlan, path: Path, scratch: Path) -> AbstractContextManager[Put]:
    form, n = plan.form, plan.n_film_frames
    if form.kind == GIF:
        chosen = plan.moments[:: ceil(n / N_SAMPLES)]
        samples = [each.copy() for each in film_frames(plan, chosen)]
        # and all colours of the map: else those that are rare would lie far from the bar's
        samples.append(np.broadcast_to(bar_colours(plan.scene.brain.scale, form.size[0]), samples[0].shape))
        return gif_file(path, form.size, form.fps, samples)
    sound = None
    if plan.stimulus.has_sound:
        sound = scratch / "sound.mp4"
        try:
            encode_sound(sound_pieces(plan.stimulus, plan.start, plan.start + n / form.fps), sound, TRACK_RATE)
        except OSError as error:  # of the folder for temporary files, not of the film's
            raise output_error(sound, error) from error
    return mp4_file(path, form.size, form.fps, n, sound)


def _no_stage(name: str, total: int | None, unit: str) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda n: None)
