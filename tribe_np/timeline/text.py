"""Text and Sentence rows made from the words of a timeline, and the place of every word in them."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace

from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.matching import match_words, sentence_start
from tribe_np.timeline.sentences import TextAnalyser

SENTENCE_MARGIN = 1e-6  # seconds by which a Sentence row is wider than its words, on both sides
STOP_TOLERANCE = 1e-6  # seconds; start + (stop - start) can be one rounding error below stop


def add_text(events: Events, *, analyser: TextAnalyser) -> Events:
    """The table with one Text row per timeline that has words; unchanged if it has any Text row.

    Numerics the words joined by spaces, cut into sentences; each gets its first letter capitalised, all others in
             lower case and its final periods dropped; joined by ". ", so "?" and "!" become "?. " and "!. ": the
             released weights were trained on this text
    Units    the row lasts from the first word's start to the last end
    Raises   EventsError for words of several languages on one timeline, or words that are all periods
    Source   neuralset 0.0.2 events/transforms/text.py AddText
    """
    if any(event.type == "Text" for event in events):
        return events
    rows = [
        _text_row(list(events.on(timeline).of_type("Word")), analyser)
        for timeline in sorted(set(events.of_type("Word").timelines()))
    ]
    return Events([*events, *rows]).standardized() if rows else events


def _text_row(words: list[Event], analyser: TextAnalyser) -> Event:
    languages = sorted({word.language for word in words})
    if len(languages) > 1:
        raise EventsError(
            f"timeline {words[0].timeline!r} has words in several languages ({', '.join(map(repr, languages))}); "
            "give all words of a timeline one language"
        )
    sentences = analyser.analyse(" ".join(word.text for word in words))
    text = ". ".join(sentence.bare.capitalize().rstrip(".") for sentence in sentences)
    if not text:
        raise EventsError(
            f"the words on timeline {words[0].timeline!r} are only periods (as {words[0].text!r}): nothing to read; "
            "correct the transcript, or run without words"
        )
    start = min(word.start for word in words)
    return replace(words[0], type="Text", start=start, duration=max(word.stop for word in words) - start, text=text)


def add_sentences(
    events: Events,
    *,
    analyser: TextAnalyser,
    max_unmatched_ratio: float = 0.05,
    tolerance: float = STOP_TOLERANCE,
    rounding_loses_words: bool = False,
    merge_identical: bool = False,
) -> Events:
    """The table whose words have sentence, sentence_char and text_char, with one Sentence row per run of words.

    Unchanged if it has any Sentence row. Words are matched to the Text row that encloses them.

    Units    tolerance: seconds by which a word may end after its Text
    Numerics `rounding_loses_words` sets the tolerance to 0, as upstream: in 0.4 % of timings the last word is then
             beyond the Text by one rounding error and gets no sentence. `merge_identical` knows sentences by their
             strings, as upstream, where words of two identical sentences in a row can run together
    Raises   EventsError for a timeline with words and no Text, a Text that encloses no word, words out of order, or
             more than `max_unmatched_ratio` of a timeline's words without a sentence
    Source   neuralset 0.0.2 events/transforms/text.py AddSentenceToWords (which doubles Sentence rows where a timeline
             has several Text rows; here each is there once)
    """
    if not 0 <= max_unmatched_ratio < 1:
        raise ConfigError(f"max_unmatched_ratio must be at least 0 and below 1, got {max_unmatched_ratio}")
    if any(event.type == "Sentence" for event in events):
        return events
    rows: list[Event] = []
    for timeline in events.timelines():
        on_timeline = list(events.on(timeline))
        if any(event.type == "Word" for event in on_timeline):
            margin = 0.0 if rounding_loses_words else tolerance
            on_timeline = _with_sentences(on_timeline, analyser, margin, merge_identical=merge_identical)
            _check_matched(on_timeline, max_unmatched_ratio, merge_identical=merge_identical)
        rows.extend(on_timeline)
    return Events(rows).standardized() if rows else events


def _with_sentences(
    events: list[Event], analyser: TextAnalyser, tolerance: float, *, merge_identical: bool
) -> list[Event]:
    """The rows of one timeline with filled words and, at the end, its Sentence rows."""
    texts = [event for event in events if event.type == "Text"]
    if not texts:
        raise EventsError(
            f"timeline {events[0].timeline!r} has words but no Text row; run add_text before add_sentences"
        )
    rows = [replace(event, sentence="", sentence_char=None) for event in events]
    for text in texts:
        enclosed = [
            k
            for k, event in enumerate(events)
            if event.type == "Word" and event.start >= text.start and event.stop <= text.stop + tolerance
        ]
        if not enclosed:
            raise EventsError(f"the Text row at {text.start:g} s ({text.text[:40]!r}) encloses no word")
        spoken = [events[k].text for k in enclosed]
        matches = match_words(analyser.analyse(text.text), spoken, merge_identical=merge_identical)
        for k, match in zip(enclosed, matches, strict=True):
            rows[k] = replace(
                rows[k],
                sentence=match.sentence or "",
                sentence_char=match.sentence_char,
                text_char=match.text_char,
            )
    words = [row for row in rows if row.type == "Word"]
    runs = _runs(words, merge_identical=merge_identical)
    return rows + [_sentence_row(run, texts[-1].subject) for run in runs if run[0].sentence]


def _runs(words: list[Event], *, merge_identical: bool) -> Iterator[list[Event]]:
    """Words in a row of one sentence.

    Numerics the last word never opens a run: it joins the one before, as upstream (a final one-word sentence gets no
             row)
    """
    run: list[Event] = []
    for k, word in enumerate(words):
        if k and word.start < words[k - 1].start:
            raise EventsError(
                f"word {word.text!r} at {word.start:g} s on timeline {word.timeline!r} follows one that starts later, "
                f"{words[k - 1].text!r} at {words[k - 1].start:g} s; sort the words by start"
            )
        if run and k < len(words) - 1 and _opens_run(run[-1], word, merge_identical=merge_identical):
            yield run
            run = []
        run.append(word)
    yield run


def _opens_run(last: Event, word: Event, *, merge_identical: bool) -> bool:
    begins = [sentence_start(event.text_char, event.sentence_char) for event in (last, word)]
    if not merge_identical and None not in begins and begins[0] != begins[1]:
        return True
    if not word.sentence or word.sentence != last.sentence:
        return True  # words without a sentence are alone
    return (
        word.sentence_char is not None and last.sentence_char is not None and word.sentence_char <= last.sentence_char
    )


def _sentence_row(run: list[Event], subject: str) -> Event:
    first, last = run[0], run[-1]
    return Event(
        type="Sentence",
        start=first.start - SENTENCE_MARGIN,
        duration=last.start + last.duration - first.start + 2 * SENTENCE_MARGIN,
        timeline=first.timeline,
        subject=subject,
        text=first.sentence,
    )


def _check_matched(events: list[Event], max_unmatched_ratio: float, *, merge_identical: bool) -> None:
    words = [event for event in events if event.type == "Word"]
    unmatched = [word for word in words if not word.sentence] if merge_identical else _unmatched(words)
    if len(unmatched) / len(words) > max_unmatched_ratio:
        raise EventsError(
            f"{len(unmatched)} of {len(words)} words on timeline {words[0].timeline!r} are in no sentence of its text "
            f"(first {unmatched[0].text!r} at {unmatched[0].start:g} s); at most {max_unmatched_ratio:.0%} may be"
        )


def _unmatched(words: list[Event]) -> list[Event]:
    """Words that stand neither inside a sentence nor for one: those left over at the edge of a sentence count."""
    starts = [sentence_start(word.text_char, word.sentence_char) for word in words]
    placed = [k for k, start in enumerate(starts) if start is not None]
    found = []
    for k, word in enumerate(words):
        if starts[k] is not None:
            continue
        at = bisect(placed, k)
        beside = [placed[j] for j in (at - 1, at) if 0 <= j < len(placed)]
        is_inside = len(beside) == 2 and starts[beside[0]] == starts[beside[1]]
        if not word.sentence or (not is_inside and word.sentence in {words[j].sentence for j in beside}):
            found.append(word)
    return found
