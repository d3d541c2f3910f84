"""A film of a run for the eyes: what a participant would see and hear, and no brain.

Pictures and films fill the screen, sounds are heard at their times in their volume, words that are shown stand one at
a time in the middle. Where nothing is on screen it is grey. Words of a sound are heard, not written.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np

from tribe_np.errors import ConfigError, TribeError
from tribe_np.files.leftovers import remove_scratch, scratch_prefix
from tribe_np.media.pictures.kinds import GROUNDS, USUAL_GROUND
from tribe_np.media.sound.audio import TRACK_RATE
from tribe_np.outputs.whole import check_file_target, output_error, write_file_whole
from tribe_np.plots.films.film_encoder import encode_sound, mp4_file
from tribe_np.plots.films.film_making import sound_pieces
from tribe_np.plots.films.preview_screen import PreviewScreen
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run
from tribe_np.plots.stimulus.seen_words import seen_words
from tribe_np.shown import did_you_mean, quoted
from tribe_np.timeline.events import Events
from tribe_np.timeline.trials import TRIALS, Trials

COMMAND, SUFFIX = "preview", ".mp4"
EMPTY = GROUNDS[USUAL_GROUND]
MOST_SIDE, MOST_FPS = 4096, 120.0

Stage = Callable[[str, int | None, str], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class PreviewMade:
    """A film of one run.

    Units    duration in seconds, fps film frames a second
    """

    path: Path
    timeline: str
    duration: float
    n_film_frames: int
    fps: float
    size: tuple[int, int]
    has_sound: bool
    n_words: int
    warnings: tuple[str, ...] = ()


def run_preview(
    folder: str | Path, out: str | Path, *, timeline: str | None = None, fps: float = 24.0,
    size: tuple[int, int] = (640, 480), stage: Stage | None = None,
) -> tuple[PreviewMade, ...]:  # fmt: skip
    """Writes the film of a run of an experiment's folder, or of any folder of predictions; each whole or not at all.

    Of several runs each gets a film of its own, with the run's name in the file's: `run.mp4` gives `run_run-1.mp4` and
    `run_run-2.mp4`. `timeline` chooses one, which is then written to `out` itself.
    Raises   OutputError for a folder without run.json or a place that is taken; ConfigError for an unknown timeline, a
             size or a rate that cannot be; MediaError; MissingDependencyError without ffmpeg or the fonts of matplotlib
    """
    folder, out = Path(folder), Path(out)
    check_form(fps, size)
    runs = chosen_runs(folder, timeline)
    targets = check_preview(out, runs, {"folder": folder})
    remove_scratch()
    return tuple(
        _made(folder, run, target, fps, size, stage or _no_stage) for run, target in zip(runs, targets, strict=True)
    )


def check_form(fps: float, size: Sequence[int]) -> None:
    """Checks what is asked of a film before any work.

    Raises   ConfigError
    """
    if not (np.isfinite(fps) and 1 <= fps <= MOST_FPS):
        raise ConfigError(f"fps must be from 1 to {MOST_FPS:g} film frames a second, got {fps}")
    if len(size) != 2 or any(side != int(side) or side % 2 or not 16 <= side <= MOST_SIDE for side in size):
        raise ConfigError(f"size must be two even numbers of pixels from 16 to {MOST_SIDE}, got {tuple(size)}")


def check_preview(out: Path, runs: Sequence[str], inputs: Mapping[str, Path] | None = None) -> list[Path]:
    """The films of some runs, each of which can be written.

    Raises   ConfigError for a name that is no film's, or runs whose films would have one name; OutputError for a place
             that is taken
    """
    if out.suffix.lower() != SUFFIX:
        raise ConfigError(f"{out}: a preview is an MP4; give it a name that ends in {SUFFIX}")
    targets = [out] if len(runs) == 1 else [of_run(out, run) for run in runs]
    if len(set(targets)) < len(targets):
        raise ConfigError(f"{out}: the films of two runs would have one name; let the runs' names differ in letters")
    for target in targets:
        check_file_target(target, COMMAND, inputs or {})
    return targets


def chosen_runs(folder: Path, timeline: str | None) -> list[str]:
    """The runs of a folder, or the one that is named.

    Raises   ConfigError for an unknown one; EventsError for a table that cannot be read
    """
    path = folder / "events.tsv"
    known = list(Events.from_tsv(path).timelines()) if path.is_file() else []
    if timeline is None:
        return known or [""]
    if timeline not in known:
        raise ConfigError(
            f"{folder}: has no timeline {quoted(timeline)}; its timelines: {', '.join(known)}"
            f"{did_you_mean(timeline, known)}"
        )
    return [timeline]


def of_run(out: Path, run: str) -> Path:
    """The film of one of several runs.

    >>> of_run(Path("run.mp4"), "run-1").name
    'run_run-1.mp4'
    """
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in run)[:100]
    return out.with_name(f"{out.stem}_{name}{out.suffix}")


def _made(folder: Path, run: str, out: Path, fps: float, size: tuple[int, int], stage: Stage) -> PreviewMade:
    """The film of one run, from its second 0 on."""
    stimulus = stimulus_of_run(folder, timeline=run or None)
    for piece in (*stimulus.pictured, *stimulus.heard):
        if not piece.is_blank:
            check_file_target(out, COMMAND, {"stimulus": piece.path})
    words = seen_words(folder, stimulus)
    if not (stimulus.has_pictures or stimulus.has_sound or words):
        raise ConfigError(f"{folder}: nothing of {run or 'its stimulus'} can be shown: {stimulus.note}")
    screen = PreviewScreen(size, EMPTY, words)
    n_film_frames = max(1, ceil(round(run_stop(folder, stimulus) * fps, 6)))
    moments = [number / fps for number in range(n_film_frames)]

    def fill(partial: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as scratch:
            sound = _sound(stimulus, n_film_frames / fps, Path(scratch))
            with (
                mp4_file(partial, size, fps, n_film_frames, sound) as put,
                stage(f"preview of {run}".strip(), n_film_frames, "film frames") as step,
            ):
                pictures = stimulus.pictures_at(moments, *size, fill=EMPTY)
                for moment, picture in zip(moments, pictures, strict=True):
                    put(screen.at(moment, picture))
                    step(1)

    write_file_whole(out, fill, COMMAND)
    warnings = (*([stimulus.note] if stimulus.note else []), *screen.warnings)
    return PreviewMade(
        out, run, n_film_frames / fps, n_film_frames, fps, size, stimulus.has_sound, len(words), warnings
    )  # fmt: skip


def run_stop(folder: Path, stimulus: RunStimulus) -> float:
    """Where a run ends: with what is shown, or with its last trial, whose screen may be empty.

    Units    seconds
    """
    path = folder / TRIALS
    trials = Trials.from_tsv(path) if path.is_file() else ()
    return max([stimulus.stop, *(trial.stop for trial in trials if trial.run == stimulus.timeline)])


def _sound(stimulus: RunStimulus, seconds: float, scratch: Path) -> Path | None:
    if not stimulus.has_sound:
        return None
    path = scratch / "sound.mp4"
    try:
        encode_sound(sound_pieces(stimulus, 0.0, seconds), path, TRACK_RATE)
    except TribeError:
        raise
    except OSError as error:  # of the folder for temporary files, not of the film's
        raise output_error(path, error) from error
    return path


def _no_stage(name: str, total: int | None, unit: str) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda n: None)
