"""`fit`: a model, the events of a stimulus and a person's BOLD in, that person's head and every model's score out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tribe_np import __version__
from tribe_np.analysis.evaluation.truth_rows import align
from tribe_np.analysis.evaluation.truth_runs import TruthTimes
from tribe_np.analysis.fitting.fir_features import LAGS
from tribe_np.cortex.random_weights import random_models
from tribe_np.errors import ConfigError
from tribe_np.machine.memory import available_memory, gigabytes
from tribe_np.outputs.whole import check_outside, check_own_target
from tribe_np.pipeline.costs.memory_check import Stage, check_memory
from tribe_np.pipeline.fitting.fit_record import fit_record, score_rows
from tribe_np.pipeline.fitting.fitted_checkpoint import (
    FittedCheckpoint,
    check_place,
    fitted_names,
    write_fitted_checkpoint,
)
from tribe_np.pipeline.fitting.head_rows import HeadRows, head_rows
from tribe_np.pipeline.fitting.person_fit import FitOptions, PersonFit, check_fit_options, fit_person
from tribe_np.pipeline.fitting.person_rows import PersonRows, one_person, person_rows, rows_to_come
from tribe_np.pipeline.fitting.trained_person import PersonTraining, TrainingWish, train_person
from tribe_np.pipeline.fitting.training_memory import training_need
from tribe_np.pipeline.fitting.training_windows import check_scale
from tribe_np.pipeline.given_truth import GivenTruth, PairedTruth
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run_record import RunRecord, peak_memory_bytes
from tribe_np.timeline.events import Events, as_events
from tribe_np.timeline.features import n_steps


@dataclass(frozen=True, eq=False)
class FittedPerson:
    """What was fitted, from which rows, the record of it, and where it was written, if it was."""

    fit: PersonFit
    rows: PersonRows
    record: dict[str, Any]
    written: FittedCheckpoint | None = None

    def write(
        self, checkpoint: Path, out: Path, *, alone: bool = False, pictures: Mapping[str, bytes] | None = None
    ) -> "FittedPerson":
        """The checkpoint folder with the person in it, fit.json, scores.tsv and the maps of scores.

        Raises   CheckpointError, OutputError
        """
        trained = self.fit.trained
        whole = trained.weights if trained is not None and trained.facts["what"] == "all" else None
        made = write_fitted_checkpoint(
            checkpoint, out, self.fit.person, self.record, alone=alone, maps=self.fit.maps(),
            tables={"scores": score_rows(self.record)}, trained=whole, pictures=pictures,
        )  # fmt: skip
        return replace(self, written=made)


def fit(
    model: TribeModel,
    events: Any,
    truth: Any,
    name: str,
    out: str | Path | None = None,
    *,
    times: TruthTimes | None = None,
    train: str | None = None,
    epochs: int = 1,
    batch_size: int | None = None,
    max_lr: float | None = None,
    folds: int = 5,
    gap: float = 10.0,
    keep_out: float = 0.2,
    score: str = "r2",
    penalties: Sequence[float] | None = None,
    linear: bool = True,
    lags: Sequence[float] = LAGS,
    shares: int = 8,
    seed: int = 0,
    alone: bool = False,
    progress: Progress | None = None,
) -> FittedPerson:
    """A new person's head, and how well it predicts rows that nothing was fitted on, beside other models.

        made = fit(model, events, "bold.npy", "anna", "anna", times=TruthTimes(tr=1.0), train="head")
        made.fit.r["trained_head"], made.fit.r["head"]  # (V,) of the trained and the ridge's head
        TribeModel.from_pretrained("anna").predict(events, subject="anna")

    The ridge of the head is always fitted; `train` "head" or "all" then goes on from the checkpoint as upstream's
    training does, one epoch unless told otherwise, and its head is the person's. `out` is the checkpoint folder.
    Shapes   fit.r, fit.r2 {model: (V,)}; fit.person weights (C, V), bias (V,), NaN in columns that were not fitted
    Units    seconds: gap, lags; measured data and predictions are z-scored BOLD (the ridge takes any units)
    Numerics rows are of stimulus time, beside the BOLD of `hemodynamic_offset` later; `truth` as `evaluate` takes it.
             The last `keep_out` of the rows is scored, or whole runs of three or more. `batch_size` and `max_lr` are
             the checkpoint's own by default; the same `seed` gives the same weights to the bit
    Raises   ConfigError for options, too few rows or a checkpoint that has no place; MeasurementError for truth that
             cannot be used; ShortMemoryError; as `TribeModel.predict`; OutputError for a folder that is somebody else's
    Source   tribev2 7239908 main.TribeExperiment, grids/defaults.py (training); Hoerl and Kennard 1970 (ridge)
    """
    wish = None if train is None else TrainingWish(train, epochs, batch_size, max_lr)
    options = FitOptions(
        name, folds, gap, keep_out, score, None if penalties is None else tuple(penalties), linear, tuple(lags), shares,
        seed, wish,
    )  # fmt: skip
    own = replace(model, record=RunRecord(), progress=model.progress if progress is None else progress)
    given = GivenTruth(truth, times or TruthTimes())
    if out is not None:
        check_fit_target(Path(out), model.checkpoint, given)
    ready = ReadyFit.of(own, options, alone=alone)
    found = ready.fitted(*ready.rows_of(as_events(events), given))
    return found if out is None else found.write(model.checkpoint, Path(out), alone=alone)


@dataclass(frozen=True, eq=False)
class ReadyFit:
    """A model and options that go together, checked before hours of features are made."""

    model: TribeModel
    options: FitOptions
    training: PersonTraining | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: TribeModel, options: FitOptions, *, alone: bool) -> "ReadyFit":
        """Raises   ConfigError, CheckpointError; ShortMemoryError for a training that would not fit."""
        if model.encoder.columns is not None:
            raise ConfigError("a head is fitted at every vertex of the checkpoint; leave the selection out")
        check_fit_options(options, tr=model.data.tr, hemodynamic_offset=model.data.hemodynamic_offset)
        check_place(model.checkpoint, options.name, alone=alone)
        if options.train is None:
            return cls(model, options)
        training = PersonTraining.of(model, options.train)
        steps = n_steps(model.data.duration_trs * model.data.tr, model.data.frequency)
        need = training_need(training, n_steps=steps)
        if model.options.memory_check and model.runtime.is_on_host:
            check_memory([Stage(need)], available_memory())
        model.progress.note(f"{need.stage}: about {gigabytes(need.n_bytes)} of memory beside the model's own")
        return cls(model, options, training, {"estimated_bytes": need.n_bytes})

    def rows_of(self, events: Events, truth: GivenTruth) -> tuple[PairedTruth, HeadRows]:
        """What the head reads at each row, beside the truth, which is read first: features take hours.

        Raises   MeasurementError, ConfigError; as `TribeModel.predict`
        """
        model = self.model
        segments = [segment for window in model.windows(events.standardized()) for segment in window.kept]
        paired = truth.paired(model, segments)
        if paired is None:
            raise ConfigError("a fit needs the person's measured data")
        one_person(paired)
        gap = self.options.gap_rows(model.data.tr)
        self.options.folds(rows_to_come(paired, share=self.options.share, gap=gap), model.data.tr)
        if self.training is not None:
            check_scale(block for one in paired.runs for _, block in align(one.prediction, one.truth).blocks())
        return paired, head_rows(model, events, with_features=self.options.linear)

    def without_layers(self) -> "ReadyFit":
        """The same when all rows are made: the layers of the encoder are 0.6 GB that no fit needs."""
        return replace(self, model=replace(self.model, encoder=self.model.encoder.without_layers()))

    def fitted(self, paired: PairedTruth, rows: HeadRows) -> FittedPerson:
        """Every model fitted and scored, and the record of it."""
        model, options = self.model, self.options
        tr, offset = model.data.tr, model.data.hemodynamic_offset
        person = person_rows(rows, paired, share=options.share, gap=options.gap_rows(tr))
        trained = None
        if self.training is not None:  # first: what cannot be trained is known before the ridge is fitted
            trained = train_person(model, self.training, rows, person, seed=options.seed)
        n_stages = 2 + (1 + options.n_shares if options.linear else 0)
        with model.progress.stage("fit", n_stages * model.n_vertices, "columns") as step:
            found = fit_person(model.encoder, person, options, tr=tr, hemodynamic_offset=offset, step=step)
        found = found if trained is None else found.beside(trained)
        record = {
            "tribe_np": __version__, **provenance(), "random_weights": _random(model),
            "truth": [_truth_record(one) for one in paired.runs], **fit_record(found, person, options),
            "hemodynamic_offset": offset, "tr": tr,
            "memory": self.facts | {"peak_bytes": peak_memory_bytes()},
            "warnings": list(dict.fromkeys([*model.record.warnings, *found.said, *_who_is_average(model)])),
        }  # fmt: skip
        return FittedPerson(found, person, record)


def check_fit_target(out: Path, checkpoint: Path, truth: GivenTruth) -> None:
    """Refuses, before any work, a folder that could not be written, or that holds or lies in what is read.

    Raises   OutputError
    """
    places = {"checkpoint": checkpoint, **truth_places(truth)}
    check_own_target(out, "fit", places)
    for what, place in places.items():
        if place is not None and place.is_dir():
            check_outside(out, place, what.partition(" ")[0])


def truth_places(truth: GivenTruth) -> dict[str, Path | None]:
    """Files and folders of the truth, which the result must not replace."""
    given = truth.source if isinstance(truth.source, (list, tuple)) else [truth.source]
    return {
        f"truth {Path(one).name}": Path(one) for one in given if isinstance(one, (str, Path)) and Path(one).exists()
    }


def _who_is_average(model: TribeModel) -> list[str]:
    """What to say of a checkpoint whose average subject is one person."""
    names = [name for name, index in fitted_names(model.checkpoint).items() if index is None]
    return [f"the average subject of the checkpoint is {name}, whom fit --alone put there" for name in names[:1]]


def _random(model: TribeModel) -> list[str]:
    used = {modality: Path(found["path"]) for modality, found in model.record.facts.get("models", {}).items()}
    return random_models(model.checkpoint, used)


def _truth_record(one: Any) -> dict[str, Any]:
    run = one.truth
    return {
        "subject": run.subject, "run": run.run, "timeline": one.timeline, "files": [str(file) for file in run.files],
        "tr": run.tr, "start": run.start, "is_aligned": run.is_aligned, "n_rows": len(run.values),
    }  # fmt: skip
