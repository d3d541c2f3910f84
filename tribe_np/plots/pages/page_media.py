"""The stimulus as browsers play it: H.264 and AAC in MP4 at most 480p, sound alone, or one picture; never too large.

The file begins at the first second that is shown, so that a player's clock is the stimulus'. Rotation, pixel shapes and
colours are ffmpeg's. Same stimulus, same ffmpeg, same bytes.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tribe_np.errors import MediaError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.media.ffmpeg import file_url, input_args, run_ffmpeg
from tribe_np.media.film.probe import probe

SIZES = ((300_000, 480, 854), (150_000, 360, 640), (0, 240, 426))  # bits a second from which sides of a picture fit
GOOD_QUALITY = 26  # x264's CRF where there is room
MOST_VIDEO, LEAST_VIDEO = 1_200_000, 60_000  # bits a second; with less a film is no film any more
MOST_SOUND, STEREO_SOUND, LEAST_SOUND = 96_000, 64_000, 24_000
SOUND_SHARE = 0.2  # of a film's bits
SHRINKS = (0.95, 0.80, 0.65)  # of the room, tried in turn until the file fits
CONTAINER = 20_000  # bytes beside the streams
MOST_FPS = 30.0
JPEG_QUALITIES = (3, 8, 16, 31)  # ffmpeg's -q:v, best first
EXACT = (
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1",
    "-map_chapters", "-1", "-sn", "-dn",
)  # fmt: skip


@dataclass(frozen=True)
class MediaInput:
    """What is to be shown: a film from a second of it on, or a picture; the sound, a WAV of the same seconds.

    Units    seconds
    """

    seconds: float
    film: Path | None = None
    film_start: float = 0.0
    picture: Path | None = None
    sound: Path | None = None


@dataclass(frozen=True)
class PageMedia:
    """A file in memory and what it is; `kind` is video, audio, picture or none; `note` says what was left out."""

    kind: str
    mime: str = ""
    content: bytes = b""
    note: str = ""

    @property
    def is_played(self) -> bool:
        """Whether it goes on in time: a film or a sound, not a still."""
        return self.kind not in ("picture", "none")


ArgsAt = Callable[[MediaInput, float], list[str] | None]  # ffmpeg's arguments at a number of bits a second


def page_media(given: MediaInput, room: float, name: str) -> PageMedia:
    """The best that takes at most `room` bytes: film or picture with sound, sound alone, a still, nothing.

    Raises   MediaError for what cannot be read; MissingDependencyError without ffmpeg
    """
    left_out = ""
    if given.film is not None or (given.picture is not None and given.sound is not None):
        if content := _fitting(given, room, _film_args):
            return PageMedia("video", "video/mp4", content)
        left_out = f"{name}: its pictures do not fit into the page and are left out (--max-mb)"
    if given.sound is not None:
        if content := _fitting(given, room, _sound_args):
            return PageMedia("audio", "audio/mp4", content, left_out)
        left_out = f"{name}: neither all its pictures nor its sound fit into the page (--max-mb)"
    if (given.picture or given.film) and (content := _still(given, room)):
        if given.picture is not None and given.sound is None:
            return PageMedia("picture", "image/jpeg", content)
        return PageMedia("picture", "image/jpeg", content, f"{left_out}; one picture stands for it")
    return PageMedia("none", note=left_out or f"{name}: does not fit into the page (--max-mb)")


def _fitting(given: MediaInput, room: float, args_at: ArgsAt) -> bytes | None:
    """A file of the highest rate whose bytes fit, or None."""
    for share in SHRINKS:
        args = args_at(given, (room - CONTAINER) * 8 * share / given.seconds)
        if args is None:
            return None
        content = _made(args, given, ".mp4")
        if len(content) <= room:
            return content
    return None


def _film_args(given: MediaInput, rate: float) -> list[str] | None:
    sound = 0.0 if given.sound is None else min(max(rate * SOUND_SHARE, LEAST_SOUND), MOST_SOUND)
    video = min(rate - sound, MOST_VIDEO)
    if video < LEAST_VIDEO:
        return None
    _, short, long = next(size for size in SIZES if video >= size[0])
    if given.film is not None:
        info = probe(given.film)
        seek = ["-ss", f"{given.film_start:.6f}"] if given.film_start > 0 else []
        inputs = [*seek, *input_args(given.film)]
        which, pace = f"0:{info.video_stream}", f"fps={min(info.fps, MOST_FPS):.6f}:start_time=0"
    else:
        assert given.picture is not None
        inputs, which, pace = ["-loop", "1", "-framerate", "1", *_picture_input(given.picture)], "0:v:0", "fps=1"
    heard = [] if given.sound is None else input_args(given.sound)
    return [
        *inputs, *heard, "-map", which, *(_sound_output(sound, 1) if heard else []),
        "-t", f"{given.seconds:.6f}", "-vf", f"{pace},{_scale(short, long)},format=yuv420p",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", str(GOOD_QUALITY), "-maxrate", f"{video:.0f}",
        "-bufsize", f"{video:.0f}", "-g", "60", "-threads", "1",
    ]  # fmt: skip


def _sound_args(given: MediaInput, rate: float) -> list[str] | None:
    assert given.sound is not None
    if rate < LEAST_SOUND:
        return None
    return [*input_args(given.sound), *_sound_output(min(rate, MOST_SOUND), 0)]


def _sound_output(rate: float, number: int) -> list[str]:
    """AAC, which Safari, Chrome and Firefox play alike; at low rates in one channel, which then sounds better."""
    is_stereo = rate >= STEREO_SOUND
    return [
        "-map", f"{number}:a:0", "-c:a", "aac", "-b:a", f"{rate:.0f}", "-ac", "2" if is_stereo else "1",
        "-ar", "44100" if is_stereo else "24000",
    ]  # fmt: skip


def _still(given: MediaInput, room: float) -> bytes | None:
    """The picture, or one from the middle of the film, as JPEG."""
    if given.picture is not None:
        source = _picture_input(given.picture)
    else:
        assert given.film is not None
        source = ["-ss", f"{given.film_start + given.seconds / 2:.6f}", *input_args(given.film)]
    for quality in JPEG_QUALITIES:
        args = [*source, "-an", "-vf", _scale(480, 854), "-frames:v", "1", "-update", "1", "-q:v", str(quality)]
        content = _made(args, given, ".jpg")
        if 0 < len(content) <= room:
            return content
    return None


def _picture_input(path: Path) -> list[str]:
    return ["-protocol_whitelist", "file,pipe", "-i", file_url(path)]


def _scale(short: int, long: int) -> str:
    """ffmpeg's filter to square pixels and even sides within long x short, or short x long where it stands upright.

    Written out: ffmpeg 4.2 has no force_divisible_by.
    """
    wide, high = f"if(gte(dar,1),{long},{short})", f"if(gte(dar,1),{short},{long})"
    factor = f"min(1,min({wide}/(iw*sar),{high}/ih))"
    return f"scale='max(2,round(iw*sar*{factor}/2)*2)':'max(2,round(ih*{factor}/2)*2)',setsar=1"


def _made(args: Sequence[str], given: MediaInput, suffix: str) -> bytes:
    """What ffmpeg makes of it; MP4 needs a file that can be sought in."""
    kind = ["-f", "image2"] if suffix == ".jpg" else ["-movflags", "+faststart", "-f", "mp4"]
    source = given.film or given.picture or given.sound
    assert source is not None
    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
        out = Path(folder) / f"out{suffix}"
        run_ffmpeg([*args, *EXACT, *kind, "-y", file_url(out)], path_for_errors=source)
        if not out.is_file():
            raise MediaError(f"{source}: ffmpeg made nothing of it")
        return out.read_bytes()
