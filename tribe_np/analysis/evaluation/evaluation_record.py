"""An evaluation in numbers and words: its maps with what they mean, its tables, and what evaluation.json says."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from tribe_np import __version__
from tribe_np.analysis.evaluation.evaluating import Evaluation
from tribe_np.analysis.evaluation.running_scores import MapSummary, RunningScores, summarise_map
from tribe_np.analysis.evaluation.subject_scores import RunScores, SubjectScores
from tribe_np.analysis.evaluation.truth_rows import TruthRun
from tribe_np.analysis.one_model import digest_of
from tribe_np.errors import MeasurementError, OutputError
from tribe_np.files.sha256 import sha256_of
from tribe_np.formats.folder_kinds import PREDICTIONS
from tribe_np.formats.prediction_folder import MEASURED

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ALL_RUNS, ALL_SUBJECTS = "all", "mean of subjects"
WHO = ("subject", "run", "timeline")
ROWS = ("rows", "prediction_rows_dropped", "truth_rows_dropped")
SCORES = (
    "vertices", "vertices_with_r", "mean_r", *(f"r_q{round(100 * q):02d}" for q in QUANTILES), "max_r", "share_above_0",
    "mean_mse", "mean_r2",
)  # fmt: skip
MEANINGS = {
    "r": "Pearson's r of prediction and truth over rows",
    "mse": "mean of (prediction - truth)^2 over rows, in the units of the values",
    "r2": "1 - sum of (truth - prediction)^2 / sum of (truth - mean of truth)^2 over rows",
}


def evaluation_maps(made: Evaluation) -> dict[str, tuple[np.ndarray, str, bool]]:
    """Every map (n,), what its numbers mean, and whether it is for all formats, or for .npy alone."""
    who = "" if len(made.subjects) == 1 else f"; mean over the subjects that have one, of {len(made.subjects)}"
    found = {name: (getattr(made, name), f"{means}{who}", True) for name, means in MEANINGS.items()}
    if len(made.subjects) > 1:
        found["n_subjects"] = (made.n_subjects.astype(float), "how many subjects have an r", False)
        for one in made.subjects:
            found[f"r_{_file_name(one.subject)}"] = (one.scores.r, f"{MEANINGS['r']}; subject {one.subject}", False)
    return found


def _file_name(subject: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in subject)[:60]


def evaluation_summary(made: Evaluation) -> list[list[str]]:
    """The summary as cells: a line for each run, for all runs of each subject, and for the mean over subjects."""
    rows = [[*WHO, *ROWS, *SCORES]]
    for one in made.subjects:
        for run in one.runs:
            name = run.paired.truth.run
            rows.append([one.subject, name, run.paired.timeline, *_row_counts([run]), *_scores(run.scores)])
        if len(one.runs) > 1:
            rows.append([one.subject, ALL_RUNS, _timelines(one), *_row_counts(one.runs), *_scores(one.scores)])
    if len(made.subjects) > 1:
        runs = [run for one in made.subjects for run in one.runs]
        maps = _map_numbers(made.r, made.mse, made.r2)
        rows.append([ALL_SUBJECTS, ALL_RUNS, ", ".join(made.timelines), *_row_counts(runs), *maps])
    return rows


def _timelines(one: SubjectScores) -> str:
    return ", ".join(dict.fromkeys(run.paired.timeline for run in one.runs))


def _row_counts(runs: Sequence[RunScores]) -> list[str]:
    rows = [run.rows for run in runs]
    counts = (
        [one.rows for one in rows], [one.n_dropped_prediction for one in rows], [one.n_dropped_truth for one in rows]
    )  # fmt: skip
    return [str(sum(each)) for each in counts]


def _scores(scores: RunningScores) -> list[str]:
    return _map_numbers(scores.r, scores.mse, scores.r2)


def _map_numbers(r: np.ndarray, mse: np.ndarray, r2: np.ndarray) -> list[str]:
    of_r, of_mse, of_r2 = summarise_map(r, QUANTILES), summarise_map(mse), summarise_map(r2)
    highest = float(np.nanmax(r)) if of_r.n else math.nan
    numbers = (of_r.mean, *of_r.quantiles.values(), highest, of_r.share_above_zero, of_mse.mean, of_r2.mean)
    return [str(len(r)), str(of_r.n), *(cell_of(number) for number in numbers)]


def region_score_rows(made: Evaluation) -> list[list[str]] | None:
    """The scores by region as cells, the highest r first; None where there are no regions.

    Numerics the mean over the vertices of the region that have a number in the map
    """
    if made.regions is None:
        return None
    table = made.regions.table
    per_subject = [(f"r_{one.subject}", one.scores.r) for one in made.subjects] if len(made.subjects) > 1 else []
    columns = {name: getattr(made, name) for name in MEANINGS} | dict(per_subject)
    means = {name: made.regions.of(values[None])[0] for name, values in columns.items()}
    used = made.regions.count(made.r)
    order = np.argsort(np.where(np.isfinite(means["r"]), -means["r"], np.inf), kind="stable")
    rows = [["region", "hemisphere", "n_vertices", "n_used", *columns]]
    for i in order.tolist():
        cells = [table.regions[i], table.hemispheres[i], str(table.n_vertices[i]), str(used[i])]
        rows.append([*cells, *(cell_of(float(values[i])) for values in means.values())])
    return rows


def cell_of(value: float) -> str:
    """A number with every digit; NaN, which pandas and R know, for none."""
    return repr(float(value)) if math.isfinite(value) else "NaN"


def evaluation_record(made: Evaluation) -> dict[str, Any]:
    """What evaluation.json says: everything that it takes to make the evaluation again, and what it found."""
    series = made.series
    return {
        "tribe_np": __version__,
        "definitions": MEANINGS,
        "pooling": "the scores of a subject are of all rows of its runs together; those of a group are means of maps",
        "times": "truth is read at start + hemodynamic_offset, at start where it is aligned; nothing else shifts",
        "hemodynamic_offset": series.hemodynamic_offset,
        "tr": series.tr,
        "subjects": [_subject_record(one) for one in made.subjects],
        "r": as_numbers(summarise_map(made.r, QUANTILES)),
        "mse": as_numbers(summarise_map(made.mse, QUANTILES)),
        "r2": as_numbers(summarise_map(made.r2, QUANTILES)),
        "parcellation": None if made.regions is None else made.regions.facts(),
        "space": {
            "kind": "surface", "mesh": series.mesh,
            "vertices": None if series.vertices is None else series.vertices.tolist(),
        },
        "prediction": _prediction_record(made),
        "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__},
        "warnings": list(made.warnings),
    }  # fmt: skip


def _subject_record(one: SubjectScores) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "rows": one.n_rows,
        "counts": one.scores.counts,
        "r": as_numbers(summarise_map(one.scores.r, QUANTILES)),
        "mse": as_numbers(summarise_map(one.scores.mse, QUANTILES)),
        "r2": as_numbers(summarise_map(one.scores.r2, QUANTILES)),
        "runs": [_run_record(run) for run in one.runs],
    }


def _run_record(run: RunScores) -> dict[str, Any]:
    truth, rows = run.paired.truth, run.rows
    return {
        "run": truth.run,
        "timeline": run.paired.timeline,
        "truth": _file_facts(truth),
        "aligned": truth.is_aligned,
        "start": truth.start,
        "tr": truth.tr,
        "rows": rows.rows,
        "prediction_rows_dropped": rows.n_dropped_prediction,
        "truth_rows_dropped": rows.n_dropped_truth,
        "truth_rows_blank": 0 if truth.is_blank is None else int(truth.is_blank.sum()),
        "read_between_rows": rows.is_between,
        "first_second": float(rows.seconds[0]),
        "last_second": float(rows.seconds[-1]),
        "mean_r": number_or_none(summarise_map(run.scores.r).mean),
    }


def _file_facts(truth: TruthRun) -> list[dict[str, Any]]:
    """The files of a run with their digests; what was given in memory by its name."""
    if not truth.files:
        return [{"in_memory": truth.origin}]
    places = {path: path / (MEASURED if (path / MEASURED).is_file() else PREDICTIONS) if path.is_dir() else path
              for path in truth.files}  # fmt: skip
    return [
        {"path": str(path.absolute()), "sha256": sha256_of(file, error=MeasurementError)}
        for path, file in places.items()
    ]


def _prediction_record(made: Evaluation) -> dict[str, Any]:
    series = made.series
    folder = Path(series.origin.rpartition("::")[0] or series.origin)
    values = folder / "predictions.npy" if folder.is_dir() else folder
    run = series.run
    models = run.get("models")
    return {
        "path": str(folder.absolute()) if folder.exists() else series.origin,
        "sha256": sha256_of(values, error=OutputError) if values.is_file() else None,
        "timelines": made.timelines,
        "checkpoint": digest_of(run.get("checkpoint")),
        "models": {name: digest_of(one) for name, one in models.items()} if isinstance(models, dict) else {},
    }


def as_numbers(summary: MapSummary) -> dict[str, Any]:
    """A summary for JSON: null where there is no number."""
    return {
        "vertices": summary.n,
        "vertices_without": summary.n_nan,
        "mean": number_or_none(summary.mean),
        "sd": number_or_none(summary.standard_deviation),
        "share_above_0": number_or_none(summary.share_above_zero),
        "quantiles": {f"{level:g}": number_or_none(value) for level, value in summary.quantiles.items()},
    }


def number_or_none(value: float) -> float | None:
    """A number for JSON."""
    return float(value) if math.isfinite(value) else None
