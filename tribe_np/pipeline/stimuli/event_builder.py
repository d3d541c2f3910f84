"""A stimulus to its events: film and sound in chunks, words with their contexts.

Source   tribev2 demo_utils.py TextToEvents, get_audio_and_text_events (AddText, AddSentenceToWords, AddContextToWords,
         RemoveMissing); order of steps as there
"""

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError, MediaError
from tribe_np.media.ffmpeg import ffmpeg_version
from tribe_np.media.film import probe
from tribe_np.media.film.probe import MediaInfo
from tribe_np.media.sound import audio
from tribe_np.media.speech import synthesis as speech
from tribe_np.media.transcripts import transcript as transcripts
from tribe_np.media.transcripts.transcript import Transcript
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress, number_of
from tribe_np.pipeline.resolve import ModelLocations, default_locations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.language import language_of_words, language_to_speak
from tribe_np.pipeline.stimuli.recogniser import Recogniser, check_words
from tribe_np.pipeline.stimuli.shown_words import word_times, words_to_show
from tribe_np.pipeline.stimuli.stimulus import Stimulus, WordSource
from tribe_np.pipeline.store.cache import CACHE_VERSION
from tribe_np.pipeline.store.digest import Digests, value_digest
from tribe_np.pipeline.store.kept_media import is_kept, seal
from tribe_np.timeline.contexts import MAX_CONTEXT_LEN, add_contexts, add_sentences, add_text, remove_missing
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events
from tribe_np.timeline.sentences import analyser

NOT_A_SIDECAR = (
    "was taken for its transcript because of its name: if it is not one, rename it, give the words with "
    "--transcript FILE, or run without words with --no-speech"
)
UNEQUAL_ENDS = 1.0  # seconds by which sound and pictures of a film may end apart without a word


@dataclass(frozen=True, eq=False)
class EventBuilder:
    """Builds events; derived sound and transcripts are kept in `folder` under digests of their content."""

    folder: Path
    config: PipelineConfig
    words: WordSource
    record: RunRecord
    progress: Progress
    models: ModelLocations = field(default_factory=lambda: default_locations(None))  # of a recogniser
    digests: Digests = field(default_factory=Digests)
    pictures: Any = None  # a PictureShow of `picture_rows`; None: its default

    @property
    def recogniser(self) -> Recogniser:
        """What turns sound into words."""
        return Recogniser(self.words, self.config, self.models, self.record, self.progress, self.digests)

    def build(self, stimulus: Stimulus) -> Events:
        """The standardised table of all events of a stimulus.

        Raises   MediaError, EventsError, MissingDependencyError: what cannot be read, transcribed or spoken
        """
        self.record.transcript = None
        check_words(stimulus, self.recogniser)
        if stimulus.kind == "picture":
            return Events(self._picture(stimulus.path)).standardized()
        if self.words.is_direct:
            with self.record.timed("events"):
                return Events(self.shown_words(stimulus.text())).standardized()
        if self.words.speech:
            analyser(self.config.sentences, "english")  # a model that is missing is found out before any work
        given = self._given(stimulus)
        with self.record.timed("events"):
            media, spoken = self._media_events(stimulus)
            chunked = Events(media).standardized()
            for kind in ("Audio", "Video"):
                chunked = chunk_events(chunked, kind)
            own = None if self.words.wants_recogniser else spoken
            events = self.with_words(chunked, own if given is None else given) if self.words.speech else chunked
            return events.standardized()

    # -- words and pictures alone -----------------------------------------------------------------------------------

    def shown_words(self, text: str, duration: float | None = None) -> list[Event]:
        """Word, Text and Sentence rows of words that are shown from 0 s on, without a voice, in context.

        With a `duration` in seconds the words are spread over it.
        Raises   EventsError, MissingDependencyError
        """
        words = self.words
        shown = word_times(
            words_to_show(text, "the text"), seconds_per_word=words.seconds_per_word,
            seconds_per_letter=words.seconds_per_letter, duration=duration,
        )  # fmt: skip
        transcript = Transcript(tuple(shown), language_to_speak(text, self.config, self.record), "the text")
        language = language_of_words(transcript, self.config, self.record)
        rows = [Event("Word", w.start, w.duration, text=w.text, language=language) for w in transcript.words]
        events = in_context(Events(rows).standardized(), language, self.config, self.record, self.progress)
        return list(events)

    def _picture(self, path: Path) -> list[Event]:
        rows = import_module("tribe_np.pipeline.stimuli.picture_rows")
        show = rows.PictureShow() if self.pictures is None else self.pictures
        found: list[Event] = rows.picture_events(path, show)
        return found

    # -- film and sound ------------------------------------------------------------------------------------------

    def _media_events(self, stimulus: Stimulus) -> tuple[list[Event], Transcript | None]:
        if stimulus.kind == "text":
            wav, transcript = self._spoken(stimulus)
            return [self.audio_event(wav)], transcript
        if stimulus.kind == "audio":
            return [self.audio_event(stimulus.path)], None
        film = probe.probe(stimulus.path)
        if not film.has_video:
            raise MediaError(f"{stimulus.path}: holds no video stream; give a sound file as .wav, .mp3, .flac or .ogg")
        if not film.duration > 0:
            raise MediaError(f"{stimulus.path}: lasts {film.duration} s; a stimulus must be longer than 0 s")
        rows = [self.film_event(film)]
        wav_path = self.sound_of(stimulus.path, has_audio=film.has_audio)
        if wav_path is None:
            self.record.warn(f"{stimulus.path.name} has no sound: predicting from the pictures alone")
        else:
            rows.append(self.audio_event(wav_path))
        return rows, None

    def film_event(self, film: MediaInfo) -> Event:
        """The row of a film; what is odd about the file becomes a warning."""
        compat = self.config.compat
        for note in film.notes:
            self.record.warn(note)
        if not film.is_even:
            counted = compat.ignore_picture_times
            how = (
                "they are still counted at that rate, as upstream does" if counted else "each is shown at its own time"
            )
            self.record.warn(f"{probe.unevenness(film)}; {how}")
        if film.has_audio and abs(film.audio_stop - film.video_stop) > UNEQUAL_ENDS:
            # moviepy's reader has frame 0 in hand when a chunk begins past the end, the one before the last otherwise
            stays = (
                "an earlier one is shown until then, as upstream does"
                if film.is_constant
                else "the last one stays until then"
            )
            self.record.warn(
                f"{film.path.name}: its pictures end after {film.video_stop:.1f} s and its sound after "
                f"{film.audio_stop:.1f} s; {stays if film.audio_stop > film.video_stop else 'the rest is silent'}"
            )
        if film.has_audio and film.audio_start > audio.ON_TIME and not compat.sound_from_start:
            self.record.warn(
                f"{film.path.name}: its sound begins {film.audio_start:.1f} s after the film; until then, silence"
            )
        self.record.facts["film"] = {
            "ffmpeg": ffmpeg_version(), "video_stream": film.video_stream, "audio_stream": film.audio_stream,
            "is_constant_rate": film.is_constant, "rotation": film.rotation, "pixel_aspect": film.pixel_aspect,
        }  # fmt: skip
        duration = film.film_duration(compat.film_habits)
        return Event("Video", 0.0, duration, filepath=str(film.path), frequency=film.fps)

    def sound_of(self, film: Path, *, has_audio: bool) -> Path | None:
        """The sound of a film in a file of its own; None where it is silent."""
        habits = self.config.compat.track_habits
        if self.config.compat.wav_beside_video:
            beside = film.with_suffix(".wav")
            return beside if beside.exists() or (has_audio and audio.extract_audio(film, beside, habits)) else None
        if not has_audio:
            return None
        digest = self.digests.of_file(film)
        parts = {"version": CACHE_VERSION, "film": digest, "ffmpeg": ffmpeg_version(), **asdict(habits)}
        kept = self.folder / f"sound-{value_digest(parts)[:40]}.wav"
        if is_kept(kept, self.record.warn):
            return kept
        with self.progress.stage("sound of the film", None, "files") as step:
            found = audio.extract_audio(film, kept, habits)
            step(1)
        if not found:
            return None
        seal(kept)
        return kept

    def audio_event(self, path: Path) -> Event:
        """The row of a sound; what is odd about the file becomes a warning."""
        info = audio.audio_info(path, trust_header=self.config.compat.trust_sound_header)
        for note in info.notes:
            self.record.warn(note)
        if not info.duration > 0:
            raise MediaError(f"{path}: lasts {info.duration} s; a stimulus must be longer than 0 s")
        return Event("Audio", 0.0, info.duration, filepath=str(path), frequency=float(info.rate))

    def _spoken(self, stimulus: Stimulus) -> tuple[Path, Transcript | None]:
        text = stimulus.text()
        language = language_to_speak(text, self.config, self.record)
        key = value_digest({"text": text, "language": language, "engine": self.config.speech_engine})
        wav = self.folder / f"speech-{key[:40]}.wav"
        self.folder.mkdir(parents=True, exist_ok=True)  # somebody may have emptied the cache
        with self.progress.stage("speech synthesis", None, "texts") as step:
            transcript, engine = speech.synthesise(text, wav, language=language, engine=self.config.speech_engine)
            step(1)
        self.record.facts["speech_engine"] = engine
        return wav, None if self.config.compat.retranscribe_speech else transcript

    # -- words ---------------------------------------------------------------------------------------------------

    def _given(self, stimulus: Stimulus) -> Transcript | None:
        """The words in a file, read before any work; those of a text stimulus are its own, unless others are given."""
        has_own = stimulus.kind == "text" and not self.config.compat.retranscribe_speech
        if not self.words.speech or (has_own and self.words.transcript is None):
            return None
        return self._written(stimulus)

    def with_words(self, chunked: Events, given: Transcript | None) -> Events:
        """The chunks of one sound or film, with its words in context."""
        carriers = chunked.of_type("Audio") or (chunked.of_type("Video") if self.words.transcript else Events([]))
        if not len(carriers):
            return chunked
        transcript = self._transcript(Path(carriers[0].filepath), given)
        duration = max(e.offset + e.duration for e in carriers)
        transcript = transcripts.checked(transcript, duration)
        for note in transcript.notes:
            self.record.warn(f"{transcript.source}: {note.text}")
        self.record.facts["transcript_repairs"] = {note.kind: note.count for note in transcript.notes}
        if not transcript.words:
            self.record.warn("no words: predicting without text")
            return chunked
        compat = self.config.compat
        language = language_of_words(transcript, self.config, self.record)
        words = transcripts.word_events(
            transcript, list(carriers), duplicate_per_chunk=compat.duplicate_words, language=language
        )
        return in_context(Events([*chunked, *words]).standardized(), language, self.config, self.record, self.progress)

    def _written(self, stimulus: Stimulus) -> Transcript | None:
        """The words in a file: the transcript that was given, or one found beside the stimulus."""
        if self.words.transcript is not None:
            return replace(self._read(self.words.transcript), source=str(self.words.transcript))
        sidecar = None if self.words.wants_recogniser else stimulus.sidecar
        if sidecar is None:
            return None
        self.record.warn(f"words are read from {sidecar}, found next to the sound")
        try:
            return replace(self._read(sidecar), source=str(sidecar))
        except EventsError as error:
            raise EventsError(f"{error}; it is next to {stimulus.path.name} and {NOT_A_SIDECAR}") from error

    def _transcript(self, sound: Path, given: Transcript | None) -> Transcript:
        """The words that were given, or those that the recogniser hears."""
        if given is not None:
            self.record.facts["words_from"] = given.source
            return given
        transcript = self.recogniser.transcribed(sound, self.folder)
        return transcript if self._keeps_non_speech else transcripts.only_speech(transcript)

    @property
    def _keeps_non_speech(self) -> bool:
        return self.config.keep_non_speech or self.config.compat.hear_non_speech

    def _read(self, path: Path) -> Transcript:
        compat = self.config.compat
        return transcripts.read_transcript(
            path, lossy=compat.lossy_sidecar, drop_untimed=compat.drop_untimed_words,
            keep_non_speech=self._keeps_non_speech,
        )  # fmt: skip


def in_context(events: Events, language: str, config: PipelineConfig, record: RunRecord, progress: Progress) -> Events:
    """The table with Text and Sentence rows, and with a context for every word that has a sentence.

    Words without one are left out, with a warning that counts them.
    Raises   EventsError, MissingDependencyError from the splitter
    """
    compat = config.compat
    splitter = analyser(config.sentences, language)
    record.facts |= {"sentences": splitter.name, "sentences_note": splitter.note}
    progress.note(splitter.note)
    n_words = len(events.of_type("Word"))
    events = add_text(events, analyser=splitter)
    events = add_sentences(
        events, analyser=splitter, max_unmatched_ratio=0.05,
        rounding_loses_words=compat.rounding_loses_words, merge_identical=compat.identical_sentences,
    )  # fmt: skip
    stride = config.stride
    events = add_contexts(
        events, max_context_len=MAX_CONTEXT_LEN, stride=stride, merge_identical=compat.identical_sentences
    )
    events = remove_missing(events)
    if stride > 1 and _longest(events) > MAX_CONTEXT_LEN + 1:
        record.warn(
            f"contexts are anchored at every {stride}th word, an approximation: from word {MAX_CONTEXT_LEN + 2} on, "
            f"words have up to {stride} words more context than exact ones"
        )
    lost = n_words - len(events.of_type("Word"))
    if lost:
        verb = "is" if lost == 1 else "are"
        record.warn(f"{lost} of {number_of(n_words, 'words')} could not be placed in a sentence and {verb} left out")
    return events


def _longest(events: Events) -> int:
    """Words of the timeline that has most."""
    return max(Counter(word.timeline for word in events.of_type("Word")).values(), default=0)
