"""TribeModel: the whole of TRIBE v2 behind upstream's own interface.

    model = TribeModel.from_pretrained("checkpoint", models="models")
    events = model.get_events(video_path="clip.mp4")
    predictions, segments = model.predict(events)

Row r of the predictions describes the stimulus interval of segments[r]; the BOLD it estimates comes
`model.data.hemodynamic_offset` (5) seconds later: add it to the row times before comparing with a scan.
Source   tribev2 demo_utils.py TribeModel
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from extractors.catalogue import event_types, record_of
from tribe_np.backend import to_host
from tribe_np.card import Card
from tribe_np.cortex.output_space import UNKNOWN, OutputSpace
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ConfigError, EventsError
from tribe_np.machine.threads import LOADED_LATE, check_variables
from tribe_np.nn.stages import open_stage
from tribe_np.pipeline.brain import load_brain
from tribe_np.pipeline.branches import without_events
from tribe_np.pipeline.checkpoint_settings import run_settings
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.config_update import split_update
from tribe_np.pipeline.costs.estimate import encoder_work
from tribe_np.pipeline.costs.memory_check import Stage, check_run
from tribe_np.pipeline.features.source import FeatureSource, Items, one_window, stacked
from tribe_np.pipeline.options import Compat, PipelineConfig
from tribe_np.pipeline.own_features import own_windows
from tribe_np.pipeline.progress import Progress, Silent, terminal_progress
from tribe_np.pipeline.resolve import ModelLocations, default_locations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.seen_tables import seen_events, seen_windows
from tribe_np.pipeline.stimuli.complete import complete
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import SPOKEN, Stimulus, WordSource, one_stimulus, open_stimulus
from tribe_np.pipeline.store.workspace import Workspace, open_workspace
from tribe_np.pipeline.subjects import one_subject, subjects_of
from tribe_np.pipeline.upstream_names import UpstreamNames
from tribe_np.pipeline.vertices import VertexSelection
from tribe_np.protocols import Device
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Events, as_events
from tribe_np.timeline.features import n_steps
from tribe_np.timeline.segments import Segment, Window, plan

MOST_WINDOWS = 4
"""Windows that the encoder runs at once, at most: more are hardly faster on a CPU, and take memory each."""


@dataclass(frozen=True, eq=False, repr=False)
class TribeModel(UpstreamNames, Card):
    """Stimulus to events, features and predictions; made by `from_pretrained`."""

    encoder: FmriEncoder
    data: DataConfig
    options: PipelineConfig
    checkpoint: Path
    locations: ModelLocations
    space: Workspace
    progress: Progress = field(default_factory=Silent)
    record: RunRecord = field(default_factory=RunRecord)
    selection: VertexSelection | None = None  # None: every vertex is computed
    average_subjects: bool = True  # False: each window is predicted for the subject that its events name
    subjects: Mapping[str, int] = field(default_factory=dict)  # index by name, where config.yaml gives names
    output_space: OutputSpace = UNKNOWN  # what the columns are

    @property
    def runtime(self) -> Runtime:
        """Precision, device and kernels: the same for all models of a run."""
        return self.encoder.runtime

    @property
    def regions(self) -> tuple[str, ...]:
        """The names of regions that the selection gave."""
        return () if self.selection is None else self.selection.names

    def facts(self) -> dict[str, object]:
        """See Card."""
        data, total = self.data, self.encoder.build_args.n_outputs
        chosen = f"{self.n_vertices} of {total}" + (f" ({', '.join(self.regions)})" if self.regions else "")
        return {
            "checkpoint": self.checkpoint,
            "modalities": ", ".join(data.modalities),
            "window": f"{data.duration_trs} TRs of {data.tr:g} s, features at {data.frequency:g} Hz",
            self.output_space.unit: total if self.n_vertices == total else chosen,
            "subjects": self.encoder.n_subjects or "average only",
            "arithmetic": f"{self.runtime.precision}, kernels {self.runtime.kernels.name}",
            "cache": self.space.cache.folder or "none",
            "upstream's defects": ", ".join(name for name, is_on in vars(self.options.compat).items() if is_on) or None,
        }

    @classmethod
    def from_pretrained(
        cls,
        checkpoint_dir: str | Path,
        checkpoint_name: str = "best.ckpt",
        cache_folder: str | Path | bool | None = None,
        device: Device = "auto",
        config_update: Mapping[str, Any] | None = None,
        *,
        precision: str = Runtime.precision,
        selection: Mapping[str, Any] | None = None,
        models: str | Path | Sequence[str | Path] | Mapping[str, str | Path] | None = None,
        compat: str | None = None,
        cluster: str | None = None,
    ) -> "TribeModel":
        """A model from a checkpoint folder (config.yaml, weights, build arguments) or a hub id found on this machine.

        cache_folder   None: the user's cache; False: none
        device         "auto", "cpu", "cuda" or "cuda:1"
        config_update  overrides of config.yaml by (dotted) key; `average_subjects` and `remove_empty_segments` as
                       upstream; keys that start with "tribe_np." set our own options (docs/python.md lists them)
        selection      {"roi": [names], "vertices": mask or indices}: only the union of these columns is computed;
                       "parcellation" says where names are found (a name, a folder, a file or two files); for a
                       checkpoint of a volume mask {"structure": [names], "voxels": mask or indices, "mask": file}
        models         folder(s) of the extractors, or {modality: folder}; None: what TRIBE_NP_MODELS names
        compat         "upstream" reproduces upstream's defects, "neuralset-0.4" what upstream does on neuralset 0.4.0
        cluster        None, upstream's default: everything runs in this process
        Raises         CheckpointError, ConfigError, MissingDependencyError
        """
        check_variables(os.environ, LOADED_LATE)
        if cluster is not None:
            raise ConfigError(f"cluster={cluster!r:.40}: tribe_np runs everything in this process; leave cluster out")
        upstream_update, own = split_update(config_update)
        return cls.load(
            str(checkpoint_dir), default_locations(models), checkpoint_name=checkpoint_name, cache_folder=cache_folder,
            device=device, precision=precision, selection=selection, config_update=upstream_update,
            own_options={"compat": compat, **own},
        )  # fmt: skip

    @classmethod
    def load(
        cls,
        checkpoint: str | None,
        locations: ModelLocations,
        *,
        checkpoint_name: str = "best.ckpt",
        cache_folder: str | Path | bool | None = None,
        device: Device = "auto",
        precision: str = Runtime.precision,
        selection: Mapping[str, Any] | None = None,
        config_update: Mapping[str, Any] | None = None,
        own_options: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        headers_only: bool = False,
    ) -> "TribeModel":
        """`from_pretrained` with every setting explicit; `checkpoint` None is facebook/tribev2.

        `headers_only` reads no weight: such a model makes events, keys and estimates, and cannot predict.
        """
        options, runtime = run_settings(own_options, device, precision)
        runtime = replace(runtime, headers_only=headers_only)
        folder = locations.checkpoint(checkpoint)
        brain = load_brain(folder, checkpoint_name, runtime, options, update=config_update or {}, selection=selection)
        record = RunRecord()
        if brain.warning is not None:
            record.warn(brain.warning)
        return cls(
            brain.encoder, brain.data, brain.options, folder, locations, open_workspace(cache_folder),
            progress if progress is not None else Silent(), record, brain.selection,
            brain.average_subjects, brain.subjects, brain.output_space,
        )  # fmt: skip

    # -- events --------------------------------------------------------------------------------------------------

    def get_events(
        self,
        text_path: str | Path | None = None,
        audio_path: str | Path | None = None,
        video_path: str | Path | None = None,
        *,
        transcript: str | Path | None = None,
        transcriber: str | None = None,
        speech: bool = True,
        whisper_model: str | Path | None = None,
        align: str | Path | None = None,
        words: str = SPOKEN,
        seconds_per_word: float = WordSource.seconds_per_word,
        seconds_per_letter: float | None = None,
    ) -> Events:
        """The events of exactly one stimulus: chunks of film and sound, words in context.

        Words come from `transcript` (.json .tsv .srt .vtt .TextGrid), the sidecar next to the sound, or the
        `transcriber` ("faster-whisper", "whisperx" or a command line); `speech=False` runs without words.
        whisper_model  faster-whisper's: a size such as "small", a hub id or a folder
        align          a text that was spoken: its words take the times at which the transcriber heard them
        words          "direct" shows the words of a text one after another, without a voice: each for
                       `seconds_per_word`, or for `seconds_per_letter` a letter, or at the times of `transcript`
        Raises   ConfigError unless exactly one path is given; MediaError, EventsError, MissingDependencyError
        """
        source = WordSource(
            _path(transcript), transcriber, speech, None if whisper_model is None else str(whisper_model), _path(align),
            words, seconds_per_word, seconds_per_letter,
        )  # fmt: skip
        return self._builder(source).build(one_stimulus(text_path, audio_path, video_path, source))

    def get_events_of(
        self, stimulus: str | Path | Stimulus, words: WordSource, pictures: PictureShow | None = None
    ) -> Events:
        """`get_events` for a stimulus whose kind follows from its suffix: also a picture, or a table of events."""
        opened = stimulus if isinstance(stimulus, Stimulus) else open_stimulus(stimulus, words=words)
        return self._builder(words, pictures).build(opened)

    def _builder(self, words: WordSource, pictures: PictureShow | None = None) -> EventBuilder:
        return EventBuilder(
            self.space.media, self.options, words, self.record, self.progress, self.locations, self.space.digests,
            pictures or PictureShow(),
        )  # fmt: skip

    def complete_events(self, events: Any, *, audio_only: bool = False, **words: Any) -> Events:
        """Rows written by hand, completed for `predict`: a table or DataFrame with a file per sound or film.

        Durations and rates are read from the files, a film gets its sound, long media are cut into chunks, words get
        sentences and contexts; missing words are recognised, unless `audio_only`. `words` are
        `transcriber` and `whisper_model` as in `get_events`.
        Raises   EventsError, MediaError, ConfigError, MissingDependencyError
        Source   tribev2 demo_utils.py get_audio_and_text_events
        """
        return complete(as_events(events), self._builder(WordSource(**words)), audio_only=audio_only)

    def get_events_dataframe(
        self,
        text_path: str | Path | None = None,
        audio_path: str | Path | None = None,
        video_path: str | Path | None = None,
        **words: Any,
    ) -> Any:
        """`get_events` as a pandas DataFrame: upstream's name for it."""
        return self.get_events(text_path, audio_path, video_path, **words).to_dataframe()

    # -- predictions ---------------------------------------------------------------------------------------------

    def predict(
        self, events: Any, verbose: bool = True, *, subject: int | str | None = None
    ) -> tuple[np.ndarray, list[Segment]]:
        """Predicted activity of every kept TR, with its segment: upstream's rows in upstream's order.

        Events -> windows, and which TRs of them are kept -> features of each event -> of each window -> the encoder.
        `subject` is a name or an index of the checkpoint's; None is the average subject.
        Shapes   -> predictions (R, V) in the model's dtype and R segments
        Units    z-scored BOLD, no physical unit
        Raises   EventsError, CheckpointError, MediaError; ConfigError for a subject that the checkpoint does not hold
        """
        progress = self._shown(verbose)
        table = self._seen(as_events(events).standardized())
        windows = seen_windows(self.windows(table))
        segments = [segment for window in windows for segment in window.kept]
        source = self.feature_source(progress)
        known = self.known_modalities(source, table)
        subjects = self.subjects_of_windows(subject, windows, table)
        self.check_first(source, known, table, self.last_stage(len(windows), len(segments)))
        items = {m: source.items(m, table) for m in known}
        return self._rows(windows, items, subjects, progress), segments

    def windows(self, table: Events) -> list[Window]:
        """The stretches of each timeline that the encoder is run on, one after the other."""
        return plan(
            table, duration_trs=self.data.duration_trs, overlap_trs=self.data.overlap_trs, tr=self.data.tr,
            drop_incomplete=self.data.drop_incomplete, remove_empty=self.options.remove_empty_segments,
        )  # fmt: skip

    def _seen(self, table: Events) -> Events:
        """The table, after those who listen have seen it."""
        return seen_events(table, {m: record_of(m).event_type for m in self.data.modalities})

    def known_modalities(self, source: FeatureSource, table: Events) -> list[str]:
        """The modalities of the checkpoint that the table has events of.

        Raises   EventsError where there is none
        """
        self._note_absent(table)
        modalities = self.encoder.build_args.feature_dims
        known = [m for m in source.present(table) if m in modalities]
        if not known:
            names = ", ".join(modalities)
            *others, last = event_types()
            raise EventsError(
                f"none of the checkpoint's modalities ({names}) has events; "
                f"the table needs {', '.join(others)} or {last} rows"
            )
        return known

    def _note_absent(self, table: Events) -> None:
        """Says which of the modalities that were asked for have no events; EventsError where none has."""
        for note in without_events(table, self.options.only):
            self.record.warn(note)

    def subjects_of_windows(
        self, subject: int | str | None, windows: Sequence[Window], table: Events
    ) -> list[int] | None:
        """The subject of each window; None for the average one."""
        if subject is not None:
            return [one_subject(subject, self.subjects, self.encoder)] * len(windows)
        return None if self.average_subjects else subjects_of(windows, table, self.subjects, self.encoder)

    def check_first(self, source: FeatureSource, modalities: Sequence[str], table: Events, *last: Stage) -> None:
        """Refuses, before any model runs, what would fail later; says what will be an approximation."""
        source.check_models(modalities, table)
        source.warn(modalities, table)
        check_run(source, table, modalities, last)

    def last_stage(self, n_windows: int, n_rows: int) -> Stage:
        """The memory of the brain encoder at work on so many windows, and of its predictions."""
        itemsize = np.dtype(self.runtime.dtype).itemsize
        build_args = replace(self.encoder.build_args, n_outputs=self.n_vertices)
        steps = n_steps(self.data.duration_trs * self.data.tr, self.data.frequency)
        at_once = min(n_windows, MOST_WINDOWS)
        work = encoder_work(self.encoder.config, build_args, n_windows=at_once, n_steps=steps, itemsize=itemsize)
        result = n_rows * self.n_vertices * itemsize
        return Stage(replace(work, work=work.work + result))

    def _rows(
        self, windows: Sequence[Window], items: Mapping[str, Items], subjects: Sequence[int] | None, progress: Progress
    ) -> np.ndarray:
        """The encoder's rows that are kept, window by window.

        Shapes   features of some windows {modality: (B, G, F, T)} -> their activity (B, V, R) -> all rows (R, V)
        """
        out = np.empty((sum(len(window.kept_rows) for window in windows), self.n_vertices), self.runtime.dtype)
        first = 0
        size = max(1, min(self.data.batch_size, MOST_WINDOWS))
        with self.record.timed("encoder"), progress.stage("brain encoder", len(windows), "windows") as step:
            for i in range(0, len(windows), size):
                batch = windows[i : i + size]
                features = {m: stacked(items[m], batch, self.data.extractors[m], i) for m in items}
                activities = self.activity(features, None if subjects is None else subjects[i : i + size])
                for number, (window, activity) in enumerate(zip(batch, activities, strict=True), i):
                    activity = open_stage(f"windows.{number}").see("activity", activity)
                    stop = first + len(window.kept_rows)
                    out[first:stop] = activity[:, list(window.kept_rows)].T
                    first = stop
                step(len(batch))
        seen: np.ndarray = open_stage("").see("predictions", out)
        return seen

    def activity(self, features: Mapping[str, np.ndarray], subjects: Sequence[int] | None) -> np.ndarray:
        """Shapes   features {modality: (B, G, F, T)}, B subjects -> (B, V, R)."""
        index = None if subjects is None else np.array(subjects)
        return to_host(self.encoder({m: self.runtime.place(x) for m, x in features.items()}, index))

    @property
    def n_vertices(self) -> int:
        """Columns of the predictions."""
        columns = self.encoder.columns
        return self.encoder.build_args.n_outputs if columns is None else len(columns)

    def _shown(self, verbose: bool) -> Progress:
        return terminal_progress() if verbose and isinstance(self.progress, Silent) else self.progress

    def predict_features(
        self, features: Mapping[str, Any], verbose: bool = True, *, subject: int | str | None = None
    ) -> tuple[np.ndarray, list[Segment]]:
        """Predicted activity from your own features, of any length, cut into windows as `predict` cuts events.

        Shapes   features {modality: (G, F, T) or (F, T)} at `data.frequency` Hz from time 0, one T for all; a missing
                 modality is absent -> predictions (R, V), and R segments without events, R = ceil(T / steps per TR)
        Numerics the last window is filled up with zeros, and its rows past the end are dropped. A whole stimulus'
                 features from `extract_features` give what `predict` gives, but for words that cross the edge of a
                 window: there `predict` rounds again
        Raises   ShapeError for features that do not fit; ConfigError for an unknown subject
        """
        progress = self._shown(verbose)
        windows = own_windows(features, self.data)
        chosen = None if subject is None else [one_subject(subject, self.subjects, self.encoder)]
        rows = []
        with progress.stage("brain encoder", len(windows), "windows") as step:
            for window in windows:
                activity = self.activity({m: x[None] for m, x in window.features.items()}, chosen)[0]
                rows.append(activity[:, : len(window.segments)].T)
                step(1)
        return np.concatenate(rows), [segment for window in windows for segment in window.segments]

    def with_compat(self, compat: str | None) -> "TribeModel":
        """The same model with upstream's defects reproduced, or not."""
        return replace(self, options=replace(self.options, compat=Compat.named(compat)))

    # -- features ------------------------------------------------------------------------------------------------

    def feature_source(self, progress: Progress | None = None) -> FeatureSource:
        """What computes the features, with this model's settings."""
        return FeatureSource(
            self.data, self.options, self.locations, self.space.cache, self.record,
            self.progress if progress is None else progress, self.runtime, self.space.digests, space=self.space,
        )  # fmt: skip

    def extract_features(self, events: Any) -> dict[str, np.ndarray]:
        """Features of one timeline on the 2 Hz grid, from its earliest event to its latest stop, for people to look at.

        Shapes   {modality: (G, F, T)}, or (F, T) where upstream has no axis of layer groups (a mean, or one state)
        Raises   EventsError for events of several timelines, or none
        """
        table = self._seen(as_events(events).standardized())
        if len(table.timelines()) != 1:
            raise EventsError(
                f"features are made for one timeline, got {table.timelines()}; pick one with events.on(timeline)"
            )
        start = min(e.start for e in table)
        duration = max(e.stop for e in table) - start
        source = self.feature_source(self.progress)
        self._note_absent(table)
        present = source.present(table)
        self.check_first(source, present, table)
        return {
            m: one_window(source.items(m, table), list(table), start, duration, self.data.extractors[m])
            for m in present
        }


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
