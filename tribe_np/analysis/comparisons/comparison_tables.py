"""A comparison as tables and as a record: what `tribe-np compare` writes and prints."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_items import ComparedItem
from tribe_np.analysis.comparisons.comparing import Comparison
from tribe_np.analysis.comparisons.window_padding import WindowPadding, padding_of
from tribe_np.analysis.one_model import digest_of

OF_ONE_MODEL = "predictions of one model for different stimuli: no person was measured, and nothing is tested"
Rows = Iterator[list[str]]


def comparison_tables(made: Comparison) -> dict[str, Rows]:
    """The rows of each table by the name of its file; the first row of each is its names."""
    tables = {
        "stimuli.tsv": _stimuli(made), "regions.tsv": _regions(made), "pairs.tsv": _pairs(made),
        "pairs_by_region.tsv": _pairs_by_region(made), "similarity.tsv": _matrix(made, made.similarity),
        "nearest.tsv": _nearest(made),
    }  # fmt: skip
    if made.rsa is not None:
        tables["rsa.tsv"] = _matrix(made, made.rsa)
    return tables


def comparison_record(made: Comparison) -> dict[str, Any]:
    """Everything but the pairs by region, for JSON; what is no number is null."""
    return {
        "across": OF_ONE_MODEL,
        "units": str(made.items[0].series.run.get("units", "not stated")),
        "values": "as predicted, none z-scored or centred for itself",
        "baseline": made.baseline,
        "baseline_prediction": _baseline(made),
        "mesh": made.items[0].series.mesh,
        "n_vertices": len(made.vertices),
        "parcellation": made.parcellation,
        "alignment": made.grid.as_dict(),
        "metric": made.metric,
        "stimuli": [_stimulus(made, place) for place in range(len(made.items))],
        "similarity": _numbers(made.similarity),
        "rsa": None if made.rsa is None else _numbers(made.rsa),
        "n_rsa_points": made.n_rsa_points,
        "nearest": {
            made.names[item]: [{"name": made.names[o], "similarity": number_of_json(made.similarity[item, o])}
                               for o in others]
            for item, others in enumerate(made.nearest)
        },
        "regions": list(made.entries),
        "region_vertices": made.n_vertices.tolist(),
        "means": _numbers(made.means),
        "lows": _numbers(made.lows),
        "highs": _numbers(made.highs),
        "warnings": list(made.warnings),
    }  # fmt: skip


def _stimulus(made: Comparison, place: int) -> dict[str, Any]:
    return {**_source(made.items[place], made.paddings[place]), "mean": number_of_json(made.means[place, 0])}


def _baseline(made: Comparison) -> dict[str, Any] | None:
    base = made.baseline_item
    return None if base is None else _source(base, padding_of(base))


def _source(item: ComparedItem, padding: WindowPadding | None) -> dict[str, Any]:
    return {
        "name": item.name,
        "source": item.series.origin,
        "n_rows": len(item.series.values),
        "seconds": item.seconds,
        "tr": item.series.tr,
        **_padding(padding),
        "checkpoint": digest_of(item.series.run.get("checkpoint")),
    }


def _padding(padding: WindowPadding | None) -> dict[str, Any]:
    if padding is None:
        return {"window_seconds": None, "n_windows": None, "padding_of_last_window": None}
    return {
        "window_seconds": padding.window, "n_windows": padding.n_windows,
        "padding_of_last_window": round(padding.padding, 6),
    }  # fmt: skip


def _stimuli(made: Comparison) -> Rows:
    for place in range(len(made.items)):
        facts = _stimulus(made, place)
        if not place:
            yield list(facts)
        yield [_shown(value) for value in facts.values()]


def _shown(value: Any) -> str:
    if value is None:
        return "n/a"
    return _short(value) if isinstance(value, float) else str(value)


def _regions(made: Comparison) -> Rows:
    yield ["region", "n_vertices", "stimulus", "mean", "low", "high", "range"]
    for entry, (region, n) in enumerate(zip(made.entries, made.n_vertices.tolist(), strict=True)):
        for place, name in enumerate(made.names):
            low, high = made.lows[place, entry], made.highs[place, entry]
            yield [region, str(n), name, *map(_short, (made.means[place, entry], low, high, high - low))]


def _each_pair(made: Comparison) -> Iterator[tuple[int, int]]:
    n = len(made.items)
    return ((one, other) for one in range(n) for other in range(one + 1, n))


def _pairs(made: Comparison) -> Rows:
    yield ["one", "other", "similarity", *([] if made.rsa is None else ["rsa"]), "mean_difference",
           "correlation_over_time"]  # fmt: skip
    for one, other in _each_pair(made):
        alike = [made.similarity[one, other], *([] if made.rsa is None else [made.rsa[one, other]])]
        of_cortex = (made.means[one, 0] - made.means[other, 0], made.correlations[0, one, other])
        yield [made.names[one], made.names[other], *map(_short, (*alike, *of_cortex))]


def _pairs_by_region(made: Comparison) -> Rows:
    yield ["region", "one", "other", "mean_difference", "correlation_over_time"]
    for entry, region in enumerate(made.entries):
        for one, other in _each_pair(made):
            numbers = (made.means[one, entry] - made.means[other, entry], made.correlations[entry, one, other])
            yield [region, made.names[one], made.names[other], *map(_short, numbers)]


def _matrix(made: Comparison, values: np.ndarray) -> Rows:
    yield ["stimulus", *made.names]
    for name, row in zip(made.names, values, strict=True):
        yield [name, *map(_short, row)]


def _nearest(made: Comparison) -> Rows:
    yield ["stimulus", "rank", "nearest", "similarity"]
    for item, others in enumerate(made.nearest):
        for rank, other in enumerate(others, start=1):
            yield [made.names[item], str(rank), made.names[other], _short(made.similarity[item, other])]


def _short(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else "NaN"


def number_of_json(value: float) -> float | None:
    """A number, or None for NaN and infinity, which JSON has none of."""
    return float(value) if math.isfinite(value) else None


def _numbers(values: np.ndarray) -> list[list[float | None]]:
    return [[number_of_json(value) for value in row] for row in values.tolist()]
