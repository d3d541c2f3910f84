"""README.md of a kit: the page for whoever has the folder, a compiler and nothing of ours."""

import re
from importlib.resources import files
from itertools import islice
from typing import Any

import numpy as np

from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.kits.kit_contract import EXPECTED_IS, letters_of, tap_rows
from tribe_np.oracle.kits.kit_files import STORED_TABLES, WEIGHTS_FILE
from tribe_np.oracle.kits.lazy_tensors import LazyTensor
from tribe_np.oracle.layer_parts import STREAM

ROOM = "tribe_np.oracle.kits"
N_EXAMPLES = 3
SUMMARY = """
A tap of n numbers is held as a summary: its numbers at 1,024 places of the flat, row-major array, as a tensor under its
name (all n, if they are not more), and in the header's `__metadata__`, as JSON under `summaries`: shape, dtype, mean,
root mean square (rms), smallest and largest of its finite numbers, and how many are not finite. Place k, from 0, is
first + mix((k + 1) x 0x9E3779B97F4A7C15) mod width, where first = k n / 1024, rounded down, and width is the next
place's first less this one's; `mix` is in the last section. `tribe-np oracle compare` computes the whole taps anew.
"""


def readme_of(kit: Kit, *, with_weights: bool) -> str:
    """The text of README.md."""
    page = (files(ROOM) / "kit_readme.md").read_text("utf-8")
    name, numbers = example(kit)
    return page.format(
        title=f"Conformance kit: {kit.model}, {kit.case}",
        meaning=f"What it shows: {kit.meaning}." if kit.meaning else "",
        weights_phrase="weights" if with_weights else "a recipe of the weights",
        n_taps=len(kit.tap_names()),
        weights_rows=_weights_rows(kit, with_weights=with_weights),
        inputs=", ".join(f"`{name}` {_shape(array.shape)}" for name, array in kit.inputs.items()),
        expected="all its numbers, float64; integers stay integers" if kit.summary is None else "a summary, see below",
        summary="" if kit.summary is None else f"\n{SUMMARY}",
        expected_is=EXPECTED_IS,
        part=_part(kit),
        computation=computation(kit.model),
        letters=", ".join(f"**{letter}** {meaning}" for letter, meaning in letters_of(kit).items()),
        taps=_table(kit),
        folder="KIT",
        seed=kit.seed,
        tables_note=_tables_note(kit, with_weights=with_weights),
        example_name=name,
        example_numbers=numbers,
    )


def computation(model: str) -> str:
    """The formulas of a model, step by step; a line "@other TITLE" stands for those of another, as a section."""
    text = (files(ROOM) / "computations" / f"{model}.md").read_text("utf-8").strip()

    def section(found: re.Match[str]) -> str:
        return f"### {found[2][0].upper()}{found[2][1:]}\n\n{computation(found[1])}\n"

    return re.sub(r"^@(\w+) (.*)$", section, text, flags=re.M)


def example(kit: Kit) -> tuple[str, str]:
    """A generated tensor and its first numbers, exactly."""
    tensors: dict[str, Any] = {**kit.inputs} if kit.weight_files else {**kit.inputs, **kit.weights}
    name = next(iter(reversed(tensors)))
    tensor = tensors[name]
    block = next(tensor.blocks()) if isinstance(tensor, LazyTensor) else np.reshape(tensor, -1)
    return name, ", ".join(repr(number.item()) for number in islice(block, N_EXAMPLES))


def _weights_rows(kit: Kit, *, with_weights: bool) -> str:
    if with_weights:
        return f"| `{WEIGHTS_FILE}` | {len(kit.weights)} weights by upstream's names, float32 |\n"
    if kit.weight_files:
        return f"| no weights | those of {', '.join(kit.weight_files)}, whose digests are in manifest.json |\n"
    tables = f"| `{STORED_TABLES}` | weights that no generator gives: {', '.join(kit.recipe.stored)} |\n"
    return (tables if kit.recipe.stored else "") + "| no weights | they are made, see the last section |\n"


def _part(kit: Kit) -> str:
    if kit.layers is None:
        return ""
    first, stop = kit.layers
    begins = (
        f" The first of them reads the input `{STREAM}`, in the place of what the steps before it give."
        if first
        else ""
    )
    return f"\nOf the steps below this kit holds layers {first} to {stop - 1} (from 0).{begins}\n"


def _tables_note(kit: Kit, *, with_weights: bool) -> str:
    if not kit.recipe.stored or kit.weight_files:
        return ""
    where = WEIGHTS_FILE if with_weights else STORED_TABLES
    return (
        f"\nNot generated, but the float32 table that upstream builds, in `{where}`: {', '.join(kit.recipe.stored)}.\n"
    )


def _table(kit: Kit) -> str:
    """The taps; what the same tap of an earlier layer was is not said again."""
    rows, told = ["| tap | shape | what it is |", "|---|---|---|"], set()
    for row in tap_rows(kit):
        meaning = row.get("meaning", "")
        letters = f" {row['letters']}" if "letters" in row else ""
        key = re.sub(r"\.\d+\.", ".i.", row["name"])
        rows.append(f"| `{row['name']}` | {_shape(row['shape'])}{letters} | {'' if key in told else meaning} |")
        told.add(key)
    return "\n".join(rows)


def _shape(shape: Any) -> str:
    return f"({', '.join(map(str, shape))})"
