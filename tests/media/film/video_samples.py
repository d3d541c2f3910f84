"""Small videos for tests, made by the bundled ffmpeg; every picture carries its number in its brightness bars."""

from pathlib import Path

from tools.reference.odd_films import coded_pictures
from tools.reference.odd_films import shown_numbers as numbers
from tribe_np.media.ffmpeg import run_ffmpeg


def make_video(path: Path, *, n_frames: int = 100, rate: int = 25, sound: float = 0.0, options: tuple = ()) -> Path:
    """128 x 16 pictures whose 8 bars are the bits of the frame's number, with a sine of `sound` seconds."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(coded_pictures(n_frames).tobytes())
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x16", "-r", str(rate), "-i", str(raw)]
    if sound:
        args += ["-f", "lavfi", "-i", f"sine=duration={sound}", "-c:a", "aac"]
    args += ["-c:v", "libx264", "-qp", "0", "-g", "10", "-pix_fmt", "yuv420p", *options, str(path)]
    run_ffmpeg(args, path_for_errors=path)
    return path


__all__ = ["make_video", "numbers"]
