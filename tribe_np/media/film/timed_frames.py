"""Films whose pictures do not come at a constant rate: each picture with its time, and the one on screen at any moment.

ffmpeg puts out every decoded picture once; its filter showinfo says when each is shown. Nothing is counted, so a
header's frame rate, gaps, edit lists and inexact seeks cannot move a picture.
"""

import os
import re
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from fractions import Fraction
from typing import IO

import numpy as np

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import open_ffmpeg, passthrough_args
from tribe_np.media.film.probe import Habits, MediaInfo

SHOWINFO = re.compile(rb"showinfo[^\]]*\] \[info\] (?:config in time_base: (\d+)/(\d+)|n: *\d+ pts: *(-?\d+|NOPTS) )")
AT_ONCE = 1e-6
"""Seconds by which a picture may come after the moment asked for and still be the one on screen."""
BEFORE = 1e-5  # seconds by which a seek aims before the picture wanted
TimedFrame = tuple[float, np.ndarray]
Prepare = Callable[[np.ndarray], np.ndarray]


def rows_on_screen(info: MediaInfo, times: np.ndarray, habits: Habits, prepare: Prepare | None) -> Iterator[np.ndarray]:
    """Each row of moments as one array of frames; a row begins and ends no earlier than the one before."""
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


def on_screen(
    info: MediaInfo, moments: np.ndarray, habits: Habits, prepare: Prepare | None = None
) -> Generator[np.ndarray, None, None]:
    """The picture that a player shows at each moment: the last one whose time has come, or the first of all.

    Shapes   moments (n,) float64, ascending -> n arrays (height, width, 3) uint8, the same one while it stays
    Units    seconds from the film's second 0
    `prepare` is applied once to every picture that is shown.
    Raises   MediaError when ffmpeg fails or there is no picture
    """
    if not len(moments):
        return
    with closing(read_from(info, float(moments[0]), habits)) as frames:
        shown = next(frames, None)
        if shown is None:
            raise MediaError(f"{info.path}: no frame can be decoded; the file is damaged or cut short")
        coming, prepared = next(frames, None), None
        for moment in moments:
            while coming is not None and coming[0] <= moment + AT_ONCE:
                shown, coming, prepared = coming, next(frames, None), None
            if prepared is None:
                prepared = shown[1] if prepare is None else prepare(shown[1])
            yield prepared


def read_from(info: MediaInfo, moment: float, habits: Habits) -> Generator[TimedFrame, None, None]:
    """Pictures in the order in which they are shown, from the one on screen at `moment` on, or from an earlier one."""
    earlier = info.picture_times[info.picture_times <= moment + AT_ONCE]
    if len(earlier) and earlier[-1] > info.picture_times[0]:
        with closing(_decode(info, float(earlier[-1]), habits)) as frames:
            first = next(frames, None)
            if first is not None and first[0] <= moment + AT_ONCE:
                yield first
                yield from frames
                return
    yield from _decode(info, None, habits)  # from the start of the file, also where a seek went too far


def _decode(info: MediaInfo, begin: float | None, habits: Habits) -> Generator[TimedFrame, None, None]:
    """Every picture from second `begin` on, or from the file's first, with its time."""
    # ffmpeg counts a seek from where the file begins by its header
    seek = [] if begin is None else ["-ss", f"{max(0.0, begin + info.start - info.header_start - BEFORE):.6f}"]
    args = ["-copyts", *seek, *info.film_args(), *passthrough_args()]
    args += info.picture_args(habits, shows_times=True)
    width, height = info.picture_size(habits)
    n_bytes = width * height * 3
    with tempfile.TemporaryFile() as log, open_ffmpeg(args, path_for_errors=info.path, messages=log) as stream:
        times = _shown_times(log)
        while len(raw := stream.read(n_bytes)) == n_bytes:
            # the filter speaks before the picture is put out
            yield next(times) - info.start, np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def _shown_times(log: IO[bytes]) -> Iterator[float]:
    """Times of pictures in the file's own timestamps, as ffmpeg tells them; a picture without one keeps the last."""
    tick, position, rest, last = Fraction(1), 0, b"", 0.0
    while True:
        # pread: the file's position is shared with the child, which writes there
        piece = os.pread(log.fileno(), 1 << 16, position)
        if not piece:
            raise MediaError("ffmpeg gave a picture without the time when it is shown")
        position += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            found = SHOWINFO.search(line)
            if found is None:
                continue
            if found[1]:
                tick = Fraction(int(found[1]), int(found[2]))
                continue
            last = last if found[3] == b"NOPTS" else float(int(found[3]) * tick)
            yield last
