"""When the packets of a file's streams are shown and for how long, without decoding them: ffmpeg's framecrc listing.

A header tells two frame rates and one length, each of which may be wrong; the packets are what is there.
Source   ffmpeg 4.2 to 9.0 libavformat/framecrcenc.c (stream, dts, pts, duration, size, checksum, flags)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from tribe_np.media.ffmpeg import input_args, open_ffmpeg

DISCARD = 0x4
"""Flag of a packet that an edit list leaves out: decoded, never shown."""
NO_TIME = -(1 << 63)
Row = tuple[int, int, int]  # dts, pts, duration


@dataclass(frozen=True, eq=False)
class Packets:
    """One stream's packets in the order in which they are shown.

    Shapes   times (n,) float64, n >= 1
    Units    seconds in the file's own timestamps; tick is the step of its clock, typical the median duration
    """

    times: np.ndarray
    stop: float
    typical: float
    tick: float

    @property
    def start(self) -> float:
        """When the first packet is shown."""
        return float(self.times[0])


def read_packets(path: str | Path, streams: Sequence[int]) -> dict[int, Packets]:
    """The packets of some streams, by the stream's index; a stream without any that has a time is left out.

    Raises   MediaError when the file cannot be read or is cut short
    """
    maps = [part for stream in streams for part in ("-map", f"0:{stream}")]
    args = ["-copyts", *input_args(path), *maps, "-c", "copy", "-copyinkf", "-f", "framecrc", "-"]
    ticks: dict[int, Fraction] = {}
    rows: dict[int, list[Row]] = {n: [] for n in range(len(streams))}
    with open_ffmpeg(args, path_for_errors=path) as stream:
        for line in stream:
            if not line.endswith(b"\n"):  # ffmpeg was killed: told when the block ends
                break
            if line.startswith(b"#tb "):
                number, _, tick = line[4:].decode().partition(":")
                ticks[int(number)] = Fraction(tick.strip())
            elif not line.startswith(b"#"):
                fields = line.split(b",")
                if not any(_is_discard(field.strip()) for field in fields[6:]):
                    rows[int(fields[0])].append((int(fields[1]), int(fields[2]), int(fields[3])))
    found = {streams[n]: _packets(stream_rows, ticks[n]) for n, stream_rows in rows.items() if stream_rows}
    return {stream: packets for stream, packets in found.items() if packets is not None}


def _is_discard(field: bytes) -> bool:
    return field.startswith(b"F=0x") and bool(int(field[4:], 16) & DISCARD)


def _packets(rows: Sequence[Row], tick: Fraction) -> Packets | None:
    table = np.array(rows, np.int64)
    # AVI has decoding times only: one picture per step, so that in order they are the times of presentation
    column = 0 if np.any(table[:, 1] == NO_TIME) else 1
    table = table[table[:, column] != NO_TIME]
    if not len(table):
        return None
    step = float(tick)
    times, durations = table[:, column] * step, np.maximum(table[:, 2], 0) * step
    return Packets(np.sort(times), float(np.max(times + durations)), float(np.median(durations)), step)
