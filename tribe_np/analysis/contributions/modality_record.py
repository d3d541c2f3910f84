"""The contributions of modalities in numbers and words: maps with what they mean, a table by region, a record."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.contrast_record import UNIT
from tribe_np.analysis.contrasts.region_effects import RegionMeans
from tribe_np.analysis.contributions.modality_maps import ModalityMaps
from tribe_np.analysis.contributions.subset_values import subset_name, subsets_of
from tribe_np.errors import ConfigError

WITHOUT_UNIT = "none"
SHARED_PERCENTILE = 95.0  # upstream's of plot_surf_rgb, which takes it over all maps together too
FORMULAS = {
    "lost": "sqrt(mean over rows of (full - full without it)^2)",
    "alone": "sqrt(mean over rows of (it alone - nothing)^2)",
    "shapley": "sqrt(mean over rows of its Shapley value^2)",
    "share": "covariance over rows of its Shapley value with (full - nothing), over the variance of (full - nothing)",
    "mean": "mean over rows of its Shapley value",
    "r_alone": "Pearson's r over rows of full and it alone",
    "change": "sqrt(mean over rows of (full - nothing)^2)",
    "shapley_value": "mean, over all orders in which the modalities may come, of what it adds to those before it; in "
    "each row all modalities add up to full - nothing",
}
TRUTH_FORMULAS = {
    "r": "Pearson's r of what is predicted of these modalities with the truth; 0 where that prediction is constant",
    "r_lost": "r of full - r of the full without it",
    "r_gained": "r of it alone - r of nothing",
    "r_shapley": "Shapley value of r; all modalities add up to r of full - r of nothing",
    "r_part": "covariance over rows of its Shapley value with the truth, over the deviations of full and truth; with "
    "that of nothing all add up to r of full",
    "split": "of r |r|: what exactly these modalities have in common; all add up to that of full - that of nothing",
}
IN_UNITS = ("lost", "alone", "shapley", "mean")
BY_MODALITY = ("lost", "alone", "shapley", "share", "mean", "r_alone")


def named_maps(maps: ModalityMaps) -> dict[str, tuple[np.ndarray, str, str]]:
    """Every map by its name, such as lost_text: (V,) float64, what its numbers mean, their unit."""
    found = {
        f"{kind}_{m}": (getattr(maps, kind)[m], f"{m}: {FORMULAS[kind]}", UNIT if kind in IN_UNITS else WITHOUT_UNIT)
        for kind in BY_MODALITY
        for m in maps.modalities
    }
    return {**found, "change": (maps.change, FORMULAS["change"], UNIT), **_truth_maps(maps)}


def _truth_maps(maps: ModalityMaps) -> dict[str, tuple[np.ndarray, str, str]]:
    """The maps beside measured data, such as r_lost_text and split_text+audio; none without them."""
    truth, names = maps.truth, maps.modalities
    if truth is None:
        return {}
    by_kind: dict[str, Mapping[str, np.ndarray]] = {
        "r": {subset_name(subset, names): values for subset, values in truth.r.items()},
        "r_lost": truth.lost, "r_gained": truth.gained, "r_shapley": truth.shapley, "r_part": truth.part,
        "split": {subset_name(subset, names): values for subset, values in truth.split.items()},
    }  # fmt: skip
    return {
        f"{kind}_{of}": (values, f"{of}: {TRUTH_FORMULAS[kind]}", WITHOUT_UNIT)
        for kind, found in by_kind.items()
        for of, values in found.items()
    }


@dataclass(frozen=True, eq=False)
class ColouredMaps:
    """What red, green and blue show: the maps by modality, their name and unit, and what they are, for a caption."""

    name: str
    values: Mapping[str, np.ndarray]
    unit: str
    means: str


def coloured_maps(maps: ModalityMaps) -> ColouredMaps:
    """The Shapley values: of r where there is truth, else of the prediction itself."""
    if maps.truth is None:
        means = f"Root mean square over {maps.n_rows} rows of the Shapley value of each modality"
        return ColouredMaps("shapley", maps.shapley, UNIT, means)
    n = len(maps.truth.subjects)
    people = f"{n} subjects, their mean" if n > 1 else "one subject"
    return ColouredMaps("r_shapley", maps.truth.shapley, "change of r", f"Shapley value of r with the BOLD of {people}")


def shared_limit(values: Mapping[str, np.ndarray], percentile: float) -> float | None:
    """The value at which colours are full: a percentile of all maps' values above 0 together; None where none is.

    Raises   ConfigError for a percentile outside of 50 to 100
    """
    if not 50 < percentile <= 100:
        raise ConfigError(f"the shared percentile must be above 50 and at most 100, got {percentile:g}")
    together = np.concatenate(list(values.values()))
    above = together[np.isfinite(together) & (together > 0)]
    return float(np.percentile(above, percentile)) if above.size else None


def modality_region_rows(maps: ModalityMaps, regions: RegionMeans) -> list[list[str]]:
    """The table by region as cells: means of the maps over the vertices that have a number, the strongest change first.

    The last column names the modality with the largest mean of the root mean square of Shapley values.
    """
    named = named_maps(maps)
    means = {name: regions.of(values[None])[0] for name, (values, *_) in named.items()}
    table = regions.table
    rows = [["region", "hemisphere", "n_vertices", "n_used", *means, "strongest"]]
    change = np.nan_to_num(means["change"], nan=-np.inf)
    for i in np.argsort(-change, kind="stable"):
        counts = (table.n_vertices[i], table.n_computed[i] - table.n_left_out[i])
        values = [each[i] for each in means.values()]
        shapley = {m: means[f"shapley_{m}"][i] for m in maps.modalities}
        strongest = "" if np.isnan(list(shapley.values())).all() else max(shapley, key=lambda m: shapley[m])
        rows.append([
            table.regions[i], table.hemispheres[i], *map(str, counts), *map(_cell, values), strongest,
        ])  # fmt: skip
    return rows


def _cell(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else "NaN"


def modality_record(maps: ModalityMaps) -> dict[str, Any]:
    """What modalities.json says of the contributions themselves."""
    names = [subset_name(subset, maps.modalities) for subset in subsets_of(maps.modalities)]
    strongest = np.bincount(maps.strongest, minlength=len(maps.modalities))
    summary = {
        m: {
            **{kind: mean_of(getattr(maps, kind)[m]) for kind in BY_MODALITY},
            "n_strongest": int(strongest[k]),
            "n_without_r": maps.n_without_r[m],
        }
        for k, m in enumerate(maps.modalities)
    }
    return {
        "modalities": list(maps.modalities),
        "subsets": names,
        "n_rows": maps.n_rows,
        "n_columns": maps.n_vertices,
        "formulas": dict(FORMULAS),
        "means_over_columns": summary,
        "change": mean_of(maps.change),
        "largest_gap": maps.gap,
        "truth": _truth_record(maps),
    }


def _truth_record(maps: ModalityMaps) -> dict[str, Any] | None:
    truth = maps.truth
    if truth is None:
        return None
    return {
        "formulas": dict(TRUTH_FORMULAS),
        "rows_of_subjects": dict(truth.subjects),
        "rows_dropped": {"prediction": truth.dropped[0], "truth": truth.dropped[1]},
        "counts": dict(truth.counts),
        "means_over_columns": {name: mean_of(values) for name, (values, *_) in _truth_maps(maps).items()},
    }


def mean_of(values: np.ndarray) -> float | None:
    """The mean of the numbers among them; None where there is none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def modality_lines(maps: ModalityMaps) -> list[str]:
    """What a person reads: one line a modality."""
    record = modality_record(maps)["means_over_columns"]
    width = max(map(len, maps.modalities))
    return [
        f"  {m.ljust(width)}  Shapley {_short(found['shapley'])}, left out {_short(found['lost'])}, "
        f"alone {_short(found['alone'])}, r(full, alone) {_short(found['r_alone'])}, "
        f"share {_short(found['share'])}, strongest at {found['n_strongest']} of {maps.n_vertices}"
        for m, found in record.items()
    ]


def truth_lines(maps: ModalityMaps) -> list[str]:
    """The same beside measured data; no line without them."""
    record = _truth_record(maps)
    if record is None:
        return []
    means = {name: _short(value) for name, value in record["means_over_columns"].items()}
    full = "+".join(maps.modalities)
    width = max(map(len, maps.modalities))
    return [
        f"  r with the truth: of all {means[f'r_{full}']}, of nothing {means['r_none']}",
        *(
            f"  {m.ljust(width)}  Shapley {means[f'r_shapley_{m}']}, left out {means[f'r_lost_{m}']}, alone "
            f"{means[f'r_{m}']}, of the variance its own {means[f'split_{m}']}"
            for m in maps.modalities
        ),
    ]


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
