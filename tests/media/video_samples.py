"""Small videos for tests, made by the bundled ffmpeg; every picture carries its number in its brightness bars."""

from pathlib import Path

import numpy as np

from tribe_np.media.ffmpeg import passthrough_args, run_ffmpeg


def pictures(n_frames: int) -> np.ndarray:
    """Pictures that show their numbers; shapes -> (n, 16, 128) uint8."""
    bits = (np.arange(n_frames)[:, None] >> np.arange(8)) & 1
    return np.repeat(np.repeat((bits * 255).astype(np.uint8)[:, None, :], 16, 2), 16, 1)


def make_video(path: Path, *, n_frames: int = 100, rate: int = 25, sound: float = 0.0, options: tuple = ()) -> Path:
    """128 x 16 pictures whose 8 bars are the bits of the frame's number, with a sine of `sound` seconds."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(pictures(n_frames).tobytes())
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x16", "-r", str(rate), "-i", str(raw)]
    if sound:
        args += ["-f", "lavfi", "-i", f"sine=duration={sound}", "-c:a", "aac"]
    args += ["-c:v", "libx264", "-qp", "0", "-g", "10", "-pix_fmt", "yuv420p", *options, str(path)]
    run_ffmpeg(args, path_for_errors=path)
    return path


CODECS = {".webm": ("-c:v", "libvpx", "-b:v", "4M", "-deadline", "realtime", "-cpu-used", "8")}


def make_timed_video(path: Path, times: list[int], *, tick: int = 1000, sound: float = 0.0) -> Path:
    """A film whose picture number k, `numbers` of it, is shown from times[k] / tick seconds on.

    The first time is that of the film unless there is sound, which begins at 0.
    """
    raw = path.with_suffix(".raw")
    raw.write_bytes(pictures(len(times)).tobytes())
    steps = np.diff(times).tolist()
    when = str(times[0]) + "".join(f"+gte(N\\,{k + 1})*{step}" for k, step in enumerate(steps))
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x16", "-r", "25", "-i", str(raw)]
    if sound:
        args += ["-f", "lavfi", "-i", f"sine=duration={sound}", "-c:a", "aac"]
    form = CODECS.get(path.suffix, ("-c:v", "libx264", "-qp", "0", "-g", "10"))
    clock = ["-enc_time_base", f"1/{tick}", *passthrough_args()]
    filters = ["-vf", f"settb=1/{tick},setpts={when}"]
    scale = ["-video_track_timescale", str(tick)] if path.suffix in (".mp4", ".mov") else []
    run_ffmpeg([*args, *filters, *clock, *form, "-pix_fmt", "yuv420p", *scale, str(path)], path_for_errors=path)
    return path


def numbers(clip: np.ndarray) -> np.ndarray:
    """The frame numbers that pictures carry; shapes (..., 16, 128, 3) -> (...)."""
    bits = clip[..., 8, 8::16, 1] > 127
    return (bits * 2 ** np.arange(8)).sum(-1)
