"""The stimulus file and where its words come from: the checks that every command makes first.

Source   tribev2 demo_utils.py TribeModel.get_events_dataframe, VALID_SUFFIXES
"""

import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.errors import ConfigError, MediaError, MissingFileError, StimulusError, reason_of
from tribe_np.media.pictures.kinds import HINTS, PICTURE_SUFFIXES
from tribe_np.media.transcripts.sidecar import find_sidecar
from tribe_np.media.transcripts.text_file import read_text_file
from tribe_np.shown import quoted

if TYPE_CHECKING:
    from tribe_np.pipeline.stimuli.events_file import EventsFile

SUFFIXES = {
    "text": (".txt",),
    "audio": (".wav", ".mp3", ".flac", ".ogg"),
    "video": (".mp4", ".avi", ".mkv", ".mov", ".webm"),
    "picture": PICTURE_SUFFIXES,
    "events": (".tsv",),
}
TEXT_FILES, RECORDINGS, EVENT_TABLES = SUFFIXES["text"], (*SUFFIXES["audio"], *SUFFIXES["video"]), SUFFIXES["events"]
"""The suffixes of texts, of sounds and films, and of tables of events."""
SPOKEN, DIRECT = "spoken", "direct"
"""How the words of a text are shown: said by a voice, or as words alone."""
LONGEST_PACE = 3600.0  # seconds of one word or letter


@dataclass(frozen=True)
class Stimulus:
    """A file that exists, is not empty, and has a known suffix."""

    path: Path
    kind: str  # one of SUFFIXES
    is_spoken: bool = True  # a text: else its words are shown, and may be a web page or a formula

    def text(self) -> str:
        """The content of a text stimulus.

        Raises   MediaError when it is not plain text, in an unknown encoding, blank or too long
        """
        return read_text_file(self.path, is_spoken=self.is_spoken)

    @cached_property
    def table(self) -> "EventsFile":
        """The rows of a stimulus that is a table of events.

        Raises   EventsError, MediaError naming file and line
        """
        from tribe_np.pipeline.stimuli.events_file import read_events_file  # here: it imports NumPy, before its threads

        return read_events_file(self.path)

    @property
    def media(self) -> list[Path]:
        """The files that a table of events shows."""
        return self.table.media if self.kind == "events" else []

    @cached_property
    def sidecar(self) -> Path | None:
        """The table of words beside the file: looked for once, so that checks and the run see the same."""
        return None if self.kind in ("events", "picture") else find_sidecar(self.path)


@dataclass(frozen=True)
class WordSource:
    """Where word timings may come from: a file, a recogniser, or nowhere.

    Fields   transcriber is a name or a command line; whisper_model a size, a hub id or a folder; align a text that was
             spoken, which takes the recogniser's times; how, "spoken" or "direct", is for the words of a text, and so
             are the seconds of each word that is shown directly (a number of its own for each letter, where given)
    Raises   ConfigError for what contradicts align or direct words, and for seconds that are none
    """

    transcript: Path | None = None
    transcriber: str | None = None
    speech: bool = True
    whisper_model: str | None = None
    align: Path | None = None
    how: str = SPOKEN
    seconds_per_word: float = 0.45
    seconds_per_letter: float | None = None

    def __post_init__(self) -> None:
        if self.align is not None and self.transcript is not None:
            raise ConfigError("--align contradicts --transcript, which has times of its own; give only one of them")
        if self.align is not None and not self.speech:
            raise ConfigError("--align contradicts --no-speech; give only one of them")
        if self.how not in (SPOKEN, DIRECT):
            raise ConfigError(f"words must be {SPOKEN!r} or {DIRECT!r}, got {quoted(self.how, 40)}")
        for name in ("seconds_per_word", "seconds_per_letter"):
            _check_pace(name, getattr(self, name))
        if self.is_direct:
            self._check_direct()

    def _check_direct(self) -> None:
        given = {
            "--transcriber": self.transcriber, "--whisper-model": self.whisper_model, "--align": self.align,
            "--no-speech": not self.speech or None,
        }  # fmt: skip
        for name, value in given.items():
            if value is not None:
                raise ConfigError(f"--words direct shows the words of a text: {name} contradicts it; leave one out")

    @property
    def is_direct(self) -> bool:
        """Whether the words of a text are shown without a voice."""
        return self.how == DIRECT

    def inputs(self, stimulus: Stimulus) -> dict[str, Path | None]:
        """The files that a run reads, by what they are: none of them may be its target."""
        shown = {f"file {number} of the table,": path for number, path in enumerate(stimulus.media, 1)}
        return {"stimulus": stimulus.path, "transcript": self.transcript, "align": self.align, **shown}

    @property
    def wants_recogniser(self) -> bool:
        """Whether a recogniser was asked for, so that a table beside the sound is not read."""
        return self.transcriber is not None or self.align is not None or self.whisper_model is not None


def _check_pace(name: str, seconds: object) -> None:
    if seconds is None and name == "seconds_per_letter":
        return
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not (is_number and 0 < seconds <= LONGEST_PACE):  # type: ignore[operator]  # is_number says it
        raise ConfigError(f"{name} must be a number of seconds above 0, at most {LONGEST_PACE:g}; got {seconds!r:.40}")


def open_stimulus(path: str | Path, kind: str | None = None, *, words: WordSource | None = None) -> Stimulus:
    """The stimulus at `path`; `kind` asks for one kind, `words` says how those of a text are shown.

    Raises   StimulusError (a ValueError) for an unknown suffix, checked first, as upstream; MissingFileError (a
             FileNotFoundError) where there is no file; MediaError for an empty one or an unusable name
    """
    path = Path(path)
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise MediaError(
            f"{str(path)!r}: the name is not valid UTF-8 and could not be written to events.tsv; rename the file"
        ) from error
    suffix = path.suffix.lower()
    kinds = {s: k for k, group in SUFFIXES.items() for s in group}
    allowed = SUFFIXES[kind] if kind is not None else tuple(kinds)
    if suffix not in allowed:
        what = f"{kind}_path" if kind is not None else "stimulus"
        raise StimulusError(
            f"{path}: {what} must end with one of {', '.join(sorted(allowed))}, got {suffix or 'no suffix'!r}"
            + (f": {HINTS[suffix]}" if suffix in HINTS else "")
        )
    _check_is_file(path)
    is_direct = words is not None and words.is_direct
    stimulus = Stimulus(path, kinds[suffix], is_spoken=not is_direct)
    if is_direct and stimulus.kind != "text":
        raise ConfigError(f"--words direct shows the words of a text (.txt), not those of {path}; leave it out")
    if stimulus.kind == "text":
        stimulus.text()  # anything but text is refused before any work
    return stimulus


def _check_is_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise MediaError(f"{str(path)[:200]}: cannot be read: {reason_of(error)}") from error
    if stat.S_ISDIR(found.st_mode):
        raise MissingFileError(f"{path}: is a folder, expected a file")
    if not stat.S_ISREG(found.st_mode):
        raise MediaError(f"{path}: is a pipe or device, expected a file")
    if found.st_size == 0:
        raise MediaError(f"{path}: the file is empty")


def one_stimulus(
    text_path: str | Path | None,
    audio_path: str | Path | None,
    video_path: str | Path | None,
    words: WordSource | None = None,
) -> Stimulus:
    """The stimulus of whichever path is given.

    Raises   ConfigError unless exactly one is given
    """
    given = {k: p for k, p in (("text", text_path), ("audio", audio_path), ("video", video_path)) if p is not None}
    if len(given) != 1:
        names = ", ".join(f"{kind}_path" for kind in given) or "none"
        raise ConfigError(f"exactly one of text_path, audio_path, video_path must be given, got {names}")
    kind, path = next(iter(given.items()))
    return open_stimulus(path, kind, words=words)
