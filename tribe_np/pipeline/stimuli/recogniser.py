"""Words out of sound: which recogniser, its result kept in the cache, and a known text set to its times."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError, TribeError
from tribe_np.machine.threads import running_threads
from tribe_np.media.film import probe
from tribe_np.media.sound import audio
from tribe_np.media.speech.faster_whisper import FasterWhisper
from tribe_np.media.speech.known_text import align_text, read_known_text
from tribe_np.media.speech.transcriber import FASTER_WHISPER, Transcriber, find_transcriber
from tribe_np.media.transcripts import transcript as transcripts
from tribe_np.media.transcripts.transcript import Transcript
from tribe_np.media.transcripts.whisperx_json import whisperx_text
from tribe_np.pipeline.branches import is_wanted
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.language import language_to_hear
from tribe_np.pipeline.stimuli.stimulus import Stimulus, WordSource
from tribe_np.pipeline.stimuli.whisper_model import find_whisper_model
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.pipeline.store.digest import Digests, file_digest, value_digest
from tribe_np.pipeline.store.kept_media import is_kept, seal


@dataclass(frozen=True, eq=False)
class Recogniser:
    """Turns the sound of a stimulus into words; results are kept in `folder`."""

    words: WordSource
    config: PipelineConfig
    models: ModelLocations
    record: RunRecord
    progress: Progress
    digests: Digests = field(default_factory=Digests)

    def open(self) -> Transcriber:
        """The transcriber to use, checked as far as possible without running it.

        Raises   ConfigError, CheckpointError, MissingDependencyError
        """
        name = self.words.transcriber or (FASTER_WHISPER if self.words.whisper_model else None)
        engine = find_transcriber(name, open_whisper=self._open_whisper, upstream=self.config.compat.english_only)
        if self.words.whisper_model is not None and not isinstance(engine, FasterWhisper):
            raise ConfigError(f"--whisper-model is for faster-whisper; {engine.name} chooses its model itself")
        engine.check(self._language)
        return engine

    def transcribed(self, sound: Path, folder: Path) -> Transcript:
        """The words of a sound file, of the known text if there is one.

        Raises   MediaError, EventsError, and as `open`
        """
        engine = self.open()
        text = None if self.words.align is None else read_known_text(self.words.align)
        self.record.facts["words_from"] = engine.name
        transcript = self._heard(engine, sound, folder)
        if not transcript.words:
            self.record.warn(f"{engine.name} found no speech in {sound.name}")
        if text is not None and self.words.align is not None:
            transcript = self._aligned(text, self.words.align, transcript, audio.audio_info(sound).duration)
        self.record.transcript = whisperx_text(transcript)
        return transcript

    @property
    def _language(self) -> str | None:
        return language_to_hear(self.config, self.record)

    def _open_whisper(self) -> Transcriber:
        folder, name = find_whisper_model(self.words.whisper_model, self.models)
        return FasterWhisper(folder, name, running_threads())

    def _heard(self, engine: Transcriber, sound: Path, folder: Path) -> Transcript:
        """The words from the cache, or from the engine and then in the cache."""
        identity = {
            **engine.identity, "files": {str(path): self.digests.of(path, self.progress) for path in engine.files},
        }  # fmt: skip
        self.record.facts["recogniser"] = identity
        parts: dict[str, Any] = {
            "version": CACHE_VERSION,
            "sound": self.digests.of_file(sound),
            "recogniser": {**identity, "files": list(identity["files"].values())},  # wherever they lie
            "language": self._language,
        }
        kept = folder / f"words-{value_digest(parts)[:40]}.json"
        if is_kept(kept, self.record.warn):
            return _read(kept, engine, sound)
        with self.record.timed("transcription"):
            transcript = self._run(engine, sound)
        kept.parent.mkdir(parents=True, exist_ok=True)  # somebody may have emptied the cache meanwhile
        transcripts.write_transcript(kept, transcript)
        seal(kept)
        return _read(kept, engine, sound)  # what a later run will read, from the first run on

    def _run(self, engine: Transcriber, sound: Path) -> Transcript:
        seconds, done = round(audio.audio_info(sound).duration), 0
        if not isinstance(engine, FasterWhisper):
            self.progress.note(f"{engine.name} is transcribing {seconds} s of sound; it does not report its progress")
        with self.progress.stage(f"transcription by {engine.name}", seconds, "s of sound") as step:

            def heard(n: int) -> None:
                nonlocal done
                done += n
                step(n)

            transcript = engine.transcribe(sound, self._language, heard)
            step(seconds - done)  # what has no speech at the end; all, for an engine that does not tell
        return transcript

    def _aligned(self, text: str, path: Path, heard: Transcript, duration: float) -> Transcript:
        aligned = align_text(text, heard, path, duration)
        self.record.facts["aligned"] = {"path": str(path), "sha256": file_digest(path) if path.is_file() else None}
        between, left_out = aligned.n_words - aligned.n_found, aligned.n_left_out
        if between:
            what, how = ("was", "it takes") if between == 1 else ("were", "they take")
            self.record.warn(
                f"{path}: {between} of {aligned.n_words} words of the text {what} not heard as written: {how} the time "
                "left between the neighbours"
            )
        if left_out:
            what = "word was" if left_out == 1 else "words were"
            self.record.warn(f"{path}: {left_out} {what} heard but not in the text; left out")
        return aligned.transcript


def _read(kept: Path, engine: Transcriber, sound: Path) -> Transcript:
    return replace(transcripts.read_transcript(kept, keep_non_speech=True), source=f"{engine.name} of {sound.name}")


def check_words(stimulus: Stimulus, recogniser: Recogniser) -> None:
    """Refuses, before any work, words that could not be had: no recogniser, no model, an unknown language.

    Raises   TribeError
    """
    words = recogniser.words
    if stimulus.kind == "events":
        stimulus.table  # noqa: B018  # what is wrong with it is said before any work
    if stimulus.kind in ("events", "picture"):
        _check_words_given(stimulus, words)
    if not words.speech or words.transcript is not None or not is_wanted("Word", recogniser.config.only):
        return
    if stimulus.kind == "text" and words.align is not None:
        raise ConfigError("--align is for a film or a sound; the words of a text have times already")
    if words.align is not None:
        read_known_text(words.align)
    if words.wants_recogniser or (stimulus.kind != "text" and _needs_recogniser(stimulus)):
        recogniser.open()


def _check_words_given(stimulus: Stimulus, words: WordSource) -> None:
    """Refuses words from elsewhere for a picture or a table of events.

    Raises   ConfigError
    """
    asked: dict[str, object] = {"--transcript": words.transcript, "--align": words.align}
    if stimulus.kind == "picture":
        asked |= {"--transcriber": words.transcriber, "--whisper-model": words.whisper_model}
    given = [name for name, value in asked.items() if value is not None]
    if given and stimulus.kind == "events":
        raise ConfigError(
            f"{given[0]} is for a film, a sound or a text; the words of {stimulus.path} are its Word rows"
        )
    if given:
        raise ConfigError(f"{given[0]} is for a film, a sound or a text; the picture {stimulus.path} has no words")


def _needs_recogniser(stimulus: Stimulus) -> bool:
    """Whether a sound stands without words; what is wrong with the file itself is said when it is read."""
    if stimulus.sidecar is not None or stimulus.kind in ("events", "picture"):
        return False
    try:
        if stimulus.kind == "audio":
            return audio.audio_info(stimulus.path).duration > 0
        return probe.probe(stimulus.path).has_audio
    except TribeError:
        return False
