"""Film into features: each chunk is a piece, and the model sees the clip of frames before each step of the grid.

A clip of a large model takes minutes, so those of a chunk are kept while the chunk is unfinished.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from extractors.common.costs import Load
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.media.film.video import clip_frames
from tribe_np.media.pictures.kinds import is_picture
from tribe_np.pipeline.features.modality import EventFeatures, EventKey, Modality, Piece
from tribe_np.pipeline.features.pictures import seen_parts
from tribe_np.pipeline.features.shown_pictures import (
    is_still,
    most_pixels,
    picture_frames,
    screen_times,
    spread_out,
    without_repeats,
)
from tribe_np.pipeline.features.stride import computed_bins, fill_bins
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.store.finished_clips import FinishedClips
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import to_index


@dataclass(frozen=True, eq=False)
class Film(Modality):
    """A model that reads clips; `self.about.extract` is `extractors.vjepa2.extract.video_features`.

    Its `processor.shrink` makes a frame as small as the model sees it, `processor.normalize` makes a clip of them into
    pixels, and `config.frames_per_clip` is the length it knows.
    """

    shows_pieces: ClassVar[bool] = True

    def compute(self, piece: Piece, key: str) -> np.ndarray:
        """See Modality.

        Shapes   T clips (n_video_frames, height, width, 3) uint8, of which `left` are still to do -> (G, F, T)
        """
        (row,), model = piece.rows, self.model
        if is_picture(row.filepath):
            return self._of_picture(piece, key)
        bins = self._bins(row)
        left = bins[self._n_finished(key, len(bins)) :]
        clips = clip_frames(
            row.filepath, offset=row.offset, duration=row.duration, frequency=self.config.frequency,
            habits=self.options.compat.film_habits, prepare=model.processor.shrink, bins=left, **self._clip,
        )  # fmt: skip
        return fill_bins(self._of_clips(clips, len(bins), piece, key), bins)

    def _of_picture(self, piece: Piece, key: str) -> np.ndarray:
        """Clips of a picture file that are equal are run once; a still has one column for all bins."""
        (row,) = piece.rows
        bins = np.arange(1) if is_still(row) else self._bins(row)
        numbers = screen_times(row).clips(row.offset, row.duration, frequency=self.config.frequency, **self._clip)
        numbers = np.zeros((1, self.n_video_frames), np.int64) if is_still(row) else numbers[bins]
        chosen, places = np.unique(numbers, axis=0, return_inverse=True)
        shrunk = {n: self.model.processor.shrink(frame) for n, frame in picture_frames(row, np.unique(chosen))}
        left = chosen[self._n_finished(key, len(chosen)) :]
        clips = (np.stack([shrunk[n] for n in clip]) for clip in left.tolist())
        done = self._of_clips(clips, len(chosen), piece, key)
        return fill_bins(done[..., places.reshape(-1)], bins)

    def _n_finished(self, key: str, n_clips: int) -> int:
        """Clips that an earlier run of the chunk has left."""
        return int(self.unfinished(key).load(self._no_features(), n_clips).shape[-1])

    def _of_clips(self, clips: Iterable[np.ndarray], n_clips: int, piece: Piece, key: str) -> np.ndarray:
        """The features of a chunk's `n_clips` clips, of which `clips` are those that are still to do."""
        finished = self.unfinished(key)
        done = finished.load(self._no_features(), n_clips)
        title = f"{self.config.modality}, chunk {piece.number} of {piece.of}"
        with self.progress.stage(title, n_clips - done.shape[-1], "clips") as step:
            for clip in clips:
                done = np.concatenate([done, self._features([self.model.processor.normalize(clip)])], axis=-1)
                finished.store(done)
                step(1)
        return done

    @property
    def _clip(self) -> dict[str, Any]:
        """What a clip is: the number of its frames, and its seconds."""
        return {"n_video_frames": self.n_video_frames, "clip_duration": self.config.clip_duration}

    def by_event(self, piece: Piece, stored: np.ndarray | TensorEntry) -> dict[EventKey, EventFeatures]:
        """See Modality."""
        return spread_out(super().by_event(piece, stored), piece, self.config.frequency)

    def _no_features(self) -> np.ndarray:
        """Those of no clip, which have the shape of all."""
        return self._features([])

    def _features(self, clips: list[np.ndarray]) -> np.ndarray:
        features: np.ndarray = self.about.extract(
            self.model, clips, selection=self.config.selection, final_norm=self.options.video_final_norm, prepared=True
        )
        return features

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        (row,) = piece.rows
        parts = seen_parts(row, self.options, self.digest)
        return parts | ({"video_stride": self.options.video_stride} if self._skips(row) else {})

    def unfinished(self, key: str) -> FinishedClips:
        """See Modality."""
        return FinishedClips(self.cache, key)

    def cautions(self, events: Events) -> list[str]:
        """See Modality."""
        said: list[str] = []
        name, made_for, stride = self.config.modality, self.model_config.frames_per_clip, self.options.video_stride
        if self.n_video_frames != made_for:
            said.append(
                f"the {name} model was made for clips of {made_for} frames but is given {self.n_video_frames}; "
                f"data.{name}_feature.num_frames in config.yaml sets the number (null: 64)"
            )
        if any(self._skips(row) for row in self.rows(events)):
            said.append(
                f"{name} features are computed in every {stride}{'nd' if stride == 2 else 'th'} bin and interpolated "
                "in between: an approximation"
            )
        return said

    def workload(self, events: Events) -> Load:
        """See Modality."""
        rows = self.rows(events)
        given = without_repeats(rows)
        n_clips = sum(1 if is_still(row) else len(self._bins(row)) for row in given)
        return Load(
            seconds=sum(row.duration for row in rows), n_clips=n_clips, n_video_frames=self.n_video_frames,
            picture=most_pixels(given),
        )  # fmt: skip

    def amount(self, load: Load) -> str:
        """See Modality."""
        return f"{number_of(load.n_clips, 'clips')} of film"

    @property
    def n_video_frames(self) -> int:
        """Frames of a clip."""
        return self.options.n_video_frames or self.config.n_video_frames

    def _bins(self, row: Event) -> np.ndarray:
        """The steps of a chunk whose clips are run: all, unless --video-stride leaves some out."""
        timing = {"clip_duration": self.config.clip_duration, "frequency": self.config.frequency}
        return computed_bins(to_index(row.duration, self.config.frequency), self.options.video_stride, **timing)

    def _skips(self, row: Event) -> bool:
        return not is_still(row) and len(self._bins(row)) < to_index(row.duration, self.config.frequency)
