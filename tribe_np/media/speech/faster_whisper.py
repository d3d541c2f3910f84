"""faster-whisper: Whisper on CTranslate2, without PyTorch, in this process.

Source   faster-whisper 1.2.1 WhisperModel.transcribe; models are folders in its layout (config.json, model.bin, ...)
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

from tribe_np.errors import CheckpointError, ConfigError, MediaError
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.media.speech.speech_samples import RATE, speech_samples
from tribe_np.media.speech.whisper_words import WhisperSegment, words_of
from tribe_np.media.transcripts.timed_words import Transcript
from tribe_np.optional import require
from tribe_np.timeline.languages import WHISPER_CODES, language_code

MAX_JSON = 32 * MEGABYTE
MODEL_FILES = ("config.json", "model.bin", "tokenizer.json")
COMPUTE_TYPE = "int8"  # measured beside float32 in docs/words.md
OPTIONS: Mapping[str, Any] = {
    "beam_size": 5,
    "word_timestamps": True,
    "vad_filter": True,  # without it Whisper writes words into noise and silence
    "condition_on_previous_text": False,  # a mistake does not go on into the next half minute
}
SEED = 0  # of the sampling that Whisper falls back to


def is_installed() -> bool:
    """Whether the package is there; it is not loaded."""
    return util.find_spec("faster_whisper") is not None


@dataclass(frozen=True)
class FasterWhisper:
    """A Whisper model in a folder.

    Fields   model_name is what it was asked for by, for messages; threads 0 leaves the number to the library
    """

    folder: Path
    model_name: str
    threads: int = 0
    compute_type: str = COMPUTE_TYPE

    @property
    def name(self) -> str:
        """Short name for messages and records."""
        return f"faster-whisper ({self.model_name})"

    @property
    def identity(self) -> Mapping[str, Any]:
        """What determines the words, beside the files."""
        versions = {package: metadata.version(package) for package in ("faster-whisper", "ctranslate2")}
        return {"engine": "faster-whisper", **versions, "compute_type": self.compute_type, "seed": SEED, **OPTIONS}

    @property
    def files(self) -> tuple[Path, ...]:
        """Files and folders whose content determines the words."""
        return (self.folder,)

    def check(self, language: str | None) -> None:
        """Refuses what could not be transcribed, before any work.

        Raises   CheckpointError for a folder without a model; ConfigError for a language that the model does not know
        """
        missing = [name for name in MODEL_FILES if not (self.folder / name).is_file()]
        if missing:
            raise CheckpointError(
                f"{self.folder}: an incomplete faster-whisper model: {missing[0]} is missing; a model has "
                f"{', '.join(MODEL_FILES)} and vocabulary.json or .txt (tribe-np download gets one)"
            )
        known = model_languages(self.folder)
        code = _whisper_code(language)
        if code is not None and code not in known:
            only = known[0] if len(known) == 1 else f"{len(known)} languages, such as {', '.join(known[:6])}"
            raise ConfigError(f"--language {language!r:.40}: {self.name} knows {only}; name one of these")

    def transcribe(
        self, audio_path: Path, language: str | None, heard: Callable[[int], object] = lambda n: None
    ) -> Transcript:
        """The words of the sound, in the language found when none is given; `heard` is called with seconds of sound.

        Raises   MediaError when the sound cannot be read or transcribed; CheckpointError when the model does not load
        """
        samples = speech_samples(audio_path)
        duration = len(samples) / RATE
        model = self._load()
        try:
            segments, info = model.transcribe(samples, language=_whisper_code(language), **OPTIONS)
            told = _telling(segments, heard, duration)
            words = tuple(words_of(told, info.language, duration))
        except (RuntimeError, ValueError) as error:
            raise MediaError(f"{audio_path}: {self.name} failed: {' '.join(str(error).split()):.200}") from error
        return Transcript(words, info.language if words else "", f"{self.name} of {audio_path}")

    def _load(self) -> Any:
        engine = require("ctranslate2", extra="transcribe", why="faster-whisper")
        library = require("faster_whisper", extra="transcribe", why="--transcriber faster-whisper")
        engine.set_log_level(logging.ERROR)
        engine.set_random_seed(SEED)
        try:
            return library.WhisperModel(
                str(self.folder), device="cpu", compute_type=self.compute_type, cpu_threads=self.threads,
                local_files_only=True,
            )  # fmt: skip
        except Exception as error:  # the tokenizer's library raises plain Exception
            raise CheckpointError(
                f"{self.folder}: not a readable faster-whisper model: {' '.join(str(error).split()):.200}"
            ) from error


def model_languages(folder: Path) -> list[str]:
    """Codes of the languages that a model knows, in its order.

    Raises   CheckpointError when its files are not readable
    """
    try:
        config, tokenizer = (
            json.loads(read_small_file(folder / name, most=MAX_JSON)) for name in ("config.json", "tokenizer.json")
        )
        names = {token["id"]: str(token["content"]) for token in tokenizer["added_tokens"]}
        found = [names[number].strip("<|>") for number in config.get("lang_ids") or ()]
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{folder}: config.json or tokenizer.json is damaged: {type(error).__name__}: {error!s:.100}"
        ) from error
    return found or ["en"]


def _whisper_code(language: str | None) -> str | None:
    """Whisper's own code of a language given by name or code; None lets it find out."""
    code = language_code(language)
    return WHISPER_CODES.get(code, code) or None


def _telling(
    segments: Iterable[WhisperSegment], heard: Callable[[int], object], duration: float
) -> Iterator[WhisperSegment]:
    """The segments; `heard` is called with the whole seconds of sound that each adds."""
    told = 0
    for segment in segments:
        yield segment
        now = min(int(segment.end), int(duration))
        heard(max(now - told, 0))
        told = max(told, now)
