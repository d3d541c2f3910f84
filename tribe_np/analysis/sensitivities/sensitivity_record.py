"""What regions listen to in numbers and words: tables by region and by lag, maps with what they mean, a record."""

import math
from typing import Any

import numpy as np

from tribe_np.analysis.sensitivities.lag_curves import NUMBERS, LagCurves
from tribe_np.cortex.regions.asked_regions import AskedRegions

LAG = (
    "seconds from what is shown to the BOLD signal that a row estimates: row r estimates the signal at r * tr + "
    "hemodynamic_offset, step t is what is shown at t / frequency; nothing is shifted; below 0: shown after the signal"
)
DEFINITIONS = {
    "lag": LAG,
    "g": "derivative of the mean prediction over a region's vertices, at a row, by a feature at a step; s and m are "
    "the feature's standard deviation and mean over the steps of the stimulus",
    "slope": "sqrt(sum over features of g^2); by lag the root of its mean square over rows",
    "scaled": "sqrt(sum over features of (g s)^2); by lag the root of its mean square over rows",
    "drive": "sum over features of g (feature - m); by lag its mean over rows",
    "share": "of the sum over rows and steps of the squares of scaled; all modalities add up to 1",
    "best_lag": "where scaled is largest, of the lags that at least half as many rows have as the commonest; a row is "
    "a mean over the steps of its TR, so that lags less than a TR apart are hardly told apart",
    "peak": "scaled at the best lag",
    "modality": "that with the largest share",
}
UNITS = {
    "lag": "seconds", "slope": "z-scored BOLD per unit of the features", "scaled": "z-scored BOLD per SD of features",
    "drive": "z-scored BOLD", "share": "none", "peak": "z-scored BOLD per SD of features",
}  # fmt: skip
CAUTION = (
    "a derivative holds near this stimulus and for small changes, each feature on its own; it says what the model "
    "would do, not what a brain does; what a whole modality is worth is what leaving it out says (modalities)"
)


def sensitivity_record(regions: AskedRegions, curves: LagCurves) -> dict[str, Any]:
    """What sensitivity.json says of the derivatives themselves."""
    shares, lags, peaks = curves.shares(), curves.best_lags(), curves.peaks()
    strongest, best = curves.strongest(), curves.lag_of_strongest()
    found = [
        {
            "region": region,
            "hemisphere": side,
            "n_vertices": regions.n_vertices[i],
            "n_used": len(regions.columns[i]),
            "modality": _name(curves, strongest[i]),
            "lag": _number(best[i]),
            "shares": {m: _number(x[i]) for m, x in shares.items()},
            "lags": {m: _number(x[i]) for m, x in lags.items()},
            "peaks": {m: _number(x[i]) for m, x in peaks.items()},
        }
        for i, (region, side) in enumerate(zip(regions.regions, regions.hemispheres, strict=True))
    ]
    held = curves.counts > 0
    return {
        "definitions": DEFINITIONS,
        "units_of_numbers": UNITS,
        "caution": CAUTION,
        "modalities": list(curves.modalities),
        "lags": {
            "first": _number(curves.lags[held][0]), "last": _number(curves.lags[held][-1]),
            "step": _number(curves.lags[1] - curves.lags[0]) if len(curves.lags) > 1 else None,
        },
        "parcellation": regions.facts(),
        "regions": found,
        "n_strongest": {m: int((strongest == k).sum()) for k, m in enumerate(curves.modalities)},
        "n_without_any": int((strongest < 0).sum()),
    }  # fmt: skip


def sensitivity_tables(regions: AskedRegions, curves: LagCurves) -> dict[str, list[list[str]]]:
    """Cells by the name of their file, the names of the columns first."""
    shares, lags, peaks = curves.shares(), curves.best_lags(), curves.peaks()
    strongest, best = curves.strongest(), curves.lag_of_strongest()
    of = [f"{kind}_{m}" for m in curves.modalities for kind in ("share", "lag", "peak")]
    by_region = [["region", "hemisphere", "n_vertices", "n_used", "modality", "lag", *of]]
    by_lag = [["region", "hemisphere", "modality", "lag", "n_rows", *NUMBERS]]
    held = np.flatnonzero(curves.counts)
    for i, (region, side) in enumerate(zip(regions.regions, regions.hemispheres, strict=True)):
        values = [x[i] for m in curves.modalities for x in (shares[m], lags[m], peaks[m])]
        counts = (str(regions.n_vertices[i]), str(len(regions.columns[i])))
        by_region.append(
            [region, side, *counts, _name(curves, strongest[i]) or "", _cell(best[i]), *map(_cell, values)]
        )
        for m in curves.modalities:
            for at in held:
                numbers = [_cell(getattr(curves, number)[m][i, at]) for number in NUMBERS]
                by_lag.append([region, side, m, _cell(curves.lags[at]), str(curves.counts[at]), *numbers])
    return {"regions.tsv": by_region, "lags.tsv": by_lag}


def curve_arrays(regions: AskedRegions, curves: LagCurves) -> dict[str, np.ndarray]:
    """What curves.npz holds: lags (L,), n_rows (L,), names of regions (n,), and slope_text and so on, (n, L)."""
    by_modality = {f"{number}_{m}": x for number in NUMBERS for m, x in getattr(curves, number).items()}
    return {"lags": curves.lags, "n_rows": curves.counts, "regions": np.array(regions.names), **by_modality}


def sensitivity_maps(regions: AskedRegions, curves: LagCurves) -> dict[str, tuple[np.ndarray, str, str]]:
    """Every map by its name: (V,), one number on all vertices of a region and NaN outside; its meaning; its unit."""
    numbers = ", ".join(f"{k + 1} {m}" for k, m in enumerate(curves.modalities))
    strongest = curves.strongest()
    maps = {
        "lag": (curves.lag_of_strongest(), f"best lag of the modality with the largest share; {LAG}", UNITS["lag"]),
        "modality": (
            np.where(strongest < 0, np.nan, strongest + 1.0),
            f"the modality with the largest share: {numbers}",
            "none",
        ),
        **{f"share_{m}": (x, f"{m}: {DEFINITIONS['share']}", UNITS["share"]) for m, x in curves.shares().items()},
        **{f"lag_{m}": (x, f"{m}: best lag; {LAG}", UNITS["lag"]) for m, x in curves.best_lags().items()},
    }
    return {name: (regions.painted(values), means, unit) for name, (values, means, unit) in maps.items()}


def sensitivity_lines(regions: AskedRegions, curves: LagCurves, most: int = 20) -> list[str]:
    """What a person reads: a line a region, or, for a map, what most of them listen to."""
    shares, lags, strongest = curves.shares(), curves.best_lags(), curves.strongest()
    width = max(map(len, regions.names[:most]))
    lines = [
        f"  {name.ljust(width)}  "
        + ", ".join(f"{m} {100 * shares[m][i]:.1f} % (best lag {lags[m][i]:+.1f} s)" for m in curves.modalities)
        if strongest[i] >= 0
        else f"  {name.ljust(width)}  nothing: every derivative is 0"
        for i, name in enumerate(regions.names[:most])
    ]
    more = len(regions.names) - most
    return [*lines, f"  and {more} more in regions.tsv"] if more > 0 else lines


def map_lines(curves: LagCurves) -> list[str]:
    """What a person reads of a map: how many regions listen to which modality, and at which lags."""
    strongest, best = curves.strongest(), curves.lag_of_strongest()
    lines = []
    for k, modality in enumerate(curves.modalities):
        lags = best[strongest == k]
        at = "" if not len(lags) else ", best lag {:+.1f}, {:+.1f} and {:+.1f} s (quartiles)".format(
            *np.percentile(lags, (25, 50, 75))
        )  # fmt: skip
        lines.append(f"  {modality} first in {len(lags)} of {len(best)} regions{at}")
    if (strongest < 0).any():
        lines.append(f"  nothing in {int((strongest < 0).sum())}: every derivative is 0")
    return lines


def _name(curves: LagCurves, place: Any) -> str | None:
    return None if place < 0 else curves.modalities[int(place)]


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _cell(value: Any) -> str:
    return repr(float(value)) if math.isfinite(value) else "NaN"
