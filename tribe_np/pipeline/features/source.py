"""Events to features: which extractor computes what, kept in the cache by content.

Each modality gives one FeatureGrid per event: dense at 2 Hz for a chunk of sound or film, static (frequency 0) for a
word. Windows are built from these, never sliced from one long grid.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from extractors.catalogue import record_of
from extractors.common.config import ModelConfig
from extractors.dinov2.config import DinoV2Config
from extractors.dinov2.extract import image_features
from extractors.dinov2.model import DinoV2Model
from extractors.llama.blocks import TextWork
from extractors.llama.config import LlamaConfig
from extractors.llama.extract import word_features
from extractors.llama.model import LlamaModel
from extractors.llama.tokenizer import LlamaTokenizer
from extractors.vjepa2.config import VJepa2Config
from extractors.vjepa2.extract import video_features
from extractors.vjepa2.model import VJepa2Model
from extractors.vjepa2.stride import computed_bins, fill_bins
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from extractors.wav2vec_bert.extract import audio_features
from extractors.wav2vec_bert.model import Wav2VecBertModel
from tribe_np.backend import device_module
from tribe_np.errors import MediaError, NotFiniteError, TribeError
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.media.film import video
from tribe_np.media.film.probe import probe
from tribe_np.media.sound import audio
from tribe_np.pipeline.config import DataConfig, ExtractorConfig, PipelineConfig
from tribe_np.pipeline.costs.text_work import describe_work
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.in_context import MAX_CONTEXT_LEN
from tribe_np.pipeline.store.cache import FeatureCache, arrays_digest
from tribe_np.pipeline.store.digest import shown_digest
from tribe_np.pipeline.store.finished_clips import FinishedClips
from tribe_np.pipeline.store.kept import EventKey, FeatureItems, Kept, event_key
from tribe_np.pipeline.store.word_blocks import WordBlocks
from tribe_np.protocols import Device
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import to_index

RESIDENT_BYTES = 500_000_000
"""Model folders up to this size are read once and kept; of larger ones each layer is read when it is reached."""
MODELS: dict[str, Any] = {"text": LlamaModel, "audio": Wav2VecBertModel, "video": VJepa2Model, "image": DinoV2Model}
CONFIGS: dict[str, type[ModelConfig]] = {
    "text": LlamaConfig, "audio": Wav2VecBertConfig, "video": VJepa2Config, "image": DinoV2Config
}  # fmt: skip
WITHOUT_EFFECT = {"batch_size", "model_name", "aggregation", "allow_missing"}  # settings that change no feature


@dataclass(frozen=True, eq=False)
class FeatureSource:
    """Computes the features of events, one modality after the other; a model is loaded when first needed."""

    data: DataConfig
    options: PipelineConfig
    locations: ModelLocations
    cache: FeatureCache
    record: RunRecord
    progress: Progress
    kernels: KernelSet
    precision: str = "float32"
    device: Device = "cpu"
    digests: dict[str, str] = field(default_factory=dict)  # of files and model folders, each read once

    def present(self, events: Events) -> list[str]:
        """Modalities whose kind of event occurs, in the checkpoint's order; the others are absent, not zero."""
        kinds = {event.type for event in events}
        return [m for m in self.data.modalities if record_of(m).event_type in kinds]

    def items(self, modality: str, events: Events) -> FeatureItems:
        """The features of every event of one modality, by `event_key`: in memory, or, with a cache, in its files.

        Raises   CheckpointError, MediaError, EventsError from the models and files
        """
        run, rows = self._run(modality, events)
        with self.record.timed(f"{modality} features"):
            return FeatureItems(self._kept(modality, run, rows), lambda: self._kept(modality, run, rows))

    def _kept(self, modality: str, run: "_Run", rows: list[Event]) -> dict[EventKey, Kept]:
        if modality == "text":
            return run.words(rows)
        if modality == "video":  # long enough for a stage per chunk
            return {event_key(row): run.chunk(row, n) for n, row in enumerate(rows)}
        kept = {}
        with self.progress.stage(modality, len(rows), "chunks") as step:
            for n, row in enumerate(rows):
                kept[event_key(row)] = run.chunk(row, n)
                step(1)
        return kept

    def check_models(self, modalities: Sequence[str], events: Events) -> None:
        """Refuses a model that cannot be used before any of them runs, not hours later when its turn comes.

        Raises   CheckpointError, ConfigError, MissingDependencyError, unless the features are in the cache
        """
        for modality in modalities:
            try:
                self._run(modality, events)[0].check()
            except TribeError:
                if not self._needs_no_model(modality, events):
                    raise

    def _needs_no_model(self, modality: str, events: Events) -> bool:
        """`is_cached`, without reading what its keys need when there is no cache; False where that cannot be told."""
        try:
            return self.cache.folder is not None and self.is_cached(modality, events)
        except TribeError:
            return False

    def is_cached(self, modality: str, events: Events) -> bool:
        """Whether no model has to run for a modality: every entry is there (damaged ones are found later)."""
        run, rows = self._run(modality, events)
        keys = [run.words_key(rows)] if modality == "text" else [run.chunk_key(row) for row in rows]
        paths = [self.cache.path(key) for key in keys]
        return all(path is not None and path.is_file() for path in paths)

    def n_clips(self, modality: str, events: Events) -> int:
        """How many clips of film, or single pictures, the model would run for these events."""
        run, rows = self._run(modality, events)
        bins = [to_index(row.duration, run.config.frequency) for row in rows]
        return sum(bins) if modality == "image" else sum(len(run.computed_bins(n)) for n in bins)

    def _run(self, modality: str, events: Events) -> tuple["_Run", list[Event]]:
        config = self.data.extractors[modality]
        rows = list(events.of_type(record_of(modality).event_type))
        return _Run(self, config, self.locations.extractor(modality, config.model_name), len(rows)), rows

    def digest(self, path: str | Path) -> str:
        """The digest of a file or model folder, computed once per path."""
        key = str(path)
        if key not in self.digests:
            self.digests[key] = shown_digest(path, self.progress)
        return self.digests[key]


@dataclass(frozen=True, eq=False)
class _Run:
    """One modality of one call: settings, model folder, and the model once it is needed."""

    source: FeatureSource
    config: ExtractorConfig
    folder: Path
    n_rows: int

    @cached_property
    def model(self) -> Any:
        source = self.source
        with source.progress.stage(f"loading the {self.config.modality} model", None, "models") as step:
            model = MODELS[self.config.modality].from_pretrained(
                self.folder, precision=source.precision, device=source.device, kernels=source.kernels,
                streaming=is_streamed(self.folder, source.device),
            )  # fmt: skip
            step(1)
        return model

    def check(self) -> None:
        """Raises what is wrong with the model's files, as far as their headers tell."""
        runtime = Runtime(self.source.precision, headers_only=True)
        model = MODELS[self.config.modality].load(self.folder, runtime)
        if self.config.modality == "video" and self.n_video_frames != model.config.frames_per_clip:
            self.source.record.warn(
                f"the video model was made for clips of {model.config.frames_per_clip} frames and is given "
                f"{self.n_video_frames}; data.video_feature.num_frames in config.yaml says how many (null: 64)"
            )
        if self.config.modality == "text":
            LlamaTokenizer.from_pretrained(self.folder)

    @cached_property
    def keeps_group_axis(self) -> bool:
        """Whether features have an axis of layer groups, as upstream's do."""
        n_states = CONFIGS[self.config.modality].from_folder(self.folder).n_states
        return self.config.selection.keeps_group_axis(n_states, subselect=self.config.modality != "audio")

    @property
    def n_video_frames(self) -> int:
        """Frames of a clip."""
        return self.source.options.n_video_frames or self.config.n_video_frames

    @property
    def model_digest(self) -> str:
        return self.source.digest(self.folder)

    def key(self, parts: Mapping[str, Any]) -> str:
        settings = {
            "model": self.model_digest,
            "settings": {k: v for k, v in asdict(self.config).items() if k not in WITHOUT_EFFECT},
            "precision": self.source.precision,
            "device": getattr(self.source.device, "__name__", str(self.source.device)),
            "kernels": self.source.kernels.name,
        }
        key = self.source.cache.key(f"{self.config.modality}-features", settings | dict(parts))
        facts = self.source.record.facts
        facts.setdefault("models", {})[self.config.modality] = {"path": str(self.folder), "sha256": self.model_digest}
        return key

    def cached(self, key: str, compute: Callable[[], np.ndarray]) -> np.ndarray | TensorEntry:
        """The features of an entry, computed if need be: the array, or, with a cache, where it lies."""
        found = self.source.cache.load(key)
        if found is not None and set(found) == {"features"}:
            features = found["features"]
        else:
            features = compute()
            self.source.cache.store(key, {"features": features})
        for note in self.source.cache.notes:
            self.source.record.warn(note)
        path = self.source.cache.path(key)
        if path is not None:
            entry = {"path": str(path), "sha256": arrays_digest({"features": features})}
            if entry not in self.source.record.facts.setdefault("cache_entries", []):
                self.source.record.facts["cache_entries"].append(entry)
        return self.source.cache.place(key, "features") or features

    def words_key(self, rows: list[Event]) -> str:
        """Of all words together, since their contexts overlap."""
        eos = self.source.options.compat.eos_is_padding
        # how words run together is in the key, since it rounds otherwise: shared passes, or padded batches
        together = max(1, self.config.batch_size) if eos else "shared"
        return self.key(
            {
                "words": [[w.text, w.context] for w in rows],
                "sentences": self.source.options.sentences,
                "eos_is_padding": eos,
                "batch_size": together,
            }
        )

    def words(self, rows: list[Event]) -> dict[EventKey, Kept]:
        """Text: all words in one entry, and until then in blocks; static values."""
        eos, size = self.source.options.compat.eos_is_padding, max(1, self.config.batch_size)
        key = self.words_key(rows)
        blocks = WordBlocks(self.source.cache, key)

        def compute() -> np.ndarray:
            tokenizer = LlamaTokenizer.from_pretrained(self.folder)
            model = self.model
            with self.source.progress.stage("text", len(rows), "words") as step:
                vectors = word_features(
                    model, tokenizer, rows, selection=self.config.selection, batch_size=size, eos_is_padding=eos,
                    kept=blocks, progress=_steps(step), report=lambda work: self.announce(work, rows),
                )  # fmt: skip
            return np.stack(vectors)

        stored = self.cached(key, compute)
        blocks.clear()
        kept = {}
        for n, row in enumerate(rows):
            vectors = stored.row(n) if isinstance(stored, TensorEntry) else stored[n]
            kept[event_key(row)] = Kept(vectors, 0.0, row.start, row.duration, self.keeps_group_axis)
        return kept

    def announce(self, work: TextWork, rows: list[Event]) -> None:
        """Tells how long the words will take, once a layer or two have run."""
        options = self.source.options
        faster = options.stride == 1 and not options.compat.eos_is_padding  # which runs every context whole anyway
        line = describe_work(work, rows, max_context_len=MAX_CONTEXT_LEN, stride=options.context_stride, exact=faster)
        self.source.record.facts["text_work"] = asdict(work) | {"seconds": round(work.seconds, 1)}
        self.source.progress.note(line)

    def chunk_key(self, row: Event) -> str:
        """Of one chunk of sound or film."""
        options = self.source.options
        parts = {"file": self.source.digest(row.filepath), "offset": row.offset, "duration": row.duration}
        if self.config.modality in ("video", "image"):
            parts |= {
                "final_norm": options.video_final_norm,
                "n_video_frames": options.n_video_frames,
                "habits": asdict(options.compat.film_habits),
                "reading": probe(row.filepath).reading,
            }
        else:
            parts["trust_sound_header"] = options.compat.trust_sound_header  # pieces of MP3 begin otherwise
        n_bins, stride = to_index(row.duration, self.config.frequency), options.video_stride
        if self.config.modality == "video" and len(self.computed_bins(n_bins)) < n_bins:
            parts["video_stride"] = stride
            self.source.record.warn(
                f"video features are computed in every {stride}{'nd' if stride == 2 else 'th'} bin and interpolated in "
                "between: an approximation"
            )
        return self.key(parts)

    def chunk(self, row: Event, number: int) -> Kept:
        """Sound or film: one chunk, a dense grid that starts at the chunk."""
        compute = {"audio": self._audio, "video": self._video, "image": self._image}[self.config.modality]
        key = self.chunk_key(row)
        try:
            stored = self.cached(key, lambda: compute(row, number))
        except NotFiniteError as error:
            where = f"chunk {number + 1} of {self.n_rows}, from {row.offset:g} s on"
            raise NotFiniteError(f"{row.filepath}, {where}: {error}") from error
        FinishedClips(self.source.cache, key).clear()
        frequency = self.config.frequency
        return Kept(stored, frequency, row.start, stored.shape[-1] / frequency, self.keeps_group_axis)

    def _audio(self, row: Event, number: int) -> np.ndarray:
        if to_index(row.duration, self.config.frequency) < 1:
            least = 0.5 / self.config.frequency
            raise MediaError(f"{row.filepath}: a sound of {row.duration:g} s is too short, expected over {least:g} s")
        trusting = self.source.options.compat.trust_sound_header
        samples, rate = audio.read_audio(row.filepath, row.offset, row.duration, trust_header=trusting)
        model = self.model
        return audio_features(
            model, samples, rate, row.duration, selection=self.config.selection, frequency=self.config.frequency
        )

    def _video(self, row: Event, number: int) -> np.ndarray:
        model, options = self.model, self.source.options
        n_frames = self.n_video_frames
        bins = self.computed_bins(to_index(row.duration, self.config.frequency))
        finished = FinishedClips(self.source.cache, self.chunk_key(row))
        done = finished.load(self._clip_features([]), len(bins))
        left = bins[done.shape[-1] :]
        clips = video.clip_frames(
            row.filepath, offset=row.offset, duration=row.duration, n_video_frames=n_frames,
            clip_duration=self.config.clip_duration, frequency=self.config.frequency,
            habits=options.compat.film_habits, prepare=model.processor.shrink, bins=left,
        )  # fmt: skip
        with self.source.progress.stage(f"video, chunk {number + 1} of {self.n_rows}", len(left), "clips") as step:
            for clip in clips:
                done = np.concatenate([done, self._clip_features([clip])], axis=-1)
                finished.store(done)
                step(1)
        return fill_bins(done, bins)

    def _clip_features(self, clips: list[np.ndarray]) -> np.ndarray:
        return video_features(
            self.model, clips, selection=self.config.selection, final_norm=self.source.options.video_final_norm,
            shrunk=True,
        )  # fmt: skip

    def computed_bins(self, n_bins: int) -> np.ndarray:
        """The bins of a chunk of film whose clips are run: all, unless --video-stride leaves some out."""
        timing = {"clip_duration": self.config.clip_duration, "frequency": self.config.frequency}
        return computed_bins(n_bins, self.source.options.video_stride, **timing)

    def _image(self, row: Event, number: int) -> np.ndarray:
        model = self.model
        frames = video.still_frames(
            row.filepath, offset=row.offset, duration=row.duration, frequency=self.config.frequency,
            habits=self.source.options.compat.film_habits,
        )  # fmt: skip
        features: np.ndarray = image_features(model, frames, selection=self.config.selection)
        return features


def is_streamed(folder: Path, device: Device) -> bool:
    """Whether one layer at a time is in memory. Same numbers; reading a large layer is little beside running it."""
    on_host = device_module(device) is np
    return on_host and sum(p.stat().st_size for p in folder.glob("*.*")) > RESIDENT_BYTES


def _steps(step: Callable[[int], None]) -> Callable[[int, int], None]:
    """A (done, total) callback from one that takes steps since the last call."""
    last = 0

    def report(done: int, total: int) -> None:
        nonlocal last
        step(done - last)
        last = done

    return report
