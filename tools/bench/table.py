"""The lines of the benchmark as a table and as JSON."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.bench.cases import Case, Size
from tools.bench.models import DEPTHS

CLOSE, TIMES = 1e-4, 3  # a difference over RMS that needs no explanation; how often the peer's own error is fine
SIDES = ("ours", "fp32", "bf16")


@dataclass(frozen=True)
class Line:
    """One case at one number of threads; keys of the mappings are the sides "ours", "fp32" and "bf16"."""

    case: Case
    threads: int
    size: Size
    n_rounds: dict[str, int]
    seconds: dict[str, float]  # medians
    peak: dict[str, int]  # bytes, the largest of all rounds
    load: float  # the largest load average before a round: another program was running if it is over the threads
    check: dict[str, float | None]  # over RMS: "difference" of ours and torch, "peer_error" and "our_error" of float64
    sgemm: float | None  # GFLOP/s
    products: float | None  # seconds of our matrix products alone, at the same shapes
    is_composed: bool = False  # the peer of the encoder is not upstream's own model
    is_quick: bool = False

    @property
    def ratio(self) -> float | None:
        """ours / torch fp32."""
        if not {"ours", "fp32"} <= set(self.seconds):
            return None
        return self.seconds["ours"] / self.seconds["fp32"]

    def gflops(self, side: str) -> float | None:
        """Arithmetic of that side's own procedure per second."""
        if side not in self.seconds:
            return None
        count = self.case.flops_ours if side == "ours" else self.case.flops_peer
        return count(self.size) / self.seconds[side] / 1e9

    def share(self, side: str) -> float | None:
        """That rate over the faster library's product of large matrices."""
        rate = self.gflops(side)
        return None if rate is None or not self.sgemm else rate / self.sgemm

    @property
    def bare_share(self) -> float | None:
        """Share of all our time that its matrix products take alone, at the same shapes in the same run."""
        if self.products is None or "ours" not in self.seconds:
            return None
        return self.products / self.seconds["ours"]

    @property
    def is_whole(self) -> bool:
        """Whether all layers ran."""
        return self.size.layers == DEPTHS[self.case.model]

    @property
    def target(self) -> float | None:
        """What the ratio should stay under; a clip of few layers runs without the predictor and has none."""
        return self.case.target if self.is_whole or self.case.name != "clip" else None

    @property
    def title(self) -> str:
        """The case, how deep it ran, and what is not plain about it."""
        parts = [f"{self.size.n_words} words, {self.case.title}" if self.case.estimated else self.case.title]
        if not self.is_whole:
            parts.append(f"{self.size.layers} of {DEPTHS[self.case.model]} layers")
        if self.case.name == "clip" and not self.is_whole:
            parts.append("no predictor")
        if self.case.estimated:
            parts.append("peer estimated")
        if self.is_composed:
            parts.append("peer composed")
        if self.is_quick:
            parts.append("quick")
        return "; ".join(parts)

    @property
    def verdict(self) -> str:
        """Whether ours and torch agree: to 1e-4 over RMS, or to three times torch's own float32 error."""
        if "difference" not in self.check:
            return "-"
        difference = self.check["difference"]
        if difference is None or not math.isfinite(difference):
            return "FAILS"
        if difference <= CLOSE:
            return f"within {CLOSE:.0e}"
        if "peer_error" not in self.check:
            return f"over {CLOSE:.0e}, float64 not run"
        peer_error = self.check["peer_error"]
        if peer_error is None or not math.isfinite(peer_error):
            return "FAILS"
        return f"within {TIMES} x the peer's own" if difference <= TIMES * peer_error else "FAILS"

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON (see `finite`)."""
        sides = {
            side: {
                "seconds": self.seconds[side], "rounds": self.n_rounds[side], "peak_bytes": self.peak[side],
                "gflops": self.gflops(side), "share_of_sgemm": self.share(side),
            }
            for side in self.seconds
        }  # fmt: skip
        return {
            "case": self.case.name, "title": self.title, "threads": self.threads, "layers": self.size.layers,
            "ratio": self.ratio, "target": self.target, "share_of_bare_products": self.bare_share,
            "verdict": self.verdict, **self.check, "load": self.load, **sides,
        }  # fmt: skip


def relative_difference(ours: np.ndarray, peer: np.ndarray) -> float:
    """Largest difference over the peer's root mean square; infinite for other shapes, or where one is not finite."""
    if ours.shape != peer.shape:
        return float("inf")
    wide = peer.astype(np.float64)
    found = float(np.max(np.abs(ours - wide)) / np.sqrt(np.mean(wide * wide)))
    return found if math.isfinite(found) else float("inf")


def finite(value: Any) -> Any:
    """`value` as JSON can hold it: None in place of every number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shown(value: float | None, digits: int = 3) -> str:
    """That many significant digits, a dash for nothing and for what is not finite."""
    if value is None or not math.isfinite(value):
        return "-"
    text = np.format_float_positional(value, digits, fractional=False, trim="-")
    return text if value >= 1e-3 or value == 0 else f"{value:.1e}"


def percent(value: float | None) -> str:
    """A share."""
    return "-" if value is None or not math.isfinite(value) else f"{100 * value:.0f} %"


HEADER = (
    "case", "threads", "ours s", "torch fp32 s", "ratio", "target", "torch bf16 s", "ours GFLOP/s", "of sgemm peak",
    "bare products", "torch GFLOP/s", "of sgemm peak", "ours MB", "torch MB", "bf16 MB", "difference / RMS", "agree",
    "medians of", "load",
)  # fmt: skip


def as_table(machine: dict[str, Any], peaks: dict[str, dict[str, float]], lines: list[Line]) -> str:
    """Markdown, with the machine above."""
    if not lines:
        return "nothing has been measured yet"
    about = "; ".join(f"{name} {value}" for name, value in machine.items())
    found = [f"{' and '.join(f'{peak:.0f}' for peak in both.values())} on {n}" for n, both in peaks.items()]
    names = " and ".join(next(iter(peaks.values()), {}))
    head = f"{about}. Product of 4096 x 4096, GFLOP/s, " + (f"{names}: {', '.join(found)}" if found else "-")
    rows = [" | ".join(HEADER), "|".join("---" for _ in HEADER), *(" | ".join(_cells(line)) for line in lines)]
    return "\n".join([head, "", *(f"| {row} |" for row in rows)])


def _cells(line: Line) -> list[str]:
    cells = [line.title, str(line.threads), shown(line.seconds.get("ours")), shown(line.seconds.get("fp32"))]
    cells += [shown(line.ratio), shown(line.target), shown(line.seconds.get("bf16"))]
    for side in ("ours", "fp32"):
        cells += [shown(line.gflops(side)), percent(line.share(side))]
        cells += [percent(line.bare_share)] if side == "ours" else []
    cells += [f"{line.peak[side] / 1e6:.0f}" if side in line.peak else "-" for side in SIDES]
    rounds = ", ".join(str(line.n_rounds.get(side, 0)) for side in SIDES)
    return [*cells, shown(line.check.get("difference"), 2), line.verdict, rounds, f"{line.load:.1f}"]
