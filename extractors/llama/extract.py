"""Text features: for each word, the mean over its tokens of the hidden states of its context, by layer groups.

`plain_features` says that for one word. `word_features` gives many words the same numbers, to rounding, and runs
little twice: words -> different words in context -> passes of words that run together -> hidden states of each pass
-> the mean over each word's own tokens -> the mean over the states of each layer group.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from extractors.common.costs import TextWork
from extractors.common.layer_groups import LayerSelection, finite_features, finite_states
from extractors.llama.model import LlamaModel
from extractors.llama.passes import MAX_NODES, Layout, Pass, WordInContext, shared_passes, whole_passes
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.backend import array_module, to_host
from tribe_np.errors import CheckpointError, ConfigError, EventsError
from tribe_np.nn.context import Context
from tribe_np.nn.stages import SILENT, open_stage, stages_skipped
from tribe_np.protocols import Array
from tribe_np.timeline.events import Event

States = Iterator[tuple[int, Array]]  # number, state (B, S, D)


def plain_features(
    model: LlamaModel, tokenizer: LlamaTokenizer, word: Event, *, selection: LayerSelection
) -> np.ndarray:
    """The features of one word, its context run alone: the reference for `word_features`.

    Shapes   -> (G, F) on the host, in the model's dtype
    Source   neuralset 0.0.2 HuggingFaceText._get_data
    """
    ids = tokenizer.encode_context(word.context)
    first, stop = tokenizer.word_span(word.text, word.context, len(ids))
    states = model.hidden_states(np.array([ids]))  # (n_layers + 1, 1, S, D)
    means = array_module(states).mean(states[:, 0, first:stop], axis=1)  # (n_layers + 1, D)
    features: np.ndarray = to_host(selection.aggregate(enumerate(means), model.config.n_states))
    return features


def word_features(
    model: LlamaModel,
    tokenizer: LlamaTokenizer,
    words: Sequence[Event],
    *,
    selection: LayerSelection,
    batch_size: int = 4,
    eos_is_padding: bool = False,
    shared: bool = True,
    max_nodes: int = MAX_NODES,
    kept: "KeptPasses | None" = None,
    only: range | None = None,
    progress: Callable[[int, int], object] | None = None,
    report: Callable[[TextWork], object] | None = None,
) -> list[np.ndarray]:
    """One feature vector per layer group for each word; equal (text, context) pairs are computed once.

    With `shared`, tokens that contexts begin with in common are run once, at most `max_nodes` at a time. Without it, or
    with `eos_is_padding`, whole contexts run in batches. Passes found in `kept` are not run again; `report` hears early
    how long the others will take. With `only`, no other passes than those numbers are run; they are kept, and no array
    is given.
    Shapes   -> len(words) arrays (G, F) on the host, in the model's dtype
    Numerics mean over the word's tokens, then over each group's states, in the model's dtype; `shared`, `max_nodes`
             and `batch_size` change the rounding alone
    Raises   EventsError for a word without text or context; NotFiniteError, naming the layer and the word, when a
             hidden state is not finite; CheckpointError when the tokenizer belongs to another model; ConfigError for
             passes that the words do not have
    Source   neuralset 0.0.2 HuggingFaceText._get_data. `eos_is_padding` repeats its padding count: ids equal to
             end-of-text, wherever they stand, are taken for padding, so a literal end-of-text in a context shifts
             the word, and a model with another padding token averages padding. Without it the attention mask
             decides, as later versions do; where pad := eos and no text holds the marker, the two are equal
    """
    numbers: dict[WordInContext, list[int]] = {}  # which of `words` these are: equal ones are computed once
    for n, event in enumerate(words):
        numbers.setdefault(_checked(event), []).append(n)
    ctx = open_stage("text")
    shown = {word: ctx.at(numbers[word][0]) for word in numbers}
    passes = _cut(tokenizer, shown, batch_size, eos_is_padding, shared, max_nodes)
    chosen = _checked_range(only, len(passes))
    earlier = {n: None if kept is None else kept.load(n, passes[n].words) for n in chosen}
    left = [passes[n] for n in chosen if earlier[n] is None]
    n_words = sum(len(numbers[word]) for n in chosen for word in passes[n].words)
    pace = _Pace([passes[n] for n in chosen], left, n_words, selection, model.config.n_states, progress, report)
    found: dict[int, np.ndarray] = {}
    for n in sorted(chosen, key=lambda n: earlier[n] is None):  # those of an earlier run first
        pass_, features = passes[n], earlier[n]
        if features is None:
            features = _pass_features(pass_, [shown[word] for word in pass_.words], model, selection, pace)
            if kept is not None:
                kept.store(n, pass_.words, features)
        else:
            _tell_skipped(numbers, pass_)
        for i, word in enumerate(pass_.words):
            found |= dict.fromkeys(numbers[word], np.array(features[:, i]))
        pace.add(sum(len(numbers[word]) for word in pass_.words))
    return [found[n] for n in range(len(words))] if only is None else []


def _tell_skipped(numbers: Mapping[WordInContext, Sequence[int]], pass_: Pass) -> None:
    """Those who listen hear nothing of the words of a pass that an earlier run finished."""
    for word in pass_.words:
        stages_skipped("text", numbers[word][0])


def n_word_passes(
    tokenizer: LlamaTokenizer,
    words: Sequence[Event],
    *,
    batch_size: int = 4,
    eos_is_padding: bool = False,
    shared: bool = True,
    max_nodes: int = MAX_NODES,
) -> int:
    """How many passes `word_features` runs these words in; no model is needed to say so.

    Raises   EventsError for a word without text or context
    """
    different = dict.fromkeys(map(_checked, words), SILENT)
    return len(_cut(tokenizer, different, batch_size, eos_is_padding, shared, max_nodes))


def _cut(
    tokenizer: LlamaTokenizer,
    words: Mapping[WordInContext, Context],
    batch_size: int,
    eos_is_padding: bool,
    shared: bool,
    max_nodes: int,
) -> list[Pass]:
    """Different words, each shown in its context, in passes; see `word_features`."""
    _check_options(tokenizer, batch_size, max_nodes, eos_is_padding)
    if shared and not eos_is_padding:
        return shared_passes(tokenizer, words, max_nodes)
    return whole_passes(tokenizer, words, batch_size, eos_is_padding=eos_is_padding)


def _checked_range(only: range | None, n_passes: int) -> range:
    if only is None:
        return range(n_passes)
    if not 0 <= only.start < only.stop <= n_passes:
        raise ConfigError(f"only: the words have passes 0 to {n_passes}, got {only.start} to {only.stop}")
    return only


def _check_options(tokenizer: LlamaTokenizer, batch_size: int, max_nodes: int, eos_is_padding: bool) -> None:
    for name, value in (("batch_size", batch_size), ("max_nodes", max_nodes)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, got {value}")
    if eos_is_padding and tokenizer.eos_id is None:
        raise ConfigError("eos_is_padding: the tokenizer names no eos_token in its tokenizer_config.json")


def _checked(word: Event) -> WordInContext:
    if not word.text:
        raise EventsError(f"the word at {word.start:g} s of timeline {word.timeline} has no text")
    if not word.context:
        raise EventsError(
            f"the word {word.text!r} at {word.start:g} s of timeline {word.timeline} has no context; "
            "TribeModel.complete_events adds contexts"
        )
    return WordInContext(word.text, word.context)


def _pass_features(
    pass_: Pass, shown: Sequence[Context], model: LlamaModel, selection: LayerSelection, pace: "_Pace"
) -> np.ndarray:
    """The features of the words that run together: ids -> hidden states -> means over own tokens -> layer groups.

    Each word is `shown` in its own context.
    Shapes   layout.ids (B, S) -> states (B, S, D) -> means (n words, D) -> (G, n words, F), F = D, on the host
    """
    layout, config = pass_.lay_out(), model.config
    own_tokens = [(row, model.runtime.place(tokens)) for row, tokens in layout.own_tokens]
    states = finite_states(
        _states(layout, model), model="text", first="embed_tokens", layers="layers", n_layers=config.n_layers,
        final_norm=True, of=lambda bad: f" for the word {layout.word_at(bad).text!r}",
    )  # fmt: skip
    picked = selection.pick(pace.watched(states, len(pass_.words)), config.n_states)
    means = ((number, word_means(state, own_tokens, number, shown)) for number, state in picked)
    features: np.ndarray = to_host(selection.aggregate(means, config.n_states))
    for i, (word, ctx) in enumerate(zip(pass_.words, shown, strict=True)):
        finite_features(features[:, i], model="text", of=f" for the word {word.text!r}")
        features[:, i] = ctx.see("features", features[:, i])
    return features


def _states(layout: Layout, model: LlamaModel) -> States:
    """The hidden states of a pass.

    Raises   CheckpointError when the tokenizer belongs to another model
    """
    largest, vocab_size = layout.ids.max(), model.config.vocab_size
    if largest >= vocab_size:
        raise CheckpointError(
            f"tokenizer.json gives id {largest}, but the model's vocab_size is {vocab_size}; "
            "they belong to different models"
        )
    if layout.forest is not None:
        return model.iterate_forest_states(layout.forest, model.context())
    return model.iterate_states(layout.ids, model.context(), layout.mask)


def word_means(
    state: Array, own_tokens: Sequence[tuple[int, Array]], number: int = 0, shown: Sequence[Context] = ()
) -> Array:
    """The mean over each word's own tokens in the state of that number; each word is `shown` in its own context.

    Shapes   state (B, S, D), own_tokens n_words x (row, numbers of tokens) -> (n_words, D)
    """
    xp = array_module(state)
    means = []
    for (row, tokens), ctx in zip(own_tokens, shown or [SILENT] * len(own_tokens), strict=True):
        own = ctx.see(f"states.{number}", state[row][tokens])
        means.append(ctx.see(f"states.{number}.pooled", xp.mean(own, axis=0)))
    return xp.stack(means)


class KeptPasses(Protocol):
    """Finished passes of a run, which outlive it: a run that was stopped continues with those that are missing.

    A pass depends on nothing but its own words, so that the features have the bytes they would have had.
    """

    def load(self, number: int, words: Sequence[WordInContext]) -> np.ndarray | None:
        """The features (G, n words, F) of a pass that an earlier run finished; None where there are none."""

    def store(self, number: int, words: Sequence[WordInContext], features: np.ndarray) -> None:
        """Keeps a finished pass."""


@dataclass
class _Pace:
    """Reports how far the words are while passes run; and once, early in the first of them, how long all will take."""

    passes: Sequence[Pass]
    left: Sequence[Pass]  # those that no earlier run has finished
    n_words: int
    selection: LayerSelection
    n_states: int
    progress: Callable[[int, int], object] | None
    report: Callable[[TextWork], object] | None
    done: int = 0
    told: int = 0

    @cached_property
    def last(self) -> int:
        """Number of the state after which nothing runs."""
        return max(self.selection.needed(self.n_states))

    def add(self, n_words: int) -> None:
        """So many more words are done."""
        self.done += n_words
        self._tell(self.done)

    def watched(self, states: States, n_words: int) -> States:
        """The same states, looked at as they go by; with each, a share of the `n_words` of the pass is done."""
        timed = min(2, self.last)  # the second layer: the first warms up
        began = 0.0
        for number, state in states:
            if 0 < number == timed:
                self._report(time.perf_counter() - began)
            began = time.perf_counter()
            if self.last > 0:
                self._tell(self.done + int(n_words * (number / self.last)))
            yield number, state

    def _tell(self, done: int) -> None:
        if self.progress is not None and done > self.told:
            self.progress(done, self.n_words)
            self.told = done

    def _report(self, seconds: float) -> None:
        """The whole work, from the seconds of one layer over the first pass that is left."""
        report, self.report = self.report, None
        if report is None:
            return
        n_left = sum(pass_.n_tokens for pass_ in self.left)
        report(
            TextWork(
                sum(len(pass_.words) for pass_ in self.passes),
                sum(len(pass_.words) for pass_ in self.left),
                sum(pass_.n_tokens for pass_ in self.passes),
                n_left,
                sum(pass_.n_tokens_alone for pass_ in self.passes),
                seconds * self.last * n_left / self.left[0].n_tokens,
            )
        )
