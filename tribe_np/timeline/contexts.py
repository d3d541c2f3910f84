"""The context of every word: the text up to and including it, which is what the language model reads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.matching import sentence_start


def add_contexts(
    events: Events,
    *,
    max_context_len: int | None = 1024,
    sentence_only: bool = False,
    stride: int = 1,
    merge_identical: bool = False,
) -> Events:
    """The table whose words have a context: the Text from some earlier word to the end of this one.

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
        before = sentence_start(last.text_char, last.sentence_char)
        here = sentence_start(word.text_char, sentence_char)
        if before is not None and here is not None and not self.merge_identical:
            return before == here
        return word.sentence == last.sentence and last.sentence_char is not None and sentence_char > last.sentence_char


def _with_contexts(events: Iterable[Event], new_reader: Callable[[], _Reader]) -> Iterator[Event]:
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
