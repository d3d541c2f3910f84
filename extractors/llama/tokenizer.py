"""LLaMA's tokenizer: the folder's tokenizer.json run by the `tokenizers` package, as text features need it.

No special tokens are added and nothing is padded here; special tokens written out in the text are still recognised,
as upstream. The end-of-text and padding tokens come from tokenizer_config.json or special_tokens_map.json.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from extractors.llama.pieces import Pieces, cuts_at_spaces
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


@dataclass(frozen=True, eq=False)
class LlamaTokenizer:
    """Text to token ids.

    Source   transformers 5.23.0 AutoTokenizer(truncation_side="left"), called with add_special_tokens=False
    """

    backend: Any  # tokenizers.Tokenizer; a TokenizerProcess for a pipeline that is not LLaMA 3's
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

        Raises   EventsError for text that is no valid Unicode
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
