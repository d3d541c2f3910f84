"""ffmpeg as a child process: imageio-ffmpeg's binary, the one upstream's moviepy uses. It never outlives the call.

IMAGEIO_FFMPEG_EXE names another binary, as imageio-ffmpeg documents.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import IO

from tribe_np.errors import MediaError, MissingDependencyError, reason_of
from tribe_np.files.file_kinds import kind_of
from tribe_np.media.child_process import signals_for_us
from tribe_np.media.file_begin import file_begin
from tribe_np.optional import require

NOT_MEDIA = ("list", "page", "pointer")  # groups of other kinds that are saved or renamed by mistake, or open others
QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
TALKATIVE = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info")
LEVEL = re.compile(r"\[(error|fatal|panic)\] ")
LOG_PREFIX = re.compile(r"^(\[[^\]]*@ 0x[0-9a-f]+\] )+")
CONTAINERS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "asf", "wav", "w64", "aiff", "caf", "au", "flac", "mp3",
    "aac",
)  # fmt: skip
"""ffmpeg's names of formats that hold their own pictures and sound; playlists and manifests name other files."""
CUT_SHORT = ("partial file", "File ended prematurely")
NOT_THE_CAUSE = ("Error opening input", "Consider increasing", "Last message repeated")


def ffmpeg_path() -> str:
    """Path of the ffmpeg binary.

    Raises   MissingDependencyError without imageio-ffmpeg, or when it finds no binary
    """
    imageio_ffmpeg = require("imageio_ffmpeg", extra="media", why="reading video and compressed sound")
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MissingDependencyError(
            f"imageio-ffmpeg finds no ffmpeg binary; set IMAGEIO_FFMPEG_EXE to one ({error})"
        ) from error


def file_url(path: str | Path) -> str:
    """`path` as an ffmpeg argument that is always a file: never an option, a protocol or a list."""
    return f"file:{path}"


def input_args(path: str | Path) -> list[str]:
    """`path` as an input of ffmpeg that opens this file alone: a film or sound, never a list of other files."""
    return ["-format_whitelist", ",".join(CONTAINERS), "-protocol_whitelist", "file,pipe", "-i", file_url(path)]


def ffmpeg_version() -> str:
    """The version that ffmpeg tells of itself, such as 5.1.9-0+deb12u1."""
    first = _answer(ffmpeg_path(), "-version").partition("\n")[0]
    return first.removeprefix("ffmpeg version ").partition(" ")[0]


def decodable_codecs() -> frozenset[str]:
    """Names, as in the lines about streams, of what this ffmpeg can decode."""
    lines = _answer(ffmpeg_path(), "-hide_banner", "-codecs").partition("-------")[2].splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith(" D"))


def passthrough_args() -> list[str]:
    """Output options that put out each decoded picture once, whatever its time."""
    is_new = "-fps_mode" in _answer(ffmpeg_path(), "-hide_banner", "-h", "long")
    return ["-fps_mode", "passthrough"] if is_new else ["-vsync", "0"]  # renamed in 5.1, the old name went with 8


@lru_cache(maxsize=16)
def _answer(*command: str) -> str:
    """What a program says to an option, asked once.

    Raises   MissingDependencyError when it cannot be started
    """
    with tempfile.TemporaryFile() as log:
        child = start_ffmpeg(command, log)
        return child.communicate()[0].decode("utf-8", "replace")


def check_file(path: str | Path) -> None:
    """Checks that the stimulus is a readable file with bytes in it, and no list of other files.

    Raises   MediaError: no such file, a folder, unreadable, empty, or a playlist, manifest or pointer
    """
    kind = kind_of(file_begin(path, "a media file"))
    if kind and kind.group in NOT_MEDIA:
        raise MediaError(f"{path}: is {kind.what}, not a film or sound; {kind.remedy}")


@contextmanager
def open_ffmpeg(
    args: Sequence[str], *, path_for_errors: str | Path, messages: IO[bytes] | None = None
) -> Iterator[IO[bytes]]:
    """ffmpeg's standard output as a stream; the child is killed when the block is left early, in whatever way.

    `messages`: a file for all that ffmpeg says, such as the lines of its filter showinfo; without it, errors alone.
    Raises   MediaError, when the stream was read to its end and ffmpeg had failed or found the file cut short
    """
    command = [ffmpeg_path(), *(QUIET if messages is None else TALKATIVE), *args]
    # a pipe could fill up and block both sides
    with tempfile.TemporaryFile() if messages is None else nullcontext(messages) as log:
        child = start_ffmpeg(command, log)
        assert child.stdout is not None
        try:
            yield child.stdout
            if not child.stdout.read(1):
                code = child.wait()
                log.seek(0)
                lines = log.read().decode("utf-8", "replace").splitlines()
                if messages is not None:
                    lines = [LEVEL.sub("", line) for line in lines if LEVEL.search(line)]
                _check_end(code, "\n".join(lines), path_for_errors)
        finally:
            child.kill()
            child.stdout.close()
            child.wait()


def run_ffmpeg(args: Sequence[str], *, path_for_errors: str | Path) -> bytes:
    """What ffmpeg writes to standard output ("-" or "pipe:1" as its output file), whole.

    Raises   MediaError, one line with ffmpeg's own reason, when it fails
    """
    with open_ffmpeg(args, path_for_errors=path_for_errors) as stream:
        return stream.read()


def printed_about(path: str | Path) -> str:
    """The text that `ffmpeg -i path` prints about a file; it ends with an error line in any case."""
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", *input_args(path)]
    with tempfile.TemporaryFile() as log:
        child = start_ffmpeg(command, log)
        try:
            child.wait()
        finally:
            child.kill()
            assert child.stdout is not None
            child.stdout.close()
            child.wait()
        log.seek(0)
        return log.read().decode("utf-8", "ignore")


def useful_line(log: str) -> str:
    """The line of ffmpeg's messages that names the cause, without its address prefix, 300 characters at most."""
    lines = [LOG_PREFIX.sub("", line).strip() for line in log.splitlines()]
    lines = [line for line in lines if line and "misdetection possible" not in line]
    if any("Format not on whitelist" in line for line in lines):
        return f"its format is not one of those that are read ({', '.join(CONTAINERS)})"
    causes = [line for line in lines if not any(part in line for part in NOT_THE_CAUSE)]
    return next(iter([*causes, *lines]), "ffmpeg gave no reason")[:300]


def _check_end(code: int, log: str, path: str | Path) -> None:
    if code < 0:
        raise MediaError(f"{path}: cannot be decoded: ffmpeg was killed (signal {-code})")
    if code != 0:
        raise MediaError(f"{path}: cannot be decoded: {useful_line(log)}")
    for sign in CUT_SHORT:  # ffmpeg calls this a success, and upstream continues with repeated frames
        if sign in log:
            raise MediaError(f"{path}: the file is cut short ({sign}); copy or download it again")


def start_ffmpeg(command: Sequence[str], log: IO[bytes], *, is_fed: bool = False) -> subprocess.Popen[bytes]:
    """ffmpeg as a child that says what is wrong into `log`: its output is a stream, or, where `is_fed`, its input is.

    Raises   MissingDependencyError where it cannot be started
    """
    given, made = (subprocess.PIPE, subprocess.DEVNULL) if is_fed else (subprocess.DEVNULL, subprocess.PIPE)
    try:  # a group of its own: Ctrl-C in a terminal is for us too, who then end it
        with signals_for_us():
            return subprocess.Popen(command, stdin=given, stdout=made, stderr=log, start_new_session=True)
    except OSError as error:
        raise MissingDependencyError(f"{command[0]}: ffmpeg cannot be started: {reason_of(error)}") from error
