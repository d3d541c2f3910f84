"""Small films of the kinds that people have and players get right: every picture shows its number as eight bars."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tribe_np.media.ffmpeg import passthrough_args, run_ffmpeg

VP8 = ("-c:v", "libvpx", "-b:v", "4M", "-deadline", "realtime", "-cpu-used", "8")
LOSSLESS = ("-c:v", "libx264", "-qp", "0", "-g", "10")
GREY = ("-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x16")


def coded_pictures(n: int) -> np.ndarray:
    """Pictures of which each shows its number, lowest bit left; shapes -> (n, 16, 128) uint8."""
    bits = (np.arange(n)[:, None] >> np.arange(8)) & 1
    return np.repeat(np.repeat((bits * 255).astype(np.uint8)[:, None, :], 16, 2), 16, 1)


def shown_numbers(pictures: np.ndarray) -> np.ndarray:
    """The numbers that pictures show; shapes (..., height, width, 3) -> (...)."""
    height, width = pictures.shape[-3:-1]
    bits = pictures[..., height // 2, width // 16 :: width // 8, 1] > 127
    return np.asarray((bits * 2 ** np.arange(8)).sum(-1))


def timed_film(
    path: Path, times: Sequence[int], *, tick: int = 1000, sound: float = 0.0, options: Sequence[str] = ()
) -> Path:
    """A film whose picture k comes on screen at times[k] / tick seconds, and a sine from 0 to `sound` seconds.

    Without sound, players take the first picture's time for the film's second 0.
    """
    raw = path.with_suffix(".raw")
    raw.write_bytes(coded_pictures(len(times)).tobytes())
    steps = np.diff(times).tolist()
    when = str(times[0]) + "".join(f"+gte(N\\,{k + 1})*{step}" for k, step in enumerate(steps))
    args = [*GREY, "-r", "25", "-i", str(raw)]
    if sound:
        args += ["-f", "lavfi", "-i", f"sine=duration={sound}", "-c:a", "aac"]
    args += ["-vf", f"settb=1/{tick},setpts={when}", "-enc_time_base", f"1/{tick}", *passthrough_args()]
    args += VP8 if path.suffix == ".webm" else LOSSLESS
    args += ["-video_track_timescale", str(tick)] if path.suffix in (".mp4", ".mov") else []
    run_ffmpeg([*args, "-pix_fmt", "yuv420p", *options, str(path)], path_for_errors=path)
    return path


def screen_recording(path: Path) -> Path:
    """Twelve seconds: bursts of pictures at 25 a second, and stills that stay for seconds."""
    steps = [40] * 30 + [3000] + [40] * 20 + [700, 1300] * 2 + [40] * 30 + [2040] + [40] * 5
    return timed_film(path, [0, *np.cumsum(steps).tolist()])


def two_films(path: Path) -> Path:
    """Eight seconds twice: small at 10 pictures a second, then large at 25."""
    films = {rate: path.with_suffix(f".{rate}.raw") for rate in (10, 25)}
    args = ["-y"]
    for rate, raw in films.items():
        raw.write_bytes(coded_pictures(8 * rate).tobytes())
        args += [*GREY[1:], "-r", str(rate), "-i", str(raw)]
    args += ["-map", "0:v", "-map", "1:v", "-s:v:0", "64x16", "-sws_flags", "neighbor", *LOSSLESS]
    run_ffmpeg([*args, "-pix_fmt", "yuv420p", str(path)], path_for_errors=path)
    return path


def wide_pixels(path: Path) -> Path:
    """One second of pictures whose pixels are twice as wide as high: 128 x 16 of them, shown as 16:1."""
    return timed_film(path, range(0, 1000, 40), options=("-aspect", "16:1"))


def with_subtitles(path: Path) -> Path:
    """Three seconds of film, and a subtitle that ends after thirty."""
    titles = path.with_suffix(".srt")
    titles.write_text("1\n00:00:01,000 --> 00:00:30,000\nthe end\n")
    film = timed_film(path.with_suffix(".plain.mkv"), range(0, 3000, 40))
    run_ffmpeg(["-y", "-i", str(film), "-i", str(titles), "-c", "copy", str(path)], path_for_errors=path)
    return path
