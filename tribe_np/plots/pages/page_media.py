"""The stimulus as browsers play it: H.264 and AAC in MP4 at most 480p, sound alone, or one picture; never too large.

Both streams are made to begin at the film's second 0, as `tribe_np.media` counts it, so that a player's clock is the
stimulus'. Rotation, pixel shapes and colours are ffmpeg's. Same film, same ffmpeg, same bytes.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tribe_np.media.ffmpeg import file_url, input_args, run_ffmpeg
from tribe_np.media.film.probe import MediaInfo, probe
from tribe_np.shown import quoted

LONG_SIDE, SHORT_SIDE = 854, 480  # 480p, upright or lying
GOOD_QUALITY = 26  # x264's CRF where there is room
MOST_VIDEO, LEAST_VIDEO = 1_200_000, 80_000  # bits a second; below the least a film is no film any more
MOST_SOUND, GOOD_SOUND, LEAST_SOUND = 96_000, 48_000, 24_000
SHRINKS = (0.94, 0.80, 0.65)  # of the room, tried in turn until the file fits
CONTAINER = 20_000  # bytes beside the streams, and half a per cent of them
STILL_SHARE = 0.3  # of the way into the film, where the still is taken: seldom black


@dataclass(frozen=True)
class PageMedia:
    """A file in memory and what it is; `kind` is video, audio, picture or none, `note` says what was left out."""

    kind: str
    mime: str
    content: bytes
    note: str = ""


def page_media(
    path: Path, room: int, *, start: float = 0.0, duration: float | None = None, with_pictures: bool = True
) -> PageMedia:
    """The best of a film or sound that takes at most `room` bytes: film, sound alone, a still, nothing.

    Raises   MediaError for what cannot be read; MissingDependencyError without ffmpeg
    """
    info = probe(path)
    seconds = max(min(info.duration - start, duration or info.duration), 0.1)
    rate = (room - CONTAINER) * 8 / seconds / 1.005
    name = quoted(path.name)
    if info.has_video and with_pictures:
        if found := _film(info, room, rate, start, seconds):
            return PageMedia("video", "video/mp4", found)
        why = f"the film {name} does not fit into the page (raise --max-mb)"
    else:
        why = f"the sound {name} does not fit into the page (raise --max-mb)"
    if info.has_audio and (found := _sound(info, room, rate, start, seconds)):
        return PageMedia("audio", "audio/mp4", found, f"{why}: its sound alone is here" if info.has_video else "")
    if info.has_video and with_pictures and (found := _still(info, room, start + STILL_SHARE * seconds)):
        return PageMedia("picture", "image/jpeg", found, f"{why}: one picture of it is here")
    return PageMedia("none", "", b"", why)


def page_picture(path: Path, room: int) -> PageMedia:
    """A picture as JPEG, at most 480p, within `room` bytes."""
    for quality in (3, 8, 16, 31):
        content = _run([*_picture_input(path), "-vf", _scale(), "-frames:v", "1", "-q:v", str(quality)], path, ".jpg")
        if len(content) <= room:
            return PageMedia("picture", "image/jpeg", content)
    return PageMedia("none", "", b"", f"the picture {quoted(path.name)} does not fit into the page (raise --max-mb)")


def _film(info: MediaInfo, room: int, rate: float, start: float, seconds: float) -> bytes | None:
    for share in SHRINKS:
        sound = _sound_rate(rate * share / 4) if info.has_audio else 0
        video = min(rate * share - sound, MOST_VIDEO)
        if video < LEAST_VIDEO:
            return None
        content = _run([*_input(info, start, seconds), *_video_args(info, video), *_audio_args(info, sound)], info.path)
        if len(content) <= room:
            return content
    return None


def _sound(info: MediaInfo, room: int, rate: float, start: float, seconds: float) -> bytes | None:
    for share in SHRINKS:
        if (sound := _sound_rate(rate * share)) < LEAST_SOUND:
            return None
        content = _run([*_input(info, start, seconds), "-vn", *_audio_args(info, sound)], info.path, ".m4a")
        if len(content) <= room:
            return content
    return None


def _still(info: MediaInfo, room: int, time: float) -> bytes | None:
    args = [*_input(info, time, 1.0), "-map", f"0:{info.video_stream}", "-vf", _scale(), "-frames:v", "1", "-q:v", "5"]
    content = _run(args, info.path, ".jpg")
    return content if 0 < len(content) <= room else None


def _sound_rate(rate: float) -> int:
    return int(min(max(rate, LEAST_SOUND if rate > LEAST_SOUND * 0.9 else rate), MOST_SOUND))


def _input(info: MediaInfo, start: float, seconds: float) -> list[str]:
    cut = ["-ss", f"{start:.6f}"] if start > 0 else []
    return [*cut, "-t", f"{seconds:.6f}", *input_args(info.path)]


def _picture_input(path: Path) -> list[str]:
    return ["-protocol_whitelist", "file,pipe", "-i", file_url(path)]


def _scale() -> str:
    """Square pixels, within 854 x 480 or 480 x 854, even sides."""
    smaller = "force_original_aspect_ratio=decrease:force_divisible_by=2"
    square = "scale='max(2,trunc(iw*sar/2)*2)':'max(2,trunc(ih/2)*2)',setsar=1"
    limit = f"scale='if(gte(a,1),min(iw,{LONG_SIDE}),min(iw,{SHORT_SIDE}))':" \
            f"'if(gte(a,1),min(ih,{SHORT_SIDE}),min(ih,{LONG_SIDE}))':{smaller}"
    return f"{square},{limit}"


def _video_args(info: MediaInfo, rate: float) -> list[str]:
    pace = f"fps={min(info.fps, 30):.6f}:start_time=0"
    return [
        "-map", f"0:{info.video_stream}", "-vf", f"{pace},{_scale()},format=yuv420p", "-c:v", "libx264",
        "-preset", "veryfast", "-crf", str(GOOD_QUALITY), "-maxrate", f"{rate:.0f}", "-bufsize", f"{rate:.0f}",
        "-g", "60", "-threads", "1",
    ]  # fmt: skip


def _audio_args(info: MediaInfo, rate: int) -> list[str]:
    if not info.has_audio:
        return []
    channels = "2" if rate >= GOOD_SOUND and info.n_audio_channels != 1 else "1"
    return [
        "-map", f"0:{info.audio_stream}", "-af", "aresample=async=1:first_pts=0", "-c:a", "aac", "-b:a", str(rate),
        "-ac", channels, "-ar", "44100" if rate >= GOOD_SOUND else "24000",
    ]  # fmt: skip


def _run(args: Sequence[str], path: Path, suffix: str = ".mp4") -> bytes:
    """What ffmpeg makes of it; MP4 needs a file that can be sought in."""
    kind = "image2" if suffix == ".jpg" else "mp4"
    quiet = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1",
             "-map_chapters", "-1", "-sn", "-dn"]
    fast = [] if suffix == ".jpg" else ["-movflags", "+faststart"]
    with tempfile.TemporaryDirectory(prefix="tribe-np-page-") as folder:
        out = Path(folder) / f"out{suffix}"
        run_ffmpeg([*args, *quiet, *fast, "-f", kind, "-y", file_url(out)], path_for_errors=path)
        return out.read_bytes() if out.is_file() else b""
