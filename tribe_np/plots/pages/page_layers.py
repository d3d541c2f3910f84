"""Layers of the page: a prediction, another one, a map. Each is rows of vertex values with their times, or one map.

Facts of a layer: value = low + index * (high - low) / 254, index 255 is no value; with `is_delta` each row of the blob
is the difference from the row before it, modulo 256. `percentiles` are the limits that the controls offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.plots.pages.packing import ROBUST, PackedValues, pack_values, packed_indices

PERCENTILES = (90.0, 95.0, 98.0, 99.0, 99.9, 100.0)
DIVERGING, SEQUENTIAL = "RdBu_r", "viridis"
BOLD = "z-scored BOLD"


@dataclass(frozen=True)
class PackedLayer:
    """Facts of a layer, its blob, and what was odd about it."""

    facts: Mapping[str, Any]
    blob: str
    notes: tuple[str, ...]


def packed_layer(
    series: SurfaceSeries, name: str, *, percentile: float = ROBUST, stimulus: int = 0, is_static: bool = False
) -> PackedLayer:
    """A layer of the page; where several rows start at one time, the callers have chosen one timeline before.

    Shapes   series of R rows; the blob holds (R, 2 V) uint8
    """
    values = series.full()
    packed = pack_values(values)
    text, is_delta = packed_indices(packed.indices)
    is_diverging = packed.lowest < 0 < packed.highest
    limits = _limits(values, is_diverging, sorted({*PERCENTILES, percentile}))
    chosen = limits[percentile]
    facts = {
        "name": name, "n_rows": len(values), "starts": [round(float(s), 6) for s in series.starts],
        "tr": series.tr, "hemodynamic_offset": series.hemodynamic_offset,
        "low": packed.low, "high": packed.high, "step": packed.step, "is_delta": is_delta,
        "lowest": packed.lowest, "highest": packed.highest, "n_clipped": packed.n_below + packed.n_above,
        "limits": list(chosen), "percentile": percentile,
        "percentiles": {f"{p:g}": pair[1] for p, pair in limits.items()},
        "percentile_limits": {f"{p:g}": list(pair) for p, pair in limits.items()},
        "is_diverging": is_diverging, "colour_map": DIVERGING if is_diverging else SEQUENTIAL,
        "unit": BOLD if "command" in series.run or series.run else "", "stimulus": stimulus, "is_static": is_static,
    }  # fmt: skip
    return PackedLayer(facts, text, _notes(series, name, packed, values))


def _limits(values: np.ndarray, is_diverging: bool, percentiles: list[float]) -> dict[float, tuple[float, float]]:
    """Colour limits by percentile: symmetric about 0 where values have both signs; never of no width."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return dict.fromkeys(percentiles, (0.0, 1.0))
    if is_diverging:
        reach = np.percentile(np.abs(known), percentiles)
        pairs = [(-float(r), float(r)) for r in reach]
    else:
        low, high = np.percentile(known, [100 - p for p in percentiles]), np.percentile(known, percentiles)
        pairs = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    return {p: _wide(*pair) for p, pair in zip(percentiles, pairs, strict=True)}


def _wide(low: float, high: float) -> tuple[float, float]:
    """The same limits, or around a constant, some that hold it at their upper end."""
    if high > low:
        return low, high
    return (low - (abs(low) or 1.0), high) if high else (0.0, 1.0)


def _notes(series: SurfaceSeries, name: str, packed: PackedValues, values: np.ndarray) -> tuple[str, ...]:
    is_value = np.isfinite(values)
    computed = np.zeros(values.shape[1], bool)
    computed[series.columns] = True
    said = []
    if not computed.all():
        said.append(f"{(~computed).sum()} of {len(computed)} vertices were not computed; they are shown bare")
    empty = ~is_value[:, computed].any(axis=1)
    if n_empty := int(empty.sum()):
        said.append(f"{n_empty} of {len(values)} rows have no values at all; they are shown bare")
    if n_missing := int((~is_value[~empty][:, computed]).sum()):
        said.append(f"{n_missing} values are not finite; they are shown bare")
    if is_value.any() and packed.lowest == packed.highest:
        said.append(f"every value is {packed.lowest:g}: the map is constant")
    if packed.n_below + packed.n_above:
        said.append(
            f"{packed.n_below + packed.n_above} values beyond {packed.low:.3g} to {packed.high:.3g} are shown as these "
            f"(they reach from {packed.lowest:.3g} to {packed.highest:.3g})"
        )
    return tuple(f"{name}: {each}" for each in said)
