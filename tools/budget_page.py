"""Writes docs/budget.md: bounds of every tap, what upstream's islands do, and which runs give the same bytes.

    python -m tools.budget_page              exits with 1 where the page is not what the data says
    python -m tools.budget_page --write      writes it, from bounds.json and docs/budget.json
    python -m tools.budget_page --measure    measures islands and repeats on random weights anew (docs/budget.json)

Bounds are measured by tools.budget_bounds, all that needs trained weights by tools.trained_budget.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from tools.page import placed
from tools.places import DOCS
from tribe_np.files.atomic import whole_file
from tribe_np.machine.threads import CORE_TYPE
from tribe_np.oracle.budget.bound_sets import bound_kit
from tribe_np.oracle.budget.bounds import (
    DEEP,
    EPS,
    AccumulatedAndLocal,
    Bound,
    MeasuredTap,
    bound_of,
    bounds_content,
    measured_sets,
)
from tribe_np.oracle.budget.islands import ISLANDS, island_effects
from tribe_np.oracle.budget.measuring import budget_facts
from tribe_np.oracle.budget.tap_errors import TapError, generic_tap
from tribe_np.oracle.kit_models.kit_catalogue import MODELS

PAGE, DATA = DOCS / "budget.md", DOCS / "budget.json"
ISLAND_CASES = {"encoder": "plain", "llama": "plain", "vjepa2": "plain", "dinov2": "larger"}
SHOWN_LAYERS = (0, 1, 3, 7, 15, 23, 39)
BLAS_CODES = ("Haswell", "SkylakeX")  # with AVX2, and with AVX-512
PLAIN, FLOAT32 = "plain", "float32"


def page(text: str, data: Mapping[str, Any]) -> str:
    """The page with all its generated parts."""
    parts = {
        "made": made_text(), "bounds": bounds_tables(), "cases": cases_table(), "growth": growth_table(),
        "halves": halves_table(), "islands": islands_tables(data), "repeats": repeats_table(data),
    }  # fmt: skip
    for name, part in parts.items():
        text = placed(text, name, part)
    return text


def made_text() -> str:
    """The run that made the bounds."""
    made = bounds_content()["made"]
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return (
        f"{len(made['variants'])} variants ({', '.join(made['variants'])}), seeds {made['seeds'][0]} to "
        f"{made['seeds'][-1]}; {versions}; {made['machine']}."
    )


def bounds_tables() -> str:
    """A table for each model, of its plain case in float32; the last layer."""
    return "\n\n".join(f"### {model}\n\n{bounds_table(model)}" for model in MODELS if _has(model, PLAIN, FLOAT32))


def bounds_table(model: str) -> str:
    """Tap, bounds, and the variants that set them."""
    rows = []
    for tap, measured in measured_sets()[model, PLAIN, FLOAT32].items():
        found = bound_of(model, PLAIN, tap.replace("{i}", str(max(measured.accumulated))))
        rows.append((f"`{tap}`", *_both(found), measured.by, measured.local_by))
    return markdown(
        ("tap", "accumulated RMS / largest", "local RMS / largest", "worst accumulated", "worst local"), rows
    )


def cases_table() -> str:
    """Of each model and case the widest bounds, or the case whose bounds it shares."""
    alike = bounds_content()["alike"]
    rows = []
    for (model, case, precision), taps in measured_sets().items():
        if precision != FLOAT32:
            continue
        shared = alike.get(f"{model}/{case}/{precision}", "").split("/")[1:2]
        bounds = [bound_of(model, case, tap.replace("{i}", str(max(of.accumulated)))) for tap, of in taps.items()]
        widest = AccumulatedAndLocal(_widest(b.accumulated for b in bounds), _widest(b.local for b in bounds))
        rows.append((model, case, *_both(widest), shared[0] if shared else ""))
    rows.sort(key=lambda row: list(MODELS).index(row[0]))
    return markdown(
        ("model", "case", "widest accumulated RMS / largest", "widest local RMS / largest", "as case"), rows
    )


def growth_table() -> str:
    """How the accumulated error of the stream grows with depth."""
    head = ("model", "tap", *(f"layer {layer}" for layer in SHOWN_LAYERS))
    rows = []
    for model in MODELS:
        taps = measured_sets().get((model, DEEP, FLOAT32), {})
        stream = [tap for tap in taps if tap.endswith(("layers.{i}.output", "layer.{i}.output"))]
        for tap in stream:
            last = max(taps[tap].accumulated)
            cells = [f"{taps[tap].at(i, None).rms:.1e}" if i <= last else "" for i in SHOWN_LAYERS]
            rows.append((model, f"`{tap}`", *cells))
    return markdown(head, rows)


def halves_table() -> str:
    """The bounds of the last tap, and the widest local ones, in each precision."""
    rows = []
    for (model, case, precision), taps in measured_sets().items():
        if case == PLAIN:
            last = list(taps)[-1]
            layer = max(taps[last].accumulated)
            found = bound_of(model, case, last.replace("{i}", str(layer)), precision)
            local = _widest(bound_of(model, case, tap.replace("{i}", "0"), precision).local for tap in taps)
            rows.append(
                (model, precision, f"`{last.replace('{i}', str(layer))}`", _numbers(found.accumulated), _numbers(local))
            )
    rows.sort(key=lambda row: (list(MODELS).index(row[0]), list(EPS).index(row[1])))
    return markdown(
        ("model", "precision", "last tap", "accumulated RMS / largest there", "widest local RMS / largest"), rows
    )


def islands_tables(data: Mapping[str, Any]) -> str:
    """What the islands are, and the error that each alone makes at each tap."""
    listed = [(island.name, ", ".join(island.models), island.meaning, island.source) for island in ISLANDS]
    parts = [markdown(("island", "models", "what is float32", "where upstream has it"), listed)]
    for name, taps in data["islands"].items():
        columns = list(next(iter(taps.values())))
        rows = [
            (f"`{tap}`", *(_numbers(TapError(*found[column])) for column in columns)) for tap, found in taps.items()
        ]
        parts.append(f"### {name}\n\n{markdown(('tap', *columns), rows)}")
    return "\n\n".join(parts)


def repeats_table(data: Mapping[str, Any]) -> str:
    """Which runs gave the same bytes; kernels for which as many taps are the same stand in one row."""
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for code, models in data["repeats"].items():
        for name, found in models.items():
            for row in found:
                same = f"{row['n_equal']} of {row['n_taps']}"
                rows.setdefault((name.partition("/")[0], row["what"], code, same), []).append(row)
    cells = [(*key, ", ".join(row["kernels"] for row in found), *_worst_of(found)) for key, found in rows.items()]
    cells.sort(key=lambda row: list(MODELS).index(row[0]))
    head = ("model", "what differs", "OpenBLAS", "same bytes", "kernels", "first that differs", "largest difference")
    return markdown(head, cells)


def _worst_of(found: list[dict[str, Any]]) -> tuple[str, str]:
    worst = max(found, key=lambda row: 0 if row["error"] is None else row["error"]["largest"])
    if worst["error"] is None:
        return "", ""
    return f"`{worst['first_tap']}`", f"{worst['error']['largest']:.1e} at `{worst['worst_tap']}`"


def measured_data() -> dict[str, Any]:
    """Islands and repeats of kits with random weights."""
    islands = {}
    for model, case in ISLAND_CASES.items():
        found: dict[str, dict[str, TapError]] = {}
        for seed in range(5):
            add_effects(found, island_effects(bound_kit(model, case, seed)))
        islands[f"{model}, random weights"] = as_rows(found, measured_sets().get((model, case, FLOAT32), {}))
    return {"made": dict(budget_facts(range(5))), "islands": islands, "repeats": measured_repeats()}


def measured_repeats() -> dict[str, Any]:
    """By OpenBLAS' code, which it chooses when it is loaded: each in a process of its own."""
    found = {}
    for code in BLAS_CODES:
        command = [sys.executable, "-m", "tribe_np", "oracle", "budget", "--determinism", "--json", "--quiet"]
        done = subprocess.run(command, env={**os.environ, CORE_TYPE: code}, capture_output=True, text=True, check=True)
        found[code] = json.loads(done.stdout)
    return found


def add_effects(found: dict[str, dict[str, TapError]], effects: Mapping[str, Mapping[str, TapError]]) -> None:
    """Takes in one kit's effects: the largest of each generic tap and island."""
    for island, taps in effects.items():
        for tap, error in taps.items():
            row = found.setdefault(generic_tap(tap)[0], {})
            row[island] = error.or_worse(row.get(island, TapError(0.0, 0.0)))


def as_rows(found: Mapping[str, Mapping[str, TapError]], honest: Mapping[str, MeasuredTap]) -> dict[str, Any]:
    """Taps where an island has an effect, beside the largest error of honest float32 there."""
    rows = {}
    for tap, effects in found.items():
        if any(error.rms > 0 for error in effects.values()):
            row = {island: _short(error) for island, error in effects.items()}
            errors = list(honest[tap].accumulated.values()) if tap in honest else []
            rows[tap] = row | {
                "honest float32": [max((getattr(e, k) for e in errors), default=0.0) for k in ("rms", "largest")]
            }
    return rows


def write_measured(change: Mapping[str, Any]) -> None:
    """Puts measured parts into docs/budget.json."""
    data = json.loads(DATA.read_text("utf-8")) if DATA.exists() else {"islands": {}, "repeats": {}}
    data = {**data, **change, "islands": {**data["islands"], **change.get("islands", {})}}
    with whole_file(DATA) as partial:
        partial.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _has(model: str, case: str, precision: str) -> bool:
    return (model, case, precision) in measured_sets()


def _both(found: AccumulatedAndLocal) -> tuple[str, str]:
    return _numbers(found.accumulated), _numbers(found.local)


def _numbers(pair: Bound | TapError) -> str:
    return "0" if pair.largest == 0 else f"{pair.rms:.1e} / {pair.largest:.1e}"


def _short(error: TapError) -> list[float]:
    return [float(f"{error.rms:.1e}"), float(f"{error.largest:.1e}")]


def _widest(bounds: Iterable[Bound]) -> Bound:
    widest = Bound(0.0, 0.0)
    for bound in bounds:
        widest = widest.or_wider(bound)
    return widest


def main() -> int:
    """Checks, writes or measures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    if options.measure:
        write_measured(measured_data())
    before = PAGE.read_text("utf-8")
    text = page(before, json.loads(DATA.read_text("utf-8")))
    if options.write or options.measure:
        with whole_file(PAGE) as partial:
            partial.write_text(text, "utf-8")
    return 0 if options.write or options.measure or text == before else 1


if __name__ == "__main__":
    sys.exit(main())
