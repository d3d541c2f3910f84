"""Speech to words: what a transcriber is, and which one is used: the one asked for, else the first that is installed.

There are three: `faster_whisper` (in this process, without PyTorch), `whisperx` (upstream's) and `transcriber_command`
(any program).
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.media.speech import faster_whisper
from tribe_np.media.speech.transcriber_command import FORM, is_command, parse_command
from tribe_np.media.speech.whisperx import WhisperX
from tribe_np.media.transcripts.timed_words import Transcript

FASTER_WHISPER, WHISPERX = "faster-whisper", "whisperx"
INSTALL = 'pip install "tribe_np[transcribe]"'
WAYS_OUT = (
    f"install one ({INSTALL}), give the words with --transcript FILE (whisperX .json, .tsv, .srt, .vtt, .TextGrid), "
    "or run without words with --no-speech"
)


class Transcriber(Protocol):
    """Whatever turns a sound file into timed words."""

    @property
    def name(self) -> str:
        """Short name for messages and records."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What determines the words, beside the files: engine, version, options."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Files and folders whose content determines the words."""

    def check(self, language: str | None) -> None:
        """Refuses, before any work, what could not be transcribed."""

    def transcribe(
        self, audio_path: Path, language: str | None, heard: Callable[[int], object] = lambda n: None
    ) -> Transcript:
        """The words of a file spoken in `language` (a name or a code; None lets the transcriber find out).

        `heard` is called with the seconds of sound done since its last call, by a transcriber that knows.
        """


def find_transcriber(
    name: str | None,
    *,
    open_whisper: Callable[[], Transcriber],
    device: str = "cpu",
    upstream: bool = False,
) -> Transcriber:
    """The transcriber of that name or command line; for None faster-whisper if it is installed, else whisperX.

    open_whisper makes faster-whisper's, for which a model has to be found; upstream runs whisperX as upstream does,
    unless another is named.
    Raises   ConfigError for an unknown name; MissingDependencyError, with the ways out, when there is none
    """
    if name is not None and is_command(name):
        return parse_command(name)
    if name not in (None, FASTER_WHISPER, WHISPERX):
        raise ConfigError(f"--transcriber {name!r:.40} is not known; known: {FASTER_WHISPER}, {WHISPERX}, or {FORM}")
    if name == FASTER_WHISPER and not faster_whisper.is_installed():
        raise MissingDependencyError(f"--transcriber {name} needs faster-whisper: {INSTALL}")
    if name == FASTER_WHISPER or (name is None and not upstream and faster_whisper.is_installed()):
        return open_whisper()
    whisperx, uvx = shutil.which("whisperx"), shutil.which("uvx")
    if whisperx and not upstream:
        return WhisperX((whisperx,), device)
    if uvx:
        return WhisperX((uvx, "whisperx"), device, upstream)
    missing = "neither whisperx nor uvx is on PATH"
    if name is None and not upstream:
        missing = f"faster-whisper is not installed and {missing}"
    raise MissingDependencyError(f"no transcriber: {missing}; {WAYS_OUT}")
