"""How far a correct implementation may be from float64 at each tap: bounds from the measured error of honest ones.

`bounds.json` holds, for each model, case and precision, the largest error of the honest variants (`honest_variants`)
over their seeds, and the run that made it. A bound is a multiple of that: 4 times the root mean square, 8 times the
largest, and never less than 4 units in the last place of the reference's root mean square.

Local errors do not depend on depth: one number for all layers of a tap. Accumulated errors do, and not by a law that
all models share (about the root of the layer's number in LLaMA, nearly the number itself in the encoder), so they are
kept layer by layer. The set "deep" of each model has many layers of the small widths: where a case has fewer layers
than are asked for, its growth goes on from the last measured one, and beyond it in proportion to the layer's number.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.oracle.budget.tap_errors import TapError, generic_tap

RMS_FACTOR, LARGEST_FACTOR, FLOOR_ULP = 4, 8, 4
EPS = {"float32": 2.0**-23, "bfloat16": 2.0**-7, "float16": 2.0**-10}
"""The unit in the last place of 1, by precision."""
DEEP, RELEASED, TRAINED = "deep", "released", "trained"
FILE = "bounds.json"
THINNED = 1.25
"""Growth over some layers that are kept as one."""


@dataclass(frozen=True)
class Bound:
    """What an error must not exceed; both numbers are over the root mean square of the reference."""

    rms: float
    largest: float

    def holds(self, error: TapError) -> bool:
        """Whether an error is within it."""
        return error.rms <= self.rms and error.largest <= self.largest

    def or_wider(self, other: "Bound") -> "Bound":
        """The larger of each number."""
        return Bound(max(self.rms, other.rms), max(self.largest, other.largest))


@dataclass(frozen=True)
class AccumulatedAndLocal:
    """Both bounds of a tap.

    Fields   accumulated of what the whole run up to here may be off; local of this step alone, from their own inputs;
             note where the data has nothing for the tap or the case: what stands in for it. "" otherwise
    """

    accumulated: Bound
    local: Bound
    note: str = ""


@dataclass(frozen=True)
class MeasuredTap:
    """The largest errors of honest variants at one tap.

    Fields   accumulated by layer's number (0 where the name has none); local over all layers; by the variant that had
             the largest accumulated RMS error in the last layer, local_by the one of the local error
    """

    accumulated: Mapping[int, TapError]
    local: TapError
    by: str
    local_by: str

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MeasuredTap":
        """What `as_json` wrote."""
        rows = zip(values["layers"], values["rms"], values["largest"], strict=True)
        accumulated = {layer: TapError(rms, largest) for layer, rms, largest in rows}
        return cls(accumulated, TapError(*values["local"]), values["by"], values["local_by"])

    def as_json(self) -> dict[str, Any]:
        """Three digits of each number."""
        errors = list(self.accumulated.values())
        return {
            "layers": list(self.accumulated),
            "rms": [_short(error.rms) for error in errors],
            "largest": [_short(error.largest) for error in errors],
            "local": [_short(self.local.rms), _short(self.local.largest)],
            "by": self.by,
            "local_by": self.local_by,
        }

    def thinned(self) -> "MeasuredTap":
        """Without layers that tell little: errors grow with depth, so each kept one holds for those since the last."""
        layers = iter(self.accumulated.items())
        before, so_far = next(layers)
        kept, first = {before: so_far}, so_far
        for layer, error in layers:
            grown = so_far.or_worse(error)
            if grown.rms > THINNED * first.rms or grown.largest > THINNED * first.largest:
                kept[before], first = so_far, grown
            before, so_far = layer, grown
        return replace(self, accumulated=kept | {before: so_far})

    def at(self, layer: int, deep: "MeasuredTap | None") -> TapError:
        """The accumulated error at a layer: measured, that of the next measured one, or grown from the last."""
        if above := [known for known in self.accumulated if known >= layer]:
            return self.accumulated[min(above)]
        last = max(self.accumulated)
        found = self.accumulated[last]
        if deep is None or deep is self:
            return _scaled(found, max(1.0, (layer + 1) / (last + 1)))
        there, here = deep.at(layer, None), deep.at(last, None)
        return TapError(
            found.rms * max(1.0, _ratio(there.rms, here.rms)),
            found.largest * max(1.0, _ratio(there.largest, here.largest)),
        )


def bound_of(model: str, case: str, tap: str, precision: str = "float32") -> AccumulatedAndLocal:
    """The bounds of a tap of a kit.

    What has no data is never unbounded, and is told in `note`: a case that was not measured has the widest bounds of
    the model's cases; a tap, the widest of those with the same last part in the model, or of all its taps; a model,
    the widest of all models.
    Raises   ConfigError for a precision without bounds
    """
    if precision not in EPS:
        raise ConfigError(f"bounds are for {', '.join(EPS)}, got {precision!r:.40}")
    if not any(known == precision for _, _, known in measured_sets()):
        return _as_coarse(bound_of(model, case, tap), precision)
    name, layer = generic_tap(tap)
    sets, notes = _sets_of(model, case, precision)
    found = [(taps[name], deep.get(name)) for taps, deep in sets if name in taps]
    if not found and (elsewhere := _elsewhere(model, name, precision)):
        found = elsewhere
        notes = [*notes, f"no bound for {name} in this case: the widest of {model}'s cases is taken"]
    if not found:
        leaf = name.rpartition(".")[2]
        alike = [
            (other, deep.get(n)) for taps, deep in sets for n, other in taps.items() if n.rpartition(".")[2] == leaf
        ]
        found = alike or [(other, deep.get(n)) for taps, deep in sets for n, other in taps.items()]
        notes = [*notes, f"no bound for {name}: the widest of {'taps of that leaf' if alike else 'all taps'} is taken"]
    accumulated = [_bound(measured.at(layer, deep), precision) for measured, deep in found]
    local = [_bound(measured.local, precision) for measured, _ in found]
    return AccumulatedAndLocal(_widest(accumulated), _widest(local), "; ".join(notes))


def measured_models() -> list[str]:
    """The models that have bounds."""
    return list(dict.fromkeys(model for model, _, _ in measured_sets()))


def measured_cases(model: str, precision: str = "float32") -> list[str]:
    """The cases of a model that have bounds of their own."""
    return [case for (m, case, p) in measured_sets() if (m, p) == (model, precision)]


@cache
def measured_sets() -> Mapping[tuple[str, str, str], Mapping[str, MeasuredTap]]:
    """All that is in the file: by (model, case, precision), the taps by their generic name."""
    content = bounds_content()
    sets = {
        name: {tap: MeasuredTap.from_json(values) for tap, values in t.items()} for name, t in content["sets"].items()
    }
    sets |= {name: sets[other] for name, other in content["alike"].items()}
    return {_key(name): taps for name, taps in sets.items()}


def bounds_content() -> dict[str, Any]:
    """The file as it is: the run that made it, the sets that were measured, and which others share them."""
    content: dict[str, Any] = json.loads((files("tribe_np.oracle.budget") / FILE).read_text("utf-8"))
    return content


def _key(name: str) -> tuple[str, str, str]:
    model, case, precision = name.split("/")
    return model, case, precision


Taps = Mapping[str, MeasuredTap]


def _sets_of(model: str, case: str, precision: str) -> tuple[list[tuple[Taps, Taps]], list[str]]:
    """What stands for the case, each with the model's deep set, and what to tell about it."""
    known = {(m, c): taps for (m, c, p), taps in measured_sets().items() if p == precision}
    if (model, case) in known:
        return [(known[model, case], known.get((model, DEEP), {}))], []
    cases = [(taps, known.get((model, DEEP), {})) for (m, _), taps in known.items() if m == model]
    if cases:
        return cases, [f"no bounds for the case {case!r:.60}: the widest of {model}'s cases are taken"]
    everything = [(taps, known.get((m, DEEP), {})) for (m, _), taps in known.items()]
    return everything, [f"no bounds for {model!r:.60}: the widest of all models are taken"]


def _as_coarse(found: AccumulatedAndLocal, precision: str) -> AccumulatedAndLocal:
    """Bounds of float32 in the units of another precision, of which nothing was measured."""
    factor = EPS[precision] / EPS["float32"]
    pair = [Bound(bound.rms * factor, bound.largest * factor) for bound in (found.accumulated, found.local)]
    note = f"no bounds for {precision}: those of float32, {factor:g} times as wide"
    return AccumulatedAndLocal(pair[0], pair[1], "; ".join(filter(None, [note, found.note])))


def _elsewhere(model: str, name: str, precision: str) -> list[tuple[MeasuredTap, MeasuredTap | None]]:
    """The same tap in the model's other cases."""
    sets, _ = _sets_of(model, "", precision)
    return [(taps[name], deep.get(name)) for taps, deep in sets if name in taps] if model in measured_models() else []


def _bound(error: TapError, precision: str) -> Bound:
    floor = FLOOR_ULP * EPS[precision]
    return Bound(max(RMS_FACTOR * error.rms, floor), max(LARGEST_FACTOR * error.largest, floor))


def _widest(bounds: Iterable[Bound]) -> Bound:
    widest = Bound(0.0, 0.0)
    for bound in bounds:
        widest = widest.or_wider(bound)
    return widest


def _scaled(error: TapError, factor: float) -> TapError:
    return TapError(error.rms * factor, error.largest * factor)


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else 1.0


def _short(number: float) -> float:
    return float(f"{number:.2e}")
