"""LLaMA's tokenizer: the folder's tokenizer.json run by the `tokenizers` package, as text features need it.

Also which tokens of a context are the word's own (`word_span`), and a memory of words (`Pieces`): what a context holds
need not be tokenised again for every later context.

No special tokens are added and nothing is padded here; special tokens written out in the text are still recognised,
as upstream. The end-of-text and padding tokens come from tokenizer_config.json or special_tokens_map.json.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from extractors.llama.tokenizer_process import TokenizerProcess
from tribe_np.errors import CheckpointError, EventsError
from tribe_np.files.small_files import MEGABYTE
from tribe_np.formats.torch_pickle import is_text
from tribe_np.formats.weights import read_json
from tribe_np.optional import require
from tribe_np.shown import quoted, shown

TOKENIZER_NAME = "tokenizer.json"
MAX_BYTES = 32 * MEGABYTE  # LLaMA 3's takes 9, or 17 as newer versions write it
SETTINGS_NAMES = ("tokenizer_config.json", "special_tokens_map.json")
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
"""LLaMA 3's pre-tokeniser, in the syntax of the `tokenizers` package."""
LONGEST_PIECE = 64  # characters of a piece that is remembered
ODD_SPACES = "\u180e\u200b"  # white space in old versions of Unicode: no cut after these either

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, eq=False)
class LlamaTokenizer:
    """Text to token ids.

    Source   transformers 5.23.0 AutoTokenizer(truncation_side="left"), called with add_special_tokens=False
    """

    backend: Any  # tokenizers.Tokenizer; a TokenizerProcess for a pipeline that is not LLaMA 3's
    eos_id: int | None
    pad_id: int  # the padding token; end-of-text where there is none, as upstream sets it
    max_length: int | None  # tokens kept of a context, the last ones
    pieces: "Pieces | None" = None  # where the pipeline is known to allow it

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "LlamaTokenizer":
        """The tokenizer of a HuggingFace folder.

        Raises   MissingDependencyError without the package; CheckpointError when tokenizer.json is missing or broken
        """
        path = Path(folder) / TOKENIZER_NAME
        content = read_json(path, most=MAX_BYTES)  # names the file when it is missing or no JSON
        tokenizers = require("tokenizers", extra="text", why="the text model")
        is_known = cuts_at_spaces(content)
        backend = _load(tokenizers, path) if is_known else TokenizerProcess(path)
        settings = _settings(Path(folder))
        eos_id = _special_id(backend, settings, "eos_token", path)
        pad_id = _special_id(backend, settings, "pad_token", path)
        if pad_id is None:
            pad_id = 0 if eos_id is None else eos_id
        length = settings.get("model_max_length")
        # transformers writes 1e30 for "no limit"
        bounded = isinstance(length, int) and not isinstance(length, bool) and 0 < length < 10**20
        whole = cls(backend, eos_id, pad_id, length if bounded else None)
        return replace(whole, pieces=Pieces(whole.encode_whole)) if is_known else whole

    @property
    def vocab_size(self) -> int:
        """Number of ids, special tokens included."""
        return int(self.backend.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """All token ids of `text`, no special tokens added.

        Raises   EventsError for text that is not valid Unicode
        """
        if not is_text(text):
            raise EventsError(f"text {quoted(text)} is not valid Unicode: it holds half of a surrogate pair")
        return self.encode_whole(text) if self.pieces is None else self.pieces.encode(text)

    def encode_whole(self, text: str) -> list[int]:
        """The same ids from the whole text at once: the reference for `pieces`."""
        return list(self.backend.encode(text, add_special_tokens=False).ids)

    def encode_context(self, text: str) -> list[int]:
        """Token ids of a context: the last `max_length` of them."""
        ids = self.encode(text)
        return ids if self.max_length is None else ids[-self.max_length :]

    def word_span(self, text: str, context: str, n_tokens: int) -> tuple[int, int]:
        """Which of a context's `n_tokens` are the word's, half-open: the last ones, at least one.

        They are those of the context, less as many as the text before the word has alone. Its ids need not begin the
        context's ids; that is upstream's rule, and kept.
        Raises   EventsError when no tokens are left
        Source   neuralset 0.0.2 HuggingFaceText._get_data; a text longer than its context has an empty prefix
        """
        prefix = context[: -len(text)].rstrip()
        n_prefix = len(self.encode(prefix)) if prefix else 0
        if n_tokens < 1:
            raise EventsError(f"the context of the word {text!r} holds nothing but end-of-text markers")
        return max(0, n_tokens - max(1, n_tokens - n_prefix)), n_tokens


class Pieces:
    """Token ids from a memory of words; `encode` gives the ids of one piece.

    A text is cut before every space that follows a character other than white space, and each piece is tokenised once:
    "he  said so" is "he", "  said", " so". With LLaMA 3's pre-tokeniser the ids of the pieces, one after the other,
    are the ids of the text. Its expression lets white space follow another character inside one match only if it is a
    line end, so a match ends at each cut; no alternative looks behind itself, so what follows is matched as if it stood
    alone; and none tells a space from the end of the text there, so what precedes is too. Everything after works match
    by match. Special tokens are found first, and hold no space.

    Source   tokenizers 0.22: Split (isolated), ByteLevel, BPE, AddedVocabulary
    """

    def __init__(self, encode: Encode) -> None:
        self._first = _Memory(encode)
        self._others = _Memory(lambda text: encode(f" {text}"))

    def encode(self, text: str) -> list[int]:
        """The ids that `encode` gives for the whole text."""
        first, *others = cut_pieces(text)
        return [*self._first[first], *chain.from_iterable(map(self._others.__getitem__, others))]


class _Memory(dict[str, list[int]]):
    """Ids of pieces, encoded when first asked for."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, piece: str) -> list[int]:
        ids = self._encode(piece)
        if len(piece) <= LONGEST_PIECE:
            self[piece] = ids
        return ids


def cut_pieces(text: str) -> list[str]:
    """The pieces of a text; all but the first without the space they begin with.

    >>> cut_pieces("he  said so")
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


def _load(tokenizers: Any, path: Path) -> Any:
    """A tokenizer of LLaMA 3's pipeline, in this process."""
    try:
        backend = tokenizers.Tokenizer.from_file(str(path))
        backend.no_truncation()
        backend.no_padding()
    except BaseException as error:  # plain Exception for every malformation, and Rust's panics, which are none
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise CheckpointError(f"{path}: is not a usable tokenizer: {shown(str(error), 120)}") from error
    return backend


def _settings(folder: Path) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in reversed(SETTINGS_NAMES):  # the first file wins
        if os.path.lexists(folder / name):
            merged |= {key: value for key, value in read_json(folder / name).items() if value is not None}
    return merged


def _special_id(backend: Any, settings: Mapping[str, Any], key: str, path: Path) -> int | None:
    token = settings.get(key)
    if isinstance(token, Mapping):
        token = token.get("content")
    if token is None:
        return None
    found = backend.token_to_id(token) if isinstance(token, str) and is_text(token) else None
    if found is None:
        raise CheckpointError(f"{path}: {key} {quoted(token)} of {SETTINGS_NAMES[0]} is not in the vocabulary")
    return int(found)
