"""Other implementations, made from ours: in float32, with mistakes planted in them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from tribe_np.nn.context import Edit
from tribe_np.oracle.budget.bounds import AccumulatedAndLocal, Bound
from tribe_np.oracle.conformance.local_runs import RunsFromTheirs
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit, make_kit
from tribe_np.oracle.setup import Setup

Arrays = dict[str, np.ndarray]


def generous(tap: str) -> AccumulatedAndLocal:
    """Bounds that float32 keeps by far, and that every mistake here exceeds by far."""
    return AccumulatedAndLocal(Bound(4e-5, 4e-4), Bound(1e-5, 1e-4))


@cache
def kit_of(model: str, case: str = "plain") -> Kit:
    """A kit, made once."""
    return make_kit(model, case)


def port_of(kit: Kit, *edits: tuple[str, Edit], weights: Mapping[str, np.ndarray] | None = None) -> Arrays:
    """Every tap of a port in float32: from a pattern of names to what goes on instead of what was computed.

    As any port, it shows what it goes on with.
    """
    shown: Arrays = {}
    setup = replace(kit.setup, precision="float32", weights={**kit.weights, **(weights or {})})

    def edit_of(planted: Edit) -> Edit:
        def edit(name: str, array: np.ndarray) -> np.ndarray:
            shown[name] = np.asarray(planted(name, array))
            return shown[name]

        return edit

    patterns = RunsFromTheirs.of(kit.setup, kit.expected.names()).patterns
    planted = _with_edits(setup, [(pattern, edit_of(edit)) for pattern, edit in edits])
    computed = run_setup(planted, patterns=patterns).taps.arrays
    return {**computed, **shown}


def _with_edits(setup: Setup, edits: list[tuple[str, Edit]]) -> Setup:
    return replace(setup, edits=(*setup.edits, *edits))


def scaled(factor: float) -> Edit:
    """An edit: another size."""
    return lambda name, array: array * np.float32(factor)


def taps_where(arrays: Arrays, keep: Callable[[str], bool]) -> Arrays:
    """Some of the taps."""
    return {name: array for name, array in arrays.items() if keep(name)}
