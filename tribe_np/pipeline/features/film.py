"""Film into features: each chunk is a piece, and the model sees the clip of frames before each step of the grid.

A clip of a large model takes minutes: those of a chunk are the parts of its entry, numbered in the order of time. They
are kept while the chunk is unfinished, and processes may share them out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from extractors.common.costs import Load
from tribe_np.errors import ConfigError
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.media.film.video import clip_frames
from tribe_np.media.pictures.kinds import is_picture
from tribe_np.nn.stages import is_heard, open_stage, stages_named, stages_skipped
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
from tribe_np.pipeline.store.clip_parts import ClipParts
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import to_index


@dataclass(frozen=True, eq=False)
class PictureClips:
    """The clips of a picture file."""

    chosen: np.ndarray  # (n, n_video_frames): numbers of the pictures in each that is run
    places: np.ndarray  # (n_bins,): which of them a computed bin has
    bins: np.ndarray  # (n_bins,): those computed


@dataclass(frozen=True, eq=False)
class Film(Modality):
    """A model that reads clips; `self.about.extract` is `extractors.vjepa2.extract.video_features`.

    Its `processor.shrink` makes a frame as small as the model sees it, `processor.normalize` makes a clip of them into
    pixels, and `config.frames_per_clip` is the length it knows.
    """

    shows_pieces: ClassVar[bool] = True

    def compute(self, piece: Piece, key: str) -> np.ndarray:
        """See Modality.

        Shapes   T clips (n_video_frames, height, width, 3) uint8, of which some are still to do -> (G, F, T)
        """
        (row,) = piece.rows
        if is_picture(row.filepath):
            clips = self._picture_clips(row)
            columns = self._columns(piece, key, range(len(clips.chosen)))
            features = fill_bins(columns[..., clips.places], clips.bins)
        else:
            bins = self._bins(row)
            features = fill_bins(self._columns(piece, key, range(len(bins))), bins)
        seen: np.ndarray = open_stage(self.config.modality).see("features", features)
        return seen

    def n_parts(self, piece: Piece) -> int:
        """See Modality."""
        (row,) = piece.rows
        return len(self._picture_clips(row).chosen if is_picture(row.filepath) else self._bins(row))

    def compute_parts(self, piece: Piece, key: str, first: int, stop: int) -> None:
        """See Modality."""
        n_parts = self.n_parts(piece)
        if not 0 <= first < stop <= n_parts:
            raise ConfigError(f"{piece.place}: has clips 0 to {n_parts}, but {first} to {stop} were asked for")
        self._columns(piece, key, range(first, stop), are_all=False)

    def _columns(self, piece: Piece, key: str, numbers: range, *, are_all: bool = True) -> np.ndarray:
        """The features of some clips of a chunk: those that are kept are read, the others run.

        Shapes   n clips -> (G, F, n)
        """
        none = np.zeros((self.n_groups, self.model_config.model_dim, 0), self.runtime.dtype)
        parts = ClipParts(self.parts(key), none)
        columns, is_there = parts.load(numbers.start, numbers.stop)
        left = numbers.start + np.flatnonzero(~is_there)
        if is_heard():
            for number in (numbers.start + np.flatnonzero(is_there)).tolist():
                stages_skipped(*self.place_of(piece), self._step(piece, number))
        if not len(left):
            return columns
        title = f"{self.config.modality}, chunk {piece.number} of {piece.of}"
        title += "" if are_all else f", clips {numbers.start + 1} to {numbers.stop}"
        with self.progress.stage(title, len(left), "clips") as step, parts.keeping(to_the_end=not are_all) as keep:
            for number, clip in zip(left.tolist(), self._clips(piece.rows[0], left), strict=True):
                features = self._features(piece, number, clip)
                columns[..., number - numbers.start] = features[..., 0]
                keep(number, features[..., 0])
                step(1)
        return columns

    def _clips(self, row: Event, numbers: np.ndarray) -> Iterator[np.ndarray]:
        """Some clips of a chunk by number, ascending, their frames as small as the model sees them.

        Shapes   (n,) integers -> n arrays (n_video_frames, height, width, 3) uint8
        """
        shrink = self.model.processor.shrink
        if is_picture(row.filepath):
            chosen = self._picture_clips(row).chosen[numbers]
            shrunk = {n: shrink(video_frame) for n, video_frame in picture_frames(row, np.unique(chosen))}
            return (np.stack([shrunk[n] for n in clip]) for clip in chosen.tolist())
        return clip_frames(
            row.filepath, offset=row.offset, duration=row.duration, frequency=self.config.frequency,
            habits=self.options.compat.film_habits, prepare=shrink, bins=self._bins(row)[numbers],
            see=open_stage(self.config.modality).see, **self._clip,
        )  # fmt: skip

    def _picture_clips(self, row: Event) -> "PictureClips":
        """Clips of a picture file that are equal are run once; a still has one column for all bins."""
        if is_still(row):
            return PictureClips(np.zeros((1, self.n_video_frames), np.int64), np.zeros(1, np.int64), np.arange(1))
        bins = self._bins(row)
        shown = screen_times(row).clips(row.offset, row.duration, frequency=self.config.frequency, **self._clip)
        chosen, places = np.unique(shown[bins], axis=0, return_inverse=True)
        return PictureClips(chosen, places.reshape(-1), bins)

    @property
    def _clip(self) -> dict[str, Any]:
        """What a clip is: the number of its frames, and its seconds."""
        return {"n_video_frames": self.n_video_frames, "clip_duration": self.config.clip_duration}

    def by_event(self, piece: Piece, stored: np.ndarray | TensorEntry) -> dict[EventKey, EventFeatures]:
        """See Modality."""
        return spread_out(super().by_event(piece, stored), piece, self.config.frequency)

    def _features(self, piece: Piece, number: int, clip: np.ndarray) -> np.ndarray:
        """Shapes   clip (n_video_frames, height, width, 3) uint8, shrunk -> (G, F, 1)."""
        with stages_named(*self.place_of(piece), first_part=self._step(piece, number)):
            clip = open_stage(self.config.modality, 0).see("shrunk", clip)
            features: np.ndarray = self.about.extract(
                self.model, [self.model.processor.normalize(clip)], selection=self.config.selection,
                final_norm=self.options.video_final_norm, prepared=True,
            )  # fmt: skip
        return features

    def _step(self, piece: Piece, number: int) -> int:
        """By which the stages of a clip are named: its step of the grid; of a picture file its number."""
        (row,) = piece.rows
        return number if is_picture(row.filepath) else int(self._bins(row)[number])

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        (row,) = piece.rows
        parts = seen_parts(row, self.options, self.digest)
        return parts | ({"video_stride": self.options.video_stride} if self._skips(row) else {})

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
