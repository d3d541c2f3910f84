"""Contrasts as one writes them: `faces - places`, `0.5*a + 0.5*b - c`.

A sum of names, each with a weight before it (`2*a`, `1/3*a`) or without one. A name of letters, digits, `_` and `.`
that does not begin with a digit stands as it is; any other (`word-lists`, `2 back`) goes in quotes or backticks.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted, some_of

LONGEST_FORMULA = 10_000  # characters
AROUND = 30  # characters of a formula that an error shows on each side of the place
TOKEN = re.compile(
    r"""(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?!\w))?)
    |   (?P<name>[^\W\d][\w.]*)
    |   (?P<quoted>'[^']*' | "[^"]*" | `[^`]*`)
    |   (?P<sign>[-+−])
    |   (?P<times>[*×·])
    |   (?P<over>/)
    """,
    re.VERBOSE,
)
ROUNDING = 1e-12
ENDS = "the end"


class FormulaError(ConfigError):
    """A formula that does not parse, or means nothing; the message shows the place in it."""


@dataclass(frozen=True)
class _Token:
    kind: str  # a group of TOKEN, or "end"
    text: str
    place: int


def parse_formula(text: str) -> Mapping[str, float]:
    """The weight of each condition, in the order in which they first appear; a name that comes again adds up.

    Raises   FormulaError with the place, in one line; also for weights that are all 0, or no number

    >>> parse_formula("0.5*a + 0.5*b - 'word-lists'")
    {'a': 0.5, 'b': 0.5, 'word-lists': -1.0}
    """
    if len(text) > LONGEST_FORMULA:
        raise FormulaError(f"the formula has {len(text):,} characters; at most {LONGEST_FORMULA:,} are read")
    tokens = _Tokens(text, list(_tokens(text)))
    weights: dict[str, float] = {}
    while True:
        sign = tokens.sign(needed=bool(weights))
        weight = tokens.weight()
        name = tokens.name()
        weights[name] = _add(weights.get(name, 0.0), sign * weight)
        if not math.isfinite(weights[name]):
            raise FormulaError(f"the formula {quoted(text)} has a weight that is too large to be a number")
        if tokens.next.kind == "end":
            break
    if not any(weights.values()):
        raise FormulaError(f"the formula {quoted(text)} gives every condition the weight 0: nothing is compared")
    return weights


def check_conditions(weights: Mapping[str, float], known: Collection[str], where: str = "the trials") -> None:
    """Nothing, if `known` has every name of a formula.

    Raises   FormulaError that names the first unknown one and the known ones
    """
    for name in weights:
        if name in known:
            continue
        split = [other for other in known if not is_plain(other) and other.startswith(name)]
        hint = f"; names with blanks or operators go in quotes: {_in_quotes(split[0])}" if split else ""
        raise FormulaError(
            f"the formula names the condition {quoted(name)}, but {where} have {some_of(list(known), 10) or 'none'}"
            f"{hint or did_you_mean(name, known)}"
        )


def _add(one: float, other: float) -> float:
    """The sum; 0 where all that is left of it is rounding, as of 0.1 + 0.2 - 0.3."""
    total = one + other
    return 0.0 if abs(total) <= ROUNDING * max(abs(one), abs(other)) < math.inf else total


def is_plain(name: str) -> bool:
    """Whether a formula may hold the name without quotes."""
    found = TOKEN.fullmatch(name)
    return found is not None and found.lastgroup == "name"


def _in_quotes(name: str) -> str:
    return next((f"{mark}{name}{mark}" for mark in "'\"`" if mark not in name), name)


class _Tokens:
    """The tokens of a formula, taken one after the other."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def sign(self, *, needed: bool) -> float:
        """-1 or 1 of the signs that come next."""
        if needed and self.next.kind != "sign":
            raise _wrong(self.text, self.next, "expected + or - between two conditions", _after(self.next))
        sign = 1.0
        while self.next.kind == "sign":
            sign *= 1.0 if self.take().text == "+" else -1.0
        return sign

    def weight(self) -> float:
        """The number before `*`; 1 where a name comes at once."""
        if self.next.kind != "number":
            return 1.0
        weight = float(self.take().text)
        if self.next.kind == "over":
            self.take()
            if self.next.kind != "number" or not float(self.next.text):
                raise _wrong(self.text, self.next, "expected a number other than 0 to divide by")
            weight /= float(self.take().text)
        if self.next.kind != "times":
            hint = "a name that begins with a digit goes in quotes" if self.next.kind == "name" else ""
            raise _wrong(self.text, self.next, "expected * and a condition after a weight", hint)
        self.take()
        return weight

    def name(self) -> str:
        """The condition that comes next."""
        token = self.take()
        if token.kind == "quoted" and token.text[1:-1].strip():
            return token.text[1:-1]
        if token.kind != "name":
            raise _wrong(self.text, token, "expected the name of a condition", _instead(token))
        return token.text


def _after(token: _Token) -> str:
    return {
        "times": "a weight comes first, as in 0.5*a",
        "over": "a weight comes first, as in 1/2*a",
        "name": "a name with blanks goes in quotes",
        "number": "a name with blanks goes in quotes",
    }.get(token.kind, "")


def _instead(token: _Token) -> str:
    return "a name between the quotes" if token.kind == "quoted" else ""


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = TOKEN.match(text, place)
        if found is None:
            raise _wrong(text, _Token("unknown", text[place], place), *_strange(text[place]))
        assert found.lastgroup is not None
        yield _Token(found.lastgroup, found[0], place)
        place = found.end()
    yield _Token("end", "", len(text))


def _strange(character: str) -> tuple[str, str]:
    """What is wrong with a character that begins nothing, and what would be right."""
    if character in "'\"`":
        return "a quote that is not closed", ""
    if character in "()":
        return "brackets are not known", "write each weight out, as in 0.5*a + 0.5*b - c"
    return "means nothing here", "a name with other characters than letters, digits, _ and . goes in quotes"


def _wrong(text: str, token: _Token, problem: str, right: str = "") -> FormulaError:
    """The error for a place in a formula, which it shows between >> and <<."""
    what = f"character {token.place + 1} ({token.text[:1]!r})" if token.text else ENDS
    before, after = text[: token.place], text[token.place + len(token.text) :]
    before = before if len(before) <= AROUND else f"...{before[-AROUND:]}"
    after = after if len(after) <= AROUND else f"{after[:AROUND]}..."
    here = f"{before}>>{token.text[:AROUND]}<<{after}"
    return FormulaError(f"the formula does not parse at {what}: {here}: {problem}{'; ' if right else ''}{right}")
