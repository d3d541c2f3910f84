"""Rows of events written by hand, completed for a prediction.

Source   tribev2 demo_utils.py get_audio_and_text_events; neuralset 0.0.2 etypes.Audio and Video, which read durations
         and frequencies that are missing from the file
"""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError
from tribe_np.media.film import probe
from tribe_np.media.pictures.kinds import is_picture
from tribe_np.pipeline.branches import is_wanted, only_rows
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import terminal_progress
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.events_file import file_row, measured
from tribe_np.pipeline.stimuli.stimulus import WordSource
from tribe_np.pipeline.stimuli.word_contexts import in_context
from tribe_np.pipeline.store.workspace import open_workspace
from tribe_np.timeline.events import AROUND_WORDS, SEEN_OR_HEARD, Event, Events, as_events
from tribe_np.timeline.languages import language_name
from tribe_np.timeline.segments import chunk_events


def get_audio_and_text_events(events: Any, audio_only: bool = False) -> Any:
    """Upstream's function: `complete` with the default options and the user's cache, a DataFrame for a DataFrame.

    Raises   as `complete`
    """
    builder = EventBuilder(open_workspace(None).media, PipelineConfig(), WordSource(), RunRecord(), terminal_progress())
    completed = complete(as_events(events), builder, audio_only=audio_only)
    for warning in builder.record.warnings:
        warnings.warn(warning, stacklevel=2)
    return completed if isinstance(events, Events) else completed.to_dataframe()


def complete(events: Events, builder: EventBuilder, *, audio_only: bool = False) -> Events:
    """Durations and rates from the files, the sound of films, chunks, words, sentences and contexts, where missing.

    `audio_only` leaves words as they are. Of the modalities that the options leave out nothing is made, and no row
    stays.
    Raises   MediaError, EventsError, MissingDependencyError: what cannot be read, transcribed or put into sentences
    """
    only = builder.config.only
    listens = not audio_only and is_wanted("Word", only) and not len(events.of_type("Word"))
    hears = listens or is_wanted("Audio", only)
    completed = _completed(events, builder, hears=hears, listens=listens, places_words=not audio_only)
    return completed if only is None else only_rows(completed, only)


def _completed(events: Events, builder: EventBuilder, *, hears: bool, listens: bool, places_words: bool) -> Events:
    rows = [measured(row, lambda row: file_row(row, builder.rows, builder.pictures)) for row in events]
    heard = {row.timeline for row in rows if row.type == "Audio"}
    films = [row for row in rows if row.type == "Video" and not is_picture(row.filepath)]
    for film in films if hears else ():
        rows += sound_row(film, builder) if film.timeline not in heard else []
    table = Events(rows).standardized()
    for kind in SEEN_OR_HEARD:
        table = chunk_events(table, kind, drops_short=builder.config.compat.drops_short_chunks)
    words = table.of_type("Word")
    if places_words and not all(word.context for word in words):
        return all_in_context(table, builder).standardized()
    if not listens:
        return table.standardized()
    spoken = [row for timeline in table.timelines() for row in builder.transcribed(table.on(timeline))]
    return Events(spoken).standardized()


def sound_row(film: Event, builder: EventBuilder) -> list[Event]:
    """The sound of a film's row, at the same place; none where the film is silent."""
    path = Path(film.filepath)
    wav = builder.rows.sound_of(path, has_audio=probe.probe(path).has_audio)
    if wav is None:
        return []
    return [replace(film, type="Audio", filepath=str(wav), frequency=builder.rows.audio_event(wav).frequency)]


def all_in_context(table: Events, builder: EventBuilder) -> Events:
    """Words that stand without contexts, with new ones for all; sentences that were there are made again.

    Raises   EventsError for words of several languages
    """
    table = Events(row for row in table if row.type not in AROUND_WORDS)
    languages = sorted({word.language for word in table.of_type("Word") if word.language})
    if len(languages) > 1:
        raise EventsError(
            f"words are in {len(languages)} languages ({', '.join(languages)}); complete each language separately"
        )
    language = languages[0] if languages else builder.config.language or "english"
    return in_context(table, language_name(language), builder.config, builder.record, builder.progress)
