"""Which frame of a file is shown at which moment of a clip: moviepy's reader, its end of file included, without a file.

moviepy counts decoded frames and knows a frame by its place in line. Three habits make results depend on the order
of requests, and are kept because the released weights were trained with them: a request at the very end returns the
frame of the request before, not the last one; frames that are skipped are never shown later; times before the chunk
show its first frame.
"""

import numpy as np

from tribe_np.timeline.features import CLIP_DURATION, FREQUENCY, N_VIDEO_FRAMES, to_index

JUMP = 100
"""Frames ahead that moviepy reads through; further, or backwards, it seeks."""


def frame_number(fps: float, seconds: float) -> int:
    """The frame on screen at a time of the file, counted from 0.

    Source   moviepy 2.2.1 FFMPEG_VideoReader.get_frame_number
    """
    return int(fps * seconds + 0.00001)


class FrameReader:
    """The state of moviepy's reader: `next_frame` is the next in line, `last_frame` the one that a read last returned.

    Source   moviepy 2.2.1 FFMPEG_VideoReader.get_frame, read_frame, skip_frames, initialize
    """

    def __init__(self, n_frames: float) -> None:
        self.n_frames = n_frames
        self.next_frame = 1  # opening a file reads its first frame
        self.last_frame = 0

    def request(self, number: int) -> int:
        """The frame that is shown when `number` is asked for."""
        if number + 1 == self.next_frame:
            return self.last_frame
        # a seek and reading on end at the same frame; what is passed is never shown
        if number < self.n_frames:
            self.last_frame = number
        self.next_frame = number + 1
        return self.last_frame


def clip_times(
    duration: float,
    *,
    n_video_frames: int = N_VIDEO_FRAMES,
    clip_duration: float = CLIP_DURATION,
    frequency: float = FREQUENCY,
) -> np.ndarray:
    """Times of every frame of every clip, from the start of the chunk: oldest first, none before the chunk.

    Shapes   -> (n, n_video_frames) float64 with n = round(duration * frequency)
    Units    seconds, Hz
    Numerics clip b ends at the end of bin b of an even spread over the duration (its step is only nearly 1 / frequency)
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data
    """
    ends = np.linspace(0, duration, to_index(duration, frequency) + 1)[1:]
    before = np.array([k / n_video_frames * clip_duration for k in reversed(range(n_video_frames))])
    return np.asarray(np.maximum(0.0, ends[:, None] - before[None, :]))


def frame_indices(
    fps: float,
    n_frames: float,
    offset: float,
    duration: float,
    *,
    n_video_frames: int = N_VIDEO_FRAMES,
    clip_duration: float = CLIP_DURATION,
    frequency: float = FREQUENCY,
) -> np.ndarray:
    """Frames of the file, counted from 0, that make up each clip of a chunk; n_frames may be infinite.

    Shapes   -> (n, n_video_frames) int64, a row per bin
    Units    seconds from the start of the file, Hz
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data over moviepy 2.2.1 FFMPEG_VideoReader
    """
    # moviepy's subclip knows its length as a difference of its ends
    times = clip_times(
        (offset + duration) - offset, n_video_frames=n_video_frames, clip_duration=clip_duration, frequency=frequency
    )
    reader = FrameReader(n_frames)
    shown = [[reader.request(frame_number(fps, time + offset)) for time in row] for row in times.tolist()]
    return np.array(shown, np.int64).reshape(len(times), n_video_frames)


def still_times(duration: float, *, frequency: float = FREQUENCY) -> np.ndarray:
    """Moments for a model of single pictures, from the start of the chunk: evenly from its first to its last.

    Source   neuralset 0.0.2 HuggingFaceVideo._get_data_from_image_model
    """
    return np.linspace(0, duration, to_index(duration, frequency))


def still_indices(fps: float, offset: float, duration: float, *, frequency: float = FREQUENCY) -> np.ndarray:
    """Frames for a model of single pictures, by `still_times`.

    Shapes   -> (n,) int64; the last may lie past the end of the file
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data_from_image_model
    """
    times = still_times((offset + duration) - offset, frequency=frequency)
    return np.array([frame_number(fps, time + offset) for time in times.tolist()], np.int64)
