"""Where the words of a running text are: white space, and in scripts without spaces every character.

Chinese and Japanese are written without spaces; whisperX gives one word per character for them, and so does this.
Letters of other scripts and digits within them stay whole ("iPhone", "2024"); punctuation belongs to the character
before it, opening brackets to the one after. Thai, Lao, Khmer and Burmese have no spaces either, but a character of
theirs is not a unit of speech: only a person, or zero-width spaces, can say where their words begin.
"""

import re
from collections.abc import Iterator

# Han (with its extensions, radicals and iteration marks), kana (with half-width forms), Bopomofo
IDEOGRAPH = (
    r"\u2e80-\u2fd5\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa"
    r"\u30fd-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U0001b000-\U0001b16f"
    r"\U00020000-\U0003ffff"
)
KANJI = re.compile(r"[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
ATTACHED = r"\u3099-\u309c\u30fc\uff70\uff9e\uff9f\ufe00-\ufe0f\U000e0100-\U000e01ef"  # voicing, long vowel, variants
CLOSING = r"。．，、；：！？…—～·・」』）〕】》〉〗〙〛］｝”’»!?,.;:%\)\]\}"
STRETCH = re.compile(r"[^\s\u200b]+")  # zero-width spaces are how careful texts mark words
UNIT = re.compile(rf"(?P<character>[{IDEOGRAPH}])[{ATTACHED}]*[{CLOSING}]*|[。！？．][{CLOSING}]*")
OPENING = frozenset("「『（〔【《〈〖〘〚［｛“‘([{«")
SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f]+")
LONGEST_WORD = 24  # characters of Thai, Lao, Khmer or Burmese that may be one word


def word_spans(text: str) -> list[tuple[int, int]]:
    """(first character, end) of every word of a text.

    Source   whisperX 3 alignment.py LANGUAGES_WITHOUT_SPACES, which counts punctuation as words of its own
    """
    return [span for stretch in STRETCH.finditer(text) for span in _units(text, *stretch.span())]


def _units(text: str, first: int, stop: int) -> Iterator[tuple[int, int]]:
    """The words of a stretch without white space."""
    for found in UNIT.finditer(text, first, stop):
        start = found.start() if found["character"] else first
        while start > first and text[start - 1] in OPENING:
            start -= 1
        if start > first:
            yield first, start
        yield start, found.end()
        first = found.end()
    if first < stop:
        yield first, stop


def cut_words(text: str) -> list[str]:
    """The words of a text."""
    return [text[first:stop] for first, stop in word_spans(text)]


def unspaced_stretch(text: str) -> str:
    """The first stretch of Thai, Lao, Khmer or Burmese that is too long to be one word; "" when there is none."""
    stretches = (found.group() for found in SPACELESS.finditer(text))
    return next((stretch for stretch in stretches if len(stretch) > LONGEST_WORD), "")
