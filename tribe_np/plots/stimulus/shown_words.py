"""The words of a stimulus with their times, as events.tsv has them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tribe_np.timeline.events import Event


@dataclass(frozen=True)
class ShownWord:
    """A word as it was said or shown, and the sentence that it is of. Units: seconds on the timeline."""

    text: str
    start: float
    duration: float
    sentence: str = field(default="", compare=False)

    @property
    def stop(self) -> float:
        """Seconds; start + duration."""
        return self.start + self.duration


def shown_words(rows: Iterable[Event]) -> tuple[ShownWord, ...]:
    """The words of a timeline's rows in the order of their starts; one that stands there twice is one.

    Upstream, and its compatible mode, repeat a word for each chunk of the sound.
    """
    spoken = (row for row in rows if row.type == "Word" and row.text.strip())
    words = [ShownWord(row.text, row.start, row.duration, row.sentence) for row in spoken]
    return tuple(dict.fromkeys(sorted(words, key=lambda word: (word.start, word.stop))))
