"""A stimulus to its events: film and sound in chunks, words with their contexts.

Source   tribev2 demo_utils.py TextToEvents, get_audio_and_text_events (AddText, AddSentenceToWords, AddContextToWords,
         RemoveMissing); order of steps as there
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from tribe_np.errors import EventsError, MediaError
from tribe_np.media.film import probe
from tribe_np.media.speech import synthesis as speech
from tribe_np.media.transcripts import transcript as transcripts
from tribe_np.media.transcripts.transcript import Transcript, Word
from tribe_np.pipeline.branches import is_wanted, only_rows, without_events
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress, number_of
from tribe_np.pipeline.resolve import ModelLocations, default_locations
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.events_file import EventsFile, media_of
from tribe_np.pipeline.stimuli.language import language_of_words, language_to_show, language_to_speak
from tribe_np.pipeline.stimuli.media_rows import MediaRows
from tribe_np.pipeline.stimuli.picture_rows import PictureShow, picture_events, told_of_picture
from tribe_np.pipeline.stimuli.recogniser import Recogniser, check_words
from tribe_np.pipeline.stimuli.shown_words import QUOTE, n_differences, within_words, word_times, words_to_show
from tribe_np.pipeline.stimuli.stimulus import DIRECT, Stimulus, WordSource
from tribe_np.pipeline.stimuli.word_contexts import in_context
from tribe_np.pipeline.store.digest import Digests, value_digest
from tribe_np.shown import quoted
from tribe_np.timeline.events import AROUND_WORDS, SEEN_OR_HEARD, WORD_TYPES, Event, Events
from tribe_np.timeline.segments import chunk_events
from tribe_np.timeline.sentences import analyser

NOT_A_SIDECAR = (
    "was taken for its transcript because of its name: if it is not one, rename it, give the words with "
    "--transcript FILE, or run without words with --no-speech"
)


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
    pictures: PictureShow = field(default_factory=PictureShow)

    @property
    def rows(self) -> MediaRows:
        """What makes the rows of films and sounds."""
        return MediaRows(self.folder, self.config, self.record, self.progress, self.digests)

    @property
    def recogniser(self) -> Recogniser:
        """What turns sound into words."""
        return Recogniser(self.words, self.config, self.models, self.record, self.progress, self.digests)

    def build(self, stimulus: Stimulus) -> Events:
        """The standardised table of all events of a stimulus, or of those that `only` asks for.

        Raises   MediaError, EventsError, MissingDependencyError: what cannot be read, transcribed or spoken
        """
        only = self.config.only
        if not self._wants("Word") and self.words.wants_recogniser:
            self.record.warn(f"no words are recognised, since only {' and '.join(only or ())} was asked for")
        events = self._everything(stimulus)
        if only is None:
            return events
        events = only_rows(events, only)
        for note in without_events(events, only):
            self.record.warn(note)
        return events

    def _wants(self, event_type: str) -> bool:
        return is_wanted(event_type, self.config.only)

    def _everything(self, stimulus: Stimulus) -> Events:
        """The table with whatever was on the way to what is wanted, and all that decides where it begins and ends.

        That is why words that are at hand are placed even where they are not wanted.
        """
        self.record.transcript = None
        check_words(stimulus, self.recogniser)
        if stimulus.kind == "picture":
            return self._picture(stimulus)
        if stimulus.kind == "events":
            return self._completed(stimulus.table)
        if self.words.is_direct:
            with self.record.timed("events"):
                return Events(self._shown(stimulus)).standardized()
        if self.words.speech:
            analyser(self.config.sentences, "english")  # a model that is missing is found out before any work
        given = self._given(stimulus)
        with self.record.timed("events"):
            listens = self.words.speech and self._wants("Word")
            media, spoken = self._media_events(stimulus, hears=self._wants("Audio") or (listens and given is None))
            chunked = Events(media).standardized()
            for kind in SEEN_OR_HEARD:
                chunked = chunk_events(chunked, kind, drops_short=self.config.compat.drops_short_chunks)
            own = None if self.words.wants_recogniser else spoken
            words = own if given is None else given
            at_hand = self.words.speech and words is not None
            events = self.with_words(chunked, words) if listens or at_hand else chunked
            return events.standardized()

    def _picture(self, stimulus: Stimulus) -> Events:
        """The rows of a picture; what was done with it goes into the record."""
        with self.record.timed("events"):
            rows = picture_events(stimulus.path, self.pictures)
            self.record.facts["picture"], notes = told_of_picture(rows[0])
            for note in notes:
                self.record.warn(note)
            drops_short = self.config.compat.drops_short_chunks
            return chunk_events(Events(rows).standardized(), "Video", drops_short=drops_short).standardized()

    # -- words and pictures alone ----------------------------------------------------------------------------------

    def shown_words(self, text: str, duration: float | None = None, *, language: str | None = None) -> list[Event]:
        """Word, Text and Sentence rows of words that are shown from 0 s on, without a voice, in context.

        With a `duration` in seconds the words are spread over it. A short text that names no `language` is taken to be
        what its script tells, or else English.
        Raises   EventsError, ConfigError, MissingDependencyError
        """
        words = word_times(
            self._words_of(text), seconds_per_word=self.words.seconds_per_word,
            seconds_per_letter=self.words.seconds_per_letter, duration=duration,
        )  # fmt: skip
        language = language_to_show(text, self.config, self.record) if language is None else language
        return self._in_context(Transcript(tuple(words), language, "the text"))

    def _words_of(self, text: str) -> list[str]:
        words = words_to_show(text, "the text")
        if n_quotes := text.count(QUOTE):
            marks, are = ("mark", "is") if n_quotes == 1 else ("marks", "are")
            self.record.warn(f'{n_quotes} quotation {marks} (") {are} left out, as in words that are spoken')
        return words

    def _in_context(self, transcript: Transcript) -> list[Event]:
        language = language_of_words(transcript, self.config, self.record)
        rows = [Event("Word", w.start, w.duration, text=w.text, language=language) for w in transcript.words]
        table = in_context(
            Events(rows).standardized(), language, self.config, self.record, self.progress, are_the_text=True
        )
        if not len(table.of_type("Word")):
            raise EventsError(f"{transcript.source}: no word is left to show")
        return list(within_words(table).standardized())

    def _shown(self, stimulus: Stimulus) -> list[Event]:
        """The words of a text file, at the pace that was asked for or at given times."""
        text, path = stimulus.text(), self.words.transcript
        facts = self.record.facts
        words_to_show(text, str(stimulus.path))  # a text without words is named
        if path is None:
            pace = "seconds_per_word" if self.words.seconds_per_letter is None else "seconds_per_letter"
            facts |= {"words_from": "the text", "words_shown": {"how": DIRECT, pace: getattr(self.words, pace)}}
            return self.shown_words(text, language=language_to_speak(text, self.config, self.record))
        transcript = transcripts.checked(replace(self._read(path), source=str(path)), None)
        self._note(transcript)
        if not transcript.words:
            raise EventsError(f"{path}: holds no word to show")
        lost, more = n_differences(words_to_show(text, "the text"), [word.text for word in transcript.words])
        if lost or more:
            self.record.warn(
                f"{stimulus.path.name} and {path} differ: {number_of(lost, 'words')} of the text are not shown, and "
                f"{number_of(more, 'words')} that are shown are not in it"
            )
        facts |= {"words_from": str(path), "words_shown": {"how": DIRECT, "times": str(path)}}
        return self._in_context(transcript)

    # -- a table ---------------------------------------------------------------------------------------------------

    def _completed(self, table: EventsFile) -> Events:
        """The events of a table: what it lacks is completed, and nothing added but words that were asked for."""
        with self.record.timed("events"):
            events = media_of(table, self.rows, self.pictures)
            if not self.words.speech:
                n_words = len(events.of_type("Word"))
                events = Events(row for row in events if row.type not in WORD_TYPES)
                if n_words:
                    self.record.warn(f"{table.path.name}: --no-speech leaves out its {number_of(n_words, 'words')}")
            done: list[Event] = []
            for rows in events.by_timeline().values():
                done += self._with_table_words(rows, table.path.name)
            return Events(done).standardized()

    def _with_table_words(self, rows: Events, name: str) -> Events:
        """One timeline of a table, with contexts for all of its words or with words that are recognised."""
        words, timeline = rows.of_type("Word"), rows[0].timeline
        if not len(words):
            heard = self.words.wants_recogniser and self._wants("Word") and len(rows.of_type("Audio"))
            return self.transcribed(rows) if heard else rows
        if self.words.wants_recogniser:
            self.record.warn(f"{name}: timeline {quoted(timeline, 60)} has words already: nothing is recognised there")
        without = sum(not word.context for word in words)
        if not without:
            return rows
        languages = sorted({word.language for word in words if word.language})
        if len(languages) > 1:
            raise EventsError(
                f"{name}: timeline {quoted(timeline, 60)} has words in {len(languages)} languages "
                f"({', '.join(languages)}); give all words of a timeline one language"
            )
        if without < len(words):
            self.record.warn(f"{name}: {without} of {len(words)} words have no context: those of all are made again")
        bare = Events(_out_of_context(row) for row in rows if row.type not in AROUND_WORDS)
        if replaced := len(rows) - len(bare):
            self.record.warn(
                f"{name}: {number_of(replaced, 'rows')} of texts and sentences are made again from the words"
            )
        told = Transcript(tuple(map(_as_word, words)), "".join(languages), name)
        language = language_of_words(told, self.config, self.record)
        table = in_context(bare, language, self.config, self.record, self.progress)
        return table if any(row.type in SEEN_OR_HEARD for row in rows) else within_words(table)

    def transcribed(self, table: Events) -> Events:
        """One timeline with the words of its sound.

        Raises   EventsError for several sounds on it
        """
        sounds = sorted({row.filepath for row in table.of_type("Audio")})
        if len(sounds) > 1:
            raise EventsError(
                f"timeline {table[0].timeline!r} has {len(sounds)} sound files, but words can be recognised in only "
                "one; give each file a timeline of its own, or add Word rows"
            )
        return self.with_words(table, None)

    # -- film and sound ------------------------------------------------------------------------------------------

    def _media_events(self, stimulus: Stimulus, *, hears: bool) -> tuple[list[Event], Transcript | None]:
        """Rows of whole files, and the words of a text; unless somebody `hears` it, a film's sound is not written."""
        if stimulus.kind == "text":
            wav, transcript = self._spoken(stimulus)
            return [self.rows.audio_event(wav)], transcript
        if stimulus.kind == "audio":
            return [self.rows.audio_event(stimulus.path)], None
        film = probe.probe(stimulus.path)
        if not film.has_video:
            raise MediaError(f"{stimulus.path}: holds no video stream; give a sound file as .wav, .mp3, .flac or .ogg")
        if not film.duration > 0:
            raise MediaError(f"{stimulus.path}: lasts {film.duration} s; a stimulus must be longer than 0 s")
        rows = [self.rows.film_event(film)]
        if not hears and not self.config.compat.wav_beside_video:
            return [*rows, *self.rows.unheard(film)], None
        wav_path = self.rows.sound_of(stimulus.path, has_audio=film.has_audio)
        if wav_path is None:
            self.record.warn(f"{stimulus.path.name} has no sound: predicting from the pictures alone")
        else:
            rows.append(self.rows.audio_event(wav_path))
        return rows, None

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
        self._note(transcript)
        if not transcript.words:
            self.record.warn("no words: predicting without text")
            return chunked
        compat = self.config.compat
        language = language_of_words(transcript, self.config, self.record)
        words = transcripts.word_events(
            transcript, list(carriers), duplicate_per_chunk=compat.duplicate_words, language=language
        )
        return in_context(Events([*chunked, *words]).standardized(), language, self.config, self.record, self.progress)

    def _note(self, transcript: Transcript) -> None:
        for note in transcript.notes:
            self.record.warn(f"{transcript.source}: {note.text}")
        self.record.facts["transcript_repairs"] = {note.kind: note.count for note in transcript.notes}

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
        heard = self.config.keep_non_speech or self.config.compat.hear_non_speech
        return heard or self.words.is_direct  # what is shown is read, whether anybody says it or not

    def _read(self, path: Path) -> Transcript:
        compat = self.config.compat
        return transcripts.read_transcript(
            path, lossy=compat.lossy_sidecar, drop_untimed=compat.drop_untimed_words,
            keep_non_speech=self._keeps_non_speech,
        )  # fmt: skip


def _out_of_context(row: Event) -> Event:
    fresh = replace(row, context="", sentence="", sentence_char=None, text_char=None)
    return fresh if row.type == "Word" else row


def _as_word(row: Event) -> Word:
    return Word(row.text, row.start, row.stop)
