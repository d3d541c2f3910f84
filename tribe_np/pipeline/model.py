"""TribeModel: the whole of TRIBE v2 behind upstream's own interface.

    model = TribeModel.from_pretrained("checkpoint", models="models")
    events = model.get_events(video_path="clip.mp4")
    predictions, segments = model.predict(events)

Row r of the predictions describes the stimulus interval of segments[r]; the BOLD it estimates comes
`model.data.hemodynamic_offset` (5) seconds later: add it to the row times before comparing with a scan.
Source   tribev2 demo_utils.py TribeModel
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.backend import device_module, dtype_of, to_device, to_host
from tribe_np.card import Card
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import CheckpointError, ConfigError, EventsError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.kernels.choose import kernel_set
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.machine.memory import available_memory
from tribe_np.machine.threads import LOADED_LATE, check_variables
from tribe_np.pipeline.config import Compat, DataConfig, PipelineConfig, split_settings, split_update, updated
from tribe_np.pipeline.costs.estimate import encoder_weights, encoder_work
from tribe_np.pipeline.costs.memory_check import Stage, check_memory, check_run
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.own_features import own_windows
from tribe_np.pipeline.progress import Progress, Silent, terminal_progress
from tribe_np.pipeline.resolve import ModelLocations, default_locations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.complete import as_events, complete
from tribe_np.pipeline.stimuli.events import EventBuilder
from tribe_np.pipeline.stimuli.stimulus import one_stimulus, open_stimulus
from tribe_np.pipeline.stimuli.words import WordSource
from tribe_np.pipeline.store.kept import EventKey, event_key
from tribe_np.pipeline.store.workspace import Workspace, open_workspace
from tribe_np.pipeline.subjects import one_subject, subject_names, subjects_of
from tribe_np.pipeline.upstream_names import UpstreamNames
from tribe_np.pipeline.vertices import chosen_regions, vertex_selection
from tribe_np.protocols import Device
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import FeatureGrid, n_steps, window_features
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
    precision: str = "float32"
    device: Device = "cpu"
    kernels: KernelSet = REFERENCE
    progress: Progress = field(default_factory=Silent)
    record: RunRecord = field(default_factory=RunRecord)
    regions: tuple[str, ...] = ()  # names that the selection gave
    average_subjects: bool = True  # False: each window is predicted for the subject that its events name
    subjects: Mapping[str, int] = field(default_factory=dict)  # index by name, where config.yaml gives names

    def facts(self) -> dict[str, object]:
        """See Card."""
        data, total = self.data, self.encoder.build_args.n_outputs
        chosen = f"{self.n_vertices} of {total}" + (f" ({', '.join(self.regions)})" if self.regions else "")
        return {
            "checkpoint": self.checkpoint,
            "modalities": ", ".join(data.modalities),
            "window": f"{data.duration_trs} TRs of {data.tr:g} s, features at {data.frequency:g} Hz",
            "vertices": total if self.n_vertices == total else chosen,
            "subjects": self.encoder.n_subjects or "average only",
            "arithmetic": f"{self.precision}, kernels {self.kernels.name}",
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
        precision: str = "float32",
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
        selection      {"roi": [names], "vertices": mask or indices}: only the union of these columns is computed
        models         folder(s) of the extractors, or {modality: folder}; None: what TRIBE_NP_MODELS names
        compat         "upstream" reproduces upstream's defects
        cluster        None, upstream's default: everything runs in this process
        Raises         CheckpointError, ConfigError, MissingDependencyError
        """
        check_variables(os.environ, LOADED_LATE)
        if cluster is not None:
            raise ConfigError(f"cluster={cluster!r:.40}: everything runs in this process here; leave cluster out")
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
        precision: str = "float32",
        selection: Mapping[str, Any] | None = None,
        config_update: Mapping[str, Any] | None = None,
        own_options: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> "TribeModel":
        """`from_pretrained` with every setting explicit; `checkpoint` None is facebook/tribev2."""
        options = PipelineConfig.from_dict(own_options or {})
        folder = locations.checkpoint(checkpoint)
        module, dtype = device_module(device), dtype_of(precision)
        kernels = kernel_set(options.kernels, module)
        place = partial(to_device, device=module)
        opened = open_checkpoint(folder, checkpoint_name=checkpoint_name, dtype=dtype, place=place)
        update, flags = split_settings(config_update or {}, opened.config)
        is_average = flags.pop("average_subjects", True)
        options, config = replace(options, **flags), updated(opened.config, update)
        data = DataConfig.from_dict(_section(config, "data", folder))
        build_args = BuildArgs.from_dict(opened.build_args)
        _check_duration(data, build_args, folder)
        encoder_config = EncoderConfig.from_dict(_section(config, "brain_model_config", folder))
        if options.memory_check and module is np:
            _check_weights(encoder_config, build_args, opened.entries, np.dtype(dtype).itemsize)
        encoder = FmriEncoder.from_weights(
            opened.weights, encoder_config, build_args, Runtime(precision, module, kernels),
            selection=vertex_selection(selection, build_args.n_outputs),
            n_steps=n_steps(data.duration_trs * data.tr, data.frequency),
        )  # fmt: skip
        space = open_workspace(cache_folder)
        return cls(
            encoder, data, options, folder, locations, space, precision, module, kernels,
            progress if progress is not None else Silent(), RunRecord(), chosen_regions(selection),
            is_average, subject_names(config["data"]),
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
    ) -> Events:
        """The events of exactly one stimulus: chunks of film and sound, words in context.

        Words come from `transcript` (.json .tsv .srt .vtt .TextGrid), the sidecar next to the sound, or the
        `transcriber` ("faster-whisper", "whisperx" or a command line); `speech=False` goes on without words.
        whisper_model  faster-whisper's: a size such as "small", a hub id or a folder
        align          a text that was spoken: its words take the times at which the transcriber heard them
        Raises   ConfigError unless exactly one path is given; MediaError, EventsError, MissingDependencyError
        """
        stimulus = one_stimulus(text_path, audio_path, video_path)
        words = WordSource(
            _path(transcript), transcriber, speech, None if whisper_model is None else str(whisper_model), _path(align)
        )
        return self._builder(words).build(stimulus)

    def get_events_of(self, path: str | Path, words: WordSource) -> Events:
        """`get_events` for a stimulus whose kind is told by its suffix."""
        return self._builder(words).build(open_stimulus(path))

    def _builder(self, words: WordSource) -> EventBuilder:
        return EventBuilder(self.space.media, self.options, words, self.record, self.progress, self.locations)

    def complete_events(self, events: Any, *, audio_only: bool = False, **words: Any) -> Events:
        """Rows written by hand, made fit for `predict`: a table or DataFrame with a file per sound or film.

        Durations and rates are read from the files, a film gets its sound, long media are cut into chunks, words get
        sentences and contexts; without words the transcriber hears them, unless `audio_only`. `words` are
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

    # -- features ------------------------------------------------------------------------------------------------

    def extract_features(self, events: Any) -> dict[str, np.ndarray]:
        """Features of one timeline on the 2 Hz grid, from its earliest event to its latest stop, for people to look at.

        Shapes   {modality: (G, F, T)}, or (F, T) where upstream has no axis of layer groups (a mean, or one state)
        Raises   EventsError for events of several timelines, or none
        """
        table = as_events(events).standardized()
        if len(table.timelines()) != 1:
            raise EventsError(
                f"features are of one timeline, got {table.timelines()}; pick one with events.on(timeline)"
            )
        start = min(e.start for e in table)
        duration = max(e.stop for e in table) - start
        source = self.feature_source(self.progress)
        source.check_models(source.present(table), table)
        check_run(source, table, source.present(table))
        return {
            m: self._window(source, m, list(table), source.items(m, table), start, duration)
            for m in source.present(table)
        }

    def feature_source(self, progress: Progress) -> FeatureSource:
        """What computes the features, with this model's settings."""
        return FeatureSource(
            self.data, self.options, self.locations, self.space.cache, self.record, progress, self.kernels,
            self.precision, self.device,
        )  # fmt: skip

    def _window(
        self, source: FeatureSource, modality: str, events: Sequence[Event], items: Mapping[EventKey, FeatureGrid],
        start: float, duration: float,
    ) -> np.ndarray:  # fmt: skip
        config = self.data.extractors[modality]
        grids = [items[key] for key in map(event_key, events) if key in items]
        first = next(iter(items.values()))
        if not grids and not config.allow_missing:
            raise EventsError(
                f"no {modality} event between {start} and {start + duration} s, and allow_missing is false"
            )
        shape = first.data.shape[:-1] if first.frequency else first.data.shape
        features = window_features(grids, start, duration, self.data.frequency, shape, aggregation=config.aggregation)
        return features.astype(first.data.dtype, copy=False)  # a window without events has zeros of float32

    # -- predictions ---------------------------------------------------------------------------------------------

    def predict(
        self, events: Any, verbose: bool = True, *, subject: int | str | None = None
    ) -> tuple[np.ndarray, list[Segment]]:
        """Predicted activity of every kept TR, with its segment: upstream's rows in upstream's order.

        `subject` is a name or an index of the checkpoint's; None is the average subject.
        Shapes   -> predictions (R, V) in the model's dtype and R segments
        Units    z-scored BOLD, no physical unit
        Raises   EventsError, CheckpointError, MediaError; ConfigError for a subject that the checkpoint does not hold
        """
        progress = self._shown(verbose)
        table = as_events(events).standardized()
        windows = plan(
            table, duration_trs=self.data.duration_trs, overlap_trs=self.data.overlap_trs, tr=self.data.tr,
            drop_incomplete=self.data.drop_incomplete, remove_empty=self.options.remove_empty_segments,
        )  # fmt: skip
        source = self.feature_source(progress)
        known = self.known_modalities(source, table)
        segments = [segment for window in windows for segment in window.kept]
        subjects = self._subjects(subject, windows, table)
        source.check_models(known, table)
        check_run(source, table, known, self.last_stages(min(len(windows), MOST_WINDOWS), len(segments)))
        items = {m: source.items(m, table) for m in known}
        out = np.empty((len(segments), self.n_vertices), self.encoder.runtime.dtype)
        first = 0
        size = max(1, min(self.data.batch_size, MOST_WINDOWS))
        with self.record.timed("encoder"), progress.stage("brain encoder", len(windows), "windows") as step:
            for i in range(0, len(windows), size):
                batch, features = windows[i : i + size], self._stacked(source, windows[i : i + size], items)
                activities = self._activity(features, None if subjects is None else subjects[i : i + size])
                for window, activity in zip(batch, activities, strict=True):
                    stop = first + len(window.kept_rows)
                    out[first:stop] = activity[:, list(window.kept_rows)].T
                    first = stop
                step(len(batch))
        return out, segments

    def predict_features(
        self, features: Mapping[str, Any], verbose: bool = True, *, subject: int | str | None = None
    ) -> tuple[np.ndarray, list[Segment]]:
        """Predicted activity from features of one's own, of any length, cut into windows as `predict` cuts events.

        Shapes   features {modality: (G, F, T) or (F, T)} at `data.frequency` Hz from time 0, one T for all; a missing
                 modality is absent -> predictions (R, V), and R segments without events, R = ceil(T / steps per TR)
        Numerics the last window is filled up with zeros, and its rows past the end are dropped. A whole stimulus'
                 features from `extract_features` give what `predict` gives, but for words that cross the edge of a
                 window: there `predict` rounds anew
        Raises   ShapeError for features that do not fit; ConfigError for an unknown subject
        """
        progress = self._shown(verbose)
        windows = own_windows(features, self.data)
        chosen = None if subject is None else [one_subject(subject, self.subjects, self.encoder)]
        rows = []
        with progress.stage("brain encoder", len(windows), "windows") as step:
            for window in windows:
                activity = self._activity({m: x[None] for m, x in window.features.items()}, chosen)[0]
                rows.append(activity[:, : len(window.segments)].T)
                step(1)
        return np.concatenate(rows), [segment for window in windows for segment in window.segments]

    def known_modalities(self, source: FeatureSource, table: Events) -> list[str]:
        """The modalities of the checkpoint that the table has events of.

        Raises   EventsError where there is none
        """
        modalities = self.encoder.build_args.feature_dims
        known = [m for m in source.present(table) if m in modalities]
        if not known:
            names = ", ".join(modalities)
            raise EventsError(
                f"none of the checkpoint's modalities ({names}) has events; the table needs Word, Audio or Video rows"
            )
        return known

    def _shown(self, verbose: bool) -> Progress:
        return terminal_progress() if verbose and isinstance(self.progress, Silent) else self.progress

    def _subjects(self, subject: int | str | None, windows: Sequence[Window], table: Events) -> list[int] | None:
        """The subject of each window; None for the average one."""
        if subject is not None:
            return [one_subject(subject, self.subjects, self.encoder)] * len(windows)
        return None if self.average_subjects else subjects_of(windows, table, self.subjects, self.encoder)

    @property
    def n_vertices(self) -> int:
        """Columns of the predictions."""
        columns = self.encoder.columns
        return self.encoder.build_args.n_outputs if columns is None else len(columns)

    def last_stages(self, n_windows: int, n_rows: int) -> list[Stage]:
        """The memory of the brain encoder at work, and of its predictions."""
        itemsize, build_args = np.dtype(self.encoder.runtime.dtype).itemsize, self.encoder.build_args
        steps = n_steps(self.data.duration_trs * self.data.tr, self.data.frequency)
        work = encoder_work(self.encoder.config, build_args, n_windows=n_windows, n_steps=steps, itemsize=itemsize)
        result = n_rows * self.n_vertices * itemsize
        return [Stage(replace(work, work=work.work + result))]

    def _stacked(
        self, source: FeatureSource, batch: Sequence[Window], items: Mapping[str, Mapping[EventKey, FeatureGrid]]
    ) -> dict[str, np.ndarray]:
        """Shapes   -> {modality: (B, G, F, T)}."""
        features = {}
        for m in items:
            parts = [self._window(source, m, w.events, items[m], w.start, w.duration) for w in batch]
            if len({part.shape for part in parts}) > 1:  # cat and stack: the number of events decides
                raise EventsError(
                    f"windows hold different numbers of {m} events, which aggregation "
                    f"{self.data.extractors[m].aggregation!r} turns into features of different shapes"
                )
            features[m] = np.stack(parts)
        return features

    def _activity(self, features: Mapping[str, np.ndarray], subjects: Sequence[int] | None) -> np.ndarray:
        """Shapes   features {modality: (B, G, F, T)}, B subjects -> (B, V, R)."""
        index = None if subjects is None else np.array(subjects)
        return to_host(self.encoder({m: to_device(x, self.device) for m, x in features.items()}, index))

    def with_compat(self, compat: str | None) -> "TribeModel":
        """The same model with upstream's defects reproduced, or not."""
        return replace(self, options=replace(self.options, compat=Compat.named(compat)))


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _section(config: Mapping[str, Any], name: str, folder: Path) -> Mapping[str, Any]:
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise CheckpointError(f"{folder / 'config.yaml'}: the section {name} is missing")
    return section


def _check_weights(config: EncoderConfig, build_args: BuildArgs, entries: Iterable[TensorEntry], itemsize: int) -> None:
    """Refuses a brain encoder that would not fit into memory, before it is read."""
    check_memory([Stage(encoder_weights(config, build_args, entries, itemsize))], available_memory())


def _check_duration(data: DataConfig, build_args: BuildArgs, folder: Path) -> None:
    if build_args.n_output_timesteps != data.duration_trs:
        raise CheckpointError(
            f"{folder}: the encoder gives {build_args.n_output_timesteps} TRs per segment, "
            f"but data.duration_trs is {data.duration_trs}"
        )
    if data.overlap_trs >= data.duration_trs:
        raise ConfigError(f"config.yaml: data.overlap_trs_train {data.overlap_trs} must be below duration_trs")
