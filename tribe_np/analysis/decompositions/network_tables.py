"""The tables and the record of networks: what is written, and what --json prints."""

from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.analysis.decompositions.decomposing import ROWS_OF_TIME, Networks

DEFINITIONS = {
    "map": "weight of the component at each vertex, standardised over vertices (mean 0, SD 1); sign: skewness positive",
    "share": "of the variance over vertices of all rows (after the transform) that the component explains; the rank",
    "course": "weight of the component in each row: rows = courses @ maps, up to what the reduction leaves out",
    "stability": "|r| with the matched component (one to one) of a run from another start; mean and least over starts",
    "r": "Pearson's r over vertices that have a value in both",
    "p": "two-sided, of the pair: (b + 1) / (n + 1), b rotations of the sphere with as large an |r|",
    "p_best": "of the best template: b rotations in which the largest |r| of all templates is as large",
    "q": "Benjamini and Hochberg's, over all pairs of a component and a template",
}


def component_name(component: int) -> str:
    """The name of a component by its rank, counted from 1."""
    return f"component-{component + 1:02d}"


def network_record(made: Networks) -> dict[str, Any]:
    """networks.json."""
    options, rows, series = made.options, made.rows, made.series
    record: dict[str, Any] = {
        "tribe_np": __version__,
        "source": series.origin,
        "rows": {"are": options.rows, "n": len(series.values)},
        "mesh": series.mesh,
        "vertices": {"used": rows.n_used, "not_finite": rows.n_not_finite, "constant": rows.n_constant},
        "method": {
            "ica": "FastICA (parallel, logcosh), spatial: vertices are samples",
            "scikit_learn": _version(),
            "seed": options.seed,
            "components": options.components,
            "mean_over_rows_removed": options.removes_mean,
            "standardized": options.standardize,
            "variance_kept": _number(float(made.reduced.variances.sum() / made.reduced.total)),
            "iterations": made.found.n_iterations,
            "converged": made.found.has_converged,
            "ranked_by": "share",
        },
        "definitions": DEFINITIONS,
        "stability_seeds": list(made.stability.seeds),
        "components": [_component(made, component) for component in range(made.n_components)],
        "warnings": list(made.warnings),
    }
    if options.rows == ROWS_OF_TIME:
        record["hemodynamic_offset"] = series.hemodynamic_offset
    if made.templates is not None:
        record["templates"] = {
            "origin": made.templates.origin,
            "names": list(made.templates.names),
            "files": list(made.templates.files),
            "spins": 0 if made.spins is None else made.spins.n_spins,
            "null": "rotations of the sphere, the right hemisphere mirrored; vertices without a value turn as such",
        }
    return record


def _component(made: Networks, component: int) -> dict[str, Any]:
    found, matched = made.found, made.stability.matched
    peak = int(made.series.columns[made.rows.used][int(np.argmax(found.maps[component]))])
    has_runs = len(matched) > 0
    facts: dict[str, Any] = {
        "name": component_name(component),
        "share": _number(float(found.shares[component])),
        "skewness": _number(float(found.skewness[component])),
        "kurtosis": _number(float(found.kurtosis[component])),
        "peak_vertex": peak,
        "peak_hemisphere": "left" if peak < made.series.per_hemisphere else "right",
        "stability_mean": _number(float(matched[:, component].mean())) if has_runs else None,
        "stability_least": _number(float(matched[:, component].min())) if has_runs else None,
    }
    best, tested = made.best(component), made.spins
    if best is not None and tested is not None and made.templates is not None and made.q is not None:
        facts |= {
            "template": made.templates.names[best],
            "r": _number(float(tested.r[component, best])),
            "p": _number(float(tested.p[component, best])),
            "p_best": _number(float(tested.p_best[component])),
            "q": _number(float(made.q[component, best])),
        }
    return facts


def network_tables(made: Networks) -> dict[str, list[list[str]]]:
    """Cells by the name of their file, the names of the columns first."""
    facts = [_component(made, component) for component in range(made.n_components)]
    columns = list(dict.fromkeys(name for one in facts for name in one))
    tables = {"components.tsv": [columns, *([_cell(one.get(name)) for name in columns] for one in facts)]}
    names = [one["name"] for one in facts]
    is_time = made.options.rows == ROWS_OF_TIME
    firsts = [[f"{start:.6g}"] for start in made.series.starts]
    head = ["start"]
    if not is_time:
        head, firsts = ["unit"], [[str(unit)] for unit in range(len(made.series.values))]
    elif made.series.timelines is not None:  # each has times of its own
        head, firsts = ["timeline", *head], [[t, *f] for t, f in zip(made.series.timelines, firsts, strict=True)]
    tables["courses.tsv"] = [
        [*head, *names],
        *([*first, *(f"{value:.6g}" for value in row)] for first, row in zip(firsts, made.found.courses, strict=True)),
    ]
    if len(made.stability.seeds):
        tables["stability.tsv"] = [
            ["seed", *names],
            *(
                [str(seed), *(f"{value:.6f}" for value in row)]
                for seed, row in zip(made.stability.seeds, made.stability.matched, strict=True)
            ),
        ]
    if made.spins is not None and made.templates is not None and made.q is not None:
        tables["templates.tsv"] = [
            ["component", "template", "r", "p", "q", "n_vertices"],
            *(
                [names[i], name, *map(_cell, _pair(made, i, j)), str(made.spins.n_shared[i, j])]
                for i in range(made.n_components)
                for j, name in enumerate(made.templates.names)
            ),
        ]
    return tables


def _pair(made: Networks, component: int, template: int) -> list[float | None]:
    assert made.spins is not None
    assert made.q is not None
    return [_number(float(each[component, template])) for each in (made.spins.r, made.spins.p, made.q)]


def _number(value: float) -> float | None:
    return round(value, 9) if np.isfinite(value) else None


def _cell(value: Any) -> str:
    if value is None:
        return "NaN"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _version() -> str:
    from importlib import metadata

    return metadata.version("scikit-learn")
