"""What was measured beside the bounds: a row for each tap, as a table and as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tribe_np.oracle.budget.bounds import AccumulatedAndLocal, Bound, MeasuredTap, bound_of
from tribe_np.oracle.budget.determinism import Repeat
from tribe_np.oracle.budget.tap_errors import TapError


@dataclass(frozen=True)
class BudgetRow:
    """A tap in the last layer that was measured.

    Fields   tap its generic name; layer a number, or None; measured here; bounds committed
    """

    tap: str
    layer: int | None
    accumulated: TapError
    local: TapError
    by: str
    local_by: str
    bounds: AccumulatedAndLocal

    @property
    def exceeds(self) -> list[str]:
        """What is beyond its committed bound: accumulated, local, or nothing."""
        pairs = {"accumulated": (self.bounds.accumulated, self.accumulated), "local": (self.bounds.local, self.local)}
        return [name for name, (bound, error) in pairs.items() if not bound.holds(error)]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "tap": self.tap, "layer": self.layer, "exceeds": self.exceeds, "note": self.bounds.note,
            "accumulated": _pair(self.accumulated, self.bounds.accumulated) | {"by": self.by},
            "local": _pair(self.local, self.bounds.local) | {"by": self.local_by},
        }  # fmt: skip


def budget_rows(model: str, case: str, precision: str, measured: Mapping[str, MeasuredTap]) -> list[BudgetRow]:
    """A row for each tap and layer that was measured."""
    rows = []
    for tap, found in measured.items():
        for layer, error in found.accumulated.items():
            bounds = bound_of(model, case, tap.replace("{i}", str(layer)), precision)
            number = layer if "{i}" in tap else None
            rows.append(BudgetRow(tap, number, error, found.local, found.by, found.local_by, bounds))
    return rows


HEAD = ("tap", "layer", "accumulated RMS / largest", "bound", "local RMS / largest", "bound", "worst variant", "")


def budget_lines(rows: Iterable[BudgetRow]) -> list[str]:
    """The table, for a terminal; of taps with layers, the last layer and those that exceed."""
    rows = list(rows)
    last = {row.tap: row.layer for row in rows}
    shown = [row for row in rows if row.exceeds or row.layer == last[row.tap]]
    return in_columns([HEAD, *map(_cells, shown)])


def _cells(row: BudgetRow) -> tuple[str, ...]:
    return (
        row.tap, "" if row.layer is None else str(row.layer), _numbers(row.accumulated),
        _numbers(row.bounds.accumulated), _numbers(row.local), _numbers(row.bounds.local), row.by,
        f"EXCEEDS ({', '.join(row.exceeds)})" if row.exceeds else "",
    )  # fmt: skip


def repeat_lines(found: Iterable[Repeat]) -> list[str]:
    """Whether runs gave the same bytes, a line each."""
    head = ("kernels", "what differs", "taps with the same bytes", "first that differs", "largest difference")
    rows = [
        (
            repeat.kernels, repeat.what, f"{repeat.n_equal} of {repeat.n_taps}", repeat.first_tap,
            "" if repeat.error is None else f"{repeat.error.largest:.1e} of the RMS, at {repeat.worst_tap}",
        )
        for repeat in found
    ]  # fmt: skip
    return in_columns([head, *rows])


def in_columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Texts below each other, two spaces between columns."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _numbers(pair: TapError | Bound) -> str:
    return f"{pair.rms:.1e} / {pair.largest:.1e}"


def _pair(error: TapError, bound: Bound) -> dict[str, Any]:
    return {"rms": error.rms, "largest": error.largest, "bound_rms": bound.rms, "bound_largest": bound.largest}
