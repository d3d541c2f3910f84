"""Where sentences end, by rules: what a mark, the word before it and the word after it say.

spaCy's parser, which upstream uses, ends sentences by their syntax; these rules come near it on written text and cannot
on speech without punctuation. `docs/parity.md` says how near, measured on texts that the rules were not written on.
"""

from collections.abc import Iterator, Sequence
from unicodedata import category

from tribe_np.timeline.contractions import SENTENCE_OPENERS, UNFINISHED, UNFINISHED_BEFORE_NUMBERS

SENTENCE_ENDS = frozenset("!.?։؟۔܀܁܂।॥၊။።፧፨᙮᠃᠉‼‽⁇⁈⁉⸮⸼﹒﹖﹗！．？｡。")
QUOTES = frozenset("\"'”’»“‘«")
GOES_ON = frozenset(",;:")  # a period before one of these abbreviates
LONGEST_NUMBER = 3  # digits of a list's "12."

Token = tuple[str, int]


def sentence_starts(text: str, tokens: Sequence[Token], language: str) -> Iterator[bool]:
    """Whether each token starts a sentence.

    Numerics a sentence ends after its last mark and the punctuation that clings to it; a quotation mark or bracket
             that clings to the next word opens the next sentence. It goes on after a list's number, an abbreviation,
             and where the next word begins small although this text's sentences begin with capitals
    """
    ends = [_is_end(token, language) for token, _ in tokens]
    capitals = _begins_with_capitals(tokens, ends)
    first = 0  # of the current sentence
    mark: int | None = None  # the latest token that may have ended it
    for k, (token, start) in enumerate(tokens):
        begins = k == 0
        if mark is not None and token not in SENTENCE_ENDS and not _clings(text, token, start):
            if _is_break(tokens, first, mark, k, language, capitals=capitals):
                begins = True
            mark = None
        if begins:
            first = k
        if ends[k]:
            mark = k
        yield begins


def _is_end(token: str, language: str) -> bool:
    """Whether a sentence may end after the token: a mark, or an abbreviation with its period."""
    if token in SENTENCE_ENDS:
        return True
    return language == "en" and len(token) > 1 and token[-1] == "." and token[0] != "." and not token[0].isdigit()


def _clings(text: str, token: str, start: int) -> bool:
    """Whether a token is punctuation that belongs to what is before it."""
    if not all(category(c).startswith("P") for c in token):
        return False
    after = text[start + len(token) : start + len(token) + 1]
    opens = start > 0 and text[start - 1].isspace() and after != "" and not after.isspace()
    return not opens


def _is_break(tokens: Sequence[Token], first: int, mark: int, following: int, language: str, *, capitals: bool) -> bool:
    """Whether the sentence that begins at `first` ends with the mark, and the next begins at `following`."""
    token = tokens[mark][0]
    between = [other for other, _ in tokens[mark + 1 : following]]
    word = next((other for other, _ in tokens[following:] if any(map(str.isalnum, other))), "")
    if token.endswith("."):
        before = token[:-1] or (tokens[mark - 1][0] if mark > first else "")
        if GOES_ON & set(between):
            return False
        if mark - first <= 1 and before.isdecimal() and len(before) <= LONGEST_NUMBER:
            return False
        if language == "en":
            if before.lower() in UNFINISHED or (before.lower() in UNFINISHED_BEFORE_NUMBERS and _is_number(word)):
                return False
            if token != "." or _is_dotted(before):  # in small letters the period of "d.c." is a token of its own
                return word in SENTENCE_OPENERS
        return not (capitals and word[:1].islower())
    return not (capitals and word[:1].islower() and QUOTES & set(between))


def _is_number(word: str) -> bool:
    return word[:1].isdigit() or (word != "" and set(word) <= set("IVXLC"))


def _begins_with_capitals(tokens: Sequence[Token], ends: Sequence[bool]) -> bool:
    """Whether most words after a mark begin with a capital, as in all but the plainest transcripts."""
    after = [
        tokens[k + 1][0]
        for k in range(len(tokens) - 1)
        if tokens[k][0] in SENTENCE_ENDS and not ends[k + 1] and not _abbreviates(tokens[k - 1][0] if k else "")
    ]
    cased = [word for word in after if word[:1].isupper() or word[:1].islower()]
    return 2 * sum(word[:1].isupper() for word in cased) >= len(cased)


def _abbreviates(word: str) -> bool:
    """Whether a word before a period is surely shortened by it."""
    return _is_dotted(word) or word.lower() in UNFINISHED or word.lower() in UNFINISHED_BEFORE_NUMBERS


def _is_dotted(word: str) -> bool:
    """Whether a word is single letters with periods between, as "d.c"."""
    return "." in word and all(len(part) == 1 and part.isalpha() for part in word.split("."))
