"""whisperX as a transcriber: Whisper large-v3, then forced alignment; what upstream runs.

It is a program of its own with gigabytes of weights, so it is called, not imported: `whisperx` on PATH, else through
`uvx`.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError, MediaError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.media.child_process import last_useful_line, run_child
from tribe_np.media.transcripts.timed_words import Transcript
from tribe_np.media.transcripts.whisperx_json import read_whisperx_json
from tribe_np.timeline.languages import WHISPER_CODES, language_code

MODEL = "large-v3"
BATCH_SIZE = "16"
ENGLISH_ALIGNER = "WAV2VEC2_ASR_LARGE_LV60K_960H"
UPSTREAM_CODES = {"english": "en", "french": "fr", "spanish": "es", "dutch": "nl", "chinese": "zh"}
OTHER_WAYS = "give the words with --transcript FILE, or run without words with --no-speech"


@dataclass(frozen=True)
class WhisperX:
    """whisperX as a child process.

    Fields   command starts it: ("whisperx",) or ("uvx", "whisperx"); device is "cpu" or "cuda"; upstream gives exactly
             upstream's arguments, which whisperX refuses on a CPU (float16) and for other languages than English
    Source   tribev2 7239908 ExtractWordsFromAudio._get_transcript_from_audio
    """

    command: tuple[str, ...]
    device: str = "cpu"
    upstream: bool = False

    @property
    def name(self) -> str:
        """Short name for messages and records."""
        return "whisperx"

    @property
    def identity(self) -> Mapping[str, Any]:
        """What determines the words, beside the files."""
        return {"engine": "whisperx", "model": MODEL, "device": self.device, "upstream": self.upstream}

    @property
    def files(self) -> tuple[Path, ...]:
        """None: whisperX keeps its models where it likes."""
        return ()

    def check(self, language: str | None) -> None:
        """Nothing is known before whisperX runs."""

    def arguments(self, audio_path: Path, language: str | None, output_dir: str) -> list[str]:
        """The whole command line."""
        if self.upstream:
            return _upstream_arguments(audio_path, language, self.device, output_dir)
        code = language_code(language)
        return [
            *self.command,
            str(audio_path.absolute()),  # a name that begins with "-" would be read as an option
            *("--model", MODEL),
            *(("--language", WHISPER_CODES.get(code, code)) if code else ()),
            *("--device", self.device),
            *("--compute_type", "float16" if self.device == "cuda" else "int8"),  # the engine has no float16 on a CPU
            *("--batch_size", BATCH_SIZE),
            *(("--align_model", ENGLISH_ALIGNER) if code == "en" else ()),  # others: whisperX knows one per language
            *("--output_dir", output_dir),
            *("--output_format", "json"),
        ]

    def transcribe(
        self, audio_path: Path, language: str | None, heard: Callable[[int], object] = lambda n: None
    ) -> Transcript:
        """The words of the sound; whisperX writes into a temporary folder, which is removed.

        Raises   MediaError with whisperX's own last word when it fails; EventsError when its output is unusable
        """
        env = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
            result = run_child(self.arguments(audio_path, language, folder), name="whisperx", env=env)
            if result.returncode != 0:
                reason = last_useful_line(result.stderr)
                raise MediaError(
                    f"{audio_path}: whisperx failed (exit code {result.returncode}): {reason}; otherwise {OTHER_WAYS}"
                )
            written = Path(folder) / f"{audio_path.stem}.json"
            if not written.is_file():
                raise MediaError(f"{audio_path}: whisperx finished without writing a transcript; {OTHER_WAYS}")
            transcript = read_whisperx_json(written, lossy=self.upstream, drop_untimed=self.upstream)
        return replace(transcript, source=f"whisperx of {audio_path}")


def _upstream_arguments(audio_path: Path, language: str | None, device: str, output_dir: str) -> list[str]:
    language = language or "english"  # a constant upstream
    if language not in UPSTREAM_CODES:
        raise ConfigError(f"upstream transcribes only {', '.join(UPSTREAM_CODES)}; got language {language!r:.40}")
    return [
        *("uvx", "whisperx", str(audio_path)),
        *("--model", MODEL),
        *("--language", UPSTREAM_CODES[language]),
        *("--device", device),
        *("--compute_type", "float16"),
        *("--batch_size", BATCH_SIZE),
        "--align_model",  # upstream drops the empty value of other languages, but not the flag
        *((ENGLISH_ALIGNER,) if language == "english" else ()),
        *("--output_dir", output_dir),
        *("--output_format", "json"),
    ]
