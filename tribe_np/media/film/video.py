"""The frames of each clip of a film: which frame is shown when, decoded once, in order, held no longer than needed.

A film of constant frame rate is read as upstream reads it: ffmpeg is called as moviepy calls it (same scaler, same
seek), so frames are equal to the bit. moviepy seeks back for every clip; here one pass serves all clips of a chunk,
which is the same for a constant rate. Other films are read by the times of their pictures (`timed_frames`), for there
moviepy's result depends on its own history of seeks. A stream that ends before the file's duration repeats its frames
as moviepy does; one that ffmpeg reports as cut short is a MediaError.

moviepy counts decoded frames and knows a frame by its place in line. Three habits make results depend on the order
of requests, and are kept because the released weights were trained with them: a request at the very end returns the
frame of the request before, not the last one; frames that are skipped are never shown later; times before the chunk
show its first frame.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import open_ffmpeg
from tribe_np.media.film.counting_reader import JUMP, CountingReader
from tribe_np.media.film.probe import Habits, MediaInfo, probe
from tribe_np.media.film.timed_frames import Prepare, rows_on_screen
from tribe_np.protocols import See
from tribe_np.timeline.features import CLIP_DURATION, FREQUENCY, N_VIDEO_FRAMES, to_index

RowsFor = Callable[[float], np.ndarray]
Read = Callable[[int], Generator[np.ndarray, None, None]]
"""The frames of a film in order, from a number on."""
Show = Callable[[np.ndarray, RowsFor], Iterator[np.ndarray]]
"""Rows of frames, from their moments and from which frames those are."""
OURS = Habits()
OVERRUN = 0.011
"""Seconds by which a chunk may pass the printed duration: it has two decimals."""


def clip_frames(
    path: str | Path,
    *,
    offset: float,
    duration: float,
    n_video_frames: int = N_VIDEO_FRAMES,
    clip_duration: float = CLIP_DURATION,
    frequency: float = FREQUENCY,
    habits: Habits = OURS,
    prepare: Prepare | None = None,
    bins: np.ndarray | None = None,
    see: See | None = None,
) -> Iterator[np.ndarray]:
    """The clip of each bin of a chunk: the frames of the `clip_duration` seconds up to the end of the bin.

    Shapes   -> round(duration * frequency) arrays (n_video_frames, height, width, 3) uint8, oldest frame first
    Units    seconds from the start of the file, Hz
    `prepare` is applied once to every frame that is used (clips share most of theirs), such as a processor's shrink.
    `habits`: what upstream does wrong and is wanted here too.
    `bins`: only the clips of these bins; each is the one it is among all, and nothing after the last is read.
    `see` is shown all `times`, and at a constant frame rate `frames.NUMBER` and BIN`.frame_numbers`.
    Raises   MediaError: not a video, a chunk beyond its end, no frame at all, or a file that is cut short
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data; moviepy 2.2.1 FFMPEG_VideoReader
    """
    info = video_info(path, offset, duration, habits)
    yield from shown_clips(
        partial(_rows, info, habits=habits, prepare=prepare, see=see), info.fps, offset=offset, duration=duration,
        n_video_frames=n_video_frames, clip_duration=clip_duration, frequency=frequency, bins=bins, see=see,
    )  # fmt: skip


def shown_clips(
    show: Show,
    fps: float,
    *,
    offset: float,
    duration: float,
    n_video_frames: int,
    clip_duration: float,
    frequency: float,
    bins: np.ndarray | None = None,
    see: See | None = None,
) -> Iterator[np.ndarray]:
    """`clip_frames` of a film that `show` reads."""
    # moviepy's subclip knows its length as a difference of its ends
    times = offset + clip_times(
        (offset + duration) - offset, n_video_frames=n_video_frames, clip_duration=clip_duration, frequency=frequency
    )
    times = times if see is None else see("times", times)
    clips = show(times, lambda n_frames: frames_at(times, fps, n_frames))
    if bins is None:
        yield from clips
        return
    chosen, last = set(bins.tolist()), int(bins.max(initial=-1))
    # a clip that is left out is read anyway: where reading begins and what was read before decide what is shown
    # past the end of a file
    for number, clip in zip(range(last + 1), clips, strict=False):
        if number in chosen:
            yield clip


def still_frames(
    path: str | Path,
    *,
    offset: float,
    duration: float,
    frequency: float = FREQUENCY,
    habits: Habits = OURS,
    prepare: Prepare | None = None,
    see: See | None = None,
) -> Iterator[np.ndarray]:
    """One picture per bin of a chunk, from its first moment to its last; past the end, the last frame of the file.

    `see` as in `clip_frames`.
    Shapes   -> round(duration * frequency) arrays (height, width, 3) uint8
    Raises   MediaError as `clip_frames`
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data_from_image_model (which takes a random frame past the end)
    """
    info = video_info(path, offset, duration, habits)
    yield from shown_stills(
        partial(_rows, info, habits=habits, prepare=prepare, see=see), info.fps, offset=offset, duration=duration,
        frequency=frequency, see=see,
    )  # fmt: skip


def shown_stills(
    show: Show, fps: float, *, offset: float, duration: float, frequency: float, see: See | None = None
) -> Iterator[np.ndarray]:
    """`still_frames` of a film that `show` reads."""
    times = still_times((offset + duration) - offset, frequency=frequency) + offset
    times = times if see is None else see("times", times)
    for row in show(times[:, None], stills_at(times, fps)):
        yield row[0]


def video_info(path: str | Path, offset: float, duration: float, habits: Habits = OURS) -> MediaInfo:
    """The facts of a file that must have pictures from `offset` for `duration` seconds.

    Raises   MediaError
    """
    info = probe(path)
    if not info.has_video:
        raise MediaError(f"{path}: has sound but no pictures")
    length = info.film_duration(habits)
    if offset < 0 or duration < 0 or offset + duration > length + OVERRUN:
        raise MediaError(
            f"{path}: seconds {offset:g} to {offset + duration:g} were asked for, but it lasts {length:g} s"
        )
    return info


def read_frames(info: MediaInfo, first: int, *, habits: Habits = OURS) -> Generator[np.ndarray, None, None]:
    """Decoded frames in order, from number `first` on, until the stream ends.

    Shapes   -> arrays (height, width, 3) uint8, read-only
    Numerics swscale bicubic to RGB of 8 bits; a seek aims 10 microseconds before the frame
    Raises   MediaError when ffmpeg fails
    Source   moviepy 2.2.1 FFMPEG_VideoReader.initialize
    """
    where = info.film_args()
    if first > 0:
        start = first * (1 / info.fps) - 0.00001
        back = min(1, start)
        where = ["-ss", f"{start - back:.6f}", *where, "-ss", f"{back:.6f}"]
    width, height = info.picture_size(habits)
    n_bytes = width * height * 3
    with open_ffmpeg([*where, *info.picture_args(habits)], path_for_errors=info.path) as stream:
        while len(raw := stream.read(n_bytes)) == n_bytes:
            yield np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def _rows(
    info: MediaInfo, times: np.ndarray, rows_for: RowsFor, *, habits: Habits, prepare: Prepare | None, see: See | None
) -> Iterator[np.ndarray]:
    """Each row of moments as one array of frames; a row begins and ends no earlier than the one before."""
    films_mixed = habits.ffmpeg_picks_stream and info.n_films > 1
    if films_mixed or (habits.ignore_picture_times and not info.is_constant):
        return _by_number_with_seeks(info, times, habits, prepare)
    if info.is_constant:
        return numbered_rows(lambda first: read_frames(info, first, habits=habits), rows_for, info.path, prepare, see)
    return rows_on_screen(info, times, habits, prepare)


def _by_number_with_seeks(
    info: MediaInfo, times: np.ndarray, habits: Habits, prepare: Prepare | None
) -> Iterator[np.ndarray]:
    with closing(CountingReader(lambda first: read_frames(info, first, habits=habits))) as reader:
        for row in times.tolist():
            video_frames = [reader.frame(frame_number(info.fps, moment)) for moment in row]
            yield np.stack(video_frames if prepare is None else [prepare(frame) for frame in video_frames])


def numbered_rows(
    read: Read, rows_for: RowsFor, path: str | Path, prepare: Prepare | None = None, see: See | None = None
) -> Iterator[np.ndarray]:
    """Rows of frames, by numbers that `rows_for` gives for a known number of frames in the film, or infinity.

    Shapes   rows_for(n_frames) (n, k) integers -> n arrays (k, height, width, 3) uint8, or k of what `prepare` makes
    Raises   MediaError, naming `path`, where there is no frame
    """

    def prepared(number: int, video_frame: np.ndarray) -> np.ndarray:
        video_frame = video_frame if see is None else see(f"frames.{number}", video_frame)
        return video_frame if prepare is None else prepare(video_frame)

    rows = rows_for(np.inf)
    wanted = set(rows.ravel().tolist())
    held: dict[int, np.ndarray] = {}
    # moviepy opens the file at its first frame and seeks when the first request lies far ahead
    number = int(rows[0, 0]) if len(rows) and rows[0, 0] > JUMP else 0
    with closing(read(number)) as frames:
        for b in range(len(rows)):
            while number <= rows[b].max():
                video_frame = next(frames, None)
                if video_frame is None:  # the end: from here on the rows depend on where it is
                    rows, number = rows_for(number), np.iinfo(np.int64).max
                    break
                if number in wanted:
                    held[number] = prepared(number, video_frame)
                number += 1
            row = (rows[b] if see is None else see(f"{b}.frame_numbers", rows[b])).tolist()
            for lost in sorted(set(row) - set(held)):  # a chunk beyond the end of the pictures
                held[lost] = prepared(lost, _frame_at(read, lost, path))
            yield np.stack([held[i] for i in row])
            for old in [i for i in held if i < min(row)]:
                del held[old]


def _frame_at(read: Read, number: int, path: str | Path) -> np.ndarray:
    """One frame by its number, or the last one before it."""
    found = None
    with closing(read(0)) as frames:
        for _ in range(number + 1):
            video_frame = next(frames, None)
            if video_frame is None:
                break
            found = video_frame
    if found is None:
        raise MediaError(f"{path}: no frame can be decoded; the file is damaged or cut short")
    return found


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

    The last four of the 64 frames of the clip that ends at 2 s, in a film of 24 frames a second:
    >>> frame_indices(24.0, np.inf, 0.0, 10.0)[3, -4:].tolist()
    [43, 45, 46, 48]

    Shapes   -> (n, n_video_frames) int64, a row per bin
    Units    seconds from the start of the file, Hz
    Numerics int(fps * t + 0.00001) with t = offset + max(0, end of the bin - clip_duration * k / n_video_frames) for
             k = n_video_frames - 1 ... 0; past the end of the file as `FrameReader`
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data over moviepy 2.2.1 FFMPEG_VideoReader
    """
    # moviepy's subclip knows its length as a difference of its ends
    times = clip_times(
        (offset + duration) - offset, n_video_frames=n_video_frames, clip_duration=clip_duration, frequency=frequency
    )
    return frames_at(times + offset, fps, n_frames)


def frames_at(times: np.ndarray, fps: float, n_frames: float) -> np.ndarray:
    """Frames on screen at moments of the file that are asked for row by row; past its end as `FrameReader`.

    Shapes   times (n, k) float64 -> (n, k) int64
    """
    reader = FrameReader(n_frames)
    shown = [[reader.request(frame_number(fps, time)) for time in row] for row in times.tolist()]
    return np.array(shown, np.int64).reshape(times.shape)


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
    times = still_times((offset + duration) - offset, frequency=frequency) + offset
    return np.array([frame_number(fps, time) for time in times.tolist()], np.int64)


def stills_at(times: np.ndarray, fps: float) -> RowsFor:
    """Frames on screen at moments of the file, in rows of one, for a known number of frames; past the end the last."""
    indices = np.array([frame_number(fps, time) for time in times.tolist()], np.int64)[:, None]
    return lambda n_frames: np.asarray(np.minimum(indices, n_frames - 1), np.int64)
