"""Words and punctuation marks of a text, cut where spaCy's English tokenizer cuts; not tokens of a language model.

Each stretch without white space loses opening and closing marks one by one, until what is left is a known exception
(a contraction, an abbreviation) or has no more of them; the rest is cut at the marks inside. Languages other than
English use the same rules without English exceptions. This is an own, shorter form of the rules: rare symbols are
told apart by their Unicode category instead of by lists.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from unicodedata import category

from tribe_np.timeline.contractions import exceptions
from tribe_np.timeline.word_cuts import cut_words

QUOTES = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉⟦⟧"
MARKS = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
OPENING_ONLY = "§%=—–"
CLOSING_ONLY = "—–"
MONEY = "$£€¥฿₽﷼"
UNITS = (
    "km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph "
    "hPa Pa mbar mb MB kb KB gb GB tb TB T G M K %"
)
SPACELESS = frozenset(
    ("zh", "yue", "wuu", "nan", "lzh", "ja")
)  # one character a token, as for their scripts in spaCy's blank Chinese
LONGEST_UNIT = 4  # characters: km/h
BEFORE_PERIOD = frozenset("%²-+|" + MARKS + QUOTES)
LETTER = r"(?:[^\W\d_²³¹¼½¾]|[\u3000-\u303f])"
HYPHENS = "---|--|——|-|–|—|~"
MAX_RUN = 6  # tokens that may join again into one exception, as the two of ":)"

INSIDE = re.compile(
    rf"\.\.+|…|(?<=[0-9])[+\-*^](?=[0-9-])|(?<=(?:{LETTER}|[{re.escape(QUOTES)}]))\.(?=(?:{LETTER}|[{re.escape(QUOTES)}]))"
    rf"|(?<={LETTER}),(?={LETTER})|(?<=(?:{LETTER}|[0-9]))(?:{HYPHENS})(?={LETTER})"
    rf"|(?<=(?:{LETTER}|[0-9]))[:<>=/](?={LETTER})|(?P<symbol>[^\w\s\x00-\x7f])"
)
AFTER_DIGIT = re.compile(
    rf"(?<=[0-9])(?:\+|US\$|[CA]\$|[{re.escape(MONEY)}\u20a0-\u20bf]|{'|'.join(re.escape(u) for u in UNITS.split())})$"
)
WEB_ADDRESS = re.compile(
    r"^(?:[\w+.\-]{2,}://)?(?:[^\s@]+@)?"
    r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9\u00a1-\uffff_\-]{0,62}[A-Za-z0-9\u00a1-\uffff])?\.)+[^\W\d_A-Z]{2,63})"
    r"(?::[0-9]{2,5})?(?:[/?#]\S*)?$"
)
FACE = re.compile(
    r":\(\)|:-?(?:\){1,3}|\({1,3}|[\]}/|PpOo0*3>XxD1])|=(?:[)(\]\[/|D]|-?3)|:'-?[()]|;-?[)D]|;_;|8-?[)D]|[xX]D{1,2}"
    r"|[(\[]-?:|[(\[\]]=|\(-?[;8]|\)-?:|>[:.][(o<>]|<3{1,3}|</3|\^_{0,2}\^|-_{1,2}-|[oO0][_.][oO0]|[vV][_.][vV]"
    r"|<\.<|>\.<|@_@|\((?:\^_\^|-_-|\._\.|>_<|\*_\*)\)"
)


def words_and_marks(text: str, language: str) -> list[tuple[str, int]]:
    """(word or mark, its first character's place) for the whole text; single spaces between them belong to none.

    Numerics `language` is a code: "en" adds contractions and abbreviations
    Source   spaCy 3.8 tokenizer.pyx Tokenizer, lang/punctuation.py, lang/en (rules restated; explosion/spaCy, MIT)
    """
    tokens: list[tuple[str, int]] = []
    start = 0
    for is_space, characters in groupby(text, str.isspace):
        stretch = "".join(characters)
        stop = start + len(stretch)
        if is_space:
            # the one space that ends a word is not a token; what follows it is
            skipped = stretch.startswith(" ") and start > 0
            if len(stretch) > skipped:
                tokens.append((stretch[skipped:], start + skipped))
        else:
            place = start
            for unit in cut_words(stretch) if language in SPACELESS else (stretch,):
                for token in _cut(unit, language):
                    tokens.append((token, place))
                    place += len(token)
        start = stop
    return tokens


@lru_cache(maxsize=20_000)
def _cut(stretch: str, language: str) -> tuple[str, ...]:
    """Tokens of a stretch without white space."""
    if special := _special(stretch, language):
        return special
    return _join_specials(_strip(stretch, language, special_cases=True), language)


def _special(text: str, language: str) -> tuple[str, ...] | None:
    if found := exceptions(language).get(text):
        return found
    return (text,) if FACE.fullmatch(text) else None


def _strip(stretch: str, language: str, *, special_cases: bool) -> tuple[str, ...]:
    """Opening marks, the cut middle, closing marks."""
    opening: list[str] = []
    closing: list[str] = []
    rest = stretch
    while rest and not (special_cases and _special(rest, language)):
        first = _opening(rest)
        if first and special_cases and _special(rest[first:], language):
            opening.append(rest[:first])
            rest = rest[first:]
            break
        last = _closing(rest[first:])
        if last and special_cases and _special(rest[: len(rest) - last], language):
            closing.append(rest[len(rest) - last :])
            rest = rest[: len(rest) - last]
            break
        if not first and not last:
            break
        opening += [rest[:first]] if first else []
        closing += [rest[len(rest) - last :]] if last else []
        rest = rest[first : len(rest) - last]
    middle = (special_cases and _special(rest, language)) or tuple(_inside(rest))
    return (*opening, *middle, *reversed(closing))


def _opening(text: str) -> int:
    """Length of the mark that `text` starts with."""
    first = text[0]
    if first == ".":
        dots = len(text) - len(text.lstrip("."))
        return dots if dots > 1 else 0
    if first == "+":
        return 0 if text[1:2] in set("0123456789") else 1
    if text.startswith(("US$", "C$", "A$")):
        return text.index("$") + 1
    is_mark = first in OPENING_ONLY or first in MARKS or first in QUOTES
    return int(is_mark or first in MONEY or "\u20a0" <= first <= "\u20bf" or category(first) == "So")


def _closing(text: str) -> int:
    """Length of the mark that `text` ends with."""
    if not text:
        return 0
    if text.endswith(("'s", "'S", "’s", "’S")):
        return 2
    tail = text[-LONGEST_UNIT - 1 :]
    if found := AFTER_DIGIT.search(tail):
        return len(tail) - found.start()
    if text.endswith("……"):
        return 2
    last = text[-1]
    if last == ".":
        return _closing_periods(text)
    return int(last in MARKS or last in QUOTES or last in CLOSING_ONLY or category(last) == "So")


def _closing_periods(text: str) -> int:
    """Several periods are one mark; one is, after a lower-case letter, digit or mark, or two capitals."""
    word = text.rstrip(".")
    if len(text) - len(word) > 1:
        return len(text) - len(word)
    if not word:
        return 0
    last = word[-1]
    if last in BEFORE_PERIOD or last in "0123456789" or (last.isalpha() and not last.isupper()):
        return 1
    return int(len(word) > 1 and all(c.isalpha() and not c.islower() for c in word[-2:]))


def _inside(text: str) -> Iterator[str]:
    """A middle cut at hyphens, dots and commas between letters; web addresses stay whole."""
    if not text:
        return
    start = 0
    if not WEB_ADDRESS.match(text):
        for found in INSIDE.finditer(text):
            if found.start() == 0 or not _is_cut(text, found):
                continue
            if found.start() > start:
                yield text[start : found.start()]
            yield found.group()
            start = found.end()
    if start < len(text):
        yield text[start:]


def _is_cut(text: str, found: re.Match[str]) -> bool:
    """One period is a cut only from a small letter to a capital; a rare symbol only if it is a pictograph."""
    mark = found.group()
    if mark == ".":
        return not text[found.start() - 1].isupper() and not text[found.end()].islower()
    return found["symbol"] is None or category(mark) == "So"


def _join_specials(tokens: tuple[str, ...], language: str) -> tuple[str, ...]:
    """Neighbouring marks that together are an exception become it again; longer ones first, then earlier ones."""
    joined: dict[int, tuple[int, tuple[str, ...]]] = {}  # first token -> how many, the exception's parts
    taken: set[int] = set()
    for length in range(min(MAX_RUN, len(tokens)), 1, -1):
        for k in range(len(tokens) - length + 1):
            if k in taken or k + length - 1 in taken:
                continue
            run = tokens[k : k + length]
            whole = "".join(run)
            special = _special(whole, language)
            if special and _strip(whole, language, special_cases=False) == run:
                joined[k] = length, special
                taken.update(range(k, k + length))
    pieces: list[str] = []
    k = 0
    while k < len(tokens):
        length, parts = joined.get(k, (1, tokens[k : k + 1]))
        pieces += parts
        k += length
    return tuple(pieces)
