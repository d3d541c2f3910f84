"""The errors of all honest variants on all seeds, tap by tap: what bounds are made from."""

import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tribe_np.oracle.budget.bounds import MeasuredTap
from tribe_np.oracle.budget.honest_fronts import FRONTS
from tribe_np.oracle.budget.honest_variants import HONEST, HonestVariant
from tribe_np.oracle.budget.tap_errors import RunErrors, TapError, errors_of, generic_tap
from tribe_np.oracle.kits.kit import Kit

N_SEEDS = 5


@dataclass
class WorstErrors:
    """The largest error so far of each tap and layer, and whose it was."""

    accumulated: dict[tuple[str, int], tuple[TapError, str]] = field(default_factory=dict)
    local: dict[str, tuple[TapError, str]] = field(default_factory=dict)

    def add(self, errors: RunErrors, variant: str) -> None:
        """Takes in one run."""
        for name, error in errors.accumulated.items():
            _keep(self.accumulated, generic_tap(name), error, variant)
        for name, error in errors.local.items():
            _keep(self.local, generic_tap(name)[0], error, variant)

    def taps(self) -> dict[str, MeasuredTap]:
        """By generic name, in the order of computation."""
        found = {}
        for name, (local, local_by) in self.local.items():
            layers = {layer: row for (other, layer), row in sorted(self.accumulated.items()) if other == name}
            by = list(layers.values())[-1][1]
            found[name] = MeasuredTap({k: error for k, (error, _) in layers.items()}, local, by, local_by).thinned()
        return found


def _keep(worst: dict[Any, tuple[TapError, str]], key: Any, error: TapError, variant: str) -> None:
    before, whose = worst.get(key, (TapError(0.0, 0.0), variant))
    worst[key] = before.or_worse(error), variant if error.rms > before.rms else whose


def measured_errors(
    kits: Iterable[Kit],
    variants: Sequence[HonestVariant] = HONEST,
    precision: str = "float32",
    tell: Callable[[str], None] = lambda text: None,
) -> WorstErrors:
    """The largest errors of the variants on the kits; a variant whose packages are missing is left out, and told."""
    worst, missing = WorstErrors(), {variant.name for variant in variants if not variant.is_available}
    if missing:
        tell(f"left out, since a package is missing: {', '.join(sorted(missing))}")
    for kit in kits:
        for variant in (*variants, *FRONTS.get(kit.model, ())):
            if variant.name not in missing:
                worst.add(errors_of(kit.setup, variant, kit.expected, precision), variant.name)
    return worst


def budget_facts(seeds: Sequence[int], variants: Sequence[HonestVariant] = HONEST) -> Mapping[str, Any]:
    """What a run that made bounds depends on; no host is named."""
    import scipy

    return {
        "variants": [variant.name for variant in variants],
        "seeds": list(seeds),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
        "machine": f"{sys.platform} {platform.machine()}",
    }
