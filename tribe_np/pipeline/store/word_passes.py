"""Finished passes of a text's words, as parts of its entry."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.pipeline.store.digest import value_digest
from tribe_np.pipeline.store.entry_parts import EntryParts, Part


@dataclass(frozen=True)
class WordPasses:
    """The passes of a text, a part each; see `extractors.llama.extract.KeptPasses`.

    A part's name holds the digest of the pass's words as well: cut otherwise, a text has other passes.
    """

    parts: EntryParts

    def load(self, number: int, pairs: Sequence[tuple[str, str]]) -> np.ndarray | None:
        """The features (G, n words, F) of a finished pass."""
        return self.parts.load(_part(number, pairs), lambda found: found.ndim == 3 and found.shape[1] == len(pairs))

    def store(self, number: int, pairs: Sequence[tuple[str, str]], features: np.ndarray) -> None:
        """Keeps a pass, whole or not at all."""
        self.parts.store(_part(number, pairs), features)


def _part(number: int, pairs: Sequence[tuple[str, str]]) -> Part:
    return Part(number, number + 1, value_digest({"words": [list(pair) for pair in pairs]})[:16])
