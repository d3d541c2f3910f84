"""What a run would do, how long it would take and how much memory, from estimates: no model computes anything.

Seconds are arithmetic over speed: each model's own count of it over SHARE_OF_PEAK of what one matrix product
reaches on this machine now. Tiny models take longer than that, since little of their time is arithmetic.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.costs import WORDS_A_SECOND
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.machine.memory import available_memory, gigabytes
from tribe_np.outputs.whole import check_own_target
from tribe_np.pipeline.ablation.subset_predictions import check_parts, n_encodings, rows_held
from tribe_np.pipeline.branches import is_wanted, only_rows
from tribe_np.pipeline.costs import flops
from tribe_np.pipeline.costs.estimate import ModelNeeds, encoder_weights
from tribe_np.pipeline.costs.info_costs import PROGRAM
from tribe_np.pipeline.costs.memory_check import part_stage
from tribe_np.pipeline.early_checks import check_extractors, check_subject
from tribe_np.pipeline.features.modality import Modality
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import duration, number_of
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events

SHARE_OF_PEAK = 0.8  # of a large matrix product's speed, as measured over whole models (docs/performance.md)
SIZE, TRIALS = 1024, 4  # of the matrix product that measures the speed


@dataclass(frozen=True)
class Planned:
    """One stage of a run: `amount` for people, expected seconds (None: not known), bytes of memory at its peak."""

    stage: str
    amount: str
    seconds: float | None
    n_bytes: int
    is_cached: bool = False
    model: str = ""


@dataclass(frozen=True)
class DryRun:
    """The stages in their order, what to know about them, and the memory that this machine has free."""

    stages: tuple[Planned, ...]
    notes: tuple[str, ...]
    available_bytes: int | None

    @property
    def seconds(self) -> float:
        """Of all stages whose features are not in the cache."""
        return sum(stage.seconds or 0.0 for stage in self.stages if not stage.is_cached)

    @property
    def n_bytes(self) -> int:
        """The largest stage's."""
        return max(stage.n_bytes for stage in self.stages if not stage.is_cached or stage.stage == "brain encoder")

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        stages = [asdict(stage) for stage in self.stages]
        return {
            "stages": stages, "seconds": self.seconds, "peak_memory_bytes": self.n_bytes,
            "available_memory_bytes": self.available_bytes, "notes": list(self.notes),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The same for people."""
        rows = [
            (s.stage, s.amount, "in the cache" if s.is_cached else about(s.seconds), gigabytes(s.n_bytes), s.model)
            for s in self.stages
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
        ]
        there = "" if self.available_bytes is None else f" of {gigabytes(self.available_bytes)} free"
        total = f"in all: {about(self.seconds)}, {gigabytes(self.n_bytes)}{there} (estimates; nothing was computed)"
        return [*table, total, *self.notes]


def about(seconds: float | None) -> str:
    """Seconds for people."""
    if seconds is None:
        return "time not known"
    return f"about {duration(seconds)}" if seconds >= 1 else "under a second"


def dry_run_of(
    stimulus: Path,
    out: Path,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    subject: str | None = None,
    pictures: PictureShow | None = None,
    absences: Sequence[str] = (),
) -> DryRun:
    """What predicting a stimulus into a folder would do; speech is not transcribed, its words are assumed.

    absences   ways of taking modalities away: what `modalities` would do, whose folder the caller checks
    Raises     TribeError of every kind that the run would meet before it computes
    """
    opened = open_stimulus(stimulus, words=words)
    if not absences:
        check_own_target(out, "predict", words.inputs(opened))
    model = load()
    check_extractors(model, opened, words)
    check_subject(model, subject)
    beside = None if words.wants_recogniser else opened.sidecar
    known = words.transcript is not None or opened.kind == "text" or beside is not None
    has_all = opened.kind == "picture" or (opened.kind == "events" and not words.wants_recogniser)
    if known or has_all or not words.speech or not is_wanted("Word", model.options.only):
        events = model.get_events_of(opened, words, pictures)
        return dry_run(model, events, model.record.warnings, absences)
    whole = replace(model, options=replace(model.options, only=None))  # words go where there is sound
    events = whole.get_events_of(opened, WordSource(speech=opened.kind == "events"))
    note = (
        f"speech would be transcribed first, which is not in these times; {WORDS_A_SECOND} words per second are assumed"
    )
    wanted = only_rows(Events([*events, *assumed_words(events)]), model.options.only)
    return dry_run(model, wanted, [*model.record.warnings, note], absences)


def assumed_words(events: Events) -> list[Event]:
    """Words in place of those that a recogniser would find, evenly over the sound."""
    each, words = 1 / WORDS_A_SECOND, []
    for timeline, rows in events.by_timeline().items():
        if not len(rows.of_type("Word")):  # a table has words where it has them
            count = round(sum(sound.duration for sound in rows.of_type("Audio")) * WORDS_A_SECOND)
            words += [Event("Word", n * each, each, timeline, text="word", context="word") for n in range(count)]
    return words


def dry_run(model: TribeModel, events: Events, notes: Sequence[str] = (), absences: Sequence[str] = ()) -> DryRun:
    """What `model.predict(events)` would do, or `ablate` with these absences.

    Raises   CheckpointError, ConfigError, MissingDependencyError for models that could not run; EventsError without
             an event that the checkpoint knows; as `ready_to_ablate`
    """
    table = events.standardized()
    windows = model.windows(table)
    source = model.feature_source()
    modalities = model.known_modalities(source, table)
    if absences:
        check_parts(model, modalities, absences)
    source.check_models(modalities, table)
    estimates = RunEstimates(model, source, speed_now(model.runtime))
    stages = [estimates.features_stage(modality, table) for modality in modalities]
    n_rows = sum(len(window.kept) for window in windows)
    times = n_encodings(modalities, absences)
    n_held = rows_held(model, windows, modalities) if absences else n_rows
    total = model.encoder.build_args.n_outputs
    chosen = "" if model.n_vertices == total else f", {model.n_vertices} of {total} {model.output_space.unit}"
    last = Planned(
        "brain encoder",
        f"{number_of(len(windows), 'windows')}, {number_of(n_rows, 'rows')}{chosen}{f', {times} times' * (times > 1)}",
        estimates.encoder_seconds(times * len(windows)), estimates.encoder_memory(len(windows), n_held),
        model=str(model.checkpoint),
    )  # fmt: skip
    there = available_memory()
    return DryRun((*stages, last), tuple(notes), None if there is None else there.n_bytes + estimates.held)


@dataclass(frozen=True, eq=False)
class RunEstimates:
    """What the stages of runs take, for any number of tables: headers and configurations are read once.

    Fields   speed: FLOP a second as `speed_now` tells it, None for not known
    """

    model: TribeModel
    source: FeatureSource
    speed: float | None
    _asked: dict[str, tuple[Modality, ModelNeeds]] = field(default_factory=dict)

    def part(self, modality: str) -> Modality:
        """One modality of the source.

        Raises   CheckpointError, ConfigError for a model that is missing or unusable
        """
        return self._part(modality)[0]

    def features_seconds(self, modality: str, table: Events) -> float | None:
        """Of the features of a table, none of which is in the cache."""
        part = self.part(modality)
        return self._seconds(part.about.costs.flop(part.model_config, part.workload(table)))

    def features_memory(self, modality: str, table: Events) -> int:
        """Bytes of a process that does nothing else."""
        return PROGRAM + part_stage(*self._part(modality), table).need.n_bytes

    def features_stage(self, modality: str, table: Events) -> Planned:
        """The same as a stage of a run, whose process holds the brain encoder too."""
        part = self.part(modality)
        where = "read layer by layer" if part.is_streamed else "in memory"
        return Planned(
            modality, part.amount(part.workload(table)), self.features_seconds(modality, table),
            self.held - PROGRAM + self.features_memory(modality, table), self.source.is_cached(modality, table),
            f"{part.folder} ({where})",
        )  # fmt: skip

    def encoder_seconds(self, n_windows: int) -> float | None:
        """Of the brain encoder."""
        data = self.model.data
        return self._seconds(n_windows * data.duration_trs * data.tr * self._encoder_flops)

    def encoder_memory(self, n_windows: int, n_rows: int) -> int:
        """Bytes of the process while the brain encoder runs."""
        return self.held + self.model.last_stage(n_windows, n_rows).need.n_bytes

    @cached_property
    def held(self) -> int:
        """Bytes that a process holds with the brain encoder in memory."""
        encoder, n_chosen = self.model.encoder, self.model.n_vertices
        return PROGRAM + encoder_weights(encoder.config, encoder.build_args, self._entries, n_chosen=n_chosen).weights

    @cached_property
    def _entries(self) -> tuple[TensorEntry, ...]:
        return open_checkpoint(self.model.checkpoint).entries

    @cached_property
    def _encoder_flops(self) -> float:
        """A second of stimulus."""
        model, data = self.model, self.model.data
        return flops.encoder_per_second(
            self._entries, model.n_vertices, hidden=model.encoder.config.hidden, frequency=data.frequency, tr=data.tr,
            duration=data.duration_trs * data.tr,
        )  # fmt: skip

    def _part(self, modality: str) -> tuple[Modality, ModelNeeds]:
        if modality not in self._asked:
            part = self.source.of(modality)
            self._asked[modality] = part, ModelNeeds.of(part.folder)
        return self._asked[modality]

    def _seconds(self, arithmetic: float) -> float | None:
        return None if self.speed is None else arithmetic / self.speed


def speed_now(runtime: Runtime) -> float | None:
    """FLOP a second of whole models on this machine, now; None on a device."""
    return SHARE_OF_PEAK * matrix_speed(runtime.dtype) if runtime.is_on_host else None


def matrix_speed(dtype: Any) -> float:
    """FLOP a second of one large matrix product, now, with this run's threads: the best of a few."""
    a = np.ones((SIZE, SIZE), dtype)
    best = float("inf")
    for _ in range(TRIALS):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * SIZE**3 / best
