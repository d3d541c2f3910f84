"""What a media file holds, by its header and its packets, and how ffmpeg is asked for its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import check_file, decodable_codecs, ffmpeg_version, input_args, printed_about, useful_line
from tribe_np.media.film import header
from tribe_np.media.film.header import StreamText
from tribe_np.media.film.packets import Packets, read_packets

KINDS = {"Video": "pictures", "Audio": "sound"}
MAX_PACKET = 0.25
"""Seconds by which header and packets may differ at most and still agree: both count in whole packets."""
CHUNK = 90.0  # seconds, the longest chunk that is read in one pass
NEARLY_SQUARE, MAX_PIXEL_ASPECT = 1.02, 8.0
"""Pixels at most 2 % off square make up for a rounded size (854 x 480) and are square; past eight times, nonsense."""

TURNS = {90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}
"""Filters by degrees counter-clockwise; ffmpeg's own for the same turns."""


@dataclass(frozen=True)
class Habits:
    """What upstream does to films and tribe_np does not, each off by default; `Compat` has the same names."""

    ignore_rotation: bool = False  # a turned picture is squeezed into its unturned size
    ignore_pixel_aspect: bool = False  # pixels are taken to be square
    ignore_picture_times: bool = False  # pictures are counted, though they are not evenly spaced
    ffmpeg_picks_stream: bool = False  # of several films in a file the largest is shown at the pace of the first
    container_duration: bool = False  # a film lasts as long as its header says, subtitles and all


@dataclass(frozen=True)
class MediaInfo:
    """One file. Absent streams have zeros, and -1 as their index.

    Units    seconds, Hz, degrees. The film's second 0 is `start` in the file's own timestamps; the starts and stops of
             its streams count from there and are those of packets (compressed sound may begin a packet early)
    """

    path: Path
    duration: float  # to the end of the last picture or sound, two decimals
    fps: float = 0.0
    width: int = 0  # of the coded picture, before rotation
    height: int = 0
    has_video: bool = False
    has_audio: bool = False
    audio_rate: int = 0
    n_audio_channels: int = 0
    rotation: float = 0.0  # as ffmpeg prints it: counter-clockwise turn that players apply
    is_turned_by_tag: bool = False  # by words alone, which recent ffmpeg passes over
    pixel_aspect: float = 1.0  # width of a pixel over its height
    n_films: int = 0  # streams of pictures, covers apart
    video_stream: int = -1  # N of ffmpeg's `-map 0:N`
    audio_stream: int = -1
    header_duration: float | None = None  # of the whole container, subtitles and all
    header_start: float = 0.0  # where ffmpeg begins to count by default
    start: float = 0.0
    video_start: float = 0.0
    video_stop: float = 0.0
    audio_start: float = 0.0
    audio_stop: float = 0.0
    is_even: bool = True  # pictures come at a constant rate, the printed one
    is_constant: bool = True  # and ffmpeg would put out each of them once: a picture's number tells its time
    picture_times: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False, compare=False)
    notes: tuple[str, ...] = ()  # what a person should know about how the file is read

    @property
    def reading(self) -> dict[str, float]:
        """All that decides which pictures are shown when, for cache keys.

        Versions of ffmpeg differ here (in what they can decode, where a file begins), not in the pictures they decode:
        equal to the bit from 4.2 to 9.0 for H.264, HEVC, VP8, VP9, MPEG-4, of 8 and 10 bits and every colour range.
        """
        return {
            "stream": self.video_stream, "fps": self.fps, "is_constant": self.is_constant, "start": self.start,
            "header_start": self.header_start, "width": self.width, "height": self.height, "rotation": self.rotation,
            "is_turned_by_tag": self.is_turned_by_tag, "pixel_aspect": self.pixel_aspect,
        }  # fmt: skip

    @property
    def displayed_size(self) -> tuple[int, int]:
        """(width, height) of the coded picture as ffmpeg turns it: swapped for a quarter turn."""
        turned = abs(abs(self.rotation) % 180 - 90) < 1
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def seen_size(self) -> tuple[int, int]:
        """(width, height) as a person sees it: turned, and pixels that are not square made so by growing one side."""
        aspect = self.pixel_aspect
        seen = (max(1, round(self.width * max(aspect, 1.0))), max(1, round(self.height / min(aspect, 1.0))))
        return seen if self.displayed_size == (self.width, self.height) else seen[::-1]

    def film_duration(self, habits: Habits) -> float:
        """Seconds from the film's second 0 to its end."""
        return (self.header_duration or self.duration) if habits.container_duration else self.duration

    def picture_size(self, habits: Habits) -> tuple[int, int]:
        """(width, height) in which pictures are handed on."""
        turned = self.displayed_size if habits.ignore_pixel_aspect else self.seen_size
        is_quarter_turn = self.displayed_size != (self.width, self.height)
        return turned[::-1] if habits.ignore_rotation and is_quarter_turn else turned

    def film_args(self) -> list[str]:
        """ffmpeg's input options and input for the film; a seek goes before them."""
        by_hand = ["-noautorotate"] if self.is_turned_by_tag else []
        return [*by_hand, *input_args(self.path)]

    def picture_args(self, habits: Habits, *, shows_times: bool = False) -> list[str]:
        """ffmpeg's output options and output: RGB of 8 bits, a picture after the other.

        Numerics swscale bicubic, as moviepy asks for it
        Source   moviepy 2.2.1 FFMPEG_VideoReader.initialize
        """
        width, height = self.picture_size(habits)
        by_hand = self.is_turned_by_tag and not habits.ignore_rotation
        turn = TURNS.get(round(self.rotation) % 360) if by_hand else None
        filters = [*(["showinfo"] if shows_times else []), *([turn] if turn else []), f"scale={width}:{height}"]
        chosen = [] if habits.ffmpeg_picks_stream else ["-map", f"0:{self.video_stream}"]
        form = ["-sws_flags", "bicubic", "-pix_fmt", "rgb24", "-vcodec", "rawvideo", "-"]
        return [*chosen, "-f", "image2pipe", "-vf", ",".join(filters), *form]


def probe(path: str | Path) -> MediaInfo:
    """The streams, duration and rates of a file; its packets are read once to their end, and remembered.

    Numerics fps is the printed one (two decimals; tbr without it), moved to x * 1000 / 1001 when within 0.01 of it;
             duration is the header's where it agrees with the packets to one packet, else theirs
    Raises   MediaError: no such file, empty, not media, cut short, without video and sound, or of no duration
    Source   moviepy 2.2.1 FFmpegInfosParser
    """
    check_file(path)
    check_whole_avi(path)
    found = Path(path).stat()
    return _probe(str(path), found.st_size, found.st_mtime_ns)


def check_whole_avi(path: str | Path) -> None:
    """Checks that the top-level chunks of an AVI file end within it, which ffmpeg does not mind; other files pass.

    Raises   MediaError for a file cut short
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        position = 0
        while position + 12 <= size:
            file.seek(position)
            begin = file.read(12)
            length = int.from_bytes(begin[4:8], "little")
            if begin[:4] != b"RIFF" or begin[8:] not in (b"AVI ", b"AVIX") or not length:  # 0: never finished
                return
            position += 8 + length + length % 2
    if position > size + 1:  # a last byte of padding may be left out
        raise MediaError(f"{path}: the file is cut short ({size} of {position} bytes); copy or download it again")


@lru_cache(maxsize=16)
def _probe(path: str, size: int, changed: int) -> MediaInfo:
    text = printed_about(path)
    if "\nInput #0" not in f"\n{text}":
        raise MediaError(f"{path}: not a media file, or cut short: {useful_line(text)}")
    streams = header.parse_streams(text)
    notes: list[str] = []
    video, audio = _chosen(path, streams, "Video", notes), _chosen(path, streams, "Audio", notes)
    if video is None and audio is None:
        raise MediaError(f"{path}: holds neither video nor sound")
    info = MediaInfo(Path(path), 0.0)
    if audio is not None:
        info = _with_sound(info, audio)
    if video is not None:
        n_films = sum(stream.kind == "Video" and not stream.is_cover for stream in streams)
        info = replace(_with_pictures(info, video, notes), n_films=n_films)
    packets = read_packets(path, [stream.index for stream in (video, audio) if stream is not None])
    info = _with_times(info, header.parse_length(text), packets, notes)
    if video is not None and video.index in packets:
        found = packets[video.index]
        info = replace(info, picture_times=found.times - info.start, is_even=_is_even(found, info.fps))
        info = replace(info, is_constant=info.is_even and _is_put_out_once(info, video))
    return replace(info, notes=tuple(notes))


def _chosen(path: str, streams: Sequence[StreamText], kind: str, notes: list[str]) -> StreamText | None:
    """The first stream of a kind that is marked as default, else the first; of those that can be decoded, no covers."""
    found = [stream for stream in streams if stream.kind == kind and not stream.is_cover]
    usable = [stream for stream in found if stream.codec in decodable_codecs()]
    if not found:
        return None
    if not usable:
        raise MediaError(
            f"{path}: its {KINDS[kind]} ({found[0].codec}) cannot be decoded by ffmpeg {ffmpeg_version()}; convert it, "
            "or set IMAGEIO_FFMPEG_EXE to a newer ffmpeg"
        )
    chosen = next((stream for stream in usable if stream.is_default), usable[0])
    if len(found) > 1:
        unusable = [f"stream {s.index} ({s.codec})" for s in found if s not in usable]
        notes.append(
            f"{Path(path).name} holds {len(found)} streams of {KINDS[kind]}; stream {chosen.index} ({chosen.codec}) is "
            "used" + (f", and {', '.join(unusable)} cannot be decoded" if unusable else "")
        )
    return chosen


def _with_sound(info: MediaInfo, stream: StreamText) -> MediaInfo:
    return replace(
        info,
        has_audio=True,
        audio_stream=stream.index,
        audio_rate=header.parse_audio_rate(stream.line),
        n_audio_channels=header.parse_channels(stream.line),
    )


def _with_pictures(info: MediaInfo, stream: StreamText, notes: list[str]) -> MediaInfo:
    width, height = header.parse_size(stream.line)
    if 0 in (width, height):
        raise MediaError(f"{info.path}: the size of its pictures is unknown; the file is damaged or cut short")
    fps = header.parse_fps(stream.line)
    if fps <= 0:
        raise MediaError(f"{info.path}: its frame rate is unknown; the file is damaged or not a video")
    aspect = header.parse_pixel_aspect(stream.line)
    if max(aspect, 1 / aspect) < NEARLY_SQUARE:
        aspect = 1.0
    if not 1 / MAX_PIXEL_ASPECT <= aspect <= MAX_PIXEL_ASPECT:
        notes.append(f"{info.path.name}: pixels {aspect:.3g} times as wide as high are implausible; taken as square")
        aspect = 1.0
    tag = header.parse_rotate_tag(stream.below)
    return replace(
        info,
        has_video=True,
        video_stream=stream.index,
        fps=fps,
        width=width,
        height=height,
        rotation=tag or header.parse_rotation(stream.below),
        is_turned_by_tag=tag != 0,
        pixel_aspect=aspect,
    )


def _with_times(
    info: MediaInfo, printed: tuple[float | None, float], packets: Mapping[int, Packets], notes: list[str]
) -> MediaInfo:
    """Where the film begins and ends: the header's word where it agrees with the packets, else theirs.

    Raises   MediaError when neither tells
    """
    length, begin = printed
    if not packets:
        if length is None:
            raise MediaError(f"{info.path}: does not say how long it is, and has no sound or picture to measure")
        if length == 0:
            raise MediaError(f"{info.path}: its duration is zero")
        return replace(info, duration=length, header_duration=length, header_start=begin, start=begin)
    first, last = min(p.start for p in packets.values()), max(p.stop for p in packets.values())
    agreed = min(MAX_PACKET, max(p.typical for p in packets.values())) + 0.01
    start = begin if abs(begin - first) <= agreed else first
    measured = round(last - start, 2)
    if not measured > 0:
        raise MediaError(f"{info.path}: its duration is zero")
    duration = measured if length is None or abs(length - measured) > agreed else length
    if length is not None and duration != length:
        notes.append(f"{info.path.name}: its header says {length:g} s, but its content lasts {duration:g} s")
    info = replace(info, duration=duration, header_duration=length, header_start=begin, start=start)
    pictures, sound = packets.get(info.video_stream), packets.get(info.audio_stream)
    if pictures is not None:
        info = replace(info, video_start=pictures.start - start, video_stop=pictures.stop - start)
    if sound is not None:
        info = replace(info, audio_start=sound.start - start, audio_stop=sound.stop - start)
    return info


def _is_even(packets: Packets, fps: float) -> bool:
    """Whether pictures come at a constant rate, to 1.5 steps of the file's clock (Matroska rounds to milliseconds)."""
    times, n = packets.times, len(packets.times)
    if n < 2:
        return True
    rate = (n - 1) / max(times[-1] - times[0], packets.tick)
    unevenness = np.max(np.abs(times - times[0] - np.arange(n) / rate))
    drift = abs(rate - fps) * min(times[-1] - times[0], CHUNK)  # in pictures
    return bool(unevenness <= min(1.5 * packets.tick, 0.25 / rate) and drift <= 0.25)


def _is_put_out_once(info: MediaInfo, stream: StreamText) -> bool:
    """Whether ffmpeg's own constant rate is that of the pictures, counted from the film's second 0."""
    return info.start == info.header_start and abs(header.parse_tbr(stream.line) - info.fps) < 0.011


def unevenness(info: MediaInfo) -> str:
    """A film of variable frame rate in words."""
    gaps = np.diff(info.picture_times)
    longest = f", the longest shown for {gaps.max():.3g} s" if len(gaps) else ""
    return (
        f"{info.path.name}: its {len(info.picture_times)} pictures do not come at a constant {info.fps:.5g} per second"
        f"{longest}"
    )
