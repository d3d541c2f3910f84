"""From a port's numbers to the mistakes it has.

With every intermediate, each of ours is computed from theirs: a mistake shows where it is made, and hides none behind
it. From the output alone the whole (tiny) model runs with each mistake, and then with pairs.
"""

from collections.abc import Mapping

from tribe_np.oracle.budget.tap_errors import TapError, generic_tap
from tribe_np.oracle.diagnose.diagnosis import Diagnosis, Explanation, Finding
from tribe_np.oracle.diagnose.evidence import Bounds, Evidence, NumbersOfTaps
from tribe_np.oracle.diagnose.explaining import NEAR, Search
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES, applicable
from tribe_np.oracle.diagnose.mistakes.weight_mistakes import missing_tensors
from tribe_np.oracle.kits.kit import Kit

MOST = 3
"""Departures that are looked into."""


def diagnose(
    kit: Kit, theirs: NumbersOfTaps, *, precision: str = "float32", bounds: Bounds | None = None, most: int = MOST
) -> Diagnosis:
    """What is wrong with a port's numbers; nothing where all are within their bounds.

    theirs   intermediates by the kit's names and in its shapes, as many as there are: a recording, or a mapping
    bounds   of the local error of each tap; the budget's for `precision` by default
    """
    evidence = Evidence.of(kit, theirs, precision=precision, bounds=bounds)
    errors = evidence.errors(kit.setup)
    failing = [name for name in evidence.theirs if evidence.severity(name, errors[name]) > 1]
    findings: list[Finding] = []
    coarse = evidence.coarse_kind() if precision == "float32" and failing else None
    if coarse is not None:  # what is wrong besides is looked for within that precision's bounds
        findings = [_of_precision(coarse, failing[0], errors, kit)]
        evidence = Evidence.of(kit, theirs, precision=coarse, bounds=bounds)
        failing = [name for name in failing if evidence.severity(name, errors[name]) > 1]
    search = Search(evidence, (*applicable(kit.setup), *missing_tensors(kit.setup)))
    starts = [Explanation((), kit.setup, TapError(0.0, 0.0))]
    unexplained: list[str] = []
    while failing and len(findings) < most:
        found = search.at(failing[0], starts)
        if found.best is None:  # nor are its like in other layers
            alike = [name for name in failing if generic_tap(name)[0] == generic_tap(found.tap)[0]]
            unexplained += alike
            failing = [name for name in failing if name not in alike]
            findings.append(found)
            continue
        with_it = evidence.errors(found.best.setup)
        explained = {name for name in failing if evidence.severity(name, with_it[name]) <= NEAR} | {found.tap}
        findings.append(_placed(found, evidence, errors, with_it))
        failing = [name for name in failing if name not in explained]
        starts.append(found.best)
    return Diagnosis(tuple(findings), tuple(name for name in evidence.theirs if name in {*unexplained, *failing}))


def _of_precision(kind: str, tap: str, errors: Mapping[str, TapError], kit: Kit) -> Finding:
    """That all numbers are of a coarser precision: seen in their bits, since no run of ours rounds as theirs did."""
    mistake = MISTAKES[f"everything-{kind}"]
    one = Explanation((mistake,), mistake.apply(kit.setup) or kit.setup, errors[tap])
    return Finding(tap, errors[tap], ((one,),))


def _placed(
    finding: Finding, evidence: Evidence, before: Mapping[str, TapError], after: Mapping[str, TapError]
) -> Finding:
    """The finding with the layers that it is in: those whose like tap departs without it, and does not with it."""
    kind = generic_tap(finding.tap)[0]
    alike = {generic_tap(name)[1]: name for name in evidence.theirs if generic_tap(name)[0] == kind}
    if len(alike) < 2:
        return finding
    has, has_not = [], []
    for layer, name in alike.items():
        departs = evidence.severity(name, before[name]) > 1
        if departs and evidence.severity(name, after[name]) <= NEAR:
            has.append(layer)
        elif not departs and evidence.severity(name, after[name]) > 1:
            has_not.append(layer)
    return Finding(finding.tap, finding.error, finding.groups, finding.nearest, _layers(has, has_not))


def _layers(has: list[int], has_not: list[int]) -> str:
    if not has_not:
        return "in every layer" if len(has) > 1 else ""
    listed = ", ".join(map(str, has))
    return f"in layer{'s' * (len(has) > 1)} {listed} only"
