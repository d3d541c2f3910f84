"""Text to speech, so that a text can be heard: espeak-ng, which also says when each word begins, else gTTS.

espeak-ng's library is called in a child process by its soname; its own events give the word times, so nothing needs
transcribing. gTTS needs a network and gives sound only.
"""

import json
import re
import sys
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

from tribe_np.errors import ConfigError, MediaError, MissingDependencyError, OutputError, StimulusError
from tribe_np.files.atomic import whole_file
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.media.child_process import last_useful_line, run_child
from tribe_np.media.speech import espeak_child
from tribe_np.media.speech.espeak_words import SpeechEvent, align_words
from tribe_np.media.transcripts.timed_words import Transcript
from tribe_np.optional import require
from tribe_np.timeline.languages import Language, find_language
from tribe_np.timeline.word_cuts import KANJI, unspaced_stretch

ENGINES = ("espeak-ng", "gtts")
LIBRARIES = (
    "libespeak-ng.so.1",
    "libespeak-ng.1.dylib",
    "libespeak-ng.dylib",
    "/opt/homebrew/lib/libespeak-ng.1.dylib",  # not on the loader's path on macOS
    "/usr/local/lib/libespeak-ng.1.dylib",
)
READ_HAN = ("zh", "ja", "yue")  # Japanese has a message of its own
VOICES = {"zh": "cmn", "no": "nb", "nn": "nb"}  # languages that espeak-ng calls otherwise
GTTS_CODES = {"he": "iw", "jv": "jw", "nb": "no", "zh-tw": "zh-TW", "pt-pt": "pt-PT", "fr-ca": "fr-CA"}  # and gTTS
WAYS_OUT = (
    "install espeak-ng (apt install espeak-ng, brew install espeak-ng), or gTTS (pip install gtts; needs a network), "
    "or record the text and give the sound with --transcript FILE"
)


def synthesise(
    text: str, wav_path: Path, *, language: str | None = None, engine: str | None = None
) -> tuple[Transcript | None, str]:
    """Writes the spoken text to `wav_path`; the words with their times (None from gTTS), and the engine's name.

    language is a name, code or tag ("en-US" asks for that region's voice where there is one); None is English. engine
    None takes espeak-ng if its library is there, else gTTS. The file appears whole or not at all.
    Raises   StimulusError for a text that cannot be spoken; MediaError when the engine fails; MissingDependencyError
             when there is none; ConfigError for an unknown engine or language; OutputError when the file cannot be
             written
    """
    if engine is not None and engine not in ENGINES:
        raise ConfigError(f"unknown speech engine {engine!r:.40}; known: {', '.join(ENGINES)}")
    if not text.strip():
        raise StimulusError("the text is blank: there is nothing to speak")
    spoken_in = find_language(language or "english")
    if engine != "gtts":
        transcript = _espeak(text, wav_path, spoken_in)
        if transcript is not None:
            return transcript, "espeak-ng"
        if engine == "espeak-ng":
            raise MissingDependencyError(f"espeak-ng is not installed; {WAYS_OUT}")
    _gtts(text, wav_path, spoken_in)
    return None, "gtts"


def _check_readable(text: str, code: str) -> None:
    """Refuses what espeak-ng would speak as something else, or without saying where a word begins."""
    if code == "ja" and (kanji := KANJI.search(text)):
        raise StimulusError(
            f"espeak-ng cannot read kanji ({kanji.group()}): it spells them in English. Write the text in kana, or "
            "record it and give the sound with --transcript FILE"
        )
    if code not in READ_HAN and (han := KANJI.search(text)):
        raise StimulusError(
            f'espeak-ng\'s voice for {code!r} says "Chinese letter" for {han.group()}: name the language with '
            "--language zh, write it in letters, or record the text and give the sound with --transcript FILE"
        )
    if stretch := unspaced_stretch(text):
        raise StimulusError(
            f"the text holds {len(stretch)} letters without a space ({stretch[:10]}...), and nothing here says where "
            "their words begin. Put spaces or zero-width spaces between the words, or record the text and give the "
            "sound with --transcript FILE"
        )


def _espeak(text: str, wav_path: Path, language: Language) -> Transcript | None:
    """The words that espeak-ng spoke into the file; None when its library is not installed."""
    code = language.code
    try:
        # a NUL would end the text; replaced one for one, because events count characters
        said = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b]", " ", text).encode("utf-8")
    except UnicodeEncodeError as error:
        raise StimulusError(f"the text holds half of a surrogate pair at character {error.start + 1}") from error
    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
        voices = [*([f"{code}-{language.region}"] if language.region else []), VOICES.get(code, code)]
        command = _espeak_command(folder, ",".join(voices))
        result = run_child(command, name="espeak-ng", stdin=said)
        if result.returncode == espeak_child.NO_LIBRARY:
            return None
        _check_readable(text, code)
        _check_espeak(result.returncode, result.stderr, code)
        spoken = Path(folder) / "speech.wav"
        with wave.open(str(spoken)) as sound:
            total = sound.getnframes() / sound.getframerate()
        if total == 0:
            raise StimulusError("espeak-ng made no sound from the text: there is nothing to speak")
        events = [SpeechEvent(*event) for event in json.loads((Path(folder) / "events.json").read_text("utf-8"))]
        _write_whole(wav_path, lambda passing: passing.write_bytes(spoken.read_bytes()))
    return Transcript(tuple(align_words(text, events, total)), code, "espeak-ng")


def _espeak_command(folder: str, voices: str) -> list[str]:
    # run by its path: `-m` would let a folder called tribe_np in the working directory in
    return [sys.executable, "-P", str(espeak_child.__file__), folder, voices, *LIBRARIES]


def _check_espeak(code: int, stderr: bytes, language: str) -> None:
    if code == espeak_child.NO_VOICE:
        raise MediaError(
            f"espeak-ng has no voice for language {language!r:.40}; name another with --language "
            "(`espeak-ng --voices` lists them)"
        )
    if code < 0:
        raise MediaError(f"espeak-ng crashed (signal {-code}) while speaking; try another text, or engine gtts")
    if code != 0:
        raise MediaError(f"espeak-ng failed (exit code {code}): {last_useful_line(stderr)}")


def _gtts(text: str, wav_path: Path, language: Language) -> None:
    code = GTTS_CODES.get(f"{language.code}-{language.region}") or GTTS_CODES.get(language.code, language.code)
    try:
        gtts = require("gtts", extra="speech", why="speaking a text")
    except MissingDependencyError as error:
        raise MissingDependencyError(
            f"a text stimulus needs a speech engine, and none is installed: {WAYS_OUT}"
        ) from error
    import soundfile

    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
        spoken = Path(folder) / "speech.mp3"
        try:
            gtts.gTTS(text, lang=code).save(str(spoken))
            samples, rate = soundfile.read(spoken, dtype="int16")
        except (gtts.gTTSError, ValueError, AssertionError, RuntimeError, OSError) as error:
            reason = " ".join(str(error).split())
            raise MediaError(f"gTTS could not speak the text (it needs a network): {reason:.200}") from error
        _write_whole(wav_path, lambda passing: soundfile.write(passing, samples, rate, format="WAV", subtype="PCM_16"))


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    try:
        with whole_file(path) as partial:
            write(partial)
    except (OSError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
        raise OutputError(f"{path}: speech cannot be written: {error}") from error
