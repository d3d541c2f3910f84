"""Words in blocks: each is run as one, layer by layer, and depends on nothing but its own words.

So a run that was stopped goes on with the blocks that are missing, and ends with the bytes it would have had.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from extractors.common.finite import maker_of
from extractors.common.layers import LayerSelection
from extractors.llama.model import LlamaModel
from extractors.llama.target import Pair
from tribe_np.backend import array_module, to_host
from tribe_np.errors import CheckpointError
from tribe_np.protocols import Array

States = Iterator[tuple[int, Array]]


@dataclass(frozen=True, eq=False)
class Running:
    """A block under way: its hidden states, one after the other, and how to read its words from one."""

    states: States
    pool: Callable[[Array], Array]  # state (B, S, D) -> (n words, D)
    first_word: Callable[[np.ndarray], Pair]  # booleans (B, S), some true -> the first word with one of these tokens


class Block(Protocol):
    """Words that run together."""

    @property
    def pairs(self) -> Sequence[Pair]:
        """The words, in the order of their features."""

    @property
    def n_tokens(self) -> int:
        """Tokens that run."""

    @property
    def n_tokens_alone(self) -> int:
        """Tokens that one pass per word would run."""

    def start(self, model: LlamaModel) -> Running:
        """The work, none of it done yet."""


class Kept(Protocol):
    """Finished blocks of a run, which outlive it."""

    def load(self, number: int, pairs: Sequence[Pair]) -> np.ndarray | None:
        """The features (G, n words, F) of a block that an earlier run finished; None where there are none."""

    def store(self, number: int, pairs: Sequence[Pair], features: np.ndarray) -> None:
        """Keeps a finished block."""


class Nothing:
    """Keeps no block."""

    def load(self, number: int, pairs: Sequence[Pair]) -> np.ndarray | None:
        """See Kept."""
        return None

    def store(self, number: int, pairs: Sequence[Pair], features: np.ndarray) -> None:
        """See Kept."""


@dataclass(frozen=True)
class TextWork:
    """What the features of some words take; known once a layer of the first block has run."""

    n_words: int  # of different text or context
    n_words_left: int  # of them, those that no earlier run has finished
    n_tokens: int  # run for all words, shared ones once
    n_tokens_left: int
    n_tokens_alone: int  # that one pass per word would run
    seconds: float  # expected for the words that are left


Report = Callable[[TextWork], None]
Show = Callable[[int, float], None]  # words of a block, and the share of it that is done


def run_blocks(
    blocks: Sequence[Block],
    model: LlamaModel,
    selection: LayerSelection,
    *,
    kept: Kept,
    report: Report | None = None,
    show: Show | None = None,
) -> Iterator[tuple[Sequence[Pair], np.ndarray]]:
    """Words and their features: first the blocks that are kept, then the others, each kept when it is done.

    `report` hears once, early in the first block that runs, what there is to do.
    Shapes   -> words and (G, n words, F) in the model's dtype, on the host
    Raises   CheckpointError when a state is not finite
    """
    found = {number: kept.load(number, block.pairs) for number, block in enumerate(blocks)}
    missing = [number for number, features in found.items() if features is None]
    for number, features in found.items():
        if features is not None:
            yield blocks[number].pairs, features
    last = max(selection.needed(model.config.n_states))
    for number in missing:
        block = blocks[number]
        watch = _Watch(model.config.n_layers, last, partial(show, len(block.pairs)) if show is not None else None)
        if number == missing[0] and report is not None:
            watch.timed = partial(_tell, report, last, blocks, missing)
        features = _block_features(block, model, selection, watch)
        kept.store(number, block.pairs, features)
        yield block.pairs, features


def _block_features(block: Block, model: LlamaModel, selection: LayerSelection, watch: "_Watch") -> np.ndarray:
    running, n_states = block.start(model), model.config.n_states
    states = selection.pick(watch(running), n_states)
    features: np.ndarray = to_host(selection.aggregate(((i, running.pool(state)) for i, state in states), n_states))
    finite = np.isfinite(features).all(axis=(0, 2))
    if not finite.all():  # all states were: their sum is too large
        text, _ = block.pairs[int(finite.argmin())]
        raise CheckpointError(
            f"the text model gives values for the word {text!r} whose mean over tokens and layers is not finite; "
            "its weights are unusable"
        )
    return features


def _tell(report: Report, n_layers: int, blocks: Sequence[Block], missing: Sequence[int], seconds: float) -> None:
    """The whole work, from the seconds of one layer over the first block that is missing."""
    left = [blocks[number] for number in missing]
    n_left = sum(block.n_tokens for block in left)
    report(
        TextWork(
            sum(len(block.pairs) for block in blocks),
            sum(len(block.pairs) for block in left),
            sum(block.n_tokens for block in blocks),
            n_left,
            sum(block.n_tokens_alone for block in blocks),
            seconds * n_layers * n_left / left[0].n_tokens,
        )
    )


@dataclass
class _Watch:
    """Looks at the states of one block as they go by: are they finite, how far is it, how long does a layer take."""

    n_layers: int
    last: int  # state after which nothing runs
    show: Callable[[float], None] | None = None
    timed: Callable[[float], None] | None = None

    def __call__(self, running: Running) -> States:
        layer = min(2, self.last)  # the second layer is timed: the first warms up
        began = 0.0
        for number, state in running.states:
            self._check(number, state, running)  # also waits until the device is here
            if self.timed is not None and self.last > 0 and number in (layer - 1, layer):
                if number == layer:
                    self.timed(time.perf_counter() - began)
                began = time.perf_counter()
            if self.show is not None and self.last:
                self.show(number / self.last)
            yield number, state

    def _check(self, number: int, state: Array, running: Running) -> None:
        finite = array_module(state).isfinite(state)
        if bool(finite.all()):
            return
        bad: np.ndarray = to_host(finite).all(axis=-1) == 0
        text, _ = running.first_word(bad)
        place = maker_of(number, first="embed_tokens", layers="layers", n_layers=self.n_layers, final_norm=True)
        raise CheckpointError(
            f"the text model gives NaN or infinite values for the word {text!r}, first in {place} of its "
            f"{self.n_layers} layers; its weights are unusable"
        )
