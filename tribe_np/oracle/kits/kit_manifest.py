"""manifest.json of a kit: contracts first, then tolerances with their reasons, how tensors are made, versions, digests.

It is the same on every machine: of `expected.safetensors`, whose last bits depend on the machine, it says nothing but
names, shapes and dtypes (the file's digest is in SHA256SUMS).
"""

from collections.abc import Mapping
from typing import Any

from tribe_np import __version__
from tribe_np.oracle.budget.bounds import EPS, FLOOR_ULP, LARGEST_FACTOR, RMS_FACTOR, Bound, bound_of
from tribe_np.oracle.kits.kit import ORIGINS, Kit
from tribe_np.oracle.kits.kit_contract import EXPECTED_IS, input_rows, letters_of, tap_rows
from tribe_np.oracle.kits.kit_files import FORMAT, FORMAT_VERSION, SUMMARY_HOLDS

UPSTREAM = {
    "tribev2": "7239908", "neuralset": "0.0.2", "neuraltrain": "0.0.2", "x-transformers": "1.27.20",
    "transformers": "5.23.0", "torch": "2.13.0",
}  # fmt: skip
"""The pinned versions that the models are held against."""


def manifest_of(kit: Kit, digests: Mapping[str, str], *, with_weights: bool) -> dict[str, Any]:
    """The content of manifest.json."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kit": kit_row(kit),
        "contract": {
            "expected": EXPECTED_IS,
            "expected_holds": "every number of each tap" if kit.summary is None else SUMMARY_HOLDS,
            "letters": letters_of(kit),
            "inputs": input_rows(kit),
            "taps": tap_rows(kit),
        },
        "tolerances": tolerances(kit),
        "weights": {
            "are": "given" if kit.weight_files else "generated",
            "in_kit": with_weights,
            "files": dict(kit.weight_files),
        },
        "recipe": recipe_rows(kit),
        "versions": {"tribe_np": __version__, "upstream": UPSTREAM},
        "sha256": dict(sorted(digests.items())),
    }


def kit_row(kit: Kit) -> dict[str, Any]:
    """What the kit is; the seed as text, since many readers of JSON round large numbers."""
    return {
        "model": kit.model,
        "case": kit.case,
        "meaning": kit.meaning,
        "origin": kit.origin,
        "origin_means": ORIGINS[kit.origin],
        "seed": str(kit.seed),
        "sizes": dict(kit.sizes),
        "layers": None if kit.layers is None else list(kit.layers),
    }


def recipe_rows(kit: Kit) -> dict[str, Any]:
    """How the tensors are made; of given weights nothing."""
    weights = [] if kit.weight_files else [tensor.as_json() for tensor in kit.recipe.weights]
    tables = [] if kit.weight_files else sorted(kit.recipe.stored)
    inputs = [tensor.as_json() for tensor in kit.recipe.inputs]
    return {"weights": weights, "tables": tables, "inputs": inputs, "chosen_inputs": sorted(kit.recipe.stored_inputs)}


def tolerances(kit: Kit) -> dict[str, Any]:
    """Both bounds of every tap in every precision, and why they are what they are."""
    reasons = [
        "An error is the difference from expected, over the root mean square of expected; a bound is a pair: of the "
        "error's root mean square, and of its largest absolute value.",
        "accumulated: from the inputs on. local: of the step that computes the tap, from your own numbers before it.",
        f"A bound is {RMS_FACTOR} times the largest root mean square, and {LARGEST_FACTOR} times the largest error, of "
        "correct implementations in that precision that add in other orders, use other blocks, kernels and threads, "
        f"over several seeds; at least {FLOOR_ULP} units in the last place of the root mean square.",
        "Integers are to be exact.",
    ]
    return {"reasons": reasons, **{precision: _bounds(kit, precision) for precision in EPS}}


def _bounds(kit: Kit, precision: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in tap_rows(kit):
        name = row["name"]
        if not row["dtype"].startswith("float"):
            continue
        both = bound_of(kit.model, kit.bounds_case, kit.bounds_name(name), precision)
        found[name] = {"accumulated": _pair(both.accumulated), "local": _pair(both.local)}
        if both.note:
            found[name]["note"] = both.note
    return found


def _pair(bound: Bound) -> list[float]:
    return [float(f"{bound.rms:.3g}"), float(f"{bound.largest:.3g}")]
