"""A transcriber that is any program: it reads a sound file and writes whisperX's JSON."""

import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError, EventsError, MediaError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.media.child_process import last_useful_line, run_child
from tribe_np.media.transcripts.timed_words import Transcript
from tribe_np.media.transcripts.whisperx_json import read_whisperx_json

INPUT, OUTPUT = "{input}", "{output}"
FORM = f'--transcriber "COMMAND {INPUT} {OUTPUT}"'
WRITTEN = "transcript.json"


@dataclass(frozen=True)
class CommandTranscriber:
    """A command line with places for the sound and for the JSON; run without a shell, for as long as it takes."""

    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """Short name for messages and records."""
        return Path(self.arguments[0]).name

    @property
    def identity(self) -> Mapping[str, Any]:
        """What determines the words, beside the files."""
        return {"engine": "command", "arguments": self.arguments}

    @property
    def files(self) -> tuple[Path, ...]:
        """The program and the files that it is given: a changed script gives other words."""
        program = shutil.which(self.arguments[0])
        named = [Path(argument) for argument in self.arguments[1:]]
        return tuple(path for path in [*([Path(program)] if program else []), *named] if path.is_file())

    def check(self, language: str | None) -> None:
        """Refuses a program that is not there.

        Raises   ConfigError
        """
        if shutil.which(self.arguments[0]) is None:
            raise ConfigError(
                f"--transcriber: {self.arguments[0]!r:.80} is neither a program on PATH nor a path to one"
            )

    def transcribe(
        self, audio_path: Path, language: str | None, heard: Callable[[int], object] = lambda n: None
    ) -> Transcript:
        """The words that the command wrote.

        Raises   MediaError with the command's own last word when it fails or writes nothing, or no whisperX JSON
        """
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
            written = Path(folder) / WRITTEN
            places = {INPUT: str(audio_path.absolute()), OUTPUT: str(written)}
            result = run_child([_filled(argument, places) for argument in self.arguments], name=f"{self.name!r:.80}")
            said = last_useful_line(result.stderr if result.stderr.strip() else result.stdout)
            failed = f"{audio_path}: the transcriber {self.name!r:.80}"
            if result.returncode != 0:
                raise MediaError(f"{failed} failed (exit code {result.returncode}): {said}")
            if not written.is_file() or written.stat().st_size == 0:
                raise MediaError(f"{failed} finished and wrote nothing to {OUTPUT}; it printed: {said}")
            try:
                transcript = read_whisperx_json(written)
            except EventsError as error:
                reason = str(error).replace(f"{written}: ", "")
                raise MediaError(f"{failed} did not write whisperX JSON to {OUTPUT}: {reason}") from error
        return replace(transcript, source=f"{self.name} of {audio_path}")


def _filled(argument: str, places: Mapping[str, str]) -> str:
    """The argument with its places filled in one pass: a file may be called {output}."""
    parts = argument.split(INPUT)
    return places[INPUT].join(part.replace(OUTPUT, places[OUTPUT]) for part in parts)


def is_command(name: str) -> bool:
    """Whether a transcriber is given as a command line, well formed or not, and not by name."""
    return "{" in name or any(character.isspace() for character in name)


def parse_command(line: str) -> CommandTranscriber:
    """The command of a line quoted as for a shell.

    Raises   ConfigError for an open quotation mark, or a missing place
    """
    try:
        arguments = tuple(shlex.split(line))
    except ValueError as error:
        raise ConfigError(f"--transcriber {line!r:.80}: {error}; expected {FORM}, quoted as for a shell") from error
    missing = [place for place in (INPUT, OUTPUT) if not any(place in argument for argument in arguments[1:])]
    if missing:
        raise ConfigError(f"--transcriber {line!r:.80}: no {missing[0]} after the program's name; expected {FORM}")
    return CommandTranscriber(arguments)
