"""Events: what was shown or said when; one frozen row each, in one ordered table.

A row is a sound, a film, a word, a sentence, ... on a timeline (one recording); times are seconds. The table neither
reads media nor fills what is missing: whoever makes a row gives its duration and frequency. `standardized` is the
order that everything later relies on, because sums of floats depend on it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import Any, overload

import numpy as np

from tribe_np.errors import EventsError
from tribe_np.optional import require
from tribe_np.shown import quoted, shown
from tribe_np.timeline.table import (
    decode_extra,
    encode_cell,
    encode_extra,
    read_table,
    to_integer,
    to_number,
    without_tabs,
    write_table,
)

TEXT_TYPES = frozenset({"Word", "Text", "Sentence", "Phoneme", "Keystroke"})
SEEN_OR_HEARD = ("Audio", "Video")  # in this order they are cut into chunks
AROUND_WORDS = ("Text", "Sentence")  # made from the Word rows, with which they stand and fall
WORD_TYPES = ("Word", *AROUND_WORDS)
FILE_TYPES = frozenset({"Audio", "Video", "Image", "Fmri", "MneRaw", "Meg", "Eeg", "Emg", "Ieeg", "Fnirs"})
CATEGORICAL_TYPES = frozenset(
    {"CategoricalEvent", "Action", "Stimulus", "EyeState", "Artifact", "Seizure", "Background", "SleepStage"}
)
KNOWN_TYPES = TEXT_TYPES | FILE_TYPES | CATEGORICAL_TYPES | {"Event"}
FLOAT_COLUMNS = frozenset({"start", "duration", "frequency", "offset"})
INT_COLUMNS = frozenset({"sequence_id", "sentence_char", "text_char"})
COLUMNS = (
    "type", "start", "duration", "timeline", "subject", "session", "task", "run", "filepath", "frequency", "offset",
    "stop", "text", "sequence_id", "sentence", "language", "sentence_char", "text_char", "context", "modality",
)  # fmt: skip
LARGEST = {"start": 1e12, "duration": 1e8, "offset": 1e8, "frequency": 1e9}
"""Seconds and Hz of a row that can be used: 1e8 s are three years, and a start may be a clock's."""
LOWEST_FREQUENCY = 1e-6
MEDIA_COLUMNS = frozenset({"filepath", "frequency", "offset"})
WORD_COLUMNS = frozenset({"text", "sentence", "language", "context"})
SHOWN_ROWS = 10  # of a table in a notebook
IGNORED_COLUMNS = frozenset({"stop", "index", "Index", "", "Unnamed: 0"})  # derived, or a row number pandas left behind


class FrozenDict(dict[str, Any]):
    """A dict that cannot be changed; copies, compares, pickles and serialises as one."""

    def _refuse(self, *args: object, **kwargs: object) -> Any:
        raise TypeError("an event is immutable: make another with dataclasses.replace(event, extra={...})")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


@dataclass(frozen=True, slots=True, repr=False)
class Event:
    """One row: something that happens on a timeline.

    Units    start, duration: seconds on the timeline; offset: seconds into the file; frequency: Hz of the file
             (samples or video frames; 0 is unknown)
    Numerics sentence_char, text_char: position of a word in its sentence and text, in characters
    Raises   EventsError when an extra has the name of a column
    Source   neuralset 0.0.2 events.etypes (Event, Audio, Video, Word, Text, Sentence); extra holds foreign columns
    """

    type: str
    start: float
    duration: float = 0.0
    timeline: str = "default"
    subject: str = "default"
    filepath: str = ""
    frequency: float = 0.0
    offset: float = 0.0
    text: str = ""
    language: str = ""
    context: str = ""
    sentence: str = ""
    sentence_char: int | None = None
    text_char: int | None = None
    sequence_id: int | None = None
    modality: str | None = None
    session: str = ""
    task: str = ""
    run: str = ""
    extra: Mapping[str, Any] = field(default_factory=FrozenDict, hash=False)

    def __post_init__(self) -> None:
        clash = [name for name in self.extra if name in COLUMNS or name in IGNORED_COLUMNS or not isinstance(name, str)]
        if clash:
            raise EventsError(
                f"an extra value of an event cannot be called {quoted(clash[0])}: that is a column of its own"
            )
        object.__setattr__(self, "extra", FrozenDict(self.extra))
        object.__setattr__(self, "modality", self.modality or None)

    @property
    def stop(self) -> float:
        """Seconds; start + duration."""
        return self.start + self.duration

    @property
    def sentence_start(self) -> int | None:
        """Character of the text where the sentence of a word begins; None for a word without a place."""
        return None if self.text_char is None or self.sentence_char is None else self.text_char - self.sentence_char

    def __repr__(self) -> str:
        """The fields that are not their default, long ones cut: a context holds a thousand words."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        given = (f"{name}={quoted(value)}" for name, value in values.items() if value and value != "default")
        return f"Event({', '.join(given)})"


@dataclass(frozen=True, init=False, slots=True, repr=False)
class Events:
    """An ordered, immutable table of events.

    Source   neuralset 0.0.2 keeps a pandas DataFrame; columns and order are the same
    """

    rows: tuple[Event, ...]

    def __init__(self, rows: Iterable[Event] = ()) -> None:
        rows = tuple(rows)
        if not all(isinstance(row, Event) for row in rows):
            raise EventsError("Events takes Event rows; use Events.from_dataframe for a DataFrame")
        object.__setattr__(self, "rows", rows)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, key: int) -> Event: ...

    @overload
    def __getitem__(self, key: slice) -> "Events": ...

    def __getitem__(self, key: int | slice) -> "Event | Events":
        return Events(self.rows[key]) if isinstance(key, slice) else self.rows[key]

    def __repr__(self) -> str:
        counts = Counter(row.type for row in self.rows)
        return f"Events({len(self)} rows: {', '.join(f'{n} {name}' for name, n in counts.items())})"

    def _repr_html_(self) -> str:
        names = ("type", "start", "duration", "timeline", "text", "filepath")
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(shown(str(getattr(row, name)), 40))}</td>" for name in names) + "</tr>"
            for row in self.rows[:SHOWN_ROWS]
        )
        more = f"<p>... {len(self) - SHOWN_ROWS} more</p>" if len(self) > SHOWN_ROWS else ""
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{body}</table>{more}"

    def of_type(self, *names: str) -> "Events":
        """The rows of the given types, in order."""
        return Events(row for row in self.rows if row.type in names)

    def on(self, timeline: str) -> "Events":
        """The rows of one timeline, in order."""
        return Events(row for row in self.rows if row.timeline == timeline)

    def by_timeline(self) -> "dict[str, Events]":
        """The rows of each timeline, in order, in one pass; timelines in the order in which they first appear."""
        found: dict[str, list[Event]] = {}
        for row in self.rows:
            found.setdefault(row.timeline, []).append(row)
        return {timeline: Events(rows) for timeline, rows in found.items()}

    def timelines(self) -> list[str]:
        """Timeline names in the order in which they first appear."""
        return list(dict.fromkeys(row.timeline for row in self.rows))

    def standardized(self) -> "Events":
        """The checked rows, sorted by timeline (first seen first), start, and longest first; ties keep their order.

        Raises   EventsError for an empty table, and naming the row for a missing or lower-case type, a start or
                 duration that is negative (duration), NaN or infinite, no timeline, a word without text, media without
                 a file. Unknown types pass: they occupy time and nothing else
        Source   neuralset 0.0.2 events.utils.standardize_events
        """
        if not self.rows:
            raise EventsError("the events table is empty; it needs at least one row")
        for number, row in enumerate(self.rows):
            check(row, f"events row {number}")
        order = {name: index for index, name in enumerate(self.timelines())}
        return Events(sorted(self.rows, key=lambda row: (order[row.timeline], row.start, -row.duration)))

    def to_tsv(self, path: str | Path, *, synced: bool = True) -> None:
        """Writes a UTF-8 tab-separated table that `from_tsv` reads back without loss; whole or not at all.

        `synced` waits until it is on the disk; who writes many tables may do that for all of them.
        Raises   OutputError when it cannot be written; EventsError for an extra value that is neither text nor a number
        """
        names, records = self._records()
        extras = names[len(COLUMNS) :]
        rows = []
        for number, record in enumerate(records):
            try:
                cells = [encode_cell(record.get(name)) for name in COLUMNS]
                rows.append(cells + [encode_extra(record.get(name)) for name in extras])
            except EventsError as error:
                raise EventsError(f"events row {number}: an extra value {error}") from error
        write_table(path, names, rows, synced=synced)

    @staticmethod
    def from_tsv(path: str | Path) -> "Events":
        """The table in a tab-separated file; texts to the letter ("null" is a word), a missing number is its default.

        Raises   EventsError naming file, line and column
        """
        return Events(row for _, row in rows_of_tsv(path))

    def to_dataframe(self) -> Any:
        """A pandas DataFrame with upstream's columns, `stop` included.

        Raises   MissingDependencyError without pandas
        """
        pandas = require("pandas", extra="dataframe", why="Events.to_dataframe")
        names, records = self._records()
        return pandas.DataFrame([{name: record.get(name) for name in names} for record in records], columns=names)

    @staticmethod
    def from_dataframe(frame: Any) -> "Events":
        """The table in a pandas DataFrame; NaN and None are defaults, `stop` is recomputed, foreign columns are extras.

        Raises   EventsError naming row and column
        """
        names = [str(name) for name in frame.columns]
        require_columns(names, "the DataFrame")
        rows = []
        for number, cells in enumerate(frame.itertuples(index=False, name=None)):
            cells = [value.item() if isinstance(value, np.generic) else value for value in cells]
            record = {name: value for name, value in zip(names, cells, strict=True) if not is_missing(value)}
            rows.append(from_record(record, f"the DataFrame, row {number}"))
        return Events(rows)

    def _records(self) -> tuple[list[str], list[dict[str, Any]]]:
        """Column names (extras last, first seen first) and one record per row, without what a type does not have."""
        extras = list(dict.fromkeys(name for row in self.rows for name in row.extra))
        return [*COLUMNS, *extras], [to_record(row) for row in self.rows]


def rows_of_tsv(path: str | Path) -> list[tuple[int, Event]]:
    """(line number, row) of a tab-separated file; see `Events.from_tsv`.

    Raises   EventsError naming file, line and column
    """
    columns, records = read_table(path)
    require_columns(columns, str(path))
    rows = []
    for line, cells in records:
        record: dict[str, Any] = dict(zip(columns, cells, strict=True))
        extras = {name: decode_extra(cell) for name, cell in record.items() if name not in COLUMNS}
        rows.append((line, from_record(record | extras, f"{path}, line {line}")))
    return rows


def as_events(events: Any) -> Events:
    """A table of events from one, or from a pandas DataFrame.

    Raises   EventsError for anything else
    """
    if isinstance(events, Events):
        return events
    if not hasattr(events, "itertuples"):
        raise EventsError(f"events must be an Events table or a pandas DataFrame, got {type(events).__name__}")
    return Events.from_dataframe(events)


def check(row: Event, where: str) -> None:
    """Raises EventsError, starting with `where`, when the row cannot be used."""
    lower = {name.lower(): name for name in KNOWN_TYPES}
    kind = row.type if str(row.type).isprintable() else repr(row.type)
    where += f" ({kind}{f' {row.text[:20]!r}' if row.text else ''})"
    if not isinstance(row.type, str) or not row.type:
        raise EventsError(f"{where}: no type; expected a name such as Audio, Video or Word")
    if row.type in lower:
        raise EventsError(f"{where}: type {row.type!r} must be written {lower[row.type]!r}")
    for name, largest in LARGEST.items():
        value = getattr(row, name)
        if not math.isfinite(value):
            raise EventsError(f"{where}: {name} is {value}; expected a finite number of seconds (frequency: of Hz)")
        if name != "start" and value < 0:
            raise EventsError(f"{where}: {name} is {value}, must not be negative")
        if abs(value) > largest:
            raise EventsError(f"{where}: {name} is {value}; at most {largest:g} can be used: is a time wrong?")
    if 0 < row.frequency < LOWEST_FREQUENCY:
        raise EventsError(
            f"{where}: frequency is {row.frequency} Hz; expected 0 (unknown) or from {LOWEST_FREQUENCY} on"
        )
    if not row.timeline:
        raise EventsError(f"{where}: no timeline; every row needs the name of its recording")
    if row.type in TEXT_TYPES and not row.text:
        raise EventsError(f"{where}: no text; a row of this type needs at least one character")
    if row.type in FILE_TYPES and not row.filepath:
        raise EventsError(f"{where}: no filepath; a row of this type needs its file")


def require_columns(names: Iterable[str], where: str) -> None:
    """Raises EventsError when a column without a default is missing."""
    found = list(names)
    missing = [name for name in ("type", "start", "timeline") if name not in found]
    if missing:
        raise EventsError(
            f"{where}: column {missing[0]!r} is missing; an events table needs type, start and timeline"
            f"{without_tabs(found)}"
        )


def is_missing(value: object) -> bool:
    """Whether a DataFrame's cell is None, NaN, NaT or NA."""
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and math.isnan(value))
    )


def to_record(row: Event) -> dict[str, Any]:
    """Column name -> value of a row, `stop` and the extras included; columns that its type lacks are left out."""
    record = {name: getattr(row, name) for name in COLUMNS}
    foreign = (() if row.type in FILE_TYPES else MEDIA_COLUMNS, () if row.type in TEXT_TYPES else WORD_COLUMNS)
    for name in {name for names in foreign for name in names}:
        if not record[name]:
            del record[name]
    for name in FLOAT_COLUMNS & record.keys():
        record[name] = float(record[name])
    return record | dict(row.extra)


def from_record(record: Mapping[str, Any], where: str) -> Event:
    """An event from column name -> cell (text, number or None)."""
    values: dict[str, Any] = {}
    for name in (column.name for column in fields(Event) if column.name in record):
        cell = record[name]
        if name in FLOAT_COLUMNS or name in INT_COLUMNS:
            try:
                value = to_number(cell, float if name in FLOAT_COLUMNS else to_integer)
            except (ValueError, TypeError, OverflowError) as error:
                text = cell if isinstance(cell, str) else quoted(cell)
                raise EventsError(f"{where}: {name} is {quoted(text, 40)}, expected a number") from error
            if value is not None:
                values[name] = value
        elif cell is not None:
            values[name] = str(cell)
    for name in ("type", "start", "timeline"):
        if name not in values:
            raise EventsError(f"{where}: {name} is missing")
    known = COLUMNS + tuple(IGNORED_COLUMNS)
    extra = {name: value for name, value in record.items() if name not in known and value is not None}
    return Event(**{"subject": ""} | values, extra=extra)
