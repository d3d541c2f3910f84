"""Writes the tables of docs/taps.md from tribe_np/oracle/tap_tables.

python -m tools.taps_page            says whether the page is up to date
python -m tools.taps_page --write    writes it
"""

import argparse
import sys

from tools.page import placed
from tools.places import DOCS
from tribe_np.oracle.taps import TAP_TABLES, TapRow, TapTable, tap_table

PAGE = DOCS / "taps.md"


def taps_page(text: str) -> str:
    """The page with its tables made anew."""
    return placed(text, "taps", "\n\n".join(section(tap_table(model)) for model in TAP_TABLES))


def section(table: TapTable) -> str:
    """One model: its letters, and a line for each name."""
    letters = "\n".join(f"| {letter} | {meaning} |" for letter, meaning in table.letters.items())
    shows_gradients = any(row.gradient for row in table.rows)
    columns = ["name", "shape", "what it is", "there if"] + ["gradient"] * shows_gradients
    lines = [" | ".join(columns), "|".join("---" for _ in columns)]
    lines += [" | ".join([*cells(row), *["yes" if row.gradient else ""] * shows_gradients]) for row in table.rows]
    rows = "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)
    return f"## {table.model}\n\n{table.about}\n\n| letter | what it counts |\n|---|---|\n{letters}\n\n{rows}"


def cells(row: TapRow) -> list[str]:
    """The columns of a row."""
    unit = f" ({row.unit})" if row.unit else ""
    return [f"`{row.name}`", row.shape, f"{row.meaning}{unit}", row.when]


def main() -> int:
    """Says whether the page is up to date, or writes it."""
    parser = argparse.ArgumentParser(prog="python -m tools.taps_page")
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    text = PAGE.read_text(encoding="utf-8")
    made = taps_page(text)
    if write:
        PAGE.write_text(made, encoding="utf-8")
    print(f"docs/{PAGE.name} " + ("is up to date" if write or made == text else "differs: run with --write"))
    return 0 if write or made == text else 1


if __name__ == "__main__":
    sys.exit(main())
