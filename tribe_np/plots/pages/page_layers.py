"""Layers of the page: a prediction, another one, a map. Each is rows of vertex values with their times, or one map.

Facts of a layer: value = low + index * (high - low) / 254, index 255 is no value; with `is_delta` each row of the blob
is the difference from the row before it, modulo 256. `percentiles` are the limits that the controls offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.outputs.exports.export_names import is_measured
from tribe_np.plots.colours.colour_maps import DIVERGING, SEQUENTIAL
from tribe_np.plots.colours.colour_scale import PERCENTILE, ColourScale, colour_scale
from tribe_np.plots.pages.packing import PackedValues, pack_values, packed_indices
from tribe_np.plots.surface_sources import unit_of

PERCENTILES = (90.0, 95.0, 98.0, 99.0, 99.9, 100.0)
MICROSECONDS = 6  # digits of a time


@dataclass(frozen=True)
class PageLayer:
    """What a layer is made of: its rows, its name, which of the page's stimuli it belongs to."""

    series: SurfaceSeries
    name: str
    stimulus: int = 0
    is_static: bool = False  # one map without a time


@dataclass(frozen=True)
class PackedLayer:
    """Facts of a layer, its blob, and what was odd about it."""

    facts: Mapping[str, Any]
    blob: str
    notes: tuple[str, ...]


def packed_layer(layer: PageLayer, *, percentile: float = PERCENTILE) -> PackedLayer:
    """A layer as the page holds it; its rows are of one timeline, in the order of their times.

    Shapes   the blob holds (R, 2 V) uint8
    Raises   ConfigError where no value is a number, and for a percentile that is none
    """
    series, values = layer.series, layer.series.full()
    scales = _scales(series, layer.name, sorted({*PERCENTILES, float(percentile)}))
    packed = pack_values(values)
    text, is_delta = packed_indices(packed.indices)
    chosen = scales[float(percentile)]
    facts = {
        "name": layer.name, "n_rows": len(values), "is_static": layer.is_static,
        "starts": [round(float(start), MICROSECONDS) for start in series.starts],
        "tr": series.tr, "hemodynamic_offset": series.hemodynamic_offset,
        "low": packed.low, "high": packed.high, "step": packed.step, "is_delta": is_delta,
        "lowest": packed.lowest, "highest": packed.highest, "n_clipped": packed.n_below + packed.n_above,
        "limits": [chosen.low, chosen.high], "percentile": percentile,
        "percentiles": {f"{p:g}": scale.high for p, scale in scales.items()},
        "percentile_limits": {f"{p:g}": [scale.low, scale.high] for p, scale in scales.items()},
        "is_diverging": chosen.is_symmetric, "colour_map": DIVERGING if chosen.is_symmetric else SEQUENTIAL,
        "unit": unit_of(series), "is_measured": is_measured(series), "stimulus": layer.stimulus,
    }  # fmt: skip
    said = _notes(series, packed, np.isfinite(values))
    return PackedLayer(facts, text, tuple(f"{layer.name}: {each}" for each in said))


def _scales(series: SurfaceSeries, name: str, percentiles: list[float]) -> dict[float, ColourScale]:
    """The limits of each percentile, as figures and films choose them."""
    try:
        return {p: colour_scale(series.values, percentile=p) for p in percentiles}
    except ConfigError as error:
        raise ConfigError(f"{series.origin} ({name}): {error}") from error


def _notes(series: SurfaceSeries, packed: PackedValues, is_value: np.ndarray) -> list[str]:
    computed = np.zeros(is_value.shape[1], bool)
    computed[series.columns] = True
    said = []
    if not computed.all():
        said.append(f"{(~computed).sum()} of {len(computed)} vertices were not computed; they are shown bare")
    is_empty = ~is_value[:, computed].any(axis=1)
    if n_empty := int(is_empty.sum()):
        said.append(f"{n_empty} of {len(is_value)} rows have no value at all; they are shown bare")
    if n_missing := int((~is_value[~is_empty][:, computed]).sum()):
        said.append(f"{n_missing} values are not finite; they are shown bare")
    if packed.lowest == packed.highest:
        said.append(f"every value is {packed.lowest:g}: the map is constant")
    if packed.n_below + packed.n_above:
        said.append(
            f"{packed.n_below + packed.n_above} values beyond {packed.low:.3g} to {packed.high:.3g} are shown as these "
            f"(they reach from {packed.lowest:.3g} to {packed.highest:.3g})"
        )
    return said
