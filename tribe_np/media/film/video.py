"""Frames of a video file as a player shows them, decoded once, in order, and held no longer than needed.

A film of constant frame rate is read as upstream reads it: ffmpeg is called as moviepy calls it (same scaler, same
seek), so frames are equal to the bit. moviepy seeks back for every clip; here one pass serves all clips of a chunk,
which is the same for a constant rate. Other films are read by the times of their pictures (`timed_frames`), for there
moviepy's result depends on its own history of seeks. A stream that ends before the file's duration repeats its frames
as moviepy does; one that ffmpeg reports as cut short is a MediaError.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import open_ffmpeg
from tribe_np.media.film.counting_reader import CountingReader
from tribe_np.media.film.frame_times import JUMP, clip_times, frame_indices, frame_number, still_indices, still_times
from tribe_np.media.film.pictures import Habits, film_args, film_duration, picture_args, picture_size
from tribe_np.media.film.probe import MediaInfo, probe
from tribe_np.media.film.timed_frames import on_screen
from tribe_np.timeline.features import CLIP_DURATION, FREQUENCY, N_VIDEO_FRAMES

Prepare = Callable[[np.ndarray], np.ndarray]
RowsFor = Callable[[float], np.ndarray]
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
) -> Iterator[np.ndarray]:
    """The clip of each bin of a chunk: the frames of the `clip_duration` seconds up to the end of the bin.

    Shapes   -> round(duration * frequency) arrays (n_video_frames, height, width, 3) uint8, oldest frame first
    Units    seconds from the start of the file, Hz
    `prepare` is applied once to every frame that is used (clips share most of theirs), such as a processor's shrink.
    `habits`: what upstream does wrong and is wanted here too.
    `bins`: only the clips of these bins; each is the one it is among all.
    Raises   MediaError: not a video, a chunk beyond its end, no frame at all, or a file that is cut short
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data; moviepy 2.2.1 FFMPEG_VideoReader
    """
    info = video_info(path, offset, duration, habits)
    settings: Any = {"n_video_frames": n_video_frames, "clip_duration": clip_duration, "frequency": frequency}
    clips = _rows(
        info,
        # moviepy's subclip knows its length as a difference of its ends
        clip_times((offset + duration) - offset, **settings) + offset,
        lambda n_frames: frame_indices(info.fps, n_frames, offset, duration, **settings),
        habits,
        prepare,
    )
    chosen = None if bins is None else set(bins.tolist())
    if chosen == set():
        return
    # a clip that is left out is read all the same: where reading begins and what was read before decide what is shown
    # past the end of a file
    for number, clip in enumerate(clips):
        if chosen is None or number in chosen:
            yield clip


def still_frames(
    path: str | Path,
    *,
    offset: float,
    duration: float,
    frequency: float = FREQUENCY,
    habits: Habits = OURS,
    prepare: Prepare | None = None,
) -> Iterator[np.ndarray]:
    """One picture per bin of a chunk, from its first moment to its last; past the end, the last frame of the file.

    Shapes   -> round(duration * frequency) arrays (height, width, 3) uint8
    Raises   MediaError as `clip_frames`
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data_from_image_model (which takes a random frame past the end)
    """
    info = video_info(path, offset, duration, habits)
    times = still_times((offset + duration) - offset, frequency=frequency) + offset
    indices = still_indices(info.fps, offset, duration, frequency=frequency)[:, None]

    def rows_for(n_frames: float) -> np.ndarray:
        return np.asarray(np.minimum(indices, n_frames - 1), np.int64)

    for row in _rows(info, times[:, None], rows_for, habits, prepare):
        yield row[0]


def video_info(path: str | Path, offset: float, duration: float, habits: Habits = OURS) -> MediaInfo:
    """The facts of a file that must have pictures from `offset` for `duration` seconds.

    Raises   MediaError
    """
    info = probe(path)
    if not info.has_video:
        raise MediaError(f"{path}: has sound but no pictures")
    length = film_duration(info, habits)
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
    where = film_args(info)
    if first > 0:
        start = first * (1 / info.fps) - 0.00001
        back = min(1, start)
        where = ["-ss", f"{start - back:.6f}", *where, "-ss", f"{back:.6f}"]
    width, height = picture_size(info, habits)
    n_bytes = width * height * 3
    with open_ffmpeg([*where, *picture_args(info, habits)], path_for_errors=info.path) as stream:
        while len(raw := stream.read(n_bytes)) == n_bytes:
            yield np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def _rows(
    info: MediaInfo, times: np.ndarray, rows_for: RowsFor, habits: Habits, prepare: Prepare | None
) -> Iterator[np.ndarray]:
    """Each row of moments as one array of frames; a row begins and ends no earlier than the one before."""
    films_mixed = habits.ffmpeg_picks_stream and info.n_films > 1
    if films_mixed or (habits.ignore_picture_times and not info.is_constant):
        return _by_number_with_seeks(info, times, habits, prepare)
    if info.is_constant:
        return _by_number(info, rows_for, habits, prepare)
    return _by_time(info, times, habits, prepare)


def _by_time(info: MediaInfo, times: np.ndarray, habits: Habits, prepare: Prepare | None) -> Iterator[np.ndarray]:
    moments, places = np.unique(times, return_inverse=True)
    with closing(on_screen(info, moments, habits, prepare)) as shown:
        held: dict[int, np.ndarray] = {}
        n_shown = 0
        for row in np.reshape(places, times.shape):
            for place in range(n_shown, int(row.max()) + 1):
                held[place] = next(shown)
            n_shown = int(row.max()) + 1
            yield np.stack([held[place] for place in row])
            for old in [place for place in held if place < row.min()]:
                del held[old]


def _by_number_with_seeks(
    info: MediaInfo, times: np.ndarray, habits: Habits, prepare: Prepare | None
) -> Iterator[np.ndarray]:
    with closing(CountingReader(lambda first: read_frames(info, first, habits=habits))) as reader:
        for row in times.tolist():
            video_frames = [reader.frame(frame_number(info.fps, moment)) for moment in row]
            yield np.stack(video_frames if prepare is None else [prepare(frame) for frame in video_frames])


def _by_number(info: MediaInfo, rows_for: RowsFor, habits: Habits, prepare: Prepare | None) -> Iterator[np.ndarray]:
    """`rows_for` gives rows of frame numbers for a known number of frames in the file, or infinity."""
    rows = rows_for(np.inf)
    wanted = set(rows.ravel().tolist())
    held: dict[int, np.ndarray] = {}
    # moviepy opens the file at its first frame and seeks when the first request lies far ahead
    number = int(rows[0, 0]) if len(rows) and rows[0, 0] > JUMP else 0
    with closing(read_frames(info, number, habits=habits)) as frames:
        for b in range(len(rows)):
            while number <= rows[b].max():
                video_frame = next(frames, None)
                if video_frame is None:  # the end: from here on the rows depend on where it is
                    rows, number = rows_for(number), np.iinfo(np.int64).max
                    break
                if number in wanted:
                    held[number] = video_frame if prepare is None else prepare(video_frame)
                number += 1
            row = rows[b].tolist()
            for lost in set(row) - set(held):  # a chunk beyond the end of the pictures
                video_frame = _frame_at(info, lost, habits)
                held[lost] = video_frame if prepare is None else prepare(video_frame)
            yield np.stack([held[i] for i in row])
            for old in [i for i in held if i < min(row)]:
                del held[old]


def _frame_at(info: MediaInfo, number: int, habits: Habits) -> np.ndarray:
    """One frame by its number, or the last one before it."""
    found = None
    with closing(read_frames(info, 0, habits=habits)) as frames:
        for _ in range(number + 1):
            video_frame = next(frames, None)
            if video_frame is None:
                break
            found = video_frame
    if found is None:
        raise MediaError(f"{info.path}: no frame can be decoded; the file is damaged or cut short")
    return found
