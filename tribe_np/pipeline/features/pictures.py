"""Pictures of a film into features: each chunk is a piece, and the model sees a picture per step of the grid."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from extractors.common.costs import Load
from tribe_np.media.film.probe import probe
from tribe_np.media.film.video import still_frames
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import number_of
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import to_index


@dataclass(frozen=True, eq=False)
class Pictures(Modality):
    """A model that reads single pictures; `self.about.extract` is `extractors.dinov2.extract.image_features`."""

    def compute(self, piece: Piece, key: str) -> np.ndarray:
        """See Modality.

        Shapes   T pictures (height, width, 3) uint8 -> (G, F, T)
        """
        (row,), model = piece.rows, self.model
        frames = still_frames(
            row.filepath, offset=row.offset, duration=row.duration, frequency=self.config.frequency,
            habits=self.options.compat.film_habits,
        )  # fmt: skip
        features: np.ndarray = self.about.extract(model, frames, selection=self.config.selection)
        return features

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        (row,) = piece.rows
        return {"file": self.digest(row.filepath)} | film_parts(row, self.options)

    def workload(self, events: Events) -> Load:
        """See Modality."""
        seconds = [row.duration for row in self.rows(events)]
        return Load(seconds=sum(seconds), n_clips=sum(to_index(s, self.config.frequency) for s in seconds))

    def amount(self, load: Load) -> str:
        """See Modality."""
        return f"{number_of(load.n_clips, 'pictures')} of film"


def film_parts(row: Event, options: PipelineConfig) -> dict[str, Any]:
    """What decides which pictures of a film are seen, for keys."""
    return {
        "offset": row.offset,
        "duration": row.duration,
        "final_norm": options.video_final_norm,
        "n_video_frames": options.n_video_frames,
        "habits": asdict(options.compat.film_habits),
        "reading": probe(row.filepath).reading,
    }
