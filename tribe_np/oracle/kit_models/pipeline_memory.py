"""The product's own pipeline with media and models from memory: no file is read and none is written.

What is replaced is how a sound, a film and a model are read. Everything between, from the table of events to the rows
of the predictions, is `TribeModel.predict`.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from extractors.catalogue import record_of
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import EventsError
from tribe_np.media.film.video import Show, numbered_rows, shown_clips, shown_stills
from tribe_np.nn.stages import open_stage
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.costs.memory_check import Stage
from tribe_np.pipeline.features.film import Film
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.pipeline.features.pictures import Pictures
from tribe_np.pipeline.features.sound import Sound
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.features.words import Words
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress, Silent
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.digest import Digests
from tribe_np.pipeline.store.workspace import Workspace
from tribe_np.protocols import See
from tribe_np.timeline.events import Event, Events

NOWHERE = Path("memory")
BOS_ID, EOS_ID, N_IDS = 256, 257, 258


@dataclass(frozen=True, eq=False)
class HeldMedia:
    """Decoded sounds and films by the name in an event's `filepath`; its `frequency` says how many come a second.

    Shapes   sounds (N, C) float32, films (n_video_frames, height, width, 3) uint8
    """

    arrays: Mapping[str, np.ndarray]

    def piece(self, row: Event) -> tuple[np.ndarray, int]:
        """The samples of a row of sound, and their rate: halves of a sample are rounded to even.

        Raises   EventsError for a sound that is not held
        """
        samples, rate = self._held(row), int(row.frequency)
        first = round(row.offset * rate)
        return samples[first : first + round(row.duration * rate)], rate

    def show(self, row: Event, see: See, prepare: Any = None) -> tuple[Show, float]:
        """How the frames of a row of film are read, and how many come a second.

        Raises   EventsError for a film that is not held
        """
        frames = self._held(row)

        def read(first: int) -> Generator[np.ndarray, None, None]:
            yield from frames[first:]

        return lambda _, rows_for: numbered_rows(read, rows_for, row.filepath, prepare, see), row.frequency

    def _held(self, row: Event) -> np.ndarray:
        if row.filepath not in self.arrays or not row.frequency:
            raise EventsError(
                f"the {row.type} row at {row.start:g} s needs a frequency, and a filepath of the inputs "
                f"({', '.join(self.arrays)}); it names {row.filepath!r:.60}"
            )
        return self.arrays[row.filepath]


class HeldModality(Modality):
    """Mixed into the readers of the pipeline: model, tokenizer and media are those that are held."""

    held: "HeldPipeline"  # set by `HeldSource`; the readers are frozen

    @property
    def model(self) -> Any:
        """See Modality."""
        return self.held.models[self.config.modality]

    @property
    def model_config(self) -> Any:
        """See Modality."""
        return self.model.config

    @property
    def is_streamed(self) -> bool:
        """See Modality."""
        return False

    def key(self, piece: Piece) -> str:
        """See Modality: nothing is kept, so that a key has only to differ from others."""
        return f"{self.config.modality}-{piece.number}"


class HeldWords(HeldModality, Words):
    """Words, whose tokens are bytes."""

    @property
    def tokenizer(self) -> LlamaTokenizer:
        """See Words."""
        return self.held.tokenizer


class HeldSound(HeldModality, Sound):
    """Sound from memory."""

    def _read(self, row: Event) -> tuple[np.ndarray, int]:
        return self.held.media.piece(row)


class HeldFilm(HeldModality, Film):
    """Film from memory."""

    def _clips(self, row: Event, numbers: np.ndarray) -> Iterator[np.ndarray]:
        see = open_stage(self.config.modality).see
        show, fps = self.held.media.show(row, see, self.model.processor.shrink)
        return shown_clips(
            show, fps, offset=row.offset, duration=row.duration, frequency=self.config.frequency,
            bins=self._bins(row)[numbers], see=see, **self._clip,
        )  # fmt: skip


class HeldPictures(HeldModality, Pictures):
    """Pictures of a film from memory."""

    def _frames(self, row: Event, see: See) -> Iterator[np.ndarray]:
        show, fps = self.held.media.show(row, see)
        return shown_stills(
            show, fps, offset=row.offset, duration=row.duration, frequency=self.config.frequency, see=see
        )  # fmt: skip


HELD: Mapping[str, type[HeldModality]] = {
    "words": HeldWords, "sound": HeldSound, "film": HeldFilm, "pictures": HeldPictures
}  # fmt: skip
"""By what a model of the catalogue reads."""


@dataclass(frozen=True, eq=False)
class HeldSource(FeatureSource):
    """Features from what is held."""

    held: "HeldPipeline | None" = None

    def of(self, modality: str) -> Modality:
        """See FeatureSource."""
        about = record_of(modality)
        part = HELD[about.reads](
            about, self.data.extractors[modality], NOWHERE, self.options, self.runtime, self.cache, self.record,
            self.progress, lambda path: "",
        )  # fmt: skip
        object.__setattr__(part, "held", self.held)
        return part


@dataclass(frozen=True, eq=False, repr=False)
class HeldTribe(TribeModel):
    """TribeModel whose features come from what is held."""

    held: "HeldPipeline | None" = None

    def feature_source(self, progress: Progress | None = None) -> FeatureSource:
        """See TribeModel."""
        return HeldSource(
            self.data, self.options, self.locations, self.space.cache, self.record, self.progress, self.runtime,
            self.space.digests, held=self.held,
        )  # fmt: skip

    def check_first(self, source: FeatureSource, modalities: Sequence[str], table: Events, *last: Stage) -> None:
        """See TribeModel: nothing has to be found on a disk."""


@dataclass(frozen=True, eq=False)
class HeldPipeline:
    """Everything that a run needs: models by modality, the brain encoder, media."""

    models: Mapping[str, Any]
    tokenizer: LlamaTokenizer
    encoder: FmriEncoder
    media: HeldMedia
    data: DataConfig
    options: PipelineConfig

    def predict(self, events: Events) -> np.ndarray:
        """`TribeModel.predict`.

        Shapes   -> (R, V)
        """
        space = Workspace(NOWHERE, FeatureCache(None), Digests(None))
        locations = ModelLocations({}, (), None)
        model = HeldTribe(
            self.encoder, self.data, self.options, NOWHERE, locations, space, Silent(), held=self
        )  # fmt: skip
        rows, _ = model.predict(events, verbose=False)
        return rows


class ByteTokens:
    """A tokenizer whose ids are the bytes of a text in UTF-8: any language has it in a line."""

    def encode(self, text: str, *, add_special_tokens: bool = False) -> Any:
        """See tokenizers.Tokenizer; a special token is never added."""
        return SimpleNamespace(ids=list(text.encode("utf-8")))

    def get_vocab_size(self) -> int:
        """Bytes, begin of text, end of text."""
        return N_IDS


def byte_tokenizer(max_length: int | None) -> LlamaTokenizer:
    """LLaMA's ways with contexts and words, over bytes; `max_length` tokens of a context are kept, the last ones."""
    return LlamaTokenizer(ByteTokens(), EOS_ID, EOS_ID, max_length)
