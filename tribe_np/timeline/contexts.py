"""What each word is read in: the text of its timeline, its sentence there, and its context.

A context is the text up to and including the word; it is what the language model reads.
"""

from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.matching import match_words
from tribe_np.timeline.own_places import with_own_places
from tribe_np.timeline.sentences import TextAnalyser

MAX_CONTEXT_LEN = 1024  # earlier words that a context reaches back, as released
SENTENCE_MARGIN = 1e-6  # seconds by which a Sentence row is wider than its words, on both sides
FULL_STOPS = dict.fromkeys(("chinese", "zh", "japanese", "ja"), "\u3002")  # neuralset 0.4's; others: "."
STOP_TOLERANCE = 1e-6  # seconds; start + (stop - start) can be one rounding error below stop


def add_text(events: Events, *, analyser: TextAnalyser, as_spoken: bool = False) -> Events:
    """The table with one Text row per timeline that has words; unchanged if it has any Text row.

    Numerics the words joined by spaces, cut into sentences; each gets its first letter capitalised, all others in
             lower case and its final periods dropped; joined by ". ", so "?" and "!" become "?. " and "!. ": the
             released weights were trained on this text. `as_spoken` is neuralset 0.4's text: letters stay as they are
             but for the first of each sentence, no period is dropped, and the text ends with one
    Units    the row lasts from the first word's start to the last end
    Raises   EventsError for words of several languages on one timeline, or words that are all periods
    Source   neuralset 0.0.2 events/transforms/text.py AddText; 0.4.0 EnsureTexts with `as_spoken`
    """
    if any(event.type == "Text" for event in events):
        return events
    rows = [
        _text_row(list(events.on(timeline).of_type("Word")), analyser, as_spoken=as_spoken)
        for timeline in sorted(set(events.of_type("Word").timelines()))
    ]
    return Events([*events, *rows]).standardized() if rows else events


def _text_row(words: list[Event], analyser: TextAnalyser, *, as_spoken: bool) -> Event:
    languages = sorted({word.language for word in words})
    if len(languages) > 1:
        raise EventsError(
            f"timeline {words[0].timeline!r} has words in several languages ({', '.join(map(repr, languages))}); "
            "give all words of a timeline one language"
        )
    sentences = analyser.analyse(" ".join(word.text for word in words))
    bare = [sentence.bare for sentence in sentences]
    if as_spoken:
        period = FULL_STOPS.get(languages[0], ".")
        text = f"{period} ".join(one[:1].upper() + one[1:] for one in map(str.strip, bare))
        text += "" if not text or text.endswith(period) else period
    else:
        text = ". ".join(one.capitalize().rstrip(".") for one in bare)
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
    are_the_text: bool = False,
    margin: float = SENTENCE_MARGIN,
) -> Events:
    """The table whose words have sentence, sentence_char and text_char, with one Sentence row per run of words.

    Unchanged if it has any Sentence row. Words are matched to the Text row that encloses them.

    Units    tolerance: seconds by which a word may end after its Text; margin: by which a Sentence row is wider than
             its words, on both sides (neuralset 0.4: 0)
    Numerics `rounding_loses_words` sets the tolerance to 0, as upstream: in 0.4 % of timings the last word is then
             beyond the Text by one rounding error and gets no sentence. `merge_identical` knows sentences by their
             strings, as upstream, where words of two identical sentences in a row can run together. `are_the_text`
             is for words that were cut out of a text and not heard: each has a place in it
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
            late = 0.0 if rounding_loses_words else tolerance
            on_timeline = _with_sentences(
                on_timeline, analyser, late, margin, merge_identical=merge_identical, are_the_text=are_the_text
            )
            _check_matched(on_timeline, max_unmatched_ratio, merge_identical=merge_identical)
        rows.extend(on_timeline)
    return Events(rows).standardized() if rows else events


def _with_sentences(
    events: list[Event], analyser: TextAnalyser, tolerance: float, margin: float, *, merge_identical: bool,
    are_the_text: bool,
) -> list[Event]:  # fmt: skip
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
        sentences = analyser.analyse(text.text)
        matches = match_words(sentences, spoken, merge_identical=merge_identical)
        if are_the_text:
            matches = with_own_places(sentences, spoken, matches)
        for k, match in zip(enclosed, matches, strict=True):
            rows[k] = replace(
                rows[k],
                sentence=match.sentence or "",
                sentence_char=match.sentence_char,
                text_char=match.text_char,
            )
    words = [row for row in rows if row.type == "Word"]
    runs = _runs(words, merge_identical=merge_identical)
    return rows + [_sentence_row(run, texts[-1].subject, margin) for run in runs if run[0].sentence]


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
    begins = [last.sentence_start, word.sentence_start]
    if not merge_identical and None not in begins and begins[0] != begins[1]:
        return True
    if not word.sentence or word.sentence != last.sentence:
        return True  # words without a sentence are alone
    return (
        word.sentence_char is not None and last.sentence_char is not None and word.sentence_char <= last.sentence_char
    )


def _sentence_row(run: list[Event], subject: str, margin: float) -> Event:
    first, last = run[0], run[-1]
    return Event(
        type="Sentence",
        start=first.start - margin,
        duration=last.start + last.duration - first.start + 2 * margin,
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
    starts = [word.sentence_start for word in words]
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


def add_contexts(
    events: Events,
    *,
    max_context_len: int | None = MAX_CONTEXT_LEN,
    sentence_only: bool = False,
    stride: int = 1,
    merge_identical: bool = False,
) -> Events:
    """The table whose words have a context: the Text from some earlier word to the end of this one.

    >>> heard = [("A", 0), ("red", 2), ("balloon", 6)]  # and where in the sentence
    >>> words = [
    ...     Event("Word", n, 0.5, text=text, sentence="A red balloon!", sentence_char=place)
    ...     for n, (text, place) in enumerate(heard)
    ... ]
    >>> [word.context for word in add_contexts(Events(words))]
    ['A', 'A red', 'A red balloon']

    Units    max_context_len: how many earlier words the context reaches back (None: to the start of the timeline);
             sentence_only: never beyond the start of the sentence; stride: contexts start at every so many words
    Numerics stride 1 is upstream's. A larger one reaches back up to stride - 1 words further, so that `stride` words
             in turn have one start and share their beginnings: an approximation of the same contexts
             slices of the words' sentences, so separators are the Text's own. A word that begins with punctuation
             makes its slice too long by as many characters, and these stay doubled in later contexts: upstream's way,
             kept because the released weights were trained on it. A word without sentence_char has the context "".
             `merge_identical` knows a sentence by its string, as upstream: of "No way. No way.", heard as "No way", the
             second word is then in the first sentence
    Raises   EventsError if starts decrease within a timeline
    Source   neuralset 0.0.2 events/transforms/text.py AddContextToWords with split_field=""
    """
    if max_context_len is not None and max_context_len < 1:
        raise ConfigError(f"max_context_len must be at least 1, got {max_context_len}")
    if stride < 1:
        raise ConfigError(f"stride must be at least 1, got {stride}")
    return Events(_with_contexts(events, lambda: _Reader(max_context_len, sentence_only, stride, merge_identical)))


def remove_missing(events: Events) -> Events:
    """The table without the words that have no context; the language model has nothing to read for them.

    Source   neuralset 0.0.2 events/transforms/basic.py, tribev2 eventstransforms.py RemoveMissing
    """
    return Events(event for event in events if event.type != "Word" or event.context)


def _with_contexts(events: Iterable[Event], new_reader: "Callable[[], _Reader]") -> Iterator[Event]:
    reader = new_reader()
    before: Event | None = None
    for event in events:
        if event.type != "Word":
            yield event
            continue
        if before is None or event.timeline != before.timeline:
            reader = new_reader()
        elif event.start < before.start:
            raise EventsError(
                f"word {event.text!r} at {event.start:g} s on timeline {event.timeline!r} follows one that starts "
                f"later, {before.text!r} at {before.start:g} s; sort the words by start"
            )
        yield replace(event, context=reader.read(event))
        before = event


@dataclass
class _Reader:
    """Reads one timeline word by word and remembers what was read."""

    max_context_len: int | None
    sentence_only: bool
    stride: int
    merge_identical: bool
    parts: deque[str] = field(default_factory=deque)  # one per word: from it to the start of the next
    read_to: int = 0  # characters of the current sentence that are in parts
    last: Event | None = None

    def read(self, word: Event) -> str:
        """The context of `word`."""
        if not word.sentence or word.sentence_char is None:
            return ""
        if self.last is not None:
            self._read_between(self.last, word, word.sentence_char)
        if self.max_context_len is not None and len(self.parts) >= self.max_context_len + self.stride:
            for _ in range(self.stride):
                self.parts.popleft()
        stop = word.sentence_char + len(word.text)
        piece = word.sentence[self.read_to : stop]
        context = "".join(self.parts) + piece
        self.parts.append(piece)
        self.read_to, self.last = stop, word
        return context

    def _read_between(self, last: Event, word: Event, sentence_char: int) -> None:
        """Adds the characters between two words to the earlier one."""
        if self._is_same_sentence(last, word, sentence_char):
            self.parts[-1] += word.sentence[self.read_to : sentence_char]
            self.read_to = sentence_char
            return
        if self.sentence_only:
            self.parts.clear()
        else:
            self.parts[-1] += last.sentence[self.read_to :]
        self.read_to = 0

    def _is_same_sentence(self, last: Event, word: Event, sentence_char: int) -> bool:
        """Whether two words are of one sentence: at one place of the text, or, without places, of one string."""
        before, here = last.sentence_start, word.sentence_start
        if before is not None and here is not None and not self.merge_identical:
            return before == here
        return word.sentence == last.sentence and last.sentence_char is not None and sentence_char > last.sentence_char
