"""Events to features: those of each modality, kept in the cache by content, and what the windows hold of them.

Each modality gives one FeatureGrid per event: dense at 2 Hz for a chunk of sound or film, static (frequency 0) for a
word. Windows are built from these, never sliced from one long grid.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from extractors.catalogue import record_of
from tribe_np.errors import CheckpointError, EventsError, TribeError
from tribe_np.formats.checkpoint import LIGHTNING_NAME, read_build_args, read_checkpoint_config
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.nn.stages import is_edited, open_stage, stages_skipped
from tribe_np.pipeline.checkpoint_settings import checkpoint_settings, run_settings
from tribe_np.pipeline.config import DataConfig, ExtractorConfig
from tribe_np.pipeline.features.film import Film
from tribe_np.pipeline.features.modality import EventFeatures, EventKey, Modality, event_key
from tribe_np.pipeline.features.pictures import Pictures
from tribe_np.pipeline.features.sound import Sound
from tribe_np.pipeline.features.words import Words
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress, Silent
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.digest import Digests, file_state
from tribe_np.pipeline.store.workspace import Workspace, open_workspace
from tribe_np.protocols import Device, See
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import FeatureGrid, window_features
from tribe_np.timeline.segments import Window

READERS: dict[str, type[Modality]] = {"words": Words, "sound": Sound, "film": Film, "pictures": Pictures}
"""By what a model of the catalogue reads."""
Items = Mapping[EventKey, FeatureGrid]
"""Features of every event of one modality."""


@dataclass(frozen=True, eq=False)
class FeatureSource:
    """Computes the features of events, one modality after the other; a model is loaded when first needed."""

    data: DataConfig
    options: PipelineConfig
    locations: ModelLocations
    cache: FeatureCache
    record: RunRecord
    progress: Progress
    runtime: Runtime
    digests: Digests = field(default_factory=Digests)
    seen: dict[tuple[object, ...], str] = field(default_factory=dict)  # digests by path, and of files by their state
    space: Workspace | None = None  # what `cache` and `digests` are of

    @classmethod
    def open(
        cls,
        checkpoint: str | None,
        locations: ModelLocations,
        cache_folder: str | Path | bool | None,
        *,
        checkpoint_name: str = LIGHTNING_NAME,
        device: Device = "auto",
        precision: str = Runtime.precision,
        config_update: Mapping[str, Any] | None = None,
        own_options: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> "FeatureSource":
        """That of `TribeModel.load` with the same settings, for who needs features alone: no brain encoder is read.

        Raises   CheckpointError, ConfigError, MissingDependencyError; OutputError for a cache that cannot be written
        """
        options, runtime = run_settings(own_options, device, precision)
        folder = locations.checkpoint(checkpoint)
        config, build_args = read_checkpoint_config(folder), read_build_args(folder, checkpoint_name=checkpoint_name)
        settings = checkpoint_settings(folder, config, build_args, options, config_update or {})
        space = open_workspace(cache_folder)
        return cls(
            settings.data, settings.options, locations, space.cache, RunRecord(),
            progress if progress is not None else Silent(), runtime, space.digests, space=space,
        )  # fmt: skip

    def of(self, modality: str) -> Modality:
        """One modality: its pieces, whether they are done, and how to make one. It holds the model once that is loaded.

        Raises   CheckpointError when the model's folder is not found
        """
        about, config = record_of(modality), self.data.extractors[modality]
        cache = FeatureCache(None) if is_edited() else self.cache  # what was edited is nobody's features
        return READERS[about.reads](
            about, config, self.locations.extractor(modality, config.model_name), self.options, self.runtime,
            cache, self.record, self.progress, self.digest,
        )  # fmt: skip

    def present(self, events: Events) -> list[str]:
        """Modalities whose kind of event occurs, in the checkpoint's order; the others are absent, not zero."""
        kinds = {event.type for event in events}
        return [m for m in self.data.modalities if record_of(m).event_type in kinds]

    def items(self, modality: str, events: Events) -> "FeatureItems":
        """The features of every event of one modality, by `event_key`: in memory, or, with a cache, in its files.

        Raises   CheckpointError, MediaError, EventsError from the models and files
        """
        with self.record.timed(f"{modality} features"):
            return FeatureItems(self._made(modality, events), lambda: self._made(modality, events))

    def _made(self, modality: str, events: Events) -> dict[EventKey, EventFeatures]:
        """The features of every event: each piece is made, unless the cache holds it, and parted into its events.

        Pieces with equal keys, such as a clip that an experiment shows again and again, are made once.
        """
        part = self.of(modality)
        pieces = part.pieces(events)
        shown = nullcontext(_no_step) if part.shows_pieces else self.progress.stage(modality, len(pieces), "chunks")
        found: dict[EventKey, EventFeatures] = {}
        made: dict[str, np.ndarray | TensorEntry] = {}
        with shown as step:
            for piece in pieces:
                key = part.key(piece)
                if key not in made:
                    made[key] = part.make(piece, key)
                else:
                    stages_skipped(*part.place_of(piece))
                found |= part.by_event(piece, made[key])
                step(1)
        return found

    def check_models(self, modalities: Sequence[str], events: Events) -> None:
        """Refuses a model that cannot be used before any of them runs, not hours later when its turn comes.

        Raises   CheckpointError, ConfigError, MissingDependencyError, unless the features are in the cache
        """
        for modality in modalities:
            try:
                self.of(modality).check()
            except TribeError:
                if not self._needs_no_model(modality, events):
                    raise

    def _needs_no_model(self, modality: str, events: Events) -> bool:
        """`is_cached`; False where that cannot be known."""
        try:
            return self.is_cached(modality, events)
        except TribeError:
            return False

    def is_cached(self, modality: str, events: Events) -> bool:
        """Whether no model has to run for a modality: every entry is there (damaged ones are found later)."""
        part = self.of(modality)
        return all(part.is_done(piece) for piece in part.pieces(events))

    def warn(self, modalities: Sequence[str], events: Events) -> None:
        """Writes into the run's record what a reader of these features should know."""
        for modality in modalities:
            for caution in self.of(modality).cautions(events):
                self.record.warn(caution)

    def digest(self, path: str | Path) -> str:
        """The digest of a file or model folder, computed once: a file's until it changes, a model is loaded once.

        Raises   MediaError when it cannot be read
        """
        key = (str(path), *(file_state(path) or {}).values())
        if key not in self.seen:
            self.seen[key] = self.digests.of(path, self.progress)
        return self.seen[key]


class FeatureItems(Mapping[EventKey, FeatureGrid]):
    """The features of every event of one modality, by `event_key`; `again` makes them once more if their files go.

    With a cache they are read when a window needs them: those of an hour are not all in memory at once.
    """

    def __init__(
        self, kept: Mapping[EventKey, EventFeatures], again: Callable[[], dict[EventKey, EventFeatures]] | None = None
    ) -> None:
        self.kept = kept
        self.again = again

    def __getitem__(self, key: EventKey) -> FeatureGrid:
        try:
            return self.kept[key].grid()
        except CheckpointError:  # somebody emptied the cache
            if self.again is None:
                raise
            self.kept = self.again()
            return self.kept[key].grid()

    def __contains__(self, key: object) -> bool:  # without reading
        return key in self.kept

    def __iter__(self) -> Iterator[EventKey]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)


def _no_step(n: int) -> None:
    """Counts nothing: each piece shows its own progress."""


def one_window(
    items: Items, events: Sequence[Event], start: float, duration: float, config: ExtractorConfig, number: int = 0
) -> np.ndarray:
    """Features of one modality over a stretch of a timeline, from those of `events` that have any.

    They are shown as those of the window of that `number`.
    Shapes   -> (G, F, T), or (F, T) where upstream has no axis of layer groups
    Raises   EventsError when there are none and the checkpoint does not allow that
    """
    keys = [key for key in map(event_key, events) if key in items]
    grids, ctx = [items[key] for key in keys], open_stage(f"windows.{number}.features")
    first = next(iter(items.values()))
    if not grids and not config.allow_missing:
        raise EventsError(
            f"no {config.modality} event between {start} and {start + duration} s, and allow_missing is false"
        )
    shape = first.data.shape[:-1] if first.frequency else first.data.shape
    see: list[See] = []
    if ctx.is_heard:
        numbers = {key: n for n, key in enumerate(items)}
        see = [ctx.at(config.modality, numbers[key]).see for key in keys]
    features = window_features(grids, start, duration, config.frequency, shape, aggregation=config.aggregation, see=see)
    features = features.astype(first.data.dtype, copy=False)  # a window without events has zeros of float32
    seen: np.ndarray = ctx.see(config.modality, features)
    return seen


def stacked(items: Items, windows: Sequence[Window], config: ExtractorConfig, first: int = 0) -> np.ndarray:
    """Features of one modality in several windows, which are shown with numbers from `first` on.

    Shapes   -> (B, G, F, T) or (B, F, T)
    Raises   EventsError for windows of different shapes, and as `one_window`
    """
    parts = [one_window(items, w.events, w.start, w.duration, config, n) for n, w in enumerate(windows, first)]
    if len({part.shape for part in parts}) > 1:  # cat and stack: the number of events decides
        raise EventsError(
            f"windows hold different numbers of {config.modality} events, which aggregation {config.aggregation!r} "
            "turns into features of different shapes"
        )
    return np.stack(parts)
