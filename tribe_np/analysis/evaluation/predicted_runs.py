"""The prediction that is evaluated: its timelines by name, by time, with the offset that places its BOLD."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tribe_np.analysis.comparisons.compared_items import (
    TIMELINE_SIGN,
    in_time_order,
    read_source,
    timelines_of,
    without_blank_rows,
)
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError

UPSTREAM_OFFSET = 5.0  # s, of the released config
ONLY_TIMELINE = "stimulus"


@dataclass(frozen=True, eq=False)
class PredictedRuns:
    """The timelines of a prediction by name; `states_offset`: whether it says how long after its rows the BOLD is."""

    timelines: dict[str, SurfaceSeries]
    states_offset: bool
    said: tuple[str, ...]

    @property
    def first(self) -> SurfaceSeries:
        """The first timeline, for what all have: mesh, vertices, what made them."""
        return next(iter(self.timelines.values()))


def read_predicted(source: Any, offset: float | None) -> PredictedRuns:
    """The timelines of a source; `offset` is for an array, which states none.

    Raises   ConfigError for an offset that is given though the source states its own; as `read_source`
    """
    series = read_source(source)
    is_stated = bool(series.run) or series.hemodynamic_offset != 0  # an array does not say it
    if is_stated:
        if offset is not None:
            raise ConfigError(
                f"{series.origin}: states its offset, {series.hemodynamic_offset:g} s; --offset (offset) gives it "
                "twice. Leave it out"
            )
    else:
        series = replace(series, hemodynamic_offset=UPSTREAM_OFFSET if offset is None else offset)
    found: dict[str, SurfaceSeries] = {}
    said: list[str] = []
    for one in timelines_of(series):
        kept, more = without_blank_rows(in_time_order(one))
        found[_name(one)] = kept
        said += more
    return PredictedRuns(found, is_stated, tuple(said))


def _name(series: SurfaceSeries) -> str:
    """What a timeline is called; of a folder with one, as segments.json says."""
    _, sign, timeline = series.origin.rpartition(TIMELINE_SIGN)
    if sign and not Path(series.origin).exists():
        return timeline
    try:
        rows = json.loads((Path(series.origin) / "segments.json").read_text(encoding="utf-8"))
        first = rows[0]
        return str(first["timeline"]) if isinstance(first, Mapping) else ONLY_TIMELINE
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ONLY_TIMELINE
