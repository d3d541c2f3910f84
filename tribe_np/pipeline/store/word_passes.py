"""Finished passes of a text's words, in the cache while the text is unfinished.

They lie beside the entry that the whole text will have, named after it, and go when that is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.files.leftovers import remove_if_possible
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.digest import value_digest


@dataclass(frozen=True)
class WordPasses:
    """The passes of the text whose entry is `key`; see `extractors.llama.extract.KeptPasses`.

    A name holds the digest of the pass's words as well: cut otherwise, a text has other passes. On disk a pass is
    called block, as older versions wrote it.
    """

    cache: FeatureCache
    key: str

    def load(self, number: int, pairs: Sequence[tuple[str, str]]) -> np.ndarray | None:
        """The features (G, n words, F) of a finished pass."""
        found = self.cache.load(self._name(number, pairs))
        features = None if found is None else found.get("features")
        return features if features is not None and features.shape[1:2] == (len(pairs),) else None

    def store(self, number: int, pairs: Sequence[tuple[str, str]], features: np.ndarray) -> None:
        """Keeps a pass, whole or not at all."""
        self.cache.store(self._name(number, pairs), {"features": features})

    def clear(self) -> None:
        """Removes all passes of the text, also those that an older version cut otherwise."""
        if self.cache.folder is not None:
            for path in self.cache.folder.glob(f"{self.key}.block*.safetensors"):
                remove_if_possible(path)

    def _name(self, number: int, pairs: Sequence[tuple[str, str]]) -> str:
        return f"{self.key}.block{number}-{value_digest({'words': [list(pair) for pair in pairs]})[:16]}"
