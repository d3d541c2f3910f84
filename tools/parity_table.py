"""Runs every live comparison and writes the parity table: each stage with its errors against the real library.

    python -m tools.parity_table                 prints the table
    python -m tools.parity_table --write         also replaces the table in docs/parity.md
    python -m tools.parity_table --check         exits with 1 when a stage is out of bounds

Needs the parity environment (tox.ini). One line per stage and peer: the worst case over all seeds.
"""

import argparse
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from tools.dump_reference import STAGES
from tools.reference.measure import Row, versions

PAGE = Path(__file__).parent.parent / "docs" / "parity.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def measured(seeds: Iterable[int], stages: Iterable[str]) -> list[Row]:
    """Rows of all stages over all seeds."""
    rows: list[Row] = []
    for stage in stages:
        module = import_module(f"tools.reference.{stage}")
        for seed in seeds:
            rows += module.compare(seed)
    return rows


def worst_by_stage(rows: list[Row]) -> list[list[Row]]:
    """Rows grouped by generic stage (layer numbers become i) and peer, in order of first appearance."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        parts = ["i" if part.isdigit() else part for part in row.stage.replace("/", ".").split(".")]
        groups.setdefault((".".join(parts), row.peer), []).append(row)
    return list(groups.values())


def as_markdown(rows: list[Row]) -> str:
    """The table."""
    lines = [
        "| stage | real library | cases | float32 error | its bound | peer's own float32 error | float64 error |",
        "|---|---|---|---|---|---|---|",
    ]
    for group in worst_by_stage(rows):
        row = max(group, key=lambda r: r.float32 - r.bound)
        doubles = [(r.float64, r.patched) for r in group if r.float64 is not None]
        patched = [error for error, is_patched in doubles if is_patched]
        shipped = [error for error, is_patched in doubles if not is_patched]
        float64 = f"{max(patched):.1e}" if patched else (f"{max(shipped):.1e} (peer as shipped)" if shipped else "-")
        largest = max(r.float32 for r in group)
        exact = "equal" if largest == 0 else f"{largest:.1e}"
        bound = "equal to the bit" if row.bound == 0 else f"{row.bound:.1e}"
        stage = group[0].stage.replace("/", ".")
        name = ".".join("i" if p.isdigit() else p for p in stage.split("."))
        own = max(r.peer_float32 for r in group)
        lines.append(f"| {name} | {row.peer} | {len(group)} | {exact} | {bound} | {own:.1e} | {float64} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and as asked writes or checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="seeds per stage (default: 3)")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/parity.md")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a stage is out of bounds")
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], help="default: all")
    options = parser.parse_args()
    rows = measured(range(options.seeds), options.stages or STAGES)
    table = as_markdown(rows)
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    print(table)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        how = f"Made by `python -m tools.parity_table --write` ({options.seeds} seeds per stage) with {made}."
        PAGE.write_text(f"{before}{BEGIN}\n\n{how}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    failing = [row for row in rows if not row.passes()]
    for row in failing:
        errors = f"float32 {row.float32:.1e} (bound {row.bound:.1e}), float64 {row.float64}"
        print(f"out of bounds: {row.stage} ({row.case}): {errors}")
    if options.check and failing:
        sys.exit(1)


if __name__ == "__main__":
    main()
