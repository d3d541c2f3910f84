"""Tables of regions (.csv, .tsv): one row for each vertex of a hemisphere, or of both.

    region        the name of the vertex's region; empty where it has none
    hemisphere    left or right (L, R, lh, rh); without this column the rows are one hemisphere's, or left then right
    vertex        from 0 within the hemisphere; without this column the rows are in the vertices' order

The first line names the columns, in any order; other columns are not read. Every vertex is listed, because a table
that leaves some out does not tell its mesh.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import SIDES, Annotation
from tribe_np.shown import quoted

HEMISPHERE_COLUMNS = ("hemisphere", "hemi")
LONGEST_LINE = 65_536
MOST_ROWS = 1_000_000


def has_region_column(path: Path) -> bool:
    """Whether the first line of a file names a column `region`."""
    try:
        with path.open("rb") as file:
            first = file.readline(LONGEST_LINE)
    except OSError:
        return False
    return "region" in _columns(first.decode("utf-8-sig", "replace"), _delimiter(path.name))


def parse_label_table(raw: bytes, origin: str) -> list[Annotation]:
    """The hemispheres of a table: left and right, or one of which the table does not say which it is.

    Raises   ParcellationError
    """
    try:
        rows = csv.reader(_lines(raw.decode("utf-8-sig"), origin), delimiter=_delimiter(origin))
        columns = [_plain(column) for column in next(rows, [])]
        if "region" not in columns:
            raise ParcellationError(
                f"{origin}: not a table of regions: its first line must name the column region, and may name "
                "hemisphere and vertex"
            )
        by_side = _by_side(rows, columns, origin)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParcellationError(f"{origin}: not a table of regions: {error}") from error
    if not by_side:
        raise ParcellationError(f"{origin}: has no row but the first")
    order = [side for side in ("left", "right", "") if side in by_side]
    return [by_side[side].annotation(side or None, origin) for side in order]


def _lines(text: str, origin: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > LONGEST_LINE:
            raise ParcellationError(f"{origin}: line {number} is longer than {LONGEST_LINE} characters")
        yield line


@dataclass
class _Rows:
    """What the rows of one hemisphere say."""

    regions: list[str] = field(default_factory=list)
    vertices: list[int] | None = None

    def annotation(self, side: str | None, origin: str) -> Annotation:
        """The rows in the order of their vertices."""
        names = tuple(dict.fromkeys(self.regions))
        number = {name: index for index, name in enumerate(names)}
        labels = np.array([number[region] for region in self.regions])
        if self.vertices is None:
            return Annotation(labels, names, side)
        order = np.array(self.vertices)
        if not np.array_equal(np.sort(order), np.arange(len(order))):
            raise ParcellationError(
                f"{origin}: its {len(order)} rows{f' of the {side} hemisphere' if side else ''} must list each vertex "
                f"from 0 to {len(order) - 1} once, region empty where it has none; got {order.min()} to {order.max()}"
            )
        placed = np.empty_like(labels)
        placed[order] = labels
        return Annotation(placed, names, side)


def _by_side(rows: Iterable[list[str]], columns: list[str], origin: str) -> dict[str, _Rows]:
    """The rows by hemisphere, "" where the table has none."""
    found: dict[str, _Rows] = {}
    hemisphere = next((columns.index(name) for name in HEMISPHERE_COLUMNS if name in columns), None)
    region, vertex = columns.index("region"), columns.index("vertex") if "vertex" in columns else None
    for line, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(columns):
            raise ParcellationError(f"{origin}: line {line} does not have the {len(columns)} fields of the first line")
        side = "" if hemisphere is None else SIDES.get(_plain(row[hemisphere]))
        if side is None:
            raise ParcellationError(
                f"{origin}: line {line}: hemisphere {quoted(row[hemisphere or 0])} is neither left nor right"
            )
        mine = found.setdefault(side, _Rows(vertices=None if vertex is None else []))
        mine.regions.append(row[region])
        if vertex is not None and mine.vertices is not None:
            mine.vertices.append(_vertex(row[vertex], line, origin))
        if line > MOST_ROWS:
            raise ParcellationError(f"{origin}: has more than {MOST_ROWS} rows; fsaverage has 327684 vertices")
    return found


def halves(both: Annotation) -> list[Annotation]:
    """Left and right of a table without hemispheres that lists both; itself where the number of rows is odd."""
    half, odd = divmod(len(both.labels), 2)
    if odd:
        return [both]
    return [Annotation(both.labels[:half], both.names, "left"), Annotation(both.labels[half:], both.names, "right")]


def _vertex(text: str, line: int, origin: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise ParcellationError(f"{origin}: line {line}: vertex {quoted(text)} is not a whole number from 0 on")
    return int(digits)


def _columns(line: str, delimiter: str) -> list[str]:
    return [_plain(column.strip('"')) for column in line.strip("\r\n").split(delimiter)]


def _plain(text: str) -> str:
    return text.strip().lower()


def _delimiter(name: str) -> str:
    return "\t" if name.lower().endswith(".tsv") else ","
