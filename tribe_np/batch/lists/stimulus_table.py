"""A table of stimuli (.tsv, .csv): a row a stimulus, with what belongs to it; and a list of paths, one a line.

Columns: stimulus, and as far as needed transcript, language, subject, name; any other is kept as text. Paths are
relative to the table. Spreadsheets write such tables in many ways: a byte order mark, UTF-16, semicolons, quotes, rows
of empty cells, a first line `sep=;`. A line that begins with # is a comment.
"""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tribe_np.batch.lists.listed_stimulus import ListedStimulus, absolute_path
from tribe_np.batch.lists.stimulus_files import is_events_table
from tribe_np.errors import ConfigError
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.files.text_encoding import decoded
from tribe_np.pipeline.progress import number_of
from tribe_np.shown import did_you_mean, quoted, some_of
from tribe_np.timeline.languages import checked_language
from tribe_np.timeline.table import without_tabs
from tribe_np.timeline.trials import MISSING_TEXT

STIMULUS = "stimulus"
SETTINGS = ("transcript", "language", "subject", "name")
COLUMNS = (STIMULUS, *SETTINGS)
TABLES = (".tsv", ".csv")
STANDARD_INPUT = "-"
MOST_BYTES = 64 * MEGABYTE
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)  # Excel's own
COMMENT = "#"


@dataclass(frozen=True)
class TableRecords:
    """The cells of a table by column, each row with its line."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    n_comments: int


def read_stimulus_table(path: Path) -> tuple[list[ListedStimulus], list[str]]:
    """The stimuli of a table, named where it names them, and what is to be said; their files are not looked for.

    Raises   ConfigError naming file, line and column
    """
    records = read_records(path)
    _check_columns(records)
    listed = [_listed(row, path, line) for line, row in records.rows]
    if not listed:
        raise ConfigError(f"{path}: holds no stimuli; it needs at least one row below the names of the columns")
    return listed, list(_notes(records))


def read_records(path: Path) -> TableRecords:
    """The rows of a table whose columns are separated by tabs, commas or semicolons.

    Raises   ConfigError naming file and line
    """
    lines = _Lines(_text(read_small_file(path, most=MOST_BYTES, error=ConfigError), path))
    separator = lines.separator or ("\t" if path.suffix.lower() == TABLES[0] else _separator(lines.header()))
    records = list(_records(lines, separator, path))
    if not records:
        raise ConfigError(f"{path}: is empty; a table of stimuli begins with the names of its columns")
    columns = tuple(cell.strip() for cell in records[0][1])
    repeated = [name for name, count in Counter(columns).items() if count > 1 and name]
    if repeated:
        raise ConfigError(f"{path}: the column {quoted(repeated[0])} is there more than once")
    for line, cells in records[1:]:
        if len(cells) != len(columns):
            raise ConfigError(
                f"{path}, line {line}: {number_of(len(cells), 'cells')}, expected {len(columns)} as in the header"
            )
    rows = tuple((line, dict(zip(columns, map(str.strip, cells), strict=True))) for line, cells in records[1:])
    return TableRecords(path, columns, rows, lines.n_comments)


class _Lines:
    """The lines of a table for the csv reader, but for comments; they are counted, since a cell may hold several."""

    def __init__(self, text: str) -> None:
        first = SEPARATOR_LINE.match(text)
        self.separator = first[1] if first else ""
        self._lines = list(io.StringIO(text, newline=""))
        self.number = 1 if first else 0
        self.record = 0  # the line on which the last record began
        self.n_comments = 0
        self.starts_record = True

    def header(self) -> str:
        """The line that names the columns, or ""."""
        rest = self._lines[self.number :]
        return next((line for line in rest if line.strip() and not line.startswith(COMMENT)), "")

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        while self.number < len(self._lines):
            line = self._lines[self.number]
            self.number += 1
            if not (self.starts_record and line.startswith(COMMENT)):
                if self.starts_record:
                    self.starts_record, self.record = False, self.number
                return line
            self.n_comments += 1
        raise StopIteration


def _records(lines: _Lines, separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that has any, with the line on which it begins."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield lines.record, cells
            lines.starts_record = True
    except csv.Error as error:
        raise ConfigError(
            f"{path}, line {lines.record}: {error}; a cell that holds a quote is in quotes, with its own doubled"
        ) from error


def _separator(header: str) -> str:
    """Of a .csv what stands most often between its columns: a comma, a semicolon or a tab."""
    plain = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=plain.count)


def _text(raw: bytes, path: Path | str) -> str:
    return decoded(raw, path, advice="save it as UTF-8 (Excel: CSV UTF-8)", error=ConfigError)


def _check_columns(records: TableRecords) -> None:
    path, columns = records.path, records.columns
    if STIMULUS not in columns:
        raise ConfigError(
            f"{path}: column {STIMULUS!r} is missing; a table of stimuli has it and, where needed, "
            f"{', '.join(SETTINGS)}{_other_table(columns)}"
        )
    if is_events_table(columns):
        raise ConfigError(
            f"{path}: has the column {STIMULUS!r}, as a table of stimuli, and 'type' and 'start', as a table of "
            "events, which is one stimulus; rename one of them"
        )


def _other_table(columns: Sequence[str]) -> str:
    """What else may be wrong with a table, or what it may be, by its columns."""
    if said := without_tabs(columns):
        return said
    if is_events_table(columns):
        return "; a table of events is a stimulus where it is separated by tabs, and named .tsv"
    if {"onset", "duration"} <= set(columns):
        return "; this looks like a list of trials, which `tribe-np experiment` takes"
    if {"start", "onset"} & set(columns) and {"text", "word"} & set(columns):
        return "; this looks like words with times: name it in the column transcript, beside its film or sound"
    if {"stimulus_id", "stim_id"} & set(columns):
        return "; this looks like BIDS' table of stimuli, which names no files: give its folder"
    near = next((column for column in columns if did_you_mean(column.lower(), [STIMULUS])), None)
    return "" if near is None else f"; rename the column {quoted(near)} if it is meant"


def _listed(row: Mapping[str, str], path: Path, line: int) -> ListedStimulus:
    where = f"{path}, line {line}"
    cells = {name: _said(row.get(name, "")) for name in COLUMNS}
    stimulus, transcript = cells[STIMULUS], cells["transcript"]
    if stimulus is None:
        raise ConfigError(f"{where}: the cell of the column {STIMULUS!r} is empty")
    try:
        language = checked_language(cells["language"])
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    return ListedStimulus(
        cells["name"] or "", absolute_path(stimulus, path.parent),
        None if transcript is None else absolute_path(transcript, path.parent), language, cells["subject"],
        {name: cell for name, cell in row.items() if name and name not in COLUMNS}, path, line,
    )  # fmt: skip


def _said(cell: str) -> str | None:
    return None if cell.lower() in ("", MISSING_TEXT) else cell


def _notes(records: TableRecords) -> Iterator[str]:
    path, others = records.path, [name for name in records.columns if name and name not in COLUMNS]
    for name in others:
        if hint := did_you_mean(name.lower(), SETTINGS):
            yield f"{path}: the column {quoted(name)} is kept as it is and has no effect{hint}"
    if others:
        yield f"{path}: {'column' if len(others) == 1 else 'columns'} kept as text: {some_of(others, 6)}"
    if any(row.get("") for _, row in records.rows):
        yield f"{path}: a column without a name is left out"
    if records.n_comments:
        yield f"{path}: {_comments(records.n_comments)} left out"


def _comments(number: int) -> str:
    return f"{number_of(number, 'lines')} with # at the start"


def read_path_list(path: Path | None) -> tuple[list[tuple[int, str]], list[str]]:
    """The lines of a list of paths, with their numbers, and what is to be said; None reads standard input.

    Names are separated by line ends or, as of `find -print0`, by NUL.
    Raises   ConfigError naming the list: it cannot be read, holds nothing, or no text
    """
    shown = "standard input" if path is None else str(path)
    if path is not None:
        raw = read_small_file(path, most=MOST_BYTES, error=ConfigError)
    else:
        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise ConfigError(f"{shown}: larger than {MOST_BYTES // MEGABYTE} MB, the limit of a list of stimuli")
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [(number, name) for number, name in enumerate(_text(raw.replace(b"\0", b"\n"), shown).split("\n"), 1)
                if name], []  # fmt: skip
    lines = [(number, line.strip()) for number, line in enumerate(_text(raw, shown).splitlines(), 1)]
    comments = [line for _, line in lines if line.startswith(COMMENT)]
    named = [(number, line) for number, line in lines if line and not line.startswith(COMMENT)]
    if not named:
        raise ConfigError(f"{shown}: holds no path; a list of stimuli has one a line")
    notes = [f"{shown}: {_comments(len(comments))} left out"] if comments else []
    return named, notes
