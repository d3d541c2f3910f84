"""The lines of the benchmark as a table and as JSON."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.bench_cases import Case, Size
from tools.bench_models import DEPTHS

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
    check: dict[str, float]  # "difference" of ours and torch, "peer_error", "our_error" against float64; over RMS
    sgemm: float  # GFLOP/s
    products: float | None  # seconds of our matrix products alone, at the same shapes

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

    @property
    def bare_share(self) -> float | None:
        """Share of our time that its matrix products take alone, at the same shapes in the same run."""
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
        return "; ".join(parts)

    @property
    def verdict(self) -> str:
        """Whether ours and torch agree: to 1e-4 over RMS, or to three times torch's own float32 error."""
        difference, peer_error = self.check.get("difference"), self.check.get("peer_error")
        if difference is None:
            return "-"
        if difference <= CLOSE:
            return f"within {CLOSE:.0e}"
        if peer_error is None:
            return f"over {CLOSE:.0e}, float64 not run" if np.isfinite(difference) else "FAILS"
        return f"within {TIMES} x the peer's own" if difference <= TIMES * peer_error else "FAILS"

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        sides = {
            side: {
                "seconds": self.seconds[side], "rounds": self.n_rounds[side], "peak_bytes": self.peak[side],
                "gflops": self.gflops(side), "share_of_sgemm": (self.gflops(side) or 0.0) / self.sgemm,
            }
            for side in self.seconds
        }  # fmt: skip
        return {
            "case": self.case.name, "title": self.title, "threads": self.threads, "layers": self.size.layers,
            "ratio": self.ratio, "target": self.target, "share_of_bare_products": self.bare_share,
            "verdict": self.verdict, **self.check, "load": self.load, **sides,
        }  # fmt: skip


def relative_difference(ours: np.ndarray, peer: np.ndarray) -> float:
    """Largest difference over the peer's root mean square; infinite where either is not finite."""
    wide = peer.astype(np.float64)
    found = float(np.max(np.abs(ours - wide)) / np.sqrt(np.mean(wide * wide)))
    return found if np.isfinite(found) else float("inf")


def shown(value: float | None, digits: int = 3) -> str:
    """That many significant digits, a dash for nothing."""
    if value is None:
        return "-"
    text = np.format_float_positional(value, digits, fractional=False, trim="-")
    return text if value >= 1e-3 or value == 0 else f"{value:.1e}"


def percent(value: float | None) -> str:
    """A share."""
    return "-" if value is None else f"{100 * value:.0f} %"


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
    head = f"{about}. Product of 4096 x 4096, GFLOP/s, {' and '.join(next(iter(peaks.values()), {}))}: "
    rows = [" | ".join(HEADER), "|".join("---" for _ in HEADER), *(" | ".join(_cells(line)) for line in lines)]
    return "\n".join([head + (", ".join(found) or "-"), "", *(f"| {row} |" for row in rows)])


def _cells(line: Line) -> list[str]:
    cells = [line.title, str(line.threads), shown(line.seconds.get("ours")), shown(line.seconds.get("fp32"))]
    cells += [shown(line.ratio), shown(line.target), shown(line.seconds.get("bf16"))]
    for side in ("ours", "fp32"):
        rate = line.gflops(side)
        cells += [shown(rate), percent(None if rate is None else rate / line.sgemm)]
        cells += [percent(line.bare_share)] if side == "ours" else []
    cells += [f"{line.peak[side] / 1e6:.0f}" if side in line.peak else "-" for side in SIDES]
    rounds = ", ".join(str(line.n_rounds.get(side, 0)) for side in SIDES)
    return [*cells, shown(line.check.get("difference"), 2), line.verdict, rounds, f"{line.load:.1f}"]
