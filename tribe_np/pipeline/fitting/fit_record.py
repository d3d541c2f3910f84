"""What fit.json and scores.tsv say of a fit: rows, folds, penalties, training, and scores on the same rows."""

from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.running_scores import summarise_map
from tribe_np.analysis.fitting.kernel_ridge import KernelFit
from tribe_np.analysis.fitting.ridge import RidgeFit
from tribe_np.pipeline.fitting.person_fit import FitOptions, PersonFit
from tribe_np.pipeline.fitting.person_rows import PersonRows

KEPT_OUT = "scores are of rows that no model was fitted on; penalties were chosen on folds of the other rows"
COLUMNS = ("model", "mean_r", "median_r", "share_above_zero", "mean_r2", "n_vertices", "n_nan", "n_rows")


def fit_record(fit: PersonFit, rows: PersonRows, options: FitOptions) -> dict[str, Any]:
    """What fit.json says: rows, folds, penalties, and the scores of each model on the rows that were kept out."""
    return {
        "n_rows": {"fitted": rows.n_trained, "kept_out": rows.n_kept_out, "between": rows.n_left_out,
                   "without_bold": rows.n_without_bold},
        "runs": {"fitted": [run.name for run in rows.trained], "kept_out": [run.name for run in rows.kept_out]},
        "folds": {"n": options.n_folds, "gap_seconds": options.gap, "score": options.score},
        "penalties": _penalties(fit.fit),
        "cross_validated": _finite_mean(fit.fit.score),
        "n_not_finite": fit.fit.n_not_finite,
        "n_constant": fit.fit.n_constant,
        "scores": {name: {"r": _summary(fit.r[name]), "r2": _finite_mean(fit.r2[name])} for name in fit.r},
        "linear": {
            name: {"lags": list(options.lags), "mean_share": [float(s) for s in np.nanmean(one.shares, axis=1)],
                   "penalties": _penalties(one)}
            for name, one in fit.linear.items()
        },
        "training": None if fit.trained is None else dict(fit.trained.facts),
        "written_head": fit.written,
        "note": KEPT_OUT,
    }  # fmt: skip


def score_rows(record: dict[str, Any]) -> list[list[str]]:
    """The scores of fit.json as a table, the names of the columns first."""
    n_rows = record["n_rows"]["kept_out"]
    rows = [list(COLUMNS)]
    for name, score in record["scores"].items():
        r = score["r"]
        numbers = (r["mean"], r["median"], r["share_above_zero"], score["r2"])
        rows.append([name, *(_cell(x) for x in numbers), str(r["n"]), str(r["n_nan"]), str(n_rows)])
    return rows


def _penalties(fit: RidgeFit | KernelFit) -> dict[str, Any]:
    """Those tried, and how many vertices chose each."""
    found, counts = np.unique(fit.penalty[np.isfinite(fit.penalty)], return_counts=True)
    chosen = {f"{penalty:.6g}": int(n) for penalty, n in zip(found, counts, strict=True)}
    return {"tried": fit.penalties.tolist(), "chosen": chosen}


def _cell(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.6g}"


def _summary(values: np.ndarray) -> dict[str, Any]:
    """Numbers of a map; None where nothing is finite, for JSON has no NaN."""
    made = summarise_map(values)
    return {
        "mean": _number(made.mean), "median": _number(made.median), "n": made.n, "n_nan": made.n_nan,
        "share_above_zero": _number(made.share_above_zero),
        "quantiles": {f"{q:g}": _number(value) for q, value in made.quantiles.items()},
    }  # fmt: skip


def _finite_mean(values: np.ndarray) -> float | None:
    return _number(summarise_map(values).mean)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
