"""Pictures of noise, their animated files, lossless films of the same video frames, and colour profiles."""

import struct
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


def display_p3() -> bytes:
    """A profile of the colours of telephones: sRGB's curve, and other primaries (adapted to D50)."""
    cms: Any = require("PIL.ImageCms", extra="media", why="a test")
    made = bytearray(cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes())
    primaries = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189),
                 b"bXYZ": (0.15710, 0.06657, 0.78407)}  # fmt: skip
    for number in range(struct.unpack_from(">I", made, 128)[0]):
        name, place, _ = struct.unpack_from(">4sII", made, 132 + 12 * number)
        if name in primaries:
            struct.pack_into(">3i", made, place + 8, *(round(65536 * value) for value in primaries[name]))
    return bytes(made)


def made_up_inks() -> bytes:
    """A profile of CMYK whose every ink, at any strength of its own, only darkens: 16 corners of L = 100 - 25 inks."""
    ramp = bytes(range(256))
    corners = bytes(v for n in range(16) for v in (255 - round(63.75 * n.bit_count()), 128, 128))
    lut = struct.pack(">4s4xBBBx9i", b"mft1", 4, 3, 2, *(65536 * (n % 4 == 0) for n in range(9)))
    lut += ramp * 4 + corners + ramp * 3
    body = struct.pack(">I4sII", 1, b"A2B0", 144, len(lut)) + lut
    head = struct.pack(">I4sI4s4s4s12x4s", 128 + len(body), b"none", 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp")
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + body
