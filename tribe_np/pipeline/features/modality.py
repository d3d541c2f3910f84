"""One modality of a run: its pieces, their keys, and how one entry of the cache is made.

A piece is what one entry holds: one chunk of sound or film, or all words of a table, since their contexts overlap.

    audio = model.feature_source().of("audio")
    for piece in audio.pieces(events):
        if not audio.is_done(piece):
            audio.make(piece)

An entry that takes hours is made of parts (clips of film, passes of words): `make_parts` makes some of them, in any
process and any order, and `make` joins them, and makes what is missing, into the bytes that it would have made alone.

Listing pieces, their keys and `is_done` change nothing: no model is loaded, nothing is warned of or written down. Here
is what all modalities share; `words`, `sound`, `film` and `pictures` say what differs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from extractors.catalogue import ModelRecord
from extractors.common.costs import Load
from tribe_np.errors import ConfigError, NotFiniteError
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.media.pictures.kinds import is_picture
from tribe_np.media.pictures.screens import Screen
from tribe_np.nn.stages import stages_named, stages_skipped
from tribe_np.pipeline.config import ExtractorConfig
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.store.cache import FeatureCache, arrays_digest
from tribe_np.pipeline.store.entry_parts import EntryParts
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import FeatureGrid

RESIDENT_BYTES = 500_000_000
"""Model folders up to this size are read once and kept; of larger ones each layer is read when it is reached."""
WITHOUT_EFFECT = {"batch_size", "model_name", "aggregation", "allow_missing"}  # settings that change no feature

EventKey = tuple[object, ...]


@dataclass(frozen=True)
class Piece:
    """The rows of the events table whose features are one entry."""

    modality: str
    rows: tuple[Event, ...]
    number: int = 1  # counted from 1
    of: int = 1

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        first = self.rows[0]
        if not first.filepath:
            return f"the words from {first.start:g} s on"
        return f"{first.filepath}, chunk {self.number} of {self.of}, from {first.offset:g} s on"


def event_key(event: Event) -> EventKey:
    """What an event's features and place depend on: rows with equal keys have equal features."""
    place = (event.type, event.timeline, event.start, event.duration)
    if event.type == "Word":
        return (*place, event.text, event.context)
    shown = (Screen.of_row(event),) if is_picture(event.filepath) else ()
    return (*place, event.filepath, event.offset, *shown)


@dataclass(frozen=True, eq=False)
class EventFeatures:
    """The features of one event on the time axis: an array, or, with a cache, its place in the file of an entry."""

    stored: np.ndarray | TensorEntry  # (G, F, T), or (G, F) of a word
    frequency: float  # Hz; 0 of a word
    start: float
    duration: float
    keeps_group_axis: bool = True  # else (1, F, ...) is stored, and (F, ...) is what upstream has
    n_steps: int | None = None  # of a still, whose one column stands in all of them

    def grid(self) -> FeatureGrid:
        """The features themselves.

        Raises   CheckpointError when the cache's file has gone meanwhile
        """
        data = self.stored.read() if isinstance(self.stored, TensorEntry) else self.stored
        data = data if self.keeps_group_axis else data[0]
        data = data if self.n_steps is None else np.broadcast_to(data, (*data.shape[:-1], self.n_steps))
        return FeatureGrid(data, self.frequency, self.start, self.duration)


@dataclass(frozen=True, eq=False)
class Modality(ABC):
    """Settings of one modality, and its model once it is needed; a subclass for each thing that models read."""

    about: ModelRecord  # of the catalogue; `about.extract` is the function that computes features
    config: ExtractorConfig
    folder: Path  # the model's
    options: PipelineConfig
    runtime: Runtime
    cache: FeatureCache
    record: RunRecord
    progress: Progress
    digest: Callable[[str | Path], str]  # of a file or model folder

    shows_pieces: ClassVar[bool] = False  # a piece takes so long that `compute` shows its progress, and keeps parts

    # -- what differs --------------------------------------------------------------------------------------------

    def pieces(self, events: Events) -> list[Piece]:
        """What there is to make for a table in standard order (as `get_events` gives it): here a piece per row."""
        rows = self.rows(events)
        return [Piece(self.config.modality, (row,), n, len(rows)) for n, row in enumerate(rows, 1)]

    @abstractmethod
    def compute(self, piece: Piece, key: str) -> np.ndarray:
        """The features of a piece, whose entry is `key`: (G, F, T) of a chunk, (words, G, F) of words."""

    def by_event(self, piece: Piece, stored: np.ndarray | TensorEntry) -> dict[EventKey, EventFeatures]:
        """The features of each row of a piece on the time axis: here a grid that starts at the row."""
        (row,), frequency = piece.rows, self.config.frequency
        duration = stored.shape[-1] / frequency
        return {event_key(row): EventFeatures(stored, frequency, row.start, duration, self.keeps_group_axis)}

    @abstractmethod
    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """What the features of a piece depend on, beside the model and its settings."""

    def n_parts(self, piece: Piece) -> int:
        """Of how many parts an entry is made: clips that are run, passes of words; 1 where it is made at once.

        Raises   EventsError, MissingDependencyError from the words and what cuts them
        """
        return 1

    def compute_parts(self, piece: Piece, key: str, first: int, stop: int) -> None:
        """Keeps the parts from `first` up to `stop` of an entry; here, where it is made at once, the entry."""
        self.make(piece, key)

    def cautions(self, events: Events) -> list[str]:
        """What a reader of the features should know, such as that they are approximations."""
        return []

    @abstractmethod
    def workload(self, events: Events) -> Load:
        """What the model would be given for a table, for estimates of memory and time."""

    @abstractmethod
    def amount(self, load: Load) -> str:
        """The same for people."""

    def place_of(self, piece: Piece) -> tuple[str | int, ...]:
        """What the names of its stages begin with, for those who listen: here modality and event."""
        return self.config.modality, piece.number - 1

    # -- pieces and entries --------------------------------------------------------------------------------------

    def rows(self, events: Events) -> list[Event]:
        """The rows of the table that this modality describes."""
        return list(events.of_type(self.about.event_type))

    def make(self, piece: Piece, key: str | None = None) -> np.ndarray | TensorEntry:
        """Makes the entry of a piece unless it exists; gives its place in the cache or, without a cache, the array.

        `key` is the piece's, where it is known already.
        Raises   CheckpointError, MediaError, EventsError from the model and files; OutputError when it cannot be kept
        """
        key = self.key(piece) if key is None else key
        found = self.cache.load(key)
        if found is not None and set(found) == {"features"}:
            features = found["features"]
            stages_skipped(*self.place_of(piece))
        else:
            with self._noting(piece), stages_named(*self.place_of(piece)):
                features = self.compute(piece, key)
            self.cache.store(key, {"features": features})
        if self.shows_pieces:
            self.parts(key).clear()
        self._write_down(key, features)
        return self.cache.place(key, "features") or features

    def make_parts(self, piece: Piece, key: str, first: int, stop: int) -> None:
        """Makes those parts of an entry, from `first` up to `stop`, that are missing, and keeps them for `make`.

        An entry that is there already needs none. What is finished stays when this is stopped.
        Raises   as `make`; ConfigError without a cache, or for parts that the entry does not have
        """
        if self.cache.folder is None:
            raise ConfigError("parts of an entry are kept in the cache, which is off; use make")
        if self.cache.has(key):
            return
        with self._noting(piece), stages_named(*self.place_of(piece)):
            self.compute_parts(piece, key, first, stop)
        if self.cache.has(key):  # somebody has made it meanwhile
            self.parts(key).clear()

    def parts(self, key: str) -> EntryParts:
        """What is kept of an unfinished entry."""
        return EntryParts(self.cache, key)

    def parts_done(self, key: str, first: int, stop: int) -> bool:
        """Whether those parts of an entry are kept, or the entry is there: by names alone, nothing is read."""
        return self.cache.has(key) or self.parts(key).hold(first, stop)

    @contextmanager
    def _noting(self, piece: Piece) -> Iterator[None]:
        """Says which piece gave no numbers, and hands on what the cache has noted."""
        try:
            yield
        except NotFiniteError as error:
            raise NotFiniteError(f"{piece.place}: {error}") from error
        finally:
            for note in self.cache.notes:
                self.record.warn(note)

    def _write_down(self, key: str, features: np.ndarray) -> None:
        """Tells the run's record what was used."""
        model = {"path": str(self.folder), "sha256": self.digest(self.folder)}
        self.record.facts.setdefault("models", {})[self.config.modality] = model
        path = self.cache.path(key)
        if path is not None:
            entry = {"path": str(path), "sha256": arrays_digest({"features": features})}
            entries = self.record.facts.setdefault("cache_entries", [])
            if entry not in entries:
                entries.append(entry)

    def key(self, piece: Piece) -> str:
        """The name of a piece's entry: the digest of all that decides its numbers. Reads files for their digests alone.

        Raises   MediaError for a file that cannot be read
        """
        settings = {
            "model": self.digest(self.folder),
            "settings": {k: v for k, v in asdict(self.config).items() if k not in WITHOUT_EFFECT},
            "precision": self.runtime.precision,
            "device": self.runtime.device_name,
            "kernels": self.runtime.kernels.name,
        }
        return self.cache.key(f"{self.config.modality}-features", settings | dict(self.key_parts(piece)))

    def is_done(self, piece: Piece) -> bool:
        """Whether the entry of a piece lies in the cache; one that is damaged is found out when it is read.

        Raises   MediaError for a file that cannot be read
        """
        return self.cache.folder is not None and self.cache.has(self.key(piece))

    # -- the model -----------------------------------------------------------------------------------------------

    @cached_property
    def model(self) -> Any:
        """The model, loaded when it is first needed."""
        assert not self.runtime.headers_only, "a run without weights computes no features"
        with self.progress.stage(f"loading the {self.config.modality} model", None, "models") as step:
            model = self.about.model.load(self.folder, replace(self.runtime, streaming=self.is_streamed))
            step(1)
        return model

    @property
    def is_streamed(self) -> bool:
        """Whether one layer at a time is in memory. Same numbers; reading a large layer is quick beside running it."""
        return self.runtime.is_on_host and sum(p.stat().st_size for p in self.folder.glob("*.*")) > RESIDENT_BYTES

    def check(self) -> None:
        """Refuses a model that cannot be used, as far as its files' headers tell.

        Raises   CheckpointError, ConfigError, MissingDependencyError
        """
        self.about.model.load(self.folder, Runtime(self.runtime.precision, headers_only=True))

    @cached_property
    def model_config(self) -> Any:
        """The model's configuration."""
        return self.about.config.from_folder(self.folder)

    @property
    def n_groups(self) -> int:
        """Layer groups of the features that the model gives."""
        return len(self.config.selection.groups(self.model_config.n_states, subselect=self.about.averages_tokens))

    @property
    def keeps_group_axis(self) -> bool:
        """Whether features have an axis of layer groups, as upstream's do."""
        averages = self.about.averages_tokens
        return self.config.selection.keeps_group_axis(self.model_config.n_states, subselect=averages)
