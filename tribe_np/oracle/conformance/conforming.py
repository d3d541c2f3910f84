"""`assert_conforms`: a test of another implementation, in one line."""

import warnings
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.oracle.conformance.comparing_kits import Theirs, compare_kit
from tribe_np.oracle.conformance.comparison_text import comparison_lines
from tribe_np.oracle.conformance.kit_comparison import KitComparison
from tribe_np.oracle.diagnose.diagnosing import diagnose
from tribe_np.oracle.diagnose.diagnosis import Diagnosis
from tribe_np.oracle.kits.kit import Kit, make_kit
from tribe_np.shown import some_of

Port = Callable[[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]], Any]
"""Another implementation: from config, weights and inputs to its output, or to a mapping of taps."""


def assert_conforms(
    model: str | Kit,
    port: Port,
    case: str = "plain",
    precision: str = "float32",
    *,
    seed: int = 0,
    names: str | Path | Mapping[str, Any] | None = None,
) -> KitComparison:
    """Runs another implementation on a kit and holds it against what is right; gives the comparison.

    model    whose kit, or a kit
    port     port(config, weights, inputs): config as config.json has it; weights float32 arrays by upstream's names;
             inputs arrays by the kit's names. It gives the output, or taps by name, as many as it has
    names    for names that are not the kit's, as in compare_kit
    Warns    where names of theirs are not the kit's: those were not compared
    Raises   AssertionError that tells where it departs and what explains it; ConfigError, RecordingError where that
             cannot be said
    """
    __tracebackhide__ = True
    kit = model if isinstance(model, Kit) else make_kit(model, case, seed=seed)
    theirs = run_port(kit, port)
    found = compare_kit(kit, theirs, precision, names=names)
    if not found.conforms:
        raise AssertionError("\n".join(comparison_lines(found, diagnosis=explained(kit, theirs, found).lines())))
    if found.unknown:
        told = f"{len(found.unknown)} of the port's taps were not compared, as the kit has no such name"
        warnings.warn(f"{told}: {some_of(found.unknown)}", stacklevel=2)
    return found


def run_port(kit: Kit, port: Port) -> Any:
    """What a port computes; it has copies, and may change them."""
    weights, inputs = ({name: np.array(x) for name, x in given.items()} for given in (kit.weights, kit.inputs))
    return port(deepcopy(dict(kit.config)), weights, inputs)


def explained(kit: Kit, theirs: Theirs, found: KitComparison) -> Diagnosis:
    """The known mistakes that explain what is wrong; nothing where nothing is, or nothing can be said."""
    if found.conforms or found.local_error is not None or not is_small(kit):
        return Diagnosis()
    return diagnose(kit, theirs, found)


def is_small(kit: Kit) -> bool:
    """Whether its weights are in memory: a diagnosis runs the model hundreds of times on changed ones."""
    return not kit.blank and all(isinstance(weight, np.ndarray) for weight in kit.weights.values())
