"""An experiment from a design to a folder on the disk, or to arrays: what `tribe-np experiment` does."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.errors import MediaError
from tribe_np.media.pictures.kinds import is_screen
from tribe_np.outputs.folder import Prediction, write_prediction
from tribe_np.outputs.whole import check_own_target
from tribe_np.pipeline.branches import is_wanted, only_rows, without_events
from tribe_np.pipeline.dry_run import DryRun, dry_run
from tribe_np.pipeline.early_checks import check_extractors_of, check_subject
from tribe_np.pipeline.experiments.assembly import MOST_HOURS, Experiment, assemble, row_counts
from tribe_np.pipeline.experiments.design import Design, DesignTrial, read_design
from tribe_np.pipeline.experiments.schedule import Order
from tribe_np.pipeline.experiments.trial_events import TrialEvents
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run import check_finite, file_identity, run_facts, word_options
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource
from tribe_np.pipeline.subjects import whose_brain
from tribe_np.shown import shown
from tribe_np.timeline.segments import Segment

COMMAND = "experiment"
SIDECAR = "words are read from"  # how a warning begins that stands once a file
SOUNDLESS = "has no sound: predicting from the pictures alone"  # how another ends
WORDLESS = "no words: "  # and one that is of one file, not of the run


@dataclass(frozen=True)
class ExperimentWishes:
    """How a design is to be run.

    Fields   order: of the trials; words: where those of sounds come from, and how fast words are shown; pictures: how
             they are shown; is_direct: the words of a text file are shown without a voice; hears: a recogniser may be
             asked for words; screen: the colour between trials, "none", or None for what fits; most_hours: of all runs
    """

    order: Order = field(default_factory=Order)
    words: WordSource = field(default_factory=WordSource)
    pictures: PictureShow = field(default_factory=PictureShow)
    is_direct: bool = False
    hears: bool = True
    screen: str | None = None
    most_hours: float = MOST_HOURS

    def read(self, path: str | Path) -> Design:
        """The design in a file.

        Raises   EventsError, MediaError
        """
        return read_design(path, needs_onsets=self.order.isi is None, is_direct=self.is_direct)


def experiment_events(
    model: TribeModel, design: str | Path | Design, wishes: ExperimentWishes | None = None
) -> Experiment:
    """Trials and events of a design, for `model.predict(found.events)`.

        found = experiment_events(model, "design.tsv", ExperimentWishes(Order(shuffle=1)))
        predictions, segments = model.predict(found.events)

    Raises   EventsError, MediaError, ConfigError, MissingDependencyError, with the line of the design
    """
    wishes = wishes or ExperimentWishes()
    design = design if isinstance(design, Design) else wishes.read(design)
    only = model.options.only
    words = wishes.words if is_wanted("Word", only) else replace(wishes.words, speech=False)
    record = RunRecord()
    builder = EventBuilder(
        model.space.media, replace(model.options, only=None), words, record, model.progress, model.locations,
        model.space.digests,
    )  # fmt: skip
    shelf = TrialEvents(design, builder, wishes.pictures, wishes.is_direct, wishes.hears)
    found = assemble(design, shelf, wishes.order, screen=wishes.screen, most_hours=wishes.most_hours)
    _tell(model.record, record, found)
    if only is not None:  # of the whole table: a trial of another kind leaves its place in time
        kept = only_rows(found.events, only)
        found = replace(found, events=kept, facts=found.facts | row_counts(kept))
        for note in without_events(found.events, only):
            model.record.warn(note)
    return found


def _tell(run: RunRecord, built: RunRecord, found: Experiment) -> None:
    """Writes down what was said while the stimuli were built; a transcript would be that of the last sound alone."""
    beside = [text for text in built.warnings if text.startswith(SIDECAR)]
    soundless = [text for text in built.warnings if text.endswith(SOUNDLESS)]
    has_words = len(found.events.of_type("Word")) > 0
    counted = [text for group in (beside, soundless) if len(group) > 1 for text in group]
    for text in built.warnings:
        if text not in counted and not (has_words and text.startswith(WORDLESS)):
            run.warn(text)
    if len(beside) > 1:
        run.warn(f"the words of {len(beside)} sounds and films are read from tables found next to them")
    if len(soundless) > 1:
        run.warn(f"{len(soundless)} films have no sound: of them the pictures alone are taken")
    for warning in found.warnings:
        run.warn(warning)
    run.facts |= built.facts
    for stage, seconds in built.seconds.items():
        run.seconds[stage] = round(run.seconds.get(stage, 0.0) + seconds, 3)


def experiment_to_folder(
    design: str | Path,
    out: str | Path,
    *,
    load: Callable[[], TribeModel],
    wishes: ExperimentWishes | None = None,
    command: str = "",
    threads: int | None = None,
    subject: str | None = None,
) -> dict[str, Any]:
    """Predicts the runs of a design into a folder and returns what run.json holds.

    The folder is a prediction's (one timeline per run) with trials.tsv, which has the times that were used.

        run = experiment_to_folder("design.tsv", "run", load=lambda: model, wishes=ExperimentWishes(Order(shuffle=1)))

    Raises   TribeError of every kind; nothing is written then
    """
    began, design, out = time.time(), Path(design), Path(out)
    wishes, read, model = _opened(design, out, load, wishes, subject)
    found, (predictions, segments) = _predicted(model, read, wishes, subject)
    check_finite(predictions)
    about = {"design": file_identity(design, model), **found.facts, "warnings": list(found.warnings)}
    run = {
        "tribe_np": __version__,
        "command": command,
        **provenance(),
        "stimulus": {**file_identity(design, model), "kind": "experiment"},
        "checkpoint": file_identity(model.checkpoint, model),
        "transcript": None,
        **run_facts(model, predictions, segments),
        "experiment": about,
        "summary": _summary(design, found, predictions, model, time.time() - began),
    }
    run["subject"] = whose_brain(subject, model.subjects, model.encoder, average=model.average_subjects)
    run["options"] |= {"threads": threads, "subject": subject, **word_options(wishes.words), **_options(wishes)}
    run["seconds"] |= {"total": round(time.time() - began, 3)}
    rows = predictions.astype(np.float32, copy=False)
    write_prediction(out, Prediction(rows, tuple(segments), found.events, run, None, found.trials), COMMAND)
    return run


def _opened(
    design: Path, out: Path, load: Callable[[], TribeModel], wishes: ExperimentWishes | None, subject: str | None
) -> tuple[ExperimentWishes, Design, TribeModel]:
    """What is checked before any work."""
    wishes = wishes or ExperimentWishes()
    read = wishes.read(design)
    files = {row.stim_file: row.stimulus.path for row in read if row.stimulus is not None}
    check_own_target(out, COMMAND, {"design": design, **files})
    model = load()
    check_extractors_of(model, {kind for row in read for kind in _expected(row, wishes)})
    check_subject(model, subject)
    return wishes, read, model


def _expected(row: DesignTrial, wishes: ExperimentWishes) -> tuple[str, ...]:
    """The types of event that a trial will surely have."""
    if row.kind == "words" or (row.kind == "text" and wishes.is_direct):
        return ("Word",)
    if row.kind == "text":
        return ("Audio", "Word") if wishes.words.speech else ("Audio",)
    return ("Audio",) if row.kind == "audio" else ("Video",)


def _predicted(
    model: TribeModel, design: Design, wishes: ExperimentWishes, subject: str | None
) -> tuple[Experiment, tuple[np.ndarray, list[Segment]]]:
    """The events and their predictions; both again if somebody empties the cache of a film's sound meanwhile."""
    predict = partial(model.predict, verbose=False, subject=subject)
    found = experiment_events(model, design, wishes)
    try:
        return found, predict(found.events)
    except MediaError:
        if all(Path(e.filepath).exists() for e in found.events if e.filepath and not is_screen(e.filepath)):
            raise
    found = experiment_events(model, design, wishes)
    return found, predict(found.events)


def _options(wishes: ExperimentWishes) -> dict[str, Any]:
    return {
        "seconds": wishes.pictures.seconds, "background": wishes.pictures.background,
        "texts": "direct" if wishes.is_direct else "spoken", "seconds_per_word": wishes.words.seconds_per_word,
        "recogniser_asked": wishes.words.speech and wishes.hears, "most_hours": wishes.most_hours,
    }  # fmt: skip


def _summary(design: Path, found: Experiment, predictions: np.ndarray, model: TribeModel, seconds: float) -> str:
    n_rows, n_columns = predictions.shape
    return shown(
        f"{design.name} ({_about(found)}) -> {number_of(n_rows, 'rows')} of {model.data.tr:g} s x {n_columns} "
        f"{model.output_space.unit} in {seconds:.1f} s"
    )


def _about(found: Experiment) -> str:
    facts = found.facts
    return (
        f"{number_of(facts['n_trials'], 'trials')} of {number_of(len(facts['conditions']), 'conditions')} in "
        f"{number_of(len(facts['runs']), 'runs')}, {sum(facts['runs'].values()):.1f} s, "
        f"{number_of(facts['n_stimuli'], 'stimuli')}"
    )


# -- dry run ---------------------------------------------------------------------------------------------------------

MOST_LINES = 40  # of trials that a dry run prints


@dataclass(frozen=True)
class ExperimentPlan:
    """What a run of a design would do: its trials with their times, and the estimate of its stages."""

    found: Experiment
    stages: DryRun

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        trials = [
            {"run": t.run, "onset": t.onset, "duration": t.duration, "trial_type": t.trial_type,
             "stim_file": t.stim_file, "words": t.words} for t in self.found.trials
        ]  # fmt: skip
        return {"experiment": self.found.facts, "trials": trials, **self.stages.as_dict()}

    def lines(self) -> list[str]:
        """The same for people."""
        trials = self.found.trials.rows
        rows = [(t.run, f"{t.onset:g} s", f"{t.duration:g} s", t.trial_type, t.stim_file or t.words) for t in trials]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        table = ["  ".join(c.ljust(w) for c, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows]
        more = [f"... and {number_of(len(table) - MOST_LINES, 'trials')} more"] if len(table) > MOST_LINES else []
        facts = self.found.facts
        counts = ", ".join(f"{name} {count}" for name, count in facts["conditions"].items())
        computed = ", ".join(
            f"{facts['computed'][kind]} of {count} {kind} rows" for kind, count in facts["rows"].items()
        )
        return [
            *table[:MOST_LINES], *more, f"{_about(self.found)}: {counts}", f"different, to be computed: {computed}",
            *self.stages.lines(),
        ]  # fmt: skip


def experiment_dry_run(
    design: Path,
    out: Path,
    *,
    load: Callable[[], TribeModel],
    wishes: ExperimentWishes | None = None,
    subject: str | None = None,
) -> ExperimentPlan:
    """What running a design would do; speech is not transcribed: words of sounds are those of transcripts beside them.

    Raises   TribeError of every kind that the run would meet before it computes
    """
    wishes, read, model = _opened(design, out, load, wishes, subject)
    found = experiment_events(model, read, replace(wishes, hears=False))
    notes = list(model.record.warnings)
    return ExperimentPlan(found, dry_run(model, found.events, notes))
