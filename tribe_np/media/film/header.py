"""What `ffmpeg -i` prints about a file, parsed by moviepy's rules (so that rates and times match upstream's).

The words for rotation differ between versions of ffmpeg; every spelling from 4.2 to 9.0 is read.
"""

import re
from dataclasses import dataclass

NTSC_RATES = (23, 24, 25, 30, 50)
"""Rates whose x * 1000 / 1001 neighbour is restored from the two printed decimals; 60 is not among them."""
LAYOUTS = {
    "mono": 1, "stereo": 2, "downmix": 2, "binaural": 2, "quad": 4, "hexagonal": 6, "octagonal": 8, "cube": 8,
    "hexadecagonal": 16,
}  # fmt: skip
STREAM = re.compile(r"Stream #0:(\d+)\S*: (\w+): (.*)")
MATRIX = re.compile(r"display ?matrix: rotation of ([-+]?\d+(?:\.\d+)?) degrees", re.IGNORECASE)
ROTATE_TAG = re.compile(r"^\s*rotate\s*: ([-+]?\d+(?:\.\d+)?)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class StreamText:
    """What is printed about one stream: its own line, and the lines of tags and side data under it."""

    index: int  # N of ffmpeg's `-map 0:N`
    kind: str  # "Video", "Audio", "Subtitle", "Data", "Attachment"
    line: str
    below: str

    @property
    def codec(self) -> str:
        """ffmpeg's name of the format, such as h264; "none" where it knows no name."""
        return re.split(r"[ ,(]", self.line.partition(f"{self.kind}: ")[2], maxsplit=1)[0]

    @property
    def is_default(self) -> bool:
        """Whether the file marks it as the one to play."""
        return "(default)" in self.line

    @property
    def is_cover(self) -> bool:
        """Whether it is a picture attached to sound or film, which no player shows as the film."""
        return "(attached pic)" in self.line


def parse_streams(text: str) -> list[StreamText]:
    """The streams of a file in its own order."""
    found: list[tuple[int, str, str, list[str]]] = []
    for line in text.splitlines():
        stream = STREAM.match(line.strip())
        if stream:
            found.append((int(stream.group(1)), stream.group(2), line.strip(), []))
        elif found:
            found[-1][3].append(line)
    return [StreamText(index, kind, line, "\n".join(below)) for index, kind, line, below in found]


def parse_length(text: str) -> tuple[float | None, float]:
    """(duration, start) in seconds of the whole file, subtitles and all; a duration of None is not in the header."""
    printed = re.search(r"^  Duration: (?:(\d+):(\d\d):(\d\d\.\d\d)|N/A)(?:, start: (-?\d+\.\d+))?", text, re.MULTILINE)
    if printed is None:
        return None, 0.0
    hours, minutes, seconds, start = printed.groups()
    duration = None if hours is None else int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return duration, float(start or 0)


def parse_fps(line: str) -> float:
    """Frame rate of a video stream's line; 0 when it prints none.

    Source   moviepy 2.2.1 FFmpegInfosParser.parse_video_stream_data
    """
    fps = _rate("fps", line) or parse_tbr(line)
    for rate in NTSC_RATES:
        if fps != rate and abs(fps - rate * (1000.0 / 1001.0)) < 0.01:
            fps = rate * (1000.0 / 1001.0)
    return fps


def parse_tbr(line: str) -> float:
    """Pictures a second that ffmpeg outputs by default; 0 when it prints none."""
    return _rate("tbr", line)


def parse_size(line: str) -> tuple[int, int]:
    """(width, height) of a video stream's line; zeros when it prints none."""
    printed = re.search(r" (\d+)x(\d+)[,\s]", line + " ")
    return (0, 0) if printed is None else (int(printed.group(1)), int(printed.group(2)))


def parse_pixel_aspect(line: str) -> float:
    """Width of a pixel over its height; the container's word, which is printed last, before the codec's; 1 without."""
    printed = re.findall(r"\bSAR (\d+):(\d+)", line)
    width, height = (int(part) for part in printed[-1]) if printed else (1, 1)
    return width / height if width and height else 1.0


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


def parse_audio_rate(line: str) -> int:
    """Samples a second of an audio stream's line; 0 when it prints none."""
    return int(_first(r" (\d+) Hz", line) or 0)


def parse_rotation(text: str) -> float:
    """Degrees of the first display matrix that is printed, counter-clockwise, 0 without one."""
    return float(_first(MATRIX, text) or 0)


def parse_rotate_tag(text: str) -> float:
    """Degrees, counter-clockwise, of a tag "rotate" (which counts clockwise); 0 where a matrix says it, or nothing."""
    return 0.0 if MATRIX.search(text) else -float(_first(ROTATE_TAG, text) or 0)


def _rate(unit: str, line: str) -> float:
    printed = re.search(rf" (\d+(?:\.\d+)?)(k?) {unit}\b", line)
    return 0.0 if printed is None else float(printed[1]) * (1000 if printed[2] else 1)


def _first(pattern: str | re.Pattern[str], text: str) -> str | None:
    found = re.search(pattern, text)
    return None if found is None else found.group(1)
