"""Token ids from a memory of words: what a context holds need not be tokenised again for every later context.

A text is cut before every space that follows a character other than white space, and each piece is tokenised once:
"he  said so" is "he", "  said", " so". With LLaMA 3's pre-tokeniser the ids of the pieces, one after the other, are
the ids of the text. Its expression lets white space follow another character inside one match only if it is a line
end, so a match ends at each cut; no alternative looks behind itself, so what follows is matched as if it stood alone;
and none tells a space from the end of the text there, so what precedes is too. Everything after works match by match.
Special tokens are found first, and hold no space.

Source   tokenizers 0.22: Split (isolated), ByteLevel, BPE, AddedVocabulary
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from extractors.llama.random_tokenizer import PATTERN

Encode = Callable[[str], list[int]]
LONGEST = 64  # characters of a piece that is remembered
ODD_SPACES = "\u180e\u200b"  # white space in old versions of Unicode: no cut after these either


def cuts_at_spaces(tokenizer: Mapping[str, Any]) -> bool:
    """Whether the tokenizer.json with this content has the pipeline for which the cuts are exact."""
    try:
        split, byte_level = tokenizer["pre_tokenizer"]["pretokenizers"]
        return (
            tokenizer.get("normalizer") is None
            and (split["type"], split["pattern"], split["behavior"]) == ("Split", {"Regex": PATTERN}, "Isolated")
            and split["invert"] is False
            and byte_level["type"] == "ByteLevel"
            and byte_level["add_prefix_space"] is byte_level["use_regex"] is False
            and tokenizer["model"]["type"] == "BPE"
            and not tokenizer["model"].get("dropout")
            and not any(
                " " in token["content"] or token["lstrip"] or token["rstrip"] or token["single_word"]
                for token in tokenizer.get("added_tokens") or ()
            )
        )
    except (KeyError, TypeError, ValueError):  # another layout
        return False


class Pieces:
    """Tokenises by pieces; `encode` gives the ids of one."""

    def __init__(self, encode: Encode) -> None:
        self._first = _Memory(encode)
        self._others = _Memory(lambda text: encode(f" {text}"))

    def encode(self, text: str) -> list[int]:
        """The ids that `encode` gives for the whole text."""
        first, *others = cut(text)
        return [*self._first[first], *chain.from_iterable(map(self._others.__getitem__, others))]


class _Memory(dict[str, list[int]]):
    """Ids of pieces, encoded when first asked for."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, piece: str) -> list[int]:
        ids = self._encode(piece)
        if len(piece) <= LONGEST:
            self[piece] = ids
        return ids


def cut(text: str) -> list[str]:
    """The pieces of a text; all but the first without the space they begin with.

    >>> cut("he  said so")
    ['he', ' said', 'so']
    """
    parts = text.split(" ")
    if parts == text.split() and not any(space in text for space in ODD_SPACES):
        return parts  # single spaces and no other white space: nearly every text
    return list(_joined(parts))


def _joined(parts: list[str]) -> Iterator[str]:
    """The parts between spaces, together again where no cut is allowed."""
    held = parts[0]
    is_first = True
    for part in parts[1:]:
        before = held[-1:] if held or is_first else " "  # of a later piece the space it begins with
        if before and not before.isspace() and before not in ODD_SPACES:
            yield held
            held, is_first = part, False
        else:
            held = f"{held} {part}"
    yield held
