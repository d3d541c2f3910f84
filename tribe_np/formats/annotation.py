"""FreeSurfer annotations (.annot): a label for each vertex of a hemisphere, and the table of labels.

    vertices   count, then (vertex, colour) pairs; a colour is R + 256 G + 65536 B, and 0 means no label
    table      1, then either the number of entries (the old layout) or -2, the largest index + 1, the path of the
               table, the number of entries, each with its index; an entry is a name and R, G, B, T
    numbers    32 bits, big end first; texts have their length in front and end with a NUL

Every count is checked against what is left of the file before anything of that size is made.
Source   FreeSurfer read_annotation.m, utils/colortab.c; nibabel 5.3 freesurfer.io.read_annot takes the same files
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.errors import ParcellationError
from tribe_np.files.small_files import MEGABYTE, read_small_file

MAX_BYTES = 64 * MEGABYTE  # fsaverage takes 1.3; a mesh of a person some 3
NEW_LAYOUT = -2
MAX_INDEX = 100_000  # of a label; the table may have gaps, and FreeSurfer's largest has some 14,000
SIDES = {"l": "left", "lh": "left", "left": "left", "r": "right", "rh": "right", "right": "right"}
"""A hemisphere by what files call it, in lower case."""
MAX_NAME = 4096  # bytes, of a label or of the path of the table


@dataclass(frozen=True, eq=False)
class Annotation:
    """Labels of the vertices of one hemisphere, from a file of any format."""

    labels: np.ndarray  # (n_vertices,) indices into names; -1 where a vertex has none
    names: tuple[str, ...]
    hemisphere: str | None = None  # "left" or "right", where the file itself says so
    doubtful: tuple[str, ...] = ()  # names whose vertices cannot be told from another's, or from those without a label


def read_annotation(path: str | Path) -> Annotation:
    """The labels in an annotation file.

    A colour that the table lacks means no label; of entries with one colour the first counts.
    Raises   ParcellationError, naming the file: missing, too large, truncated or malformed
    """
    return parse_annotation(read_small_file(path, most=MAX_BYTES, error=ParcellationError), str(path))


def parse_annotation(raw: bytes, origin: str) -> Annotation:
    """`read_annotation` for bytes; `origin` is for errors.

    Raises   ParcellationError
    """
    reader = _Reader(raw, origin)
    colours = reader.vertices()
    if reader.number("whether there is a table") == 0:
        raise reader.error("it has no table of labels")
    names, table = reader.table()
    order = np.argsort(table, kind="stable")
    at = np.minimum(np.searchsorted(table[order], colours), len(names) - 1)
    labels = np.where((table[order[at]] == colours) & (colours > 0), order[at], -1)
    return Annotation(labels, tuple(names), doubtful=_doubtful(names, table, colours))


def _doubtful(names: list[str], table: np.ndarray, colours: np.ndarray) -> tuple[str, ...]:
    """Names that share a colour which vertices have, and one of the colour that means no label."""
    by_colour: dict[int, set[str]] = {}
    used = np.isin(table, colours) & (table >= 0)
    for index in np.flatnonzero(used):
        by_colour.setdefault(int(table[index]), set()).add(names[index])
    return tuple(sorted(n for colour, found in by_colour.items() if colour == 0 or len(found) > 1 for n in found))


class _Reader:
    """A place in the file, moved on by what is read; each reader raises ParcellationError."""

    def __init__(self, raw: bytes, origin: str) -> None:
        self.raw, self.origin, self.at = raw, origin, 0

    def error(self, wrong: str) -> ParcellationError:
        return ParcellationError(f"{self.origin}: not a FreeSurfer annotation, or damaged: {wrong}")

    def take(self, n_bytes: int, what: str) -> bytes:
        """The next bytes; refused where the file is shorter."""
        if not 0 <= n_bytes <= len(self.raw) - self.at:
            raise self.error(f"{what} takes {n_bytes} bytes at byte {self.at}, but the file has {len(self.raw)}")
        self.at += n_bytes
        return self.raw[self.at - n_bytes : self.at]

    def number(self, what: str) -> int:
        value: int = struct.unpack(">i", self.take(4, what))[0]
        return value

    def text(self, what: str) -> str:
        n_bytes = self.number(f"the length of {what}")
        if n_bytes > MAX_NAME:
            raise self.error(f"{what} claims {n_bytes} bytes; at most {MAX_NAME} are read")
        raw = self.take(n_bytes, what)
        return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")

    def vertices(self) -> np.ndarray:
        """The colour of each vertex, (n_vertices,)."""
        count = self.number("the number of vertices")
        pairs = np.frombuffer(self.take(8 * count, f"a list of {count} vertices"), ">i4").reshape(-1, 2)
        if not count or not np.array_equal(np.sort(pairs[:, 0]), np.arange(count)):
            raise self.error(f"it does not list each of {count} vertices once")
        colours = np.empty(count, np.int64)
        colours[pairs[:, 0]] = pairs[:, 1]
        return colours

    def table(self) -> tuple[list[str], np.ndarray]:
        """Names and colours by index; an index without an entry has no name, and the colour -1."""
        count = size = self.number("the layout of the table")
        is_new = count == NEW_LAYOUT
        if count < 0 and not is_new:
            raise self.error(f"its table has the unknown layout {count}")
        if is_new:
            size = self.number("the number of indices")
        self.text("the path of the table")
        if is_new:
            count = self.number("the number of labels")
        if not 0 < count <= size <= MAX_INDEX:
            raise self.error(f"its table claims {count} labels up to index {size}")
        names, colours = [""] * size, np.full(size, -1, np.int64)
        for entry in range(count):
            index = self.number("the index of a label") if is_new else entry
            if not 0 <= index < size or colours[index] >= 0:
                raise self.error(f"label {entry} has the index {index}, expected one below {size} and each once")
            names[index] = self.text("the name of a label")
            red, green, blue, _ = struct.unpack(">4i", self.take(16, "the colour of a label"))
            if not all(0 <= part <= 255 for part in (red, green, blue)):
                raise self.error(f"label {entry} has the colour {red}, {green}, {blue}, expected 0 to 255 each")
            colours[index] = red + (green << 8) + (blue << 16)
        return names, colours
