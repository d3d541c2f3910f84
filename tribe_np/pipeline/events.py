"""A stimulus to its events: film and sound in chunks, words with their contexts.

Source   tribev2 demo_utils.py get_audio_and_text_events, TextToEvents; order of steps as there
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tribe_np.errors import EventsError, MediaError
from tribe_np.media import audio, probe, speech, transcriber
from tribe_np.media import transcript as transcripts
from tribe_np.media.ffmpeg import ffmpeg_version
from tribe_np.media.pictures import film_duration
from tribe_np.media.probe import MediaInfo
from tribe_np.media.transcript import Transcript
from tribe_np.pipeline.cache import CACHE_VERSION
from tribe_np.pipeline.config import PipelineConfig
from tribe_np.pipeline.digest import file_digest, value_digest
from tribe_np.pipeline.progress import Progress
from tribe_np.pipeline.record import RunRecord
from tribe_np.pipeline.stimulus import Stimulus
from tribe_np.timeline.chunking import chunk_events
from tribe_np.timeline.contexts import add_contexts, remove_missing
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import analyser
from tribe_np.timeline.text import add_sentences, add_text

MAX_CONTEXT_LEN = 1024  # earlier words that a context reaches back, as released
UNEQUAL_ENDS = 1.0  # seconds by which sound and pictures of a film may end apart without a word


@dataclass(frozen=True)
class WordSource:
    """Where word timings may come from: a file, a named transcriber, or nowhere."""

    transcript: Path | None = None
    transcriber: str | None = None
    speech: bool = True


@dataclass(frozen=True, eq=False)
class EventBuilder:
    """Builds events; derived sound and transcripts are kept in `folder` under digests of their content."""

    folder: Path
    config: PipelineConfig
    words: WordSource
    record: RunRecord
    progress: Progress

    def build(self, stimulus: Stimulus) -> Events:
        """The standardised table of all events of a stimulus.

        Raises   MediaError, EventsError, MissingDependencyError: what cannot be read, transcribed or spoken
        """
        with self.record.timed("events"):
            media, given = self._media_events(stimulus)
            chunked = Events(media).standardized()
            for kind in ("Audio", "Video"):
                chunked = chunk_events(chunked, kind, max_duration=60.0, min_duration=30.0)
            events = self._with_words(chunked, stimulus, given) if self.words.speech else chunked
            return events.standardized()

    # -- film and sound ------------------------------------------------------------------------------------------

    def _media_events(self, stimulus: Stimulus) -> tuple[list[Event], Transcript | None]:
        if stimulus.kind == "text":
            wav, transcript = self._spoken(stimulus)
            return [_audio_event(wav)], transcript
        if stimulus.kind == "audio":
            return [_audio_event(stimulus.path)], None
        film = probe.probe(stimulus.path)
        if not film.has_video:
            raise MediaError(f"{stimulus.path}: holds no video stream; give a sound file as .wav, .mp3, .flac or .ogg")
        if not film.duration > 0:
            raise MediaError(f"{stimulus.path}: lasts {film.duration} s; a stimulus must be longer than 0 s")
        rows = [self._film_event(film)]
        wav_path = self._sound_of(stimulus.path, has_audio=film.has_audio)
        if wav_path is None:
            self.record.warn(f"{stimulus.path.name} has no sound: predicting from the pictures alone")
        else:
            rows.append(_audio_event(wav_path))
        return rows, None

    def _film_event(self, film: MediaInfo) -> Event:
        """The row of a film; what is odd about the file becomes a warning."""
        compat = self.config.compat
        for note in film.notes:
            self.record.warn(note)
        if not film.is_even:
            counted = compat.ignore_picture_times
            how = "they are counted all the same, as upstream does" if counted else "each is shown at its own time"
            self.record.warn(f"{probe.unevenness(film)}; {how}")
        if film.has_audio and abs(film.audio_stop - film.video_stop) > UNEQUAL_ENDS:
            # moviepy's reader has frame 0 in hand when a chunk begins past the end, the one before the last otherwise
            stays = "after them an earlier one is shown, as upstream does" if film.is_constant else "the last one stays"
            self.record.warn(
                f"{film.path.name}: its pictures end after {film.video_stop:.1f} s and its sound after "
                f"{film.audio_stop:.1f} s; {stays if film.audio_stop > film.video_stop else 'the rest is silent'}"
            )
        self.record.facts["film"] = {
            "ffmpeg": ffmpeg_version(), "video_stream": film.video_stream, "audio_stream": film.audio_stream,
            "is_constant_rate": film.is_constant, "rotation": film.rotation, "pixel_aspect": film.pixel_aspect,
        }  # fmt: skip
        duration = film_duration(film, compat.film_habits)
        return Event("Video", 0.0, duration, filepath=str(film.path), frequency=film.fps)

    def _sound_of(self, film: Path, *, has_audio: bool) -> Path | None:
        if self.config.compat.wav_beside_video:
            beside = film.with_suffix(".wav")
            return beside if beside.exists() or (has_audio and audio.extract_audio(film, beside)) else None
        if not has_audio:
            return None
        key = value_digest({"version": CACHE_VERSION, "film": file_digest(film)})
        kept = self.folder / f"sound-{key[:40]}.wav"
        if kept.exists() and _is_readable_sound(kept):
            return kept
        with self.progress.stage("sound of the film", None, "files") as step:
            found = audio.extract_audio(film, kept)
            step(1)
        return kept if found else None

    def _spoken(self, stimulus: Stimulus) -> tuple[Path, Transcript | None]:
        text = stimulus.text()
        key = value_digest({"text": text, "language": self.config.language, "engine": self.config.speech_engine})
        wav = self.folder / f"speech-{key[:40]}.wav"
        with self.progress.stage("speech synthesis", None, "texts") as step:
            transcript, engine = speech.synthesise(
                text, wav, language=self.config.language, engine=self.config.speech_engine
            )
            step(1)
        self.record.facts["speech_engine"] = engine
        return wav, None if self.config.compat.retranscribe_speech else transcript

    # -- words ---------------------------------------------------------------------------------------------------

    def _with_words(self, chunked: Events, stimulus: Stimulus, given: Transcript | None) -> Events:
        carriers = chunked.of_type("Audio") or (chunked.of_type("Video") if self.words.transcript else Events([]))
        if not len(carriers):
            return chunked
        transcript = self._transcript(stimulus, Path(carriers[0].filepath), given)
        duration = max(e.offset + e.duration for e in carriers)
        transcript, notes = transcripts.checked(transcript, duration)
        for note in notes:
            self.record.warn(note)
        if not transcript.words:
            self.record.warn("no words: predicting without text")
            return chunked
        compat = self.config.compat
        language = transcriber.language_name(self.config.language or transcript.language or "english")
        if compat.english_only:
            language = "english"
        self.record.facts["language"] = language
        words = transcripts.word_events(
            transcript, list(carriers), duplicate_per_chunk=compat.duplicate_words, language=language
        )
        return self._in_context(Events([*chunked, *words]).standardized(), language)

    def _in_context(self, events: Events, language: str) -> Events:
        splitter = analyser(self.config.sentences, language)
        self.record.facts["sentences"] = splitter.name
        n_words = len(events.of_type("Word"))
        events = add_text(events, analyser=splitter)
        events = add_sentences(
            events, analyser=splitter, max_unmatched_ratio=0.05,
            rounding_loses_words=self.config.compat.rounding_loses_words,
        )  # fmt: skip
        stride = self.config.stride
        events = remove_missing(add_contexts(events, max_context_len=MAX_CONTEXT_LEN, stride=stride))
        if stride > 1 and _longest(events) > MAX_CONTEXT_LEN + 1:
            self.record.warn(
                f"contexts are anchored at every {stride}th word: an approximation, word {MAX_CONTEXT_LEN + 2} and "
                "those after it have up to that much more context than exact ones"
            )
        lost = n_words - len(events.of_type("Word"))
        if lost:
            self.record.warn(f"{lost} of {n_words} words could not be placed in a sentence and are left out")
        return events

    def _transcript(self, stimulus: Stimulus, sound: Path, given: Transcript | None) -> Transcript:
        if given is not None and self.words.transcript is None and self.words.transcriber is None:
            self.record.facts["words_from"] = given.source
            return given
        lossy = self.config.compat.lossy_sidecar
        if self.words.transcript is not None:
            self.record.facts["words_from"] = str(self.words.transcript)
            return transcripts.read_transcript(self.words.transcript, lossy=lossy)
        sidecar = transcripts.find_sidecar(stimulus.path) if self.words.transcriber is None else None
        if sidecar is not None:
            self.record.facts["words_from"] = str(sidecar)
            self.record.warn(f"words are read from {sidecar}, found next to the sound")
            return transcripts.read_transcript(sidecar, lossy=lossy)
        return self._transcribed(sound)

    def _transcribed(self, path: Path) -> Transcript:
        engine = transcriber.find_transcriber(self.words.transcriber, upstream=self.config.compat.english_only)
        language = "english" if self.config.compat.english_only else self.config.language or "english"
        self.record.facts["words_from"] = engine.name
        key = value_digest({"sound": file_digest(path), "engine": engine.name, "language": language})
        kept = self.folder / f"words-{key[:40]}.json"
        if kept.is_file():
            try:
                return transcripts.read_transcript(kept)
            except EventsError:
                self.record.warn(f"cached transcript {kept.name} is damaged; transcribing again")
        self.progress.note(
            f"{engine.name} is transcribing {path.name}: on a CPU this takes longer than the sound lasts"
        )
        with self.progress.stage("transcription", None, "files") as step:
            transcript = engine.transcribe(path, language)
            step(1)
        transcripts.write_transcript(kept, transcript)
        return transcript


def _longest(events: Events) -> int:
    """Words of the timeline that has most."""
    return max(Counter(word.timeline for word in events.of_type("Word")).values(), default=0)


def _audio_event(path: Path) -> Event:
    rate, duration, _ = audio.audio_info(path)
    if not duration > 0:
        raise MediaError(f"{path}: lasts {duration} s; a stimulus must be longer than 0 s")
    return Event("Audio", 0.0, duration, filepath=str(path), frequency=float(rate))


def _is_readable_sound(path: Path) -> bool:
    try:
        return audio.audio_info(path)[1] > 0
    except MediaError:
        return False
