"""Sound into features: each chunk of a sound file is a piece.

A row's extra value `volume` multiplies its samples. The released sound model normalises each band of its input, so that
a volume changes features by rounding only: by 5e-6 of their size for noise and, since a band without energy is nothing
but rounding, by up to 1 % for a pure tone. A volume of 0 is silence, which is another sound.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from extractors.common.costs import Load
from tribe_np.errors import EventsError, MediaError
from tribe_np.media.sound.audio import read_audio
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.shown import quoted
from tribe_np.timeline.events import Event, Events
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
        samples, rate = self._read(row)
        if (volume := volume_of(row)) is not None:
            samples = samples * np.asarray(volume, samples.dtype)
        features: np.ndarray = self.about.extract(
            self.model, samples, rate, row.duration, selection=self.config.selection, frequency=frequency
        )
        return features

    def _read(self, row: Event) -> tuple[np.ndarray, int]:
        """Samples (N, C) float32 of a chunk, and their rate."""
        trusting = self.options.compat.trust_sound_header
        return read_audio(row.filepath, row.offset, row.duration, trust_header=trusting)

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        (row,) = piece.rows
        volume = volume_of(row)
        return {
            "file": self.digest(row.filepath), "offset": row.offset, "duration": row.duration,
            "trust_sound_header": self.options.compat.trust_sound_header,  # pieces of MP3 begin otherwise
            **({} if volume is None else {"volume": volume}),
        }  # fmt: skip

    def workload(self, events: Events) -> Load:
        """See Modality."""
        seconds = [row.duration for row in self.rows(events)]
        return Load(seconds=sum(seconds), chunk_seconds=max(seconds))

    def amount(self, load: Load) -> str:
        """See Modality."""
        return f"{load.seconds:.1f} s of sound"


def volume_of(row: Event) -> float | None:
    """The linear gain that a row asks for; None where it asks for none.

    Raises   EventsError for what is no number from 0 on
    """
    volume = row.extra.get("volume")
    if volume is None:
        return None
    if isinstance(volume, bool) or not isinstance(volume, int | float) or not (math.isfinite(volume) and volume >= 0):
        raise EventsError(f"{row.filepath}: volume is {quoted(volume, 40)}, expected a gain from 0 on, such as 0.5")
    return float(volume)
