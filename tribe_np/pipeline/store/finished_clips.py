"""Finished clips of a chunk of film, in the cache while the chunk is unfinished: at full size one takes minutes.

They lie in one file beside the entry that the whole chunk will have, named after it, which goes when that is written.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from tribe_np.files.leftovers import remove_if_possible
from tribe_np.pipeline.store.cache import FeatureCache

SECONDS_BETWEEN = 30.0
"""What a killed run may lose, and the clip it was at; clips of small models would take less time than their file."""


@dataclass
class FinishedClips:
    """The features of the first clips of the chunk whose entry is `key`."""

    cache: FeatureCache
    key: str
    seconds_between: float = SECONDS_BETWEEN
    _last: float = field(default_factory=time.monotonic)

    def load(self, none: np.ndarray, n_clips: int) -> np.ndarray:
        """What an earlier run of a chunk of `n_clips` left, at most that many; `none` if there is nothing of use.

        Shapes   none (G, F, 0) -> (G, F, n), n <= n_clips
        """
        found = self.cache.load(self._name)
        features = None if found is None else found.get("features")
        if features is None or features.shape[:-1] != none.shape[:-1] or features.dtype != none.dtype:
            return none
        return features[..., :n_clips]

    def store(self, features: np.ndarray) -> None:
        """Keeps the features (G, F, n) of all clips so far, whole or not at all, unless it did just before."""
        if time.monotonic() - self._last >= self.seconds_between:
            self.cache.store(self._name, {"features": features})
            self._last = time.monotonic()

    def clear(self) -> None:
        """Removes them: the chunk's entry is written."""
        path = self.cache.path(self._name)
        if path is not None:
            remove_if_possible(path)

    @property
    def _name(self) -> str:
        return f"{self.key}.clips"
