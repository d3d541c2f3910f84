"""What each trial shows, as events of its own from second 0 on: a file is built once, alone, and reused.

Alone means: its own chunks, and words whose context begins with it. So its features do not depend on what was shown
before, and are those that `predict` of the file alone would compute.
"""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import TribeError
from tribe_np.pipeline.experiments.design import Design, DesignTrial
from tribe_np.pipeline.experiments.schedule import SLIGHTLY
from tribe_np.pipeline.features.shown_pictures import is_still
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.language import language_to_show
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.recogniser import check_words
from tribe_np.pipeline.stimuli.shown_words import lasting
from tribe_np.pipeline.stimuli.stimulus import Stimulus
from tribe_np.timeline.events import SEEN_OR_HEARD, WORD_TYPES, Event, Events
from tribe_np.timeline.features import FREQUENCY, to_index
from tribe_np.timeline.segments import chunk_events
from tribe_np.timeline.table import encode_cell

UNHEARD = ("picture", "text")  # kinds of file in which no recogniser listens
OF_A_FILE = ("picture", "film", "words_from", "transcript_repairs")
"""What a run's record holds of one stimulus, which that of an experiment holds of each."""
OF_A_PICTURE = ("in_srgb_by_profile", "n_pictures", "lasts")  # the rest is of a trial: seconds, background, beside

Shown = tuple[object, ...]
"""What two trials must agree in to show the same."""


@dataclass(frozen=True, eq=False)
class TrialEvents:
    """Builds the events of trials; equal ones once.

    `pictures` says how a picture is shown whose row does not, `is_direct` whether the words of a text file are shown
    without a voice, `hears` whether a recogniser may be asked for the words of a sound that has none beside it.
    `facts` is filled: what was found out about each file.
    """

    design: Design
    builder: EventBuilder
    pictures: PictureShow = field(default_factory=PictureShow)
    is_direct: bool = False
    hears: bool = True
    facts: dict[Path, dict[str, Any]] = field(default_factory=dict)  # of each file
    _built: dict[Shown, Events] = field(default_factory=dict)
    _languages: list[str] = field(default_factory=list)

    def of(self, row: DesignTrial, *, speech: bool = True) -> Events:
        """The events of a trial from second 0 on, all of its file; without `speech`, those that need no recogniser.

        Raises   TribeError of the stimulus, with its place in the design
        """
        try:
            key = (*self.shown(row), speech)
            if key not in self._built:
                self._built[key] = self._make(row, speech=speech)
        except TribeError as error:
            raise type(error)(f"{self.design.at(row)}: {error}") from error
        return self._built[key]

    def check_words(self) -> None:
        """Refuses, before any work, sounds and films whose words nobody could tell.

        Raises   CheckpointError, ConfigError, MissingDependencyError of the recogniser, with how many there are
        """
        if not (self.builder.words.speech and self.hears):
            return
        wordless = [row for row in self.design if row.stimulus is not None and _needs_ears(row.stimulus)]
        for row in wordless:
            assert row.stimulus is not None
            try:
                check_words(row.stimulus, self.builder.recogniser)
            except TribeError as error:
                count = number_of(len({each.stimulus for each in wordless}), "files")
                raise type(error)(
                    f"{self.design.at(row)}: {error}; or take {count} of sound or film without a table of words beside "
                    "them as they are, with --no-recogniser"
                ) from error

    def shown(self, row: DesignTrial) -> Shown:
        """What a trial shows: trials for which it is equal have the same events, however often they come."""
        if row.stimulus is None:
            return ("words", row.words, row.duration)
        if row.stimulus.kind == "picture":
            show = self._show(row)
            return ("picture", row.stimulus.path, show.seconds, show.background, show.beside)
        is_timed = row.stimulus.kind == "text" and self.is_direct
        return (row.stimulus.kind, row.stimulus.path, row.duration if is_timed else None)

    def _make(self, row: DesignTrial, *, speech: bool) -> Events:
        stimulus = row.stimulus
        if stimulus is None:
            return self._words(row.words, row.duration, self._language())
        if stimulus.kind == "text" and self.is_direct:
            return self._words(stimulus.text(), row.duration, None)
        record = RunRecord()
        pictures = self._show(row) if stimulus.kind == "picture" else self.pictures
        builder = replace(self.builder, pictures=pictures, record=record)
        if not speech or (_needs_ears(stimulus) and not self.hears):
            builder = replace(builder, words=replace(builder.words, speech=False))
        events = builder.build(stimulus)
        self._note(stimulus.path, record)
        return events

    def _note(self, path: Path, record: RunRecord) -> None:
        """Adds what was told while a file was read to the record of all, but for what is of this file alone."""
        told = self.builder.record
        for warning in record.warnings:
            told.warn(warning)
        for stage, seconds in record.seconds.items():
            told.seconds[stage] = round(told.seconds.get(stage, 0.0) + seconds, 3)
        own = {name: record.facts.pop(name) for name in OF_A_FILE if name in record.facts}
        picture = own.pop("picture", {})
        own |= {name: picture[name] for name in OF_A_PICTURE if name in picture}
        self.facts.setdefault(path, {}).update(own)
        told.facts |= record.facts

    def _words(self, text: str, duration: float | None, language: str | None) -> Events:
        return Events(self.builder.shown_words(text, duration, language=language)).standardized()

    def _language(self) -> str:
        """The language of all words of the design together: one word alone tells too little."""
        if not self._languages:
            text = " ".join(dict.fromkeys(row.words for row in self.design if row.words))
            self._languages.append(language_to_show(text, self.builder.config, self.builder.record))
        return self._languages[0]

    def _show(self, row: DesignTrial) -> PictureShow:
        seconds = self.pictures.seconds if row.duration is None else row.duration
        return PictureShow(seconds, row.background or self.pictures.background, row.beside_path or self.pictures.beside)


def length(events: Events) -> float:
    """Seconds until the last sound, picture or word of some events has ended."""
    return max(event.stop for event in events)


def _needs_ears(stimulus: Stimulus) -> bool:
    """Whether words of a file could only be recognised, if there are any."""
    return stimulus.kind not in UNHEARD and stimulus.sidecar is None


def media_length(events: Events) -> float:
    """Seconds until the last sound or picture has ended; of words alone, until the last word."""
    return length(events.of_type(*SEEN_OR_HEARD) or events)


def leaves_trace(events: Events, duration: float) -> bool:
    """Whether what is seen and heard within `duration` seconds fills a step of the features' grid; words always do."""
    media = [row for row in events.of_type(*SEEN_OR_HEARD) if row.start < duration - SLIGHTLY]
    return not media or any(to_index(min(row.duration, duration - row.start), FREQUENCY) for row in media)


def cut(events: Events, duration: float, *, drops_short: bool = False) -> Events:
    """What begins within the first `duration` seconds, ended there; chunks as of a file of that length.

    Units    seconds
    """
    whole = [replace(row, duration=min(row.duration, duration - row.start)) for row in unchunked(events)
             if row.start < duration - SLIGHTLY]  # fmt: skip
    table = Events(whole).standardized()
    for kind in SEEN_OR_HEARD:
        table = chunk_events(table, kind, drops_short=drops_short)
    return table


def ended(events: Events, duration: float) -> Events:
    """The events with no word, text or sentence outside [0, duration): what was said is over with the trial.

    A sentence begins a millionth of a second before its first word, with which a row of predictions would begin.
    Units    seconds
    """
    return Events(
        row if row.type not in WORD_TYPES else _within(row, duration)
        for row in events
        if row.type not in WORD_TYPES or row.start < duration - SLIGHTLY
    )


def _within(row: Event, duration: float) -> Event:
    start, stop = max(row.start, 0.0), min(row.stop, duration)
    return row if (start, stop) == (row.start, row.stop) else replace(row, start=start, duration=lasting(start, stop))


def unchunked(events: Events) -> list[Event]:
    """The rows with the chunks of each file joined again."""
    rows: list[Event] = []
    open_rows: dict[tuple[str, str], int] = {}
    for row in events:
        key = (row.type, row.filepath)
        if row.type in SEEN_OR_HEARD and key in open_rows:
            first = rows[open_rows[key]]
            rows[open_rows[key]] = replace(first, duration=row.stop - first.start)
            continue
        if row.type in SEEN_OR_HEARD:
            open_rows[key] = len(rows)
        rows.append(row)
    return rows


def placed_at(events: Events, onset: float, stop: float, timeline: str, volume: float | None = None) -> list[Event]:
    """The events of a trial at its onset on the timeline of its run; a volume is written into the rows of sound.

    Units    seconds; what ends within a rounding error of `stop`, the trial's, does not end after it
    """

    def at(row: Event) -> Event:
        louder = {"volume": volume} if volume is not None and volume != 1 and row.type == "Audio" else {}
        start = start_before(row.start + onset, row.duration, stop)
        return replace(row, start=start, timeline=timeline, extra=dict(row.extra) | louder)

    return [at(row) for row in events]


def start_before(start: float, duration: float, stop: float) -> float:
    """A start from which a row does not end a rounding error after `stop`, where another prediction would begin.

    The duration stays: the features of a sound or film are kept under it.
    """
    if not stop < start + duration < stop + SLIGHTLY:
        return start
    start = max(0.0, stop - duration)
    while start + duration > stop and start > 0:  # once or twice: a number near 0 has a billion neighbours
        start = math.nextafter(start, 0.0)
    return start


def n_different(rows: list[Event]) -> int:
    """How many different pieces of media or words some rows show: what has to be computed."""
    return len({_content(row) for row in rows})


def _content(row: Event) -> tuple[object, ...]:
    extra = tuple(sorted((name, encode_cell(value)) for name, value in row.extra.items()))
    if row.type == "Word":
        return row.type, row.text, row.context
    if row.type == "Video" and is_still(row):  # which costs once, however long it is shown
        return row.type, row.filepath, extra
    return row.type, row.filepath, row.offset, row.duration, extra
