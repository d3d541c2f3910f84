"""A contrast in numbers and words: the maps with what they mean, its tables, and what contrast.json says."""

import math
import sys
from importlib import metadata
from typing import Any

import numpy as np
import scipy

from tribe_np import __version__
from tribe_np.analysis.contrasts.contrasting import Contrast
from tribe_np.analysis.contrasts.region_effects import RegionEffects
from tribe_np.analysis.statistics.wording import ACROSS_STIMULI

UNIT = "z-scored BOLD without a physical unit"
EXPORTED = ("effect", "t", "z", "p", "q", "g")  # in all formats; the rest as .npy
ACROSS = "across"  # the last column of every table, since a table may be read alone
REGION_COLUMNS = (
    "region", "hemisphere", "n_vertices", "n_used", "effect", "t", "df", "z", "p", "q", "g", "g_low", "g_high",
)  # fmt: skip
CLUSTER_COLUMNS = (
    "hemisphere", "sign", "n_vertices", "area_mm2", "peak_z", "peak_vertex", "x", "y", "z", "region", "regions",
)  # fmt: skip
COURSE_COLUMNS = ("condition", "region", "hemisphere", "offset", "n", "mean", "sem")


def maps_of(result: Contrast) -> dict[str, tuple[np.ndarray, str]]:
    """Every map that there is, (V,) float64, and what its numbers mean."""
    maps, permuted = result.maps, result.permuted
    found = {
        "effect": (maps.effect, f"{result.formula}: weighted sum of means of {UNIT}"),
        "t": (maps.t, f"{maps.test} of {result.formula}"),
        "df": (maps.df, "degrees of freedom of t"),
        "z": (maps.z, f"standard normal value with the tail of t, of {result.formula}"),
        "p": (maps.p, "two-sided p of t"),
        "q": (result.q, "Benjamini-Hochberg q of p over all finite vertices"),
        "g": (maps.hedges_g, f"Hedges' g of {result.formula}"),
        "g_low": (maps.g_low, "lower end of the 95 % interval of g"),
        "g_high": (maps.g_high, "upper end of the 95 % interval of g"),
        "p_permuted": (None if permuted is None else permuted.p, "two-sided p by permutation"),
        "p_familywise": (
            None if permuted is None else permuted.p_corrected,
            "two-sided p by permutation against the largest |t| of all vertices",
        ),
    }
    return {
        name: (values, f"{means}, {result.across}") for name, (values, means) in found.items() if values is not None
    }


def region_rows(regions: RegionEffects, level: float) -> list[list[str]]:
    """The table by region as cells, the strongest first; NaN where there is no number."""
    maps = regions.maps
    columns = [
        maps.effect, maps.t, maps.df, maps.z, maps.p, regions.q, maps.hedges_g, maps.g_low, maps.g_high, regions.share,
    ]  # fmt: skip
    order = regions.by_strength()
    order += [entry for entry in range(len(regions.regions)) if entry not in set(order)]
    rows = [[*REGION_COLUMNS, f"share_q<{level:g}", ACROSS]]
    for i in order:
        cells = [str(regions.n_vertices[i]), str(regions.n_used[i]), *(_cell(column, i) for column in columns)]
        rows.append([regions.regions[i], regions.hemispheres[i], *cells, ACROSS_STIMULI])
    return rows


def cluster_rows(result: Contrast) -> list[list[str]]:
    """The table of clusters as cells, the largest area first."""
    rows = [[*CLUSTER_COLUMNS, ACROSS]]
    for one in result.clusters or ():
        regions = "; ".join(f"{name} {n}" for name, n in one.regions)
        numbers = [f"{one.area:.2f}", f"{one.peak:.6g}", str(one.peak_vertex), *(f"{x:.2f}" for x in one.coordinates)]
        cells = [one.hemisphere, f"{one.sign:+d}", str(one.n_vertices), *numbers, one.region, regions]
        rows.append([*cells, result.across])
    return rows


def course_rows(result: Contrast) -> list[list[str]] | None:
    """The time courses by region as cells; None without them, or without regions.

    Numerics the standard error of a region is that of its mean over vertices, trial by trial
    """
    if result.time_courses is None or result.region_courses is None or result.regions is None:
        return None
    courses, regions = result.region_courses, result.regions
    rows = [[*COURSE_COLUMNS, ACROSS]]
    for c, condition in enumerate(courses.conditions):
        for entry, (region, side) in enumerate(zip(regions.regions, regions.hemispheres, strict=True)):
            for k, offset in enumerate(courses.offsets.tolist()):
                values = (_cell(courses.means[c, k], entry), _cell(courses.errors[c, k], entry))
                cells = [condition, region, side, f"{offset:g}", str(courses.counts[c, k]), *values]
                rows.append([*cells, result.across])
    return rows


def _cell(values: np.ndarray | None, i: int) -> str:
    return "NaN" if values is None or not math.isfinite(values[i]) else repr(float(values[i]))


def contrast_record(result: Contrast) -> dict[str, Any]:
    """What contrast.json says: everything that it takes to make the contrast again, and what it found."""
    maps, options, source = result.maps, result.options, result.source
    least = result.df_range
    return {
        "tribe_np": __version__,
        "formula": result.formula,
        "weights": dict(result.weights),
        "across": result.across,
        "method": result.method,
        "effect_only": maps.is_effect_only,
        "trials": dict(result.trials),
        "observations": dict(zip(result.weights, maps.n_observations, strict=True)),
        "trials_of_all_conditions": {
            name: sum(t.condition == name for t in source.trials) for name in source.conditions()
        },
        "df": None if least is None else list(least),
        "delay": options.delay,
        "hemodynamic_offset": result.series.hemodynamic_offset,
        "times": "trials stand in seconds of the stimulus; row t describes second t; nothing but delay is added",
        **dict(result.facts),
        "pair": options.pair,
        "by_stimulus": options.by_stimulus,
        "permutations": _permutations(result),
        "seed": options.seed,
        "level_of_q": options.level,
        "n_vertices": maps.n_vertices,
        "n_finite": maps.n_vertices - maps.n_not_finite,
        "n_without_t": maps.n_undefined,
        "n_q_below_level": result.n_significant,
        "strongest_region": strongest(result),
        "n_clusters": None if result.clusters is None else len(result.clusters),
        "parcellation": None if result.region_means is None else result.region_means.facts(),
        "fir": options.fir,
        "units": UNIT,
        "space": _space(result),
        "inputs": result.source.digests,
        "versions": _versions(),
        "warnings": list(result.warnings),
    }


def strongest(result: Contrast) -> dict[str, Any] | None:
    """The region with the largest |t| (|effect| without t); None without regions."""
    order = [] if result.regions is None else result.regions.by_strength()
    if result.regions is None or not order:
        return None
    regions, entry = result.regions, order[0]
    t = None if regions.maps.t is None else float(regions.maps.t[entry])
    return {
        "region": regions.regions[entry], "hemisphere": regions.hemispheres[entry],
        "effect": float(regions.maps.effect[entry]), "t": t,
    }  # fmt: skip


def _permutations(result: Contrast) -> dict[str, Any] | None:
    made = result.permuted
    if made is None:
        return None
    return {"n": made.n, "exact": made.is_exact, "smallest_p": made.smallest}


def _space(result: Contrast) -> dict[str, Any]:
    from tribe_np.cortex.series import SurfaceSeries

    series = result.series
    if isinstance(series, SurfaceSeries):
        vertices = None if series.vertices is None else series.vertices.tolist()
        return {"kind": "surface", "mesh": series.mesh, "vertices": vertices}
    return series.space.as_dict() | {"voxels": None if series.voxels is None else series.voxels.tolist()}


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__}
    for name in ("nilearn", "matplotlib"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
