"""Makes every known mistake in every kit, and writes docs/mistakes.md: how far each moves it, which look the same.

python -m tools.mistake_matrix                     says whether the page is up to date
python -m tools.mistake_matrix --write             writes it (minutes)
python -m tools.mistake_matrix --kit llama/plain   prints the distances between all mistakes in one kit
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from tools.page import placed
from tools.places import DOCS
from tribe_np.oracle.budget.tap_errors import generic_tap
from tribe_np.oracle.diagnose.distances import KitDistances, kit_distances
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kits.kit import make_kit

PAGE = DOCS / "mistakes.md"
COLUMNS = ("id", "what the port does", "what is right", "first seen at", "how far it moves the output")
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
PAIRS = "| one | other | kits that do not tell them apart, of those that both move |\n|---|---|---|"


@dataclass
class Seen:
    """What the kits show of each mistake, and of each pair.

    Fields   first and distance by mistake and model, of the first of the model's kits that it moves; together kits that
             both of a pair move, same_output and same_taps those that do not tell them apart
    """

    first: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    distance: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    together: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    same_output: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    same_taps: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, found: KitDistances) -> None:
        """One kit more; plain ones first."""
        model, kit = found.kit.model, f"{found.kit.model} {found.kit.case}"
        seen = [name for name, moved in found.moved.items() if moved.first is not None]
        for name in seen:
            moved = found.moved[name]
            self.first[name].setdefault(model, generic_tap(str(moved.first))[0])
            size = _digit(moved.distance) if found.is_seen(name) else "not seen"
            where = "" if found.kit.case == "plain" else f" ({found.kit.case})"
            self.distance[name].setdefault(model, f"{size}{where}")
        for i, one in enumerate(seen):
            for other in seen[i + 1 :]:
                self.together[one, other].append(kit)
        for pairs, table in ((found.same_output(), self.same_output), (found.same_taps(), self.same_taps)):
            for pair in pairs:
                table[pair].append(kit)


def seen_in(kits: Iterable[tuple[str, str]]) -> Seen:
    """All mistakes in some kits."""
    seen = Seen()
    for model, case in kits:
        seen.add(kit_distances(make_kit(model, case)))
    return seen


def all_kits() -> list[tuple[str, str]]:
    """Plain ones first."""
    cases = [(model, case.name) for model in MODELS for case in kit_model(model).cases]
    return sorted(cases, key=lambda kit: kit[1] != "plain")


def mistakes_page(text: str, seen: Seen) -> str:
    """The page with its tables made anew."""
    table = "\n".join([HEAD, *(row_of(mistake, seen) for mistake in MISTAKES.values())])
    text = placed(text, "mistakes", f"{len(MISTAKES)} mistakes:\n\n{table}")
    text = placed(text, "same taps", pairs_table(seen.same_taps, seen))
    return placed(text, "same output", pairs_table(seen.same_output, seen))


def row_of(mistake: Mistake, seen: Seen) -> str:
    """One mistake."""
    taps = ", ".join(f"`{tap}`" for tap in seen.first[mistake.id].values())
    sizes = ", ".join(f"{model} {size}" for model, size in seen.distance[mistake.id].items())
    return f"| {described(mistake)} | {taps} | {sizes} |"


def described(mistake: Mistake) -> str:
    """The columns that need no run."""
    return f"`{mistake.id}` | {mistake.sentence} | {mistake.right}"


def pairs_table(same: Mapping[tuple[str, str], list[str]], seen: Seen) -> str:
    """Pairs that some kit does not tell apart, of those that both of them move."""
    rows = [
        f"| `{one}` | `{other}` | {len(kits)} of {len(seen.together[one, other])}: {', '.join(kits)} |"
        for (one, other), kits in sorted(same.items())
    ]
    return "\n".join([PAIRS, *rows])


def matrix_text(found: KitDistances) -> str:
    """Distances of outputs between all mistakes of a kit, a line for each, tab after tab."""
    names = list(found.moved)
    rows = [f"{name}\t" + "\t".join(_digit(d) for d in row) for name, row in zip(names, found.matrix(), strict=True)]
    return "\n".join(["\t".join(["", *names]), *rows])


def _digit(distance: float) -> str:
    return "other shape" if distance == inf or not isfinite(distance) else f"{distance:.0e}"


def main() -> int:
    """Says whether the page is up to date, writes it, or prints a matrix."""
    parser = argparse.ArgumentParser(prog="python -m tools.mistake_matrix")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--kit", metavar="MODEL/CASE")
    options = parser.parse_args()
    if options.kit is not None:
        model, _, case = options.kit.partition("/")
        print(matrix_text(kit_distances(make_kit(model, case or "plain"))))
        return 0
    text = PAGE.read_text(encoding="utf-8")
    made = mistakes_page(text, seen_in(all_kits()))
    if options.write:
        PAGE.write_text(made, encoding="utf-8")
    print(f"docs/{PAGE.name} " + ("is up to date" if options.write or made == text else "differs: run with --write"))
    return 0 if options.write or made == text else 1


if __name__ == "__main__":
    sys.exit(main())
