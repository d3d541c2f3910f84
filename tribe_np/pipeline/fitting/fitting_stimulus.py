"""A stimulus and a person's BOLD to a checkpoint with that person in it: what `tribe-np fit` does."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.analysis.evaluation.running_scores import summarise_map
from tribe_np.cortex.random_weights import random_models
from tribe_np.errors import ConfigError
from tribe_np.outputs.whole import check_own_target
from tribe_np.pipeline.ablation.given_truth import GivenTruth, PairedTruth, columns_of
from tribe_np.pipeline.early_checks import check_extractors
from tribe_np.pipeline.fitting.fit_pictures import fit_pictures
from tribe_np.pipeline.fitting.fitted_checkpoint import FittedCheckpoint, check_place, write_fitted_checkpoint
from tribe_np.pipeline.fitting.head_rows import HeadRows, head_rows
from tribe_np.pipeline.fitting.person_fit import FitOptions, PersonFit, check_fit_options, fit_person
from tribe_np.pipeline.fitting.person_rows import PersonRows, one_person, person_rows
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run import made_of_events, run_files, word_options
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Events

KEPT_OUT = "scores are of rows that no model was fitted on; penalties were chosen on folds of the other rows"


@dataclass(frozen=True, eq=False)
class FittedPerson:
    """What was fitted, from which rows, where it was written, and the record of it."""

    fit: PersonFit
    rows: PersonRows
    written: FittedCheckpoint
    record: Mapping[str, Any]


def fit_stimulus(
    stimulus: Path,
    out: Path,
    truth: GivenTruth,
    options: FitOptions,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    pictures: PictureShow | None = None,
    alone: bool = False,
    titles: Mapping[str, str] | None = None,
    command: str = "",
    threads: int | None = None,
) -> FittedPerson:
    """Fits a person and writes the checkpoint, with fit.json and the maps of scores; everything is checked first.

    titles   of the models in the figures; None: no figures
    Raises   TribeError of every kind; nothing is written then
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    check_own_target(out, "fit", {**words.inputs(opened), **_truth_places(truth)})
    model = load()
    check_own_target(out, "fit", {"checkpoint": model.checkpoint})
    _check(model, options, alone)
    check_extractors(model, opened, words)

    def rows_of(events: Events) -> tuple[PairedTruth, HeadRows]:
        segments = [segment for window in model.windows(events.standardized()) for segment in window.kept]
        paired = truth.paired(model, segments)  # read first: hours of features are not made for a missing file
        assert paired is not None
        one_person(paired)
        return paired, head_rows(model, events, with_features=options.linear)

    _, (paired, rows) = made_of_events(model, opened, words, rows_of, pictures)
    person = person_rows(rows, paired, share=options.share, gap=round(options.gap / model.data.tr))
    fit = _fitted(model, person, options)
    random = _random(model)
    pictures, without = (
        ({}, []) if titles is None else fit_pictures(columns_of(model), fit, person, titles, is_random=bool(random))
    )
    record = {
        "tribe_np": __version__, "command": command, **provenance(), **run_files(model, opened, words.transcript),
        "random_weights": random, "truth": [_truth_record(one) for one in paired.runs],
        **fit_record(fit, person, options), "hemodynamic_offset": model.data.hemodynamic_offset, "tr": model.data.tr,
        "warnings": list(dict.fromkeys([*model.record.warnings, *fit.said, *without])),
        "options": {"threads": threads, **word_options(words)}, "seconds": round(time.time() - began, 3),
    }  # fmt: skip
    written = write_fitted_checkpoint(
        model.checkpoint, out, fit.person, record, alone=alone, maps=fit.maps(), pictures=pictures
    )
    return FittedPerson(fit, person, written, record)


def _truth_places(truth: GivenTruth) -> dict[str, Path | None]:
    """Files and folders of the truth, which the result must not replace."""
    given = truth.source if isinstance(truth.source, (list, tuple)) else [truth.source]
    return {
        f"truth {Path(one).name}": Path(one) for one in given if isinstance(one, (str, Path)) and Path(one).exists()
    }


def _check(model: TribeModel, options: FitOptions, alone: bool) -> None:
    """Refuses what could not end well, before hours of features are made."""
    if model.encoder.columns is not None:
        raise ConfigError("a head is fitted at every vertex of the checkpoint; leave the selection out")
    check_fit_options(options, tr=model.data.tr, hemodynamic_offset=model.data.hemodynamic_offset)
    check_place(model.checkpoint, options.name, alone=alone)


def _fitted(model: TribeModel, rows: PersonRows, options: FitOptions) -> PersonFit:
    n_stages = 2 + (1 + options.n_shares if options.linear else 0)
    tr, offset = model.data.tr, model.data.hemodynamic_offset
    with model.progress.stage("fit", n_stages * model.n_vertices, "columns") as step:
        return fit_person(model.encoder, rows, options, tr=tr, hemodynamic_offset=offset, step=step)


def _random(model: TribeModel) -> list[str]:
    used = {modality: Path(found["path"]) for modality, found in model.record.facts.get("models", {}).items()}
    return random_models(model.checkpoint, used)


def fit_record(fit: PersonFit, rows: PersonRows, options: FitOptions) -> dict[str, Any]:
    """What fit.json says: rows, folds, penalties, and the scores of each model on the rows that were kept out."""
    chosen = fit.fit.penalty[np.isfinite(fit.fit.penalty)]
    return {
        "n_rows": {"fitted": rows.n_trained, "kept_out": rows.n_kept_out, "between": rows.n_left_out,
                   "without_bold": rows.n_without_bold},
        "runs": {"fitted": [run.name for run in rows.trained], "kept_out": [run.name for run in rows.kept_out]},
        "folds": {"n": options.n_folds, "gap_seconds": options.gap, "score": options.score},
        "penalties": {
            "tried": fit.fit.penalties.tolist(),
            "chosen": {f"{p:.6g}": int((chosen == p).sum()) for p in np.unique(chosen)},
        },
        "cross_validated": _finite_mean(fit.fit.score),
        "n_not_finite": fit.fit.n_not_finite,
        "n_constant": fit.fit.n_constant,
        "scores": {name: {"r": _summary(fit.r[name]), "r2": _finite_mean(fit.r2[name])} for name in fit.r},
        "linear": {
            name: {"lags": list(options.lags), "mean_share": [float(s) for s in np.nanmean(one.shares, axis=1)]}
            for name, one in fit.linear.items()
        },
        "note": KEPT_OUT,
    }  # fmt: skip


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


def _truth_record(one: Any) -> dict[str, Any]:
    run = one.truth
    return {
        "subject": run.subject, "run": run.run, "timeline": one.timeline, "files": [str(file) for file in run.files],
        "tr": run.tr, "start": run.start, "is_aligned": run.is_aligned, "n_rows": len(run.values),
    }  # fmt: skip
