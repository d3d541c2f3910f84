"""The stimulus of a prediction folder and its words, found through run.json and events.tsv.

Nothing that is missing stops anybody: what is left is shown, and `note` says what is missing and why.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError, EventsError, OutputError, TribeError
from tribe_np.plots.stimulus.file_finding import FileFinder, folders_of, sources_of
from tribe_np.plots.stimulus.picture_reading import (
    BLACK,
    Colour,
    film_pictures,
    film_size,
    fitted_size,
    in_the_middle,
    picture_file_size,
    picture_of_file,
)
from tribe_np.plots.stimulus.screen_pictures import screen_pictures
from tribe_np.plots.stimulus.shown_files import ShownFile, pieces_at, shown_files
from tribe_np.plots.stimulus.shown_words import ShownWord, shown_words
from tribe_np.plots.stimulus.sound_reading import SoundTrack
from tribe_np.plots.stimulus.stimulus_parts import StimulusParts, whole_file_pieces
from tribe_np.shown import did_you_mean, quoted, shown
from tribe_np.timeline.events import Events


@dataclass(frozen=True, eq=False)
class RunStimulus:
    """What was seen, heard and said while the rows of a prediction went by.

    `kind` is what there is to show: "video" or "picture" with pictures, "audio" a sound alone, "text" words of a text
    (with its speech as `sound`, or without) or words alone, "none" nothing. `path` is the file of it, `sound` the file
    of its sound (a film itself where its own track is heard); of several, the first.
    Units    seconds of the timeline, as the starts of rows
    """

    kind: str
    path: Path | None = None
    sound: Path | None = None
    words: tuple[ShownWord, ...] = ()
    start: float = 0.0
    duration: float = 0.0
    note: str = ""
    timeline: str = ""
    pictured: tuple[ShownFile, ...] = ()
    heard: tuple[ShownFile, ...] = ()
    named: str = ""  # the design and the run of an experiment, which has no file of its own
    keep: Any = field(default=None, repr=False)  # what lives as long as this: a folder of speech that was made again

    @property
    def title(self) -> str:
        """What it is called where it is shown: the design and the run, else its file; "" where there is none."""
        return self.named or ("" if self.path is None else self.path.name)

    @property
    def stop(self) -> float:
        """Seconds; start + duration."""
        return self.start + self.duration

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything to see."""
        return bool(self.pictured)

    @property
    def has_sound(self) -> bool:
        """Whether there is anything to hear."""
        return bool(self.heard)

    @cached_property
    def track(self) -> SoundTrack:
        """The sound on the timeline."""
        return SoundTrack(self.heard)

    # -- pictures ------------------------------------------------------------------------------------------------

    @cached_property
    def picture_shape(self) -> tuple[int, int]:
        """(width, height) of the first picture as it is seen; (16, 9) where there is none."""
        if not self.pictured:
            return 16, 9
        first = next((piece for piece in self.pictured if not piece.is_blank), self.pictured[0])
        if first.screen is not None:
            return first.screen.size
        return film_size(first.path) if first.kind == "video" else picture_file_size(first.path)

    def picture_size(self, width: int, height: int) -> tuple[int, int]:
        """The largest (width, height) of the stimulus's shape that fits."""
        return fitted_size(self.picture_shape, width, height)

    def shows_picture(self, seconds: float) -> bool:
        """Whether a picture is on screen at a moment."""
        return bool(pieces_at(self.pictured, seconds))

    def picture_at(self, seconds: float, width: int, height: int, *, fill: Colour = BLACK) -> np.ndarray:
        """The picture on screen at a moment, in the middle of the size; the colour `fill` around it, or alone.

        Shapes   -> (height, width, 3) uint8
        Raises   MediaError
        """
        return next(self.pictures_at([seconds], width, height, fill=fill))

    def pictures_at(
        self, moments: Sequence[float], width: int, height: int, *, fill: Colour = BLACK
    ) -> Iterator[np.ndarray]:
        """`picture_at` of many rising moments; a film is read once, in order, or sought in where they lie far apart."""
        on_top = [(moment, next(iter(pieces_at(self.pictured, moment)), None)) for moment in moments]
        for piece, together in groupby(on_top, key=lambda pair: pair[1]):
            times = [moment for moment, _ in together]
            if piece is None:
                for _ in times:
                    yield in_the_middle(np.empty((0, 0, 3), np.uint8), width, height, fill)
            elif piece.screen is not None:
                inside = [max(0.0, piece.file_time(moment)) for moment in times]
                yield from screen_pictures(piece.screen, inside, width, height, fill)
            elif piece.kind == "picture":
                picture = in_the_middle(picture_of_file(piece.path, width, height, fill), width, height, fill)
                for _ in times:
                    yield picture
            else:
                inside = [max(0.0, piece.file_time(moment)) for moment in times]
                for picture in film_pictures(piece.path, inside, width, height):
                    yield in_the_middle(picture, width, height, fill)

    def pictures(
        self, fps: float, width: int, height: int, *, start: float | None = None, stop: float | None = None,
        fill: Colour = BLACK,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        """`picture_at` at start, start + 1 / fps, ... before stop: by default the whole of the stimulus.

        Shapes   -> ceil((stop - start) * fps) arrays (height, width, 3) uint8
        """
        begin, end = self.start if start is None else start, self.stop if stop is None else stop
        n_pictures = max(0, int(np.ceil(round((end - begin) * fps, 6))))
        return self.pictures_at((begin + np.arange(n_pictures) / fps).tolist(), width, height, fill=fill)

    # -- sound and words -----------------------------------------------------------------------------------------

    def sound_envelope(self, start: float, stop: float, n: int) -> np.ndarray:
        """The loudest sample in each of n equal parts of a time, (n,) float32 from 0 to 1; zeros without sound."""
        return self.track.envelope(start, stop, n)

    def words_between(self, start: float, stop: float) -> tuple[ShownWord, ...]:
        """The words that begin from `start` on and before `stop`."""
        first, last = np.searchsorted(self._word_starts, [start, stop], side="left")
        return self.words[first:last]

    @cached_property
    def _word_starts(self) -> np.ndarray:
        return np.array([word.start for word in self.words])


def stimulus_of_run(
    folder: str | Path, *, timeline: str | None = None, stimulus: str | Path | None = None
) -> RunStimulus:
    """What was shown while the rows of a folder of predictions or measured data went by.

    `timeline` names one of several. `stimulus` is a file to show in the place of the run's own, such as one that was
    moved or renamed; it is shown even where it is another, which `note` says.
    Raises   OutputError for a folder without a run.json; ConfigError for an unknown timeline, or none where there are
             several; MediaError for a given stimulus that cannot be read
    """
    folder = Path(folder)
    run = _read_run(folder)
    finder = FileFinder(folders_of(folder, run), run)
    parts = StimulusParts(finder, None if stimulus is None else Path(stimulus))
    rows, name = _rows_of(_read_events([folder, *sources_of(run)], parts), timeline, folder)
    if not len(rows) and stimulus is None:
        _without_events(parts)
    return stimulus_of_events(rows, parts, name)


def stimulus_of_events(rows: Events, parts: StimulusParts, timeline: str) -> RunStimulus:
    """The stimulus of one timeline's rows, with what `parts` holds already."""
    pieces, words = shown_files(rows), shown_words(rows)
    parts.collect(pieces)
    kind, path = _kind_of(parts, words)
    # not of sentences, which begin a millionth of a second early
    shown_pieces = pieces or (*parts.pictured, *parts.heard)
    spans = [(piece.start, piece.stop) for piece in shown_pieces] + [(word.start, word.stop) for word in words]
    start = min((begin for begin, _ in spans), default=0.0)
    stop = max((end for _, end in spans if isfinite(end)), default=start)
    return RunStimulus(
        kind, path, parts.heard[0].path if parts.heard else None, words, start, stop - start,
        shown("; ".join(parts.notes)), timeline, tuple(parts.pictured), tuple(parts.heard), _named(parts, timeline),
        parts.keep,
    )  # fmt: skip


def _named(parts: StimulusParts, timeline: str) -> str:
    finder = parts.finder
    return f"{Path(finder.stimulus[0]).name}, {timeline}" if finder.kind == "experiment" else ""


def _kind_of(parts: StimulusParts, words: Sequence[ShownWord]) -> tuple[str, Path | None]:
    """What there is to show, and its file."""
    finder = parts.finder
    if parts.pictured:
        films = [piece for piece in parts.pictured if piece.kind == "video"]
        files = [piece.path for piece in parts.pictured if not piece.is_blank]
        return ("video", films[0].path) if films else ("picture", files[0] if files else None)
    is_text = finder.kind == "text"
    if parts.heard and not is_text:
        return "audio", parts.heard[0].path
    if words or parts.heard:
        return "text", finder.find(finder.stimulus[0])[0] if is_text else None
    if not parts.notes:
        parts.note("the folder names no stimulus (--stimulus FILE names one)")
    return "none", None


def _read_run(folder: Path) -> Mapping[str, Any]:
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise OutputError(f"{folder}: not a prediction folder: run.json is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(f"{folder}: run.json cannot be read: {error}") from error
    if not isinstance(run, Mapping):
        raise OutputError(f"{folder}: run.json must hold a mapping")
    return run


def _read_events(places: Sequence[Path], parts: StimulusParts) -> Events:
    """The folder's events, or those of the one it was resampled from; none, and why, where they cannot be read."""
    path = next((place / "events.tsv" for place in places if (place / "events.tsv").is_file()), None)
    if path is None:
        return Events()
    try:
        return Events.from_tsv(path)
    except EventsError as error:
        parts.note(f"{error}: words and times of the stimulus are left out")
        return Events()


def _rows_of(events: Events, timeline: str | None, folder: Path) -> tuple[Events, str]:
    known = events.timelines()
    if timeline is None and len(known) > 1:
        raise ConfigError(
            f"{folder}: its stimulus has {len(known)} timelines, each with times of its own; --timeline must name one: "
            f"{', '.join(known)}"
        )
    if timeline is not None and known and timeline not in known:
        raise ConfigError(
            f"{folder}: has no timeline {quoted(timeline)}; its timelines: {', '.join(known)}"
            f"{did_you_mean(timeline, known)}"
        )
    name = timeline or (known[0] if known else "")
    return events.on(name), name


def _without_events(parts: StimulusParts) -> None:
    """The file that run.json names, from second 0 on, where no table says when it was shown."""
    finder = parts.finder
    named, _ = finder.stimulus
    if not named or finder.kind == "text":
        return
    path, why = finder.find(named)
    if path is None:
        parts.note(f"{why}: it is left out (--stimulus FILE names another place)")
        return
    try:
        pieces = whole_file_pieces(path)
    except TribeError as error:
        parts.note(f"{error}: it is left out")
        return
    for piece in pieces:
        (parts.heard if piece.kind == "sound" else parts.pictured).append(piece)
