"""Film frames into a file, through one ffmpeg: MP4 (H.264, AAC) that plays everywhere, or GIF with its own palette.

Colours are converted and tagged as BT.709, which players assume of a film of this size: without the tag some would
show other reds and blues than the colour bar's.
"""

import errno
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from tribe_np.errors import MissingDependencyError, OutputError, reason_of
from tribe_np.media.child_process import last_useful_line, run_child
from tribe_np.media.ffmpeg import QUIET, ffmpeg_path, file_url, input_args, useful_line

MP4, GIF = "mp4", "gif"
QUALITY = ("-preset", "veryfast", "-crf", "18")  # of x264: no difference is seen, and two cores keep up
BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
TO_YUV = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p"
PALETTE = "palettegen=max_colors=255:reserve_transparent=1:stats_mode=full"
WITH_PALETTE = "[0:v][1:v]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
SOUND_RATE, SOUND_BITS = 48000, "192k"
NO_SPACE = "No space left on device"

Put = Callable[[np.ndarray], None]


@dataclass(frozen=True)
class FilmSound:
    """The sound of a film: a stream of a file, from where, and when in the film it is first heard.

    Units    seconds
    """

    path: Path
    stream: int = -1  # N of ffmpeg's `-map 0:N`; -1: the first with sound
    n_channels: int = 2
    skipped: float = 0.0  # of the file
    delay: float = 0.0  # of the film

    def input_args(self) -> list[str]:
        """ffmpeg's options and input; decoding begins before the moment and drops what comes earlier."""
        seek = ["-ss", f"{self.skipped:.6f}"] if self.skipped > 0 else []
        return [*seek, *input_args(self.path)]

    def output_args(self) -> list[str]:
        """ffmpeg's output options: gaps are filled, the beginning is silent until the sound starts, as is the end."""
        milliseconds = round(self.delay * 1000)
        wait = [f"adelay={milliseconds}|{milliseconds}"] if milliseconds > 0 else []
        filters = [f"aresample={SOUND_RATE}:async=1:first_pts=0", *wait, "apad"]
        which = "1:a:0" if self.stream < 0 else f"1:{self.stream}"
        channels = str(min(max(self.n_channels, 1), 2))
        # fewer channels before the delay, which is given for two
        filters.insert(1, f"aformat=channel_layouts={'stereo' if channels == '2' else 'mono'}")
        return ["-map", which, "-af", ",".join(filters), "-c:a", "aac", "-b:a", SOUND_BITS, "-ac", channels]


@contextmanager
def mp4_file(
    path: Path, size: tuple[int, int], fps: float, n_film_frames: int, sound: FilmSound | None
) -> Iterator[Put]:
    """A function that appends a film frame (height, width, 3) uint8 to an MP4; the file is whole when the block ends.

    Raises   OSError for a full disk, OutputError where ffmpeg fails, MissingDependencyError without it
    """
    heard = ["-map", "0:v", *(sound.output_args() if sound is not None else ["-an"])]
    coded = ["-vf", TO_YUV, "-c:v", "libx264", *QUALITY, *BT709, "-video_track_timescale", "90000"]
    last = ["-t", f"{n_film_frames / fps:.6f}", "-movflags", "+faststart", "-f", "mp4", file_url(path)]
    with _encoder([*_raw(size, fps), *(sound.input_args() if sound else []), *heard, *coded, *last], path) as put:
        yield put


@contextmanager
def gif_file(path: Path, size: tuple[int, int], fps: float, samples: Sequence[np.ndarray]) -> Iterator[Put]:
    """`mp4_file` for a GIF that repeats for ever; its 255 colours are the best for `samples`, some of its film frames.

    Raises   as `mp4_file`
    """
    with tempfile.TemporaryDirectory() as folder:
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
        child = _start([ffmpeg_path(), *QUIET, "-y", *arguments], log)
        assert child.stdin is not None

        def put(film_frame: np.ndarray) -> None:
            assert child.stdin is not None
            try:
                child.stdin.write(memoryview(film_frame).cast("B"))
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


def _start(command: Sequence[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    try:  # a group of its own: Ctrl-C in a terminal is for us, who then end it
        return subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
        )
    except OSError as error:
        raise MissingDependencyError(f"{command[0]}: ffmpeg cannot be started: {reason_of(error)}") from error


def _check(child: "subprocess.Popen[bytes]", log: IO[bytes], path: Path) -> None:
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
