"""Pictures of noise, their animated files, and lossless films of the same video frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.optional import require

CODECS = {"libx264rgb": ("-qp", "0"), "ffv1": ("-pix_fmt", "bgr0"), "png": ("-pix_fmt", "rgb24")}
"""Encoders that lose nothing of RGB, with their options."""


def noise(n: int, height: int, width: int, *, seed: int = 0) -> list[np.ndarray]:
    """Pictures of blocks of colour, which no two share. Shapes   -> n arrays (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (n, -(-height // 4), -(-width // 4), 3), dtype=np.uint8)
    return list(small.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width])


def write_picture(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    """A still; WebP without loss."""
    image: Any = require("PIL.Image", extra="media", why="a test")
    options = {"lossless": True, "exact": True, **options} if path.suffix == ".webp" else options
    image.fromarray(pixels).save(path, **options)
    return path


def write_animated(path: Path, pictures: Sequence[np.ndarray], delays: Sequence[int], **options: Any) -> Path:
    """An animated file; delays in milliseconds."""
    image: Any = require("PIL.Image", extra="media", why="a test")
    first, *others = (image.fromarray(picture) for picture in pictures)
    options = {"lossless": True, **options} if path.suffix == ".webp" else options
    first.save(path, save_all=True, append_images=others, duration=list(delays), loop=0, **options)
    return path


def write_film(
    path: Path, pictures: Sequence[np.ndarray], rate: float, *, codec: str = "libx264rgb", times: str = ""
) -> Path:
    """A lossless film of the pictures; `times` is an expression of ffmpeg's setpts for other times than even ones."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(np.stack(pictures).tobytes())
    height, width, _ = pictures[0].shape
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate), "-i", str(raw)]
    moved = ["-vf", f"setpts='{times}'", "-fps_mode", "passthrough", "-enc_time_base", "1:1000"] if times else []
    run_ffmpeg([*args, *moved, "-c:v", codec, *CODECS[codec], str(path)], path_for_errors=path)
    return path
