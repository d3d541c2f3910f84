"""Sound into features: each chunk of a sound file is a piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from extractors.common.costs import Load
from tribe_np.errors import MediaError
from tribe_np.media.sound.audio import read_audio
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.timeline.events import Events
from tribe_np.timeline.features import to_index


@dataclass(frozen=True, eq=False)
class Sound(Modality):
    """A model that reads sound; `self.about.extract` is `extractors.wav2vec_bert.extract.audio_features`."""

    def compute(self, piece: Piece, key: str) -> np.ndarray:
        """See Modality.

        Shapes   samples (N, C) of the chunk -> (G, F, T)
        """
        (row,), frequency = piece.rows, self.config.frequency
        if to_index(row.duration, frequency) < 1:
            least = 0.5 / frequency
            raise MediaError(f"{row.filepath}: a sound of {row.duration:g} s is too short, expected over {least:g} s")
        trusting = self.options.compat.trust_sound_header
        samples, rate = read_audio(row.filepath, row.offset, row.duration, trust_header=trusting)
        features: np.ndarray = self.about.extract(
            self.model, samples, rate, row.duration, selection=self.config.selection, frequency=frequency
        )
        return features

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        (row,) = piece.rows
        return {
            "file": self.digest(row.filepath), "offset": row.offset, "duration": row.duration,
            "trust_sound_header": self.options.compat.trust_sound_header,  # pieces of MP3 begin otherwise
        }  # fmt: skip

    def workload(self, events: Events) -> Load:
        """See Modality."""
        seconds = [row.duration for row in self.rows(events)]
        return Load(seconds=sum(seconds), chunk_seconds=max(seconds))

    def amount(self, load: Load) -> str:
        """See Modality."""
        return f"{load.seconds:.1f} s of sound"
