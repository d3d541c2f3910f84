"""Tables of regions (.csv, .tsv): one row for each vertex of a hemisphere, or of both.

    region        the name of the vertex's region; empty where it has none
    hemisphere    left or right (L, R, lh, rh); without this column the rows are one hemisphere's, or left then right
    vertex        from 0 within the hemisphere; without this column the rows are in the vertices' order

The first line names the columns, in any order; other columns are not read. Every vertex is listed, because a table
that leaves some out does not tell its mesh.
"""

import csv
import io
from pathlib import Path

import numpy as np

from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import SIDES, Annotation
from tribe_np.shown import quoted

HEMISPHERE_COLUMNS = ("hemisphere", "hemi")
LONGEST_LINE = 65_536


def has_region_column(path: Path) -> bool:
    """Whether the first line of a file names a column `region`."""
    try:
        with path.open("rb") as file:
            first = file.readline(LONGEST_LINE)
    except OSError:
        return False
    return "region" in _columns(first.decode("utf-8-sig", "replace"), _delimiter(path.name))


def parse_region_table(raw: bytes, origin: str) -> list[Annotation]:
    """The hemispheres of a table: left and right, or one of which the table does not say which it is.

    Raises   ParcellationError
    """
    try:
        text = raw.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(origin)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParcellationError(f"{origin}: not a table of regions: {error}") from error
    columns = [_plain(column) for column in rows[0]] if rows else []
    if "region" not in columns:
        raise ParcellationError(
            f"{origin}: not a table of regions: its first line must name the column region, and may name "
            "hemisphere and vertex"
        )
    body = [(at, row) for at, row in enumerate(rows[1:], 2) if row]
    if short := next((at for at, row in body if len(row) != len(columns)), None):
        raise ParcellationError(f"{origin}: line {short} does not have the {len(columns)} fields of the first line")
    regions = [row[columns.index("region")] for _, row in body]
    hemisphere = next((columns.index(name) for name in HEMISPHERE_COLUMNS if name in columns), None)
    vertex = columns.index("vertex") if "vertex" in columns else None
    if hemisphere is None:
        return [_hemisphere(body, regions, vertex, None, origin)]
    sides = [SIDES.get(_plain(row[hemisphere])) for _, row in body]
    if None in sides:
        at, row = body[sides.index(None)]
        raise ParcellationError(f"{origin}: line {at}: hemisphere {quoted(row[hemisphere])} is neither left nor right")
    found = []
    for side in sorted({side for side in sides if side}):
        mine = [index for index, each in enumerate(sides) if each == side]
        found.append(_hemisphere([body[i] for i in mine], [regions[i] for i in mine], vertex, side, origin))
    return found


def halves(both: Annotation) -> list[Annotation]:
    """Left and right of a table without hemispheres that lists both; itself where the number of rows is odd."""
    half, odd = divmod(len(both.labels), 2)
    if odd:
        return [both]
    return [Annotation(both.labels[:half], both.names, "left"), Annotation(both.labels[half:], both.names, "right")]


def _hemisphere(
    body: list[tuple[int, list[str]]], regions: list[str], vertex: int | None, side: str | None, origin: str
) -> Annotation:
    if not body:
        raise ParcellationError(f"{origin}: has no row but the first")
    names = tuple(dict.fromkeys(regions))
    number = {name: index for index, name in enumerate(names)}
    labels = np.array([number[region] for region in regions])
    if vertex is None:
        return Annotation(labels, names, side)
    order = np.array([_vertex(row[vertex], at, origin) for at, row in body])
    if not np.array_equal(np.sort(order), np.arange(len(order))):
        raise ParcellationError(
            f"{origin}: its {len(order)} rows{f' of the {side} hemisphere' if side else ''} must list each vertex "
            f"from 0 to {len(order) - 1} once, region empty where it has none; got {order.min()} to {order.max()}"
        )
    placed = np.empty_like(labels)
    placed[order] = labels
    return Annotation(placed, names, side)


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
