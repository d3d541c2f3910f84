"""The text form of an events table: tab-separated cells that survive a round trip to the bit.

This is the dialect (quoting, numbers, extra values) and nothing else; `events.py` says which columns there are.
Quoting is pandas' own, so that `pandas.read_csv(path, sep="\\t", keep_default_na=False)` reads the same cells.
Python's csv module is not used: it limits a cell to 131,072 characters (the text of an audio book is longer) and,
before Python 3.13, loses a carriage return in an unquoted cell.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError, OutputError
from tribe_np.files.atomic import whole_file
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.shown import quoted

MAX_BYTES = 1024 * MEGABYTE  # the contexts of an hour of words take about 60
CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|(?!")([^\t\r\n]*))(\t|\r\n|\n|\r|\Z)')
LARGEST_EXTRA = 10**400  # of a whole number; Python refuses to write out, or read, some thousands of digits
LARGEST_INTEGER = 2**53
NEEDS_QUOTES = re.compile(r'[\t\r\n"]')
MISSING = frozenset(
    {"", "nan", "null", "none", "na", "n/a", "<na>"}
)  # of a number, in any letter case; never of a text


def write_table(
    path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, synced: bool = True
) -> None:
    """Writes the header and the rows; the file appears whole or not at all, and on the disk if it is `synced`.

    Raises   OutputError when the file cannot be written; EventsError when a text is not valid Unicode
    """
    try:
        with whole_file(Path(path), synced=synced) as partial, partial.open("wb") as file:
            for row in chain([columns], rows):  # one at a time: contexts make a table of an hour large
                file.write(("\t".join(map(quote, row)) + "\n").encode("utf-8"))
    except UnicodeEncodeError as error:
        raise EventsError(f"{path}: a text holds half of a surrogate pair ({error.object[error.start]!r})") from error
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def quote(cell: str) -> str:
    """The cell as written to the file: in double quotes (its own doubled) where it holds a separator or a quote."""
    return '"' + cell.replace('"', '""') + '"' if NEEDS_QUOTES.search(cell) else cell


def read_table(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Column names, and one (line number, cells) per row; blank lines are skipped.

    Raises   EventsError, naming file and line, for a missing or unreadable file, text that is not UTF-8, an open quote,
             a repeated column, and a row with more or fewer cells than columns
    """
    try:
        text = read_small_file(path, most=MAX_BYTES, error=EventsError).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EventsError(f"{path}: not UTF-8 text (byte {error.start}); save the table as UTF-8, with tabs") from error
    return checked_records(text, path)


def without_tabs(columns: Sequence[str]) -> str:
    """What to say of a header that is one cell with commas, semicolons or blanks in it, or "".

    >>> without_tabs(["onset,duration,trial_type"])
    '; its columns are separated by commas, and must be by tabs'
    """
    names = {",": "commas", ";": "semicolons", " ": "blanks"}
    found = [name for sign, name in names.items() if len(columns) == 1 and sign in columns[0].strip()]
    return f"; its columns are separated by {found[0]}, and must be by tabs" if found else ""


def checked_records(text: str, path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """`read_table` of a text; `path` names it in errors."""
    records = parse(text, str(path))
    if not records:
        raise EventsError(f"{path}: empty; a table starts with a line of column names")
    columns = records[0][1]
    repeated = [name for name, count in Counter(columns).items() if count > 1]
    if repeated:
        raise EventsError(f"{path}: column {quoted(repeated[0])} appears more than once")
    for line, cells in records[1:]:
        if len(cells) != len(columns):
            raise EventsError(f"{path}, line {line}: {len(cells)} cells, expected {len(columns)} as in the header")
    return columns, records[1:]


def parse(text: str, name: str) -> list[tuple[int, list[str]]]:
    """The records of a tab-separated text, each with the line number of its start."""
    records: list[tuple[int, list[str]]] = []
    cells: list[str] = []
    position, line, start_line = 0, 1, 1
    while position < len(text) or cells:
        match = CELL.match(text, position)
        if match is None:
            raise EventsError(f'{name}, line {line}: a cell starts with " but has no closing " before the next tab')
        quoted, plain, end = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        line += len(re.findall(r"\r\n|\n|\r", match.group()))
        position = match.end()
        if end != "\t":
            if cells != [""]:
                records.append((start_line, cells))
            cells, start_line = [], line
    return records


def to_number(cell: object, convert: Callable[[float], Any]) -> Any:
    """A cell as a number, None where it is missing ("", null, NaN, NA, None); `convert` is float or to_integer.

    Raises   ValueError when it is neither
    """
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING):
        return None
    if isinstance(cell, str) and "_" in cell:  # Python would read 1_0 as 10
        raise ValueError(f"{cell} is not a number")
    value = float(cell)  # type: ignore[arg-type]  # a cell of a DataFrame is any object: float() itself is the check
    return None if math.isnan(value) else convert(value)


def to_integer(value: float) -> int:
    """A whole number; pandas writes 3 as 3.0 in a column with gaps.

    Raises   ValueError for a fraction, infinity, or a number whose neighbours a float cannot tell apart
    """
    if not value.is_integer() or abs(value) > LARGEST_INTEGER:
        raise ValueError(f"{value} is not a whole number, or too large")
    return int(value)


def encode_cell(value: object) -> str:
    """A column's value as text: floats by repr (they round-trip), None as nothing."""
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def encode_extra(value: object) -> str:
    """An extra value as a cell: text as it is, numbers and truth values as JSON, a text that reads as such quoted.

    Raises   EventsError for a value of another type
    """
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value if value and decode_extra(value) == value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < LARGEST_EXTRA):
        return json.dumps(value)
    raise EventsError(
        f"cannot be written to a table: {type(value).__name__} {quoted(value)}; text, numbers and truth values can"
    )


def decode_extra(cell: str) -> Any:
    """The value that `encode_extra` wrote; None for an empty cell."""
    if not cell:
        return None
    if cell[0] in "[{":  # never written by us, and nesting could exhaust the stack
        return cell
    try:
        value = json.loads(cell)
    except ValueError:
        return cell
    return cell if value is None or value != value else value
