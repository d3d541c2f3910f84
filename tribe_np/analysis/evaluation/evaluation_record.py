"""What evaluation.json says: everything that it takes to make the evaluation again, and what it found."""

import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from tribe_np import __version__
from tribe_np.analysis.evaluation.evaluating import Evaluation
from tribe_np.analysis.evaluation.evaluation_maps import evaluation_maps
from tribe_np.analysis.evaluation.evaluation_tables import QUANTILES
from tribe_np.analysis.evaluation.run_ceilings import NullResult
from tribe_np.analysis.evaluation.running_scores import MapSummary, summarise_map
from tribe_np.analysis.evaluation.segment_retrieval import UPSTREAM_BATCH, UPSTREAM_SEGMENT_ROWS
from tribe_np.analysis.evaluation.subject_scores import RunScores, SubjectScores
from tribe_np.analysis.evaluation.truth_rows import TruthRun
from tribe_np.analysis.one_model import digest_of
from tribe_np.errors import MeasurementError, OutputError
from tribe_np.files.sha256 import sha256_of
from tribe_np.formats.folder_kinds import PREDICTIONS
from tribe_np.formats.prediction_folder import MEASURED

POOLING = (
    "the scores of a subject are of all rows of its runs together; those of a group are means of the subjects' maps"
)
TIMES = "truth is read at start + hemodynamic_offset, and at start where it is aligned; nothing else is shifted"


def evaluation_record(made: Evaluation) -> dict[str, Any]:
    """Everything but the maps, for JSON: null where there is no number."""
    series, options = made.series, made.options
    maps = evaluation_maps(made)
    return {
        "tribe_np": __version__,
        "definitions": {name: one.means for name, one in maps.items()},
        "pooling": POOLING,
        "times": TIMES,
        "hemodynamic_offset": series.hemodynamic_offset,
        "tr": series.tr,
        "options": {
            key: str(value) if key == "parcellation" and value is not None else value
            for key, value in asdict(options).items()
        },
        "subjects": [_subject_record(one) for one in made.subjects],
        "maps": {name: as_numbers(summarise_map(one.values, QUANTILES)) for name, one in maps.items()},
        "lag_scan": _lag_record(made),
        "ceilings": [_ceiling_record(one) for one in made.ceilings],
        "group": _group_record(made),
        "nulls": [_null_record(one, made.options.level) for one in made.nulls],
        "upstream": _upstream_record(made),
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
        "upstream_r": number_or_none(one.upstream.mean),
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


def _lag_record(made: Evaluation) -> dict[str, Any] | None:
    scan = made.lags
    if scan is None:
        return None
    return {
        "lags": scan.lags.tolist(),
        "mean_r": [number_or_none(r) for r in scan.mean_r.tolist()],
        "rows": scan.rows.tolist(),
        "same_rows_at_every_lag": scan.is_common,
        "vertices": scan.n_columns,
        "expected": scan.expected,
        "best": number_or_none(scan.best),
        "best_of_halves": [number_or_none(best) for best in scan.best_of_halves],
        "peak": number_or_none(scan.peak),
        "is_expected": scan.is_expected,
        "means": "a lag above 0 reads the truth so many seconds later than at the expected time",
    }


def _ceiling_record(one: Any) -> dict[str, Any]:
    ceilings = one.ceilings
    names = (
        "pairwise_r", "reliability", "explainable_variance", "explainable_variance_biased", "split_half_r",
        "split_half_reliability", "ceiling", "ceiling_of_one",
    )  # fmt: skip
    return {
        "subject": one.subject,
        "timelines": list(one.timelines),
        "repetitions": ceilings.n_repeats,
        "rows": ceilings.n_rows,
        "splits": ceilings.n_splits,
        "all_splits": ceilings.is_every_split,
        **{name: as_numbers(summarise_map(getattr(ceilings, name), QUANTILES)) for name in names},
        "r_of_mean": as_numbers(summarise_map(one.r_of_mean, QUANTILES)),
        "r_normalised": as_numbers(summarise_map(one.normalised, QUANTILES)),
    }


def _group_record(made: Evaluation) -> dict[str, Any] | None:
    if made.group is None:
        return None
    means = made.group.found.over()
    names = [one.subject for one in made.subjects]
    return {
        "timelines": list(made.group.timelines),
        "rows": made.group.n_rows,
        "vertices": means.n_vertices,
        "r_group": number_or_none(means.r_group),
        "leave_one_out_r": {
            name: number_or_none(r) for name, r in zip(names, means.leave_one_out.tolist(), strict=True)
        },
        "r_with_others": {name: number_or_none(r) for name, r in zip(names, means.r_with_others.tolist(), strict=True)},
        "share_of_subjects_below": number_or_none(means.share_below),
        "share_of_subjects_below_with_others": number_or_none(means.share_below_others),
    }


def _null_record(null: NullResult, level: float) -> dict[str, Any]:
    found = null.found
    return {
        "of": null.of,
        "kind": found.kind,
        "surrogates": found.n,
        "possible": found.n_possible,
        "two_sided": found.two_sided,
        "seed": found.seed,
        "rows_moved": found.rows_moved,
        "smallest_p": found.smallest,
        "mean_r": number_or_none(found.mean_r),
        "p_of_mean_r": number_or_none(found.p_of_mean),
        "level": level,
        "vertices_q_below_level": found.n_found(level),
        "vertices_familywise_below_level": int(np.count_nonzero(found.p_corrected < level)),
    }


def _upstream_record(made: Evaluation) -> dict[str, Any]:
    segments = made.scored.segments
    found = {"batch": segments.retrieval(1), "all": segments.retrieval(1, None)}
    return {
        "pearson": number_or_none(made.scored.upstream.mean),
        "subj_pearson": {one.subject: number_or_none(one.upstream.mean) for one in made.subjects},
        "retrieval_top1": {
            "rows_of_a_segment": UPSTREAM_SEGMENT_ROWS,
            "segments": len(segments.truth),
            "rows_of_no_whole_segment": segments.n_left,
            "segments_of_a_batch": UPSTREAM_BATCH,
            **{
                name: {"accuracy": number_or_none(one.accuracy), "chance": number_or_none(one.chance)}
                for name, one in found.items()
            },
        },
        "means": "as upstream's validation counts: val/pearson, val/subj_pearson, val/retrieval_top1",
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
    values = folder / PREDICTIONS if folder.is_dir() else folder
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
