"""A table of events as a stimulus: what is in it is what is shown.

Files are found, durations and rates that are missing are read from them, and long media are cut into chunks. Nothing is
added: no sound of a film, no words. The table is one of ours (`tribe-np events`, the events.tsv of a result), or a
DataFrame of upstream's written with `to_csv(sep="\\t")`; foreign columns are kept.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tribe_np.errors import EventsError, MediaError, MissingFileError
from tribe_np.media.film import probe
from tribe_np.media.pictures.kinds import is_picture, is_screen
from tribe_np.pipeline.stimuli.media_rows import MediaRows
from tribe_np.pipeline.stimuli.picture_rows import PictureShow, picture_events
from tribe_np.shown import quoted
from tribe_np.timeline.events import SEEN_OR_HEARD, Event, Events, check, rows_of_tsv
from tribe_np.timeline.segments import chunk_events

BESIDE = "beside"  # the column of a second picture
KEPT = ("sound-", "speech-")  # files that the cache holds
LONGEST_LINE = 65_536  # bytes of a first line that are looked at
PAST_THE_END = 0.1  # seconds by which a row may be longer than its file: rounding, and the last video frame


@dataclass(frozen=True, eq=False)
class EventsFile:
    """The rows of a table, with paths that lead to their files, where each row stands, and what to say about it."""

    path: Path
    rows: tuple[Event, ...]
    places: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def media(self) -> list[Path]:
        """The files that its rows show, each once."""
        return [Path(name) for name in dict.fromkeys(name for row in self.rows for name in _files(row))]

    @property
    def timelines(self) -> list[str]:
        """Their names, in the order of the table."""
        return list(dict.fromkeys(row.timeline for row in self.rows))


def read_events_file(path: Path) -> EventsFile:
    """The rows of a table, each checked.

    A relative path is taken from the working folder, else from the folder of the table.
    Raises   EventsError, MissingFileError (a MediaError) naming file and line
    """
    rows, places = [], []
    finder = _Finder(path)
    for line, row in _rows(path):
        place = f"{path}, line {line}"
        check(row, place)
        rows.append(finder.found(row, place))
        places.append(place)
    if not rows:
        raise EventsError(f"{path}: the table has no rows; it needs at least one")
    return EventsFile(path, tuple(rows), tuple(places), tuple(finder.notes()))


def _rows(path: Path) -> list[tuple[int, Event]]:
    try:
        return rows_of_tsv(path)
    except EventsError as error:
        raise EventsError(f"{error}{_other_table(path)}") from error


def _other_table(path: Path) -> str:
    """What else a table may be, by its columns, and where it belongs; "" where that does not tell."""
    with path.open("rb") as file:
        columns = set(file.readline(LONGEST_LINE).decode("utf-8-sig", "replace").strip().split("\t"))
    if "type" in columns:
        return ""
    if {"onset", "duration"} <= columns and columns & {"trial_type", "stim_file", "words"}:
        return "; this looks like a list of trials, which `tribe-np experiment` takes"
    if columns & {"text", "word", "Word", "words"} and columns & {"start", "onset", "Start", "Onset"}:
        return "; this looks like words with times: give it as --transcript FILE, with the sound or text they belong to"
    if {"onset", "duration"} <= columns:
        return "; this looks like a list of trials, which `tribe-np experiment` takes"
    return ""


def _files(row: Event) -> Iterator[str]:
    if row.type in SEEN_OR_HEARD and row.filepath and not is_screen(row.filepath):
        yield row.filepath
        if isinstance(beside := row.extra.get(BESIDE), str) and beside:
            yield beside


class _Finder:
    """Finds the files that rows name, and counts where."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self.known: dict[str, str] = {}
        self.in_both: list[str] = []
        self.here = self.there = 0

    def found(self, row: Event, place: str) -> Event:
        """The row with paths that lead to its files."""
        names = list(_files(row))
        if not names:
            return row
        paths = [self._path(name, f"{place}: {row.type}") for name in names]
        row = replace(row, filepath=paths[0])
        return row if len(paths) == 1 else replace(row, extra={**row.extra, BESIDE: paths[1]})

    def _path(self, name: str, where: str) -> str:
        if name not in self.known:
            self.known[name] = self._look(name, where)
        return self.known[name]

    def _look(self, name: str, where: str) -> str:
        here, there = Path(name), self.table.parent / name
        try:
            if here.is_file():
                self.here += not here.is_absolute()
                if not here.is_absolute() and there.is_file() and not os.path.samefile(here, there):
                    self.in_both.append(name)
                return name
            if not here.is_absolute() and there.is_file():
                self.there += 1
                return str(there)
            is_folder = here.is_dir()
        except (OSError, ValueError):  # a name that no system takes
            is_folder = False
        if is_folder:
            raise MissingFileError(f"{where}: {quoted(name, 200)} is a folder, expected a file")
        if here.is_absolute():
            again = "; it was in a cache: make the table again" if here.name.startswith(KEPT) else ""
            raise MissingFileError(f"{where}: {quoted(name, 200)}: no such file{again}")
        raise MissingFileError(
            f"{where}: {quoted(name, 200)} is neither in the working folder nor in the folder of the table"
        )

    def notes(self) -> Iterator[str]:
        """What to say about relative paths."""
        n_all = self.here + self.there
        if n_all:
            what = "1 relative path" if n_all == 1 else f"{n_all} relative paths"
            where = "in the working folder" if self.here else "in the folder of the table"
            if self.here and self.there:
                where = f"{self.here} in the working folder and {self.there} in the folder of the table"
            yield f"{self.table.name}: {what}, found {where}"
        if self.in_both:
            yield (
                f"{self.table.name}: {len(self.in_both)} of them ({quoted(self.in_both[0], 60)}) would lead to another "
                "file from the folder of the table: the one in the working folder is taken"
            )


def media_of(table: EventsFile, media: MediaRows, pictures: PictureShow) -> Events:
    """The table with the durations and rates that it lacks; long media are cut into chunks, row by row.

    Raises   MediaError, EventsError naming file and line
    """
    for note in table.notes:
        media.record.warn(note)
    known: dict[tuple[str, str], Event] = {}

    def whole(row: Event) -> Event:
        key = row.type, row.filepath
        if key not in known:
            known[key] = file_row(row, media, pictures)
        return known[key]

    rows = []
    for row, place in zip(table.rows, table.places, strict=True):
        try:
            rows += _shown(row, whole, media) if row.type in SEEN_OR_HEARD and not is_screen(row.filepath) else [row]
        except (MediaError, EventsError) as error:
            raise type(error)(f"{place}: {error}") from error
    _warn_of_silent_films(rows, media)
    return Events(rows).standardized()


def file_row(row: Event, media: MediaRows, pictures: PictureShow) -> Event:
    """The row of all of a row's file."""
    path = Path(row.filepath)
    if row.type == "Audio":
        return media.audio_event(path)
    if not is_picture(row.filepath):
        return media.film_event(probe.probe(path))
    (whole,) = picture_events(path, pictures)
    return whole


def measured(row: Event, whole: Callable[[Event], Event]) -> Event:
    """A row of sound or film with the duration and rate of its file, where it has none of its own.

    Raises   EventsError for an offset past the end of the file
    """
    if row.type not in SEEN_OR_HEARD or not row.filepath or (row.duration > 0 and row.frequency > 0):
        return row
    file = whole(row)
    rest = file.duration - row.offset
    if not rest > 0:
        raise EventsError(
            f"{row.filepath}: lasts {file.duration:g} s: no row can start at an offset of {row.offset:g} s"
        )
    extra = {**file.extra, **row.extra} if is_picture(row.filepath) else row.extra
    return replace(row, duration=row.duration or rest, frequency=row.frequency or file.frequency, extra=extra)


def _shown(row: Event, whole: Callable[[Event], Event], media: MediaRows) -> list[Event]:
    """The chunks of a row of media.

    Each row is cut alone, as it was when the table was made: rows that overlap would spoil each other's cuts.
    Raises   EventsError for a row that is longer than its file: a model of sound would be given features that are
             stretched to the row's duration
    """
    row = measured(row, whole)
    if not is_picture(row.filepath):
        lasts, until = whole(row).duration, row.offset + row.duration
        if row.offset >= lasts:
            raise EventsError(f"{row.filepath}: lasts {lasts:g} s: no row can start at an offset of {row.offset:g} s")
        if until - lasts > PAST_THE_END:
            raise EventsError(
                f"{row.filepath}: lasts {lasts:g} s, but the row shows it up to its second {until:g}; its duration can "
                f"be {lasts - row.offset:g} s at most"
            )
    return list(chunk_events(Events([row]), row.type))


def _warn_of_silent_films(rows: list[Event], media: MediaRows) -> None:
    """A warning for films with sound where no row of sound is there."""
    heard = [row for row in rows if row.type == "Audio"]
    silent = dict.fromkeys(
        row.filepath
        for row in rows
        if row.type == "Video" and not is_picture(row.filepath) and not any(_together(row, other) for other in heard)
    )
    for name in silent:
        if probe.probe(Path(name)).has_audio:
            media.record.warn(
                f"{Path(name).name} has sound, but the table has no Audio row beside it: it is shown without its sound"
            )


def _together(film: Event, sound: Event) -> bool:
    return film.timeline == sound.timeline and film.start < sound.stop and sound.start < film.stop
