"""Text from files, made safe for a message: control characters are spelled out, and what is long is cut.

A file's name, a tensor's name or a library's complaint may hold escapes that a terminal obeys, text that runs from
right to left, or megabytes. `shown` makes a whole message safe, `quoted` one value inside of it.
"""

import re
import reprlib
from collections.abc import Collection, Sequence

LINE_END = re.compile(r"[^\S\r\n]*[\r\n]\s*")
LONGEST = 1000  # characters of a message: some ten lines of a terminal
TAIL = 200  # of them from the end, where messages say what would be right
LONGEST_VALUE = 60
LARGEST_BITS = 200  # of a whole number whose digits are shown; Python refuses to write out some thousands


def shown(text: str, most: int = LONGEST) -> str:
    """The text in one line of at most `most` characters, with nothing in it that a terminal would obey.

    >>> shown("a\\x1b[31mred.mp4:\\n  not found")
    'a\\\\x1b[31mred.mp4: not found'
    """
    text = LINE_END.sub(" ", _cut(text, most))
    if not text.isprintable():
        text = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
    return _cut(text, most)


def _cut(text: str, most: int) -> str:
    tail = min(TAIL, most // 4)
    return text if len(text) <= most else f"{text[: most - tail - 5]} ... {text[-tail:]}"


def quoted(value: object, most: int = LONGEST_VALUE) -> str:
    """What `repr` says of a value from a file, in about `most` characters, however large or deep the value is.

    >>> quoted("x" * 1000, 11)
    "'xxx...xxx'"
    """
    text = _Short(most).repr(value)
    return text if len(text) <= most + 2 else f"{text[: most - 1]}..."


def some_of(names: Sequence[str], most: int = 3, between: str = ", ") -> str:
    """The first names of a list, and how many more there are.

    >>> some_of(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = len(names) - most
    return between.join(names[:most]) + (f" and {more} more" if more > 0 else "")


def did_you_mean(given: object, known: Collection[str]) -> str:
    """What to add to an error about a name that is not known, or no text; nothing where no known one is near.

    >>> did_you_mean("predcit", ["predict", "info"])
    '; did you mean predict?'
    """
    from difflib import get_close_matches  # here: --help does without

    without_dashes = {name.lstrip("-"): name for name in known}  # which every option has: they make none more alike
    near = get_close_matches(str(given).lstrip("-"), without_dashes, n=1)
    return f"; did you mean {without_dashes[near[0]]}?" if near else ""


class _Short(reprlib.Repr):
    """The library's bounded repr, for whole numbers of any size too."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = most
        self.maxlevel = 3

    def repr_int(self, value: int, level: int) -> str:
        """A number that is too long is described by its number of digits."""
        if value.bit_length() <= LARGEST_BITS:
            return repr(value)
        return f"a whole number of some {int(value.bit_length() * 0.30103) + 1} digits"
