"""Finished clips of a chunk of film, as parts of its entry: at full size a clip takes minutes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from tribe_np.errors import TribeError
from tribe_np.pipeline.store.entry_parts import EntryParts, Part

SECONDS_BETWEEN = 30.0
"""What a killed run may lose, and the clip it was at; clips of small models would take less time than their file."""


@dataclass(frozen=True)
class ClipParts:
    """The clips of a chunk that are done, by number; `none` has the shape and dtype of no clip, (G, F, 0)."""

    parts: EntryParts
    none: np.ndarray

    def load(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """The features of the clips from `first` up to `stop`, and which of them are there.

        Shapes   -> (G, F, n), (n,) booleans; columns that are not there hold zeros
        """
        columns = np.zeros((*self.none.shape[:-1], stop - first), self.none.dtype)
        is_there = np.zeros(stop - first, bool)
        for part in self.parts.kept():
            low, high = max(part.first, first), min(part.stop, stop)
            if low >= high or is_there[low - first : high - first].all():
                continue
            features = self.parts.load(part, lambda found, n=part.stop - part.first: self._fits(found, n))  # type: ignore[misc]
            if features is not None:
                columns[..., low - first : high - first] = features[..., low - part.first : high - part.first]
                is_there[low - first : high - first] = True
        return columns, is_there

    def _fits(self, found: np.ndarray, n_clips: int) -> bool:
        return found.dtype == self.none.dtype and found.shape == (*self.none.shape[:-1], n_clips)

    @contextmanager
    def keeping(self, *, to_the_end: bool) -> Iterator[Callable[[int, np.ndarray], None]]:
        """Takes finished clips by number, ascending, each (G, F), and keeps those since the last part now and then.

        However the block ends, what was finished is kept; `to_the_end` says that this is wanted even when it ends well,
        since nobody writes the entry at once.
        Raises   OutputError when the disk is full
        """
        pending = _PendingClips(self.parts)
        try:
            yield pending.add
        except BaseException:
            with suppress(TribeError):  # a full disk must not hide why the run stops
                pending.store()
            raise
        if to_the_end:
            pending.store()


@dataclass
class _PendingClips:
    """Neighbouring clips that are not on the disk yet."""

    parts: EntryParts
    columns: dict[int, np.ndarray] = field(default_factory=dict)
    last: float = field(default_factory=time.monotonic)

    def add(self, number: int, column: np.ndarray) -> None:
        if self.columns and number - 1 not in self.columns:
            self.store()
        self.columns[number] = column
        if time.monotonic() - self.last >= SECONDS_BETWEEN:
            self.store()

    def store(self) -> None:
        if self.columns:
            numbers = sorted(self.columns)
            part = Part(numbers[0], numbers[-1] + 1)
            self.parts.store(part, np.stack([self.columns[n] for n in numbers], axis=-1))
            self.columns.clear()
            self.last = time.monotonic()
