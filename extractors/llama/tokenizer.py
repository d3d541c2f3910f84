"""LLaMA's tokenizer: the folder's tokenizer.json run by the `tokenizers` package, as text features need it.

No special tokens are added and nothing is padded here; special tokens written out in the text are still recognised,
as upstream. The end-of-text and padding tokens come from tokenizer_config.json or special_tokens_map.json.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from extractors.llama.pieces import Pieces, cuts_at_spaces
from tribe_np.errors import CheckpointError, EventsError
from tribe_np.formats.weights import read_json
from tribe_np.optional import require

TOKENIZER_NAME = "tokenizer.json"
SETTINGS_NAMES = ("tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, eq=False)
class LlamaTokenizer:
    """Text to token ids.

    Source   transformers 5.23.0 AutoTokenizer(truncation_side="left"), called with add_special_tokens=False
    """

    backend: Any  # tokenizers.Tokenizer
    eos_id: int | None
    pad_id: int  # the padding token; end-of-text where there is none, as upstream sets it
    max_length: int | None  # tokens kept of a context, the last ones
    pieces: Pieces | None = None  # where the pipeline is known to allow it

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "LlamaTokenizer":
        """The tokenizer of a HuggingFace folder.

        Raises   MissingDependencyError without the package; CheckpointError when tokenizer.json is missing or broken
        """
        path = Path(folder) / TOKENIZER_NAME
        content = read_json(path)  # names the file when it is missing or no JSON
        tokenizers = require("tokenizers", extra="text", why="the text model")
        try:
            backend = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the package raises plain Exception for every malformation
            raise CheckpointError(f"{path}: not a usable tokenizer: {str(error)[:120]}") from error
        backend.no_truncation()
        backend.no_padding()
        settings = _settings(Path(folder))
        eos_id = _special_id(backend, settings, "eos_token", path)
        pad_id = _special_id(backend, settings, "pad_token", path)
        if pad_id is None:
            pad_id = 0 if eos_id is None else eos_id
        length = settings.get("model_max_length")
        # transformers writes 1e30 for "no limit"
        bounded = isinstance(length, int) and not isinstance(length, bool) and 0 < length < 10**20
        whole = cls(backend, eos_id, pad_id, length if bounded else None)
        return replace(whole, pieces=Pieces(whole.encode_whole)) if cuts_at_spaces(content) else whole

    @property
    def vocab_size(self) -> int:
        """Number of ids, special tokens included."""
        return int(self.backend.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """All token ids of `text`, no special tokens added.

        Raises   EventsError for text that is no valid Unicode
        """
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise EventsError(f"text {text[:60]!a} is not valid Unicode: {error.reason}") from error
        return self.encode_whole(text) if self.pieces is None else self.pieces.encode(text)

    def encode_whole(self, text: str) -> list[int]:
        """The same ids from the whole text at once: the reference for `pieces`."""
        return list(self.backend.encode(text, add_special_tokens=False).ids)

    def encode_context(self, text: str) -> list[int]:
        """Token ids of a context: the last `max_length` of them."""
        ids = self.encode(text)
        return ids if self.max_length is None else ids[-self.max_length :]


def _settings(folder: Path) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in reversed(SETTINGS_NAMES):  # the first file wins
        if (folder / name).is_file():
            merged |= {key: value for key, value in read_json(folder / name).items() if value is not None}
    return merged


def _special_id(backend: Any, settings: Mapping[str, Any], key: str, path: Path) -> int | None:
    token = settings.get(key)
    if isinstance(token, Mapping):
        token = token.get("content")
    if token is None:
        return None
    found = backend.token_to_id(token) if isinstance(token, str) else None
    if found is None:
        raise CheckpointError(f"{path}: {key} {token!r} of {SETTINGS_NAMES[0]} is not in the vocabulary")
    return int(found)
