"""The lines of the benchmark as a table and as JSON."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.bench_cases import Case
from tools.bench_models import DEPTHS


@dataclass(frozen=True)
class Line:
    """One case at one number of threads; keys of the mappings are the sides "ours", "fp32" and "bf16"."""

    case: Case
    threads: int
    layers: int
    n_rounds: dict[str, int]
    seconds: dict[str, float]  # medians
    peak: dict[str, int]  # bytes, the largest of all rounds
    load: float  # the largest load average before a round: another program was running if it is over the threads
    difference: float | None  # ours against torch fp32, largest over RMS
    sgemm: float  # GFLOP/s
    n_words: int | None = None

    @property
    def ratio(self) -> float | None:
        """ours / torch fp32."""
        if not {"ours", "fp32"} <= set(self.seconds):
            return None
        return self.seconds["ours"] / self.seconds["fp32"]

    def gflops(self, side: str) -> float | None:
        """Arithmetic of that side's own procedure per second."""
        count = self.case.flops_ours if side == "ours" else self.case.flops_peer
        return None if count is None or side not in self.seconds else count(self.layers) / self.seconds[side] / 1e9

    @property
    def title(self) -> str:
        """The case, how deep it ran, and what is not plain about it."""
        full = DEPTHS[self.case.model]
        parts = [self.case.title if self.n_words is None else f"{self.n_words} words, {self.case.title}"]
        if self.layers != full:
            parts.append(f"{self.layers} of {full} layers")
        if self.case.estimated:
            parts.append("peer estimated")
        return "; ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        sides = {
            side: {
                "seconds": self.seconds[side], "rounds": self.n_rounds[side], "peak_bytes": self.peak[side],
                "gflops": self.gflops(side),
                "share_of_sgemm": None if self.gflops(side) is None else (self.gflops(side) or 0.0) / self.sgemm,
            }
            for side in self.seconds
        }  # fmt: skip
        return {
            "case": self.case.name, "title": self.title, "threads": self.threads, "layers": self.layers,
            "ratio": self.ratio, "target": self.case.target, "difference": self.difference, "load": self.load, **sides,
        }  # fmt: skip


def relative_difference(ours: np.ndarray, peer: np.ndarray) -> float:
    """Largest difference over the peer's root mean square."""
    wide = peer.astype(np.float64)
    return float(np.max(np.abs(ours - wide)) / np.sqrt(np.mean(wide * wide)))


def shown(value: float | None, digits: int = 3) -> str:
    """That many significant digits, a dash for nothing."""
    if value is None:
        return "-"
    text = np.format_float_positional(value, digits, fractional=False, trim="-")
    return text if value >= 1e-3 or value == 0 else f"{value:.1e}"


HEADER = (
    "case", "threads", "ours s", "torch fp32 s", "ratio", "target", "torch bf16 s", "ours GFLOP/s", "of sgemm",
    "torch GFLOP/s", "of sgemm", "ours MB", "torch MB", "difference", "rounds", "load",
)  # fmt: skip


def as_table(machine: dict[str, Any], lines: list[Line]) -> str:
    """Markdown, with the machine above."""
    about = "; ".join(f"{name} {value}" for name, value in machine.items() if not name.isdigit())
    peaks = ", ".join(f"{value:.0f} ({name} threads)" for name, value in machine.items() if name.isdigit())
    rows = [" | ".join(HEADER), "|".join("---" for _ in HEADER), *(" | ".join(_cells(line)) for line in lines)]
    return "\n".join([f"{about}; sgemm peak GFLOP/s {peaks}", "", *(f"| {row} |" for row in rows)])


def _cells(line: Line) -> list[str]:
    cells = [line.title, str(line.threads), shown(line.seconds.get("ours")), shown(line.seconds.get("fp32"))]
    cells += [shown(line.ratio), shown(line.case.target), shown(line.seconds.get("bf16"))]
    for side in ("ours", "fp32"):
        rate = line.gflops(side)
        cells += [shown(rate), "-" if rate is None else f"{100 * rate / line.sgemm:.0f} %"]
    cells += [f"{line.peak[side] / 1e6:.0f}" if side in line.peak else "-" for side in ("ours", "fp32")]
    rounds = ", ".join(str(line.n_rounds[side]) for side in ("ours", "fp32", "bf16"))
    return [*cells, shown(line.difference, 2), f"medians of {rounds}", f"{line.load:.1f}"]
