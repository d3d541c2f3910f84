"""What a media file holds, parsed from the text of `ffmpeg -i` by moviepy's rules (so that times match upstream's)."""

import re
from dataclasses import dataclass
from pathlib import Path

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import check_file, describe, useful_line

NTSC_RATES = (23, 24, 25, 30, 50)
"""Rates whose x * 1000 / 1001 neighbour is restored from the two printed decimals; 60 is not among them."""
LAYOUTS = {
    "mono": 1, "stereo": 2, "downmix": 2, "binaural": 2, "quad": 4, "hexagonal": 6, "octagonal": 8, "cube": 8,
    "hexadecagonal": 16,
}  # fmt: skip


@dataclass(frozen=True)
class MediaInfo:
    """One file. Absent streams have zeros.

    Units    duration in seconds (two decimals, the longest stream), fps in Hz, audio_rate in Hz, rotation in degrees
    """

    path: Path
    duration: float
    fps: float = 0.0
    width: int = 0  # of the coded picture, before rotation
    height: int = 0
    has_video: bool = False
    has_audio: bool = False
    audio_rate: int = 0
    n_audio_channels: int = 0
    rotation: float = 0.0  # as ffmpeg prints it: counter-clockwise turn that players apply

    @property
    def displayed_size(self) -> tuple[int, int]:
        """(width, height) of the picture as ffmpeg turns it: swapped for a quarter turn."""
        turned = abs(abs(self.rotation) % 180 - 90) < 1
        return (self.height, self.width) if turned else (self.width, self.height)


def probe(path: str | Path) -> MediaInfo:
    """The streams, duration and rates of a file.

    Numerics fps is the printed one (two decimals; tbr without it), moved to x * 1000 / 1001 when within 0.01 of it
    Raises   MediaError: no such file, empty, not media, truncated, without video and sound, or of no duration
    Source   moviepy 2.2.1 FFmpegInfosParser
    """
    check_file(path)
    text = describe(path)
    if not re.search(r"^Input #0", text, re.MULTILINE):
        raise MediaError(f"{path}: not a media file, or cut short: {useful_line(text)}")
    video, audio = _default_stream(text, "Video"), _default_stream(text, "Audio")
    if video is None and audio is None:
        raise MediaError(f"{path}: holds neither video nor sound")
    width, height = (0, 0) if video is None else parse_size(video)
    if video is not None and 0 in (width, height):
        raise MediaError(f"{path}: the size of its pictures is unknown; the file is damaged or cut short")
    return MediaInfo(
        path=Path(path),
        duration=_duration(path, text),
        fps=0.0 if video is None else _checked_fps(path, video),
        width=width,
        height=height,
        has_video=video is not None,
        has_audio=audio is not None,
        audio_rate=0 if audio is None else int(_first(r" (\d+) Hz", audio) or 0),
        n_audio_channels=0 if audio is None else parse_channels(audio),
        rotation=0.0 if video is None else parse_rotation(text),
    )


def _default_stream(text: str, kind: str) -> str | None:
    """The line of the first stream of a kind that is marked as default, else the first; no cover pictures."""
    lines = [line.strip() for line in text.splitlines()]
    streams = [line for line in lines if re.match(rf"Stream #0:\d+\S*: {kind}:", line) and "(attached pic)" not in line]
    return next((line for line in streams if line.endswith("(default)")), streams[0] if streams else None)


def _duration(path: str | Path, text: str) -> float:
    printed = re.search(r"^  Duration: (\d+):(\d\d):(\d\d\.\d\d)", text, re.MULTILINE)
    if printed is None:
        raise MediaError(
            f"{path}: the file does not say how long it is; write it anew, for example: ffmpeg -i IN -c copy OUT.mkv"
        )
    hours, minutes, seconds = printed.groups()
    duration = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if duration == 0:
        raise MediaError(f"{path}: its duration is zero")
    return duration


def _checked_fps(path: str | Path, line: str) -> float:
    fps = parse_fps(line)
    if fps <= 0:
        raise MediaError(f"{path}: its frame rate is unknown; the file is damaged or not a video")
    return fps


def parse_fps(line: str) -> float:
    """Frame rate of a video stream's line; 0 when it prints none.

    Source   moviepy 2.2.1 FFmpegInfosParser.parse_video_stream_data
    """
    printed = _first(r" (\d+.?\d*) fps", line)
    if printed is None:
        printed = _first(r" (\d+.?\d*k?) tbr", line) or "0"
    fps = float(printed[:-1]) * 1000 if printed.endswith("k") else float(printed)
    for rate in NTSC_RATES:
        if fps != rate and abs(fps - rate * (1000.0 / 1001.0)) < 0.01:
            fps = rate * (1000.0 / 1001.0)
    return fps


def parse_size(line: str) -> tuple[int, int]:
    """(width, height) of a video stream's line; zeros when it prints none."""
    printed = re.search(r" (\d+)x(\d+)[,\s]", line + " ")
    return (0, 0) if printed is None else (int(printed.group(1)), int(printed.group(2)))


def parse_channels(line: str) -> int:
    """Channel count of an audio stream's line, from the name of its layout; 0 when unknown."""
    layout = _first(r" Hz, ([^,]+)", line) or ""
    counted = re.match(r"(\d+) channels", layout)
    if counted:
        return int(counted.group(1))
    points = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", layout)
    if points:
        return sum(int(part) for part in points.groups() if part)
    return LAYOUTS.get(layout.partition("(")[0].strip(), 0)


def parse_rotation(text: str) -> float:
    """Degrees of the first display matrix that ffmpeg prints, 0 without one."""
    return float(_first(r"Display Matrix: rotation of ([-+]?\d+(?:\.\d+)?) degrees", text) or 0)


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return None if found is None else found.group(1)
