"""From a port's numbers to the mistakes it has.

With every intermediate, each of ours is computed from theirs: a mistake shows where it is made, and hides none behind
it. From the output alone the whole (tiny) model runs with each mistake, and then with pairs.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tribe_np.nn.stages import PREFIX
from tribe_np.oracle.budget.tap_errors import generic_tap
from tribe_np.oracle.conformance.comparing_kits import Theirs, compare_kit
from tribe_np.oracle.conformance.kit_comparison import KitComparison
from tribe_np.oracle.conformance.local_errors import BoundsOf
from tribe_np.oracle.diagnose.diagnosis import Diagnosis, Explanation, Finding
from tribe_np.oracle.diagnose.evidence import Departure, Evidence
from tribe_np.oracle.diagnose.explaining import KEPT, NEAR, Search
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES, applicable
from tribe_np.oracle.diagnose.mistakes.weight_mistakes import missing_tensors
from tribe_np.oracle.kits.kit import LARGE, Kit, weight_bytes
from tribe_np.shown import some_of

MOST = 3
"""Departures that are looked into."""
MEDIUM = 1 << 24  # bytes of weights
LONG = 200  # taps: a whole pipeline
KEPT_OF_LONG = (4,)  # whose runs take a tenth of a second each
SMALLER = "make a kit of few layers (--layers), or a tiny one"


def diagnose(
    kit: Kit,
    theirs: Theirs,
    comparison: KitComparison | None = None,
    *,
    bounds: BoundsOf | None = None,
    precision: str = "float32",
    most: int = MOST,
) -> Diagnosis:
    """What is wrong with a port's numbers; nothing where each step is right by itself.

    theirs       as compare_kit takes them; comparison with what it found, made here where it is not given
    bounds       of every tap; the budget's for `precision` by default
    """
    found = comparison or compare_kit(kit, theirs, precision, bounds=bounds)
    if not found.locally_out:
        return Diagnosis()
    if weight_bytes(kit) > LARGE:
        return Diagnosis(note=f"its weights are larger than {LARGE >> 20} MB, too many to try mistakes: {SMALLER}")
    kit = replace(kit, weights={name: np.asarray(tensor) for name, tensor in kit.weights.items()})
    evidence = Evidence.of(kit, found, theirs)
    kind = evidence.coarse_kind() if found.precision == "float32" else None
    if kind is None:
        return _searched(evidence, kit, [], evidence.failing, most)
    # all numbers are of a coarser precision: what is wrong besides is looked for within the bounds of that
    coarse = Evidence.of(kit, compare_kit(kit, theirs, kind, bounds=bounds), theirs)
    finding = _of_precision(kind, evidence)
    with_it = coarse.departures(finding.groups[0][0].setup)
    failing = tuple(name for name in coarse.failing if with_it[name].severity > NEAR)
    return _searched(coarse, kit, [finding], failing, most)


def _searched(evidence: Evidence, kit: Kit, findings: list[Finding], failing: tuple[str, ...], most: int) -> Diagnosis:
    """One departure after the other; what explains one is a start for the next."""
    setup = evidence.setup
    known = [finding.best for finding in findings if finding.best is not None]
    starts = [Explanation((), setup, Departure(0.0, 0.0)), *known]
    is_small = weight_bytes(kit) <= MEDIUM
    is_long = len(kit.expected) > LONG
    tensors = missing_tensors(setup) if is_small and not is_long else ()
    kept: tuple[int, ...] = (KEPT_OF_LONG if is_long else KEPT) if is_small else ()
    ways = [way for mistake in applicable(setup) for way in mistake.ways()]
    search = Search(evidence, ways, tensors, kept)
    before = evidence.departures(setup)
    unexplained: set[str] = set()
    while failing and len(findings) < most:
        found = search.at(failing[0], starts)
        best = found.best
        if best is None:  # nor are its like in other layers
            search = replace(search, kept=()) if is_long else search
            done = {name for name in failing if generic_tap(name)[0] == generic_tap(found.tap)[0]}
            unexplained |= done
        else:
            after = evidence.departures(best.setup)
            done = {name for name in failing if after[name].severity <= NEAR} | {found.tap}
            found = replace(found, where=_where(found.tap, before, after))
            starts.append(best)
        findings.append(found)
        failing = tuple(name for name in failing if name not in done)
    left = tuple(name for name in evidence.theirs if name in {*unexplained, *failing})
    note = ""
    if left and kit.model == "pipeline":
        note = "mistakes inside a model are looked for in that model's own kit alone"
    elif left and not is_small:
        note = f"only single mistakes were tried, since the kit is large: {SMALLER}"
    return Diagnosis(tuple(findings), left, note)


def _of_precision(kind: str, evidence: Evidence) -> Finding:
    """That all numbers are of a coarser precision: seen in their bits, since no run of ours rounds as theirs did."""
    mistake, tap = MISTAKES[f"everything-{kind}"], evidence.failing[0]
    error = evidence.departure(tap, evidence.computed(evidence.setup).get(tap))
    return Finding(tap, error, ((Explanation((mistake,), mistake.apply(evidence.setup) or evidence.setup, error),),))


def _where(tap: str, before: Mapping[str, Departure], after: Mapping[str, Departure]) -> str:
    """The layers, or stages of a pipeline, whose like tap departs without the mistake, and does not with it."""
    kind, of_a_pipeline = generic_tap(tap)[0], tap.startswith(f"{PREFIX}.")
    alike = [name for name in before if generic_tap(name)[0] == kind]
    has = [name for name in alike if before[name].severity > 1 and after[name].severity <= NEAR]
    has_not = [name for name in alike if before[name].severity <= 1 < after[name].severity]
    if not has_not:
        return "in every layer" if len(has) > 1 and not of_a_pipeline else ""
    if of_a_pipeline:
        return f"at {some_of(has)} only"
    layers = [str(generic_tap(name)[1]) for name in has]
    return f"in layer{'s' * (len(has) > 1)} {', '.join(layers)} only"
