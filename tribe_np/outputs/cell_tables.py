"""Cells as a table in a file: what regions, contrasts and comparisons are written with."""

import csv
from collections.abc import Iterable
from pathlib import Path

SEPARATORS = {".tsv": "\t", ".csv": ","}


def write_rows(path: Path, rows: Iterable[list[str]], separator: str) -> None:
    """Writes the rows, the names of the columns first; a cell that holds the separator or a line break is quoted."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator="\n").writerows(rows)
