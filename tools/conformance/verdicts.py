"""How an implementation did on a kit, in a line of a table."""

from dataclasses import dataclass

from tribe_np.oracle.budget.bounds import Bound
from tribe_np.oracle.conformance.comparing_kits import Theirs, compare_kit
from tribe_np.oracle.conformance.deviations import Deviation
from tribe_np.oracle.conformance.kit_comparison import KitComparison, TapComparison
from tribe_np.oracle.kits.kit import Kit

PASSES, FAILS = "passes", "fails"


@dataclass(frozen=True)
class Verdict:
    """One kit through one implementation.

    Fields   tap the one furthest beyond its bound, or nearest to it, whether by its accumulated or by its local error;
             share that error over its bound
    """

    kit: str
    peer: str
    verdict: str
    taps: str
    tap: str
    share: float

    def line(self) -> str:
        """Of a table in Markdown."""
        return f"| {self.kit} | {self.peer} | {self.verdict} | {self.taps} | `{self.tap}` | {self.share:.2g} |"


HEAD = "| kit | peer | verdict | taps | worst tap | error over its bound |\n|---|---|---|---|---|---|"


def verdict_on(kit: Kit, peer: str, theirs: Theirs, precision: str = "float32") -> tuple[Verdict, KitComparison]:
    """The line, and the comparison that it is of."""
    compared = compare_kit(kit, theirs, precision)
    shares = {row.name: share_of(row) for row in compared.rows if row.is_given}
    worst = max(shares, key=lambda name: shares[name])
    given = f"{len(shares)} of {len(compared.rows)}"
    word = PASSES if compared.conforms else FAILS
    return Verdict(f"{kit.model}/{kit.case}", peer, word, given, worst, shares[worst]), compared


def share_of(row: TapComparison) -> float:
    """The larger of both errors over its bound; infinite for what could not be compared."""
    if row.fault is not None:
        return float("inf")
    return max(_share(row.accumulated, row.bound), _share(row.local, row.local_bound))


def _share(error: Deviation | None, bound: Bound | None) -> float:
    if error is None or bound is None:
        return 0.0
    if error.n_not_finite:
        return float("inf")
    return max(error.rms_over_rms / bound.rms, error.largest_over_rms / bound.largest)
