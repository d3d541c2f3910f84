"""The words of a stimulus with their times, as events.tsv has them."""

from collections.abc import Iterable
from dataclasses import dataclass

from tribe_np.timeline.events import Event


@dataclass(frozen=True)
class ShownWord:
    """A word as it was said or shown. Units: seconds on the timeline."""

    text: str
    start: float
    duration: float

    @property
    def stop(self) -> float:
        """Seconds; start + duration."""
        return self.start + self.duration


def shown_words(rows: Iterable[Event]) -> tuple[ShownWord, ...]:
    """The words of a timeline's rows in the order of their starts; one that stands there twice is one.

    Upstream, and its compatible mode, repeat a word for each chunk of the sound.
    """
    words = [ShownWord(row.text, row.start, row.duration) for row in rows if row.type == "Word" and row.text.strip()]
    return tuple(dict.fromkeys(sorted(words, key=lambda word: (word.start, word.stop))))
