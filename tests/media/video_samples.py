"""Small videos for tests, made by the bundled ffmpeg; every picture carries its number in its brightness bars."""

from pathlib import Path

import numpy as np

from tribe_np.media.ffmpeg import run_ffmpeg


def make_video(path: Path, *, n_frames: int = 100, rate: int = 25, sound: float = 0.0, options: tuple = ()) -> Path:
    """128 x 16 pictures whose 8 bars are the bits of the frame's number, with a sine of `sound` seconds."""
    bits = (np.arange(n_frames)[:, None] >> np.arange(8)) & 1
    pictures = np.repeat(np.repeat((bits * 255).astype(np.uint8)[:, None, :], 16, 2), 16, 1)
    raw = path.with_suffix(".raw")
    raw.write_bytes(pictures.tobytes())
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x16", "-r", str(rate), "-i", str(raw)]
    if sound:
        args += ["-f", "lavfi", "-i", f"sine=duration={sound}", "-c:a", "aac"]
    args += ["-c:v", "libx264", "-qp", "0", "-g", "10", "-pix_fmt", "yuv420p", *options, str(path)]
    run_ffmpeg(args, path_for_errors=path)
    return path


def numbers(clip: np.ndarray) -> np.ndarray:
    """The frame numbers that pictures carry; shapes (..., 16, 128, 3) -> (...)."""
    bits = clip[..., 8, 8::16, 1] > 127
    return (bits * 2 ** np.arange(8)).sum(-1)
