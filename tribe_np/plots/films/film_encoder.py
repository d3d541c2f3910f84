"""Film frames into a file, through one ffmpeg: MP4 (H.264, AAC) that plays everywhere, or GIF with its own palette.

Colours are converted and tagged as BT.709, which players assume of a film of this size: without the tag some would
show other reds and blues than the colour bar's.
"""

import errno
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from tribe_np.errors import OutputError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.media.child_process import last_useful_line, run_child
from tribe_np.media.ffmpeg import QUIET, ffmpeg_path, file_url, input_args, start_ffmpeg, useful_line

MP4, GIF = "mp4", "gif"
QUALITY = ("-preset", "veryfast", "-crf", "18")  # of x264: no difference is seen, and two cores keep up
BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
TO_YUV = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p"
PALETTE = "palettegen=max_colors=255:reserve_transparent=1:stats_mode=full"
WITH_PALETTE = "[0:v][1:v]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
SOUND_BITS = "192k"
NO_SPACE = "No space left on device"

Put = Callable[[np.ndarray], None]


@contextmanager
def mp4_file(path: Path, size: tuple[int, int], fps: float, n_film_frames: int, sound: Path | None) -> Iterator[Put]:
    """A function that appends a film frame (height, width, 3) uint8 to an MP4; the file is whole when the block ends.

    `sound` is what `encode_sound` made; it is taken over as it is.
    Raises   OSError for a full disk, OutputError where ffmpeg fails, MissingDependencyError without it
    """
    heard = ["-map", "0:v", *(["-map", "1:a", "-c:a", "copy"] if sound is not None else ["-an"])]
    coded = ["-vf", TO_YUV, "-c:v", "libx264", *QUALITY, *BT709, "-video_track_timescale", "90000"]
    last = ["-t", f"{n_film_frames / fps:.6f}", "-movflags", "+faststart", "-f", "mp4", file_url(path)]
    with _encoder([*_raw(size, fps), *(input_args(sound) if sound else []), *heard, *coded, *last], path) as put:
        yield put


def encode_sound(samples: Iterable[np.ndarray], path: Path, rate: int) -> None:
    """Writes sound as AAC, piece by piece.

    Shapes   samples (n, 2) float32 from -1 to 1
    Raises   as `mp4_file`
    """
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", "2", "-i", "pipe:0"]
    with _encoder([*raw, "-c:a", "aac", "-b:a", SOUND_BITS, "-f", "mp4", file_url(path)], path) as put:
        for piece in samples:
            put(np.ascontiguousarray(piece, "<f4"))


@contextmanager
def gif_file(path: Path, size: tuple[int, int], fps: float, samples: Sequence[np.ndarray]) -> Iterator[Put]:
    """`mp4_file` for a GIF that repeats for ever; its 255 colours are the best for `samples`, some of its film frames.

    Raises   as `mp4_file`
    """
    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
        palette = Path(folder) / "palette.png"
        palette.write_bytes(palette_of(samples, size))
        inputs = [*_raw(size, fps), "-i", file_url(palette)]
        with _encoder([*inputs, "-lavfi", WITH_PALETTE, "-loop", "0", "-f", "gif", file_url(path)], path) as put:
            yield put


def palette_of(samples: Sequence[np.ndarray], size: tuple[int, int]) -> bytes:
    """A PNG of the colours that serve these film frames best.

    Raises   OutputError where ffmpeg fails
    """
    command = [ffmpeg_path(), *QUIET, *_raw(size, 1.0), "-vf", PALETTE, "-frames:v", "1", "-update", "1"]
    done = run_child(
        [*command, "-f", "image2", "-c:v", "png", "pipe:1"],
        name="ffmpeg",
        stdin=b"".join(np.ascontiguousarray(sample).tobytes() for sample in samples),
    )
    if done.returncode != 0 or not done.stdout:
        raise OutputError(f"ffmpeg made no palette: {last_useful_line(done.stderr)}")
    return done.stdout


def _raw(size: tuple[int, int], fps: float) -> list[str]:
    width, height = size
    return ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:.6f}", "-i", "pipe:0"]


@contextmanager
def _encoder(arguments: Sequence[str], path: Path) -> Iterator[Put]:
    """ffmpeg fed through its standard input; it is killed when the block is left by an error."""
    with tempfile.TemporaryFile() as log:
        child = start_ffmpeg([ffmpeg_path(), *QUIET, "-y", *arguments], log, is_fed=True)
        assert child.stdin is not None

        def put(film_frame: np.ndarray) -> None:
            assert child.stdin is not None
            try:
                child.stdin.write(film_frame.data.cast("B"))
            except BrokenPipeError:
                _check(child, log, path)
                raise OutputError(f"{path}: ffmpeg took no more pictures, without saying why") from None

        try:
            yield put
            with suppress(BrokenPipeError):
                child.stdin.close()
            _check(child, log, path)
        finally:
            child.kill()
            with suppress(OSError):
                child.stdin.close()
            child.wait()


def _check(child: subprocess.Popen[bytes], log: IO[bytes], path: Path) -> None:
    """Raises what became of an ffmpeg that has ended."""
    code = child.wait()
    log.seek(0)
    said = log.read().decode("utf-8", "replace")
    if NO_SPACE in said:
        raise OSError(errno.ENOSPC, NO_SPACE, str(path))
    if code == -signal.SIGXFSZ:
        raise OSError(errno.EFBIG, "File too large", str(path))
    if code < 0:
        raise OutputError(f"the film cannot be encoded: ffmpeg was killed (signal {-code})")
    if code != 0:
        raise OutputError(f"the film cannot be encoded: {useful_line(said)}")
