"""Pictures of a film into features: each chunk is a piece, and the model sees a picture per step of the grid."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from extractors.common.costs import Load
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.media.film.probe import probe
from tribe_np.media.film.video import still_frames
from tribe_np.media.pictures.kinds import is_picture
from tribe_np.nn.stages import open_stage
from tribe_np.pipeline.features.modality import EventFeatures, EventKey, Modality, Piece
from tribe_np.pipeline.features.shown_pictures import (
    is_still,
    most_pixels,
    picture_frames,
    picture_parts,
    screen_times,
    spread_out,
    without_repeats,
)
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import number_of
from tribe_np.protocols import See
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
        ctx = open_stage(self.config.modality)
        if is_picture(row.filepath):
            features = self._of_picture(row)
        else:
            features = self.about.extract(model, self._frames(row, ctx.see), selection=self.config.selection)
        seen: np.ndarray = ctx.see("features", features)
        return seen

    def _frames(self, row: Event, see: See) -> Iterator[np.ndarray]:
        return still_frames(
            row.filepath, offset=row.offset, duration=row.duration, frequency=self.config.frequency,
            habits=self.options.compat.film_habits, see=see,
        )  # fmt: skip

    def _of_picture(self, row: Event) -> np.ndarray:
        """Each picture of a picture file that is on screen, once; a still has one column for all bins."""
        numbers = screen_times(row).stills(row.offset, row.duration, frequency=self.config.frequency)
        chosen, places = np.unique(np.zeros(1, np.int64) if is_still(row) else numbers, return_inverse=True)
        frames = (video_frame for _, video_frame in picture_frames(row, chosen))
        features: np.ndarray = self.about.extract(self.model, frames, selection=self.config.selection)
        return features[..., places]

    def by_event(self, piece: Piece, stored: np.ndarray | TensorEntry) -> dict[EventKey, EventFeatures]:
        """See Modality."""
        return spread_out(super().by_event(piece, stored), piece, self.config.frequency)

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        (row,) = piece.rows
        return seen_parts(row, self.options, self.digest)

    def workload(self, events: Events) -> Load:
        """See Modality."""
        rows = self.rows(events)
        given = without_repeats(rows)
        n_pictures = sum(1 if is_still(row) else to_index(row.duration, self.config.frequency) for row in given)
        return Load(seconds=sum(row.duration for row in rows), n_clips=n_pictures, picture=most_pixels(given))

    def amount(self, load: Load) -> str:
        """See Modality."""
        return f"{number_of(load.n_clips, 'pictures')} of film"


def seen_parts(row: Event, options: PipelineConfig, digest: Callable[[str], str]) -> dict[str, Any]:
    """What decides what is seen of a picture file, or of a film whose `digest` is taken, for keys."""
    if is_picture(row.filepath):
        return picture_parts(row, options)
    return {"file": digest(row.filepath)} | film_parts(row, options)


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
