"""Which words run together, and as what: contexts that begin alike as trees, or whole contexts in padded batches.

The default is trees: words -> `shared_passes` -> `plan_passes` (which contexts share) -> `SharedPass.lay_out` ->
`PrefixForest.grow` (each shared token once). Whole contexts, upstream's way, are at the end of the file.

Either way a pass is laid out as token ids for the model, with the place of each word's own tokens among them.

A token sees what precedes it and nothing else, and its position is its depth, so a hidden state depends on the ids up
to it alone: two contexts share every state up to where their ids part. This is exact. What shares is found from the
ids themselves; the first 1,025 contexts of a timeline are prefixes of one another but for a token or two where
punctuation is cut differently at the end of a text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.nn.context import Context

MAX_NODES = 4096  # of one pass: what a layer holds at once, about 160 kB each for LLaMA-3.2-3B
LEAST_SHARED = 0.25  # of the context before; two that share less stand in trees of their own

Family = list[int]  # numbers of contexts that share a tree, in the order of their ids


class WordInContext(NamedTuple):
    """All that a word's features depend on."""

    text: str
    context: str


@dataclass(frozen=True, eq=False)
class Layout:
    """A pass as the model takes it, and where its words are in every hidden state (B, S, D)."""

    ids: np.ndarray  # (B, S), padded on the right; of a forest its nodes, in one row
    own_tokens: list[tuple[int, np.ndarray]]  # of each word: its row, and the numbers of its own tokens there
    word_at: Callable[[np.ndarray], WordInContext]  # booleans (B, S), some true -> the first word with such a token
    mask: np.ndarray | None = None  # (B, S), 0 at padding; None where nobody reads the states of padding
    forest: "PrefixForest | None" = None


def shared_passes(tokenizer: LlamaTokenizer, shown: Mapping[WordInContext, Context], max_nodes: int) -> "list[Pass]":
    """All words in passes of at most `max_nodes` tokens (or of one longer context), not in order.

    Raises   EventsError for text that is not valid Unicode
    """
    words = list(shown)
    contexts = [token_ids(tokenizer, word, ctx) for word, ctx in shown.items()]
    spans = [own_span(tokenizer, word, len(ids), shown[word]) for word, ids in zip(words, contexts, strict=True)]
    return [
        SharedPass(
            [words[n] for n in plan.members],
            [[contexts[n] for n in family] for family in plan.families],
            [spans[n] for n in plan.members],
            plan.n_nodes,
        )
        for plan in plan_passes(contexts, max_nodes)
    ]


def token_ids(tokenizer: LlamaTokenizer, word: WordInContext, ctx: Context) -> np.ndarray:
    """Token ids of a word's context, shown.

    Shapes   -> (S,) int32
    """
    ids: np.ndarray = ctx.see("tokens", np.array(tokenizer.encode_context(word.context), np.int32))
    return ids


def own_span(tokenizer: LlamaTokenizer, word: WordInContext, n_tokens: int, ctx: Context) -> tuple[int, int]:
    """Which of its context's tokens are the word's own (see `LlamaTokenizer.word_span`), shown."""
    span = tokenizer.word_span(*word, n_tokens)
    if ctx.is_heard:
        first, stop = ctx.see("span", np.array(span)).tolist()
        return first, stop
    return span


@dataclass(frozen=True, eq=False)
class SharedPass:
    """Words whose contexts run as trees, a token that several of them begin with once."""

    words: Sequence[WordInContext]  # in the order of the families' contexts
    families: Sequence[Sequence[np.ndarray]]  # token ids of the contexts that share a tree
    spans: Sequence[tuple[int, int]]  # which of a context's tokens are the word's own
    n_tokens: int

    @property
    def n_tokens_alone(self) -> int:
        """Tokens of all contexts."""
        return sum(len(ids) for family in self.families for ids in family)

    def lay_out(self) -> Layout:
        """The forest."""
        forest = PrefixForest.grow(self.families)
        lengths = (forest.positions[forest.ends] + 1).tolist()
        own_tokens = [
            np.array(forest.last_nodes(i, n - first)[: stop - first])
            for i, (n, (first, stop)) in enumerate(zip(lengths, self.spans, strict=True))
        ]

        def word_at(tokens: np.ndarray) -> WordInContext:
            """The word whose own tokens are among them, else the one with the shortest context that holds one.

            A value that overflows inside attention reaches all tokens that run with it: the layer is right all the
            same.
            """
            depth = forest.positions[forest.ends]
            by_length = sorted(range(len(self.words)), key=depth.__getitem__)
            own = [i for i in by_length if tokens[0, own_tokens[i]].any()]
            other = (i for i in by_length if tokens[0, forest.last_nodes(i, int(depth[i]) + 1)].any())
            return self.words[own[0] if own else next(other)]

        return Layout(forest.token_ids[None], [(0, nodes) for nodes in own_tokens], word_at, forest=forest)


@dataclass
class PassPlan:
    """Contexts that run together."""

    families: list[Family]
    n_nodes: int

    @property
    def members(self) -> list[int]:
        """Numbers of the contexts, in the order of `PrefixForest.ends`."""
        return [number for family in self.families for number in family]


def plan_passes(contexts: Sequence[np.ndarray], max_nodes: int = MAX_NODES) -> list[PassPlan]:
    """Contexts in passes of at most `max_nodes` nodes (or of one longer context), parted into families that share.

    Shapes   contexts: n arrays (S,) of token ids, none empty; each number 0..n-1 is in one pass
    """
    passes: list[PassPlan] = []
    for family, sizes in _families(contexts):
        if not passes or passes[-1].n_nodes + sum(sizes) > max_nodes:
            passes.append(PassPlan([], 0))
        passes[-1].families.append([])
        for number, size in zip(family, sizes, strict=True):
            if passes[-1].families[-1] and passes[-1].n_nodes + size > max_nodes:
                passes.append(PassPlan([[]], 0))  # the family goes on there, from its first token
                size = len(contexts[number])
            passes[-1].families[-1].append(number)
            passes[-1].n_nodes += size
    return passes


def _families(contexts: Sequence[np.ndarray]) -> Iterator[tuple[Family, list[int]]]:
    """Families, with the number of nodes that each member adds."""
    # by ids, as words by letter
    order = sorted(range(len(contexts)), key=lambda n: contexts[n].astype(">u4").tobytes())
    family: Family = []
    sizes: list[int] = []
    for number in order:
        ids = contexts[number]
        shared = n_shared(contexts[family[-1]], ids) if family else 0
        if family and shared < LEAST_SHARED * len(contexts[family[-1]]):
            yield family, sizes
            family, sizes, shared = [], [], 0
        family.append(number)
        sizes.append(len(ids) - shared)
    if family:
        yield family, sizes


def n_shared(a: np.ndarray, b: np.ndarray) -> int:
    """How many ids two contexts have in common at their beginning."""
    n = min(len(a), len(b))
    differs = a[:n] != b[:n]
    return int(differs.argmax()) if differs.any() else n


@dataclass(frozen=True)
class TreeSpan:
    """Where one tree lies in the row of nodes: trunk [start, fork), branches [fork, stop)."""

    start: int
    fork: int
    stop: int


@dataclass(frozen=True, eq=False)
class PrefixForest:
    """Trees of token ids, each node once; `ends` are the nodes at which the contexts end.

    Nodes lie in one row: tree after tree, and in each tree the longest context first (the trunk, causal as ever), then
    the short branches off it. All operations but attention run over all nodes as if they were one sequence.

    The contexts 5 6, 5 6 7 and 5 9 7 have eight tokens and give five nodes: the trunk 5 6 7 (nodes 0 to 2) and the
    branch 9 7 (nodes 3 and 4).

    >>> forest = PrefixForest.grow([[np.array([5, 6]), np.array([5, 6, 7]), np.array([5, 9, 7])]])
    >>> forest.token_ids.tolist(), forest.positions.tolist(), forest.parents.tolist()
    ([5, 6, 7, 9, 7], [0, 1, 2, 1, 2], [-1, 0, 1, 0, 3])
    >>> forest.ends.tolist(), forest.last_nodes(2, 3)
    ([1, 2, 4], [0, 3, 4])
    """

    token_ids: np.ndarray  # (S,)
    positions: np.ndarray  # (S,) depth in the tree, 0 at the root
    parents: np.ndarray  # (S,) -1 at the root
    trees: tuple[TreeSpan, ...]
    ends: np.ndarray  # (n_contexts,)

    @classmethod
    def grow(cls, families: Sequence[Sequence[np.ndarray]]) -> "PrefixForest":
        """The forest of some families of contexts, whose ids are in ascending order within each (see plan_passes)."""
        columns: list[list[np.ndarray]] = [[], [], [], []]
        trees: list[TreeSpan] = []
        for family in families:
            start = trees[-1].stop if trees else 0
            ids, positions, parents, ends = _tree(family)
            trees.append(TreeSpan(start, start + int(positions.max()) + 1, start + len(ids)))
            parents = np.where(parents < 0, -1, parents + start)
            for column, values in zip(columns, (ids, positions, parents, ends + start), strict=True):
                column.append(values)
        ids, positions, parents, ends = (np.concatenate(column) for column in columns)
        return cls(ids, positions, parents, tuple(trees), ends)

    def last_nodes(self, context: int, n: int) -> list[int]:
        """Nodes of the last `n` tokens of a context, in order."""
        nodes = [int(self.ends[context])]
        while len(nodes) < n:
            nodes.append(int(self.parents[nodes[-1]]))
        return nodes[::-1]


def _tree(family: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ids, positions, parents and ends of one tree, trunk first: each context adds the nodes that the one before lacks.

    Shapes   contexts (S,) in ascending order -> ids, positions, parents (nodes,), ends (contexts,)
    """
    path = np.empty(0, np.int64)  # nodes of the context before
    before = family[0][:0]
    new_ids, new_positions, new_parents, ends = [], [], [], []
    n_nodes = 0
    for ids in family:
        shared = n_shared(before, ids)
        new = np.arange(n_nodes, n_nodes + len(ids) - shared)
        path, before, n_nodes = np.concatenate([path[:shared], new]), ids, n_nodes + len(new)
        new_ids.append(ids[shared:])
        new_positions.append(np.arange(shared, len(ids)))
        new_parents.append(np.concatenate([[-1], path])[shared : len(ids)])
        ends.append(path[-1])
    ids, positions, parents = (np.concatenate(parts) for parts in (new_ids, new_positions, new_parents))
    order = _trunk_first(positions, parents)
    place = np.empty(n_nodes + 1, np.int64)  # old number -> new; the last entry keeps -1
    place[order], place[-1] = np.arange(n_nodes), -1
    return ids[order], positions[order], place[parents[order]], place[np.array(ends)]


def _trunk_first(positions: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Node numbers: the path to the deepest node, then the others, parents still before children."""
    trunk = [int(positions.argmax())]
    while parents[trunk[-1]] >= 0:
        trunk.append(int(parents[trunk[-1]]))
    others = np.ones(len(positions), bool)
    others[trunk] = False
    return np.concatenate([trunk[::-1], np.flatnonzero(others)])


def whole_passes(
    tokenizer: LlamaTokenizer, shown: Mapping[WordInContext, Context], batch_size: int, *, eos_is_padding: bool
) -> "list[Pass]":
    """Batches in the order of the words."""
    words = list(shown)
    batches = [words[first : first + batch_size] for first in range(0, len(words), batch_size)]
    return [WholePass(tokenizer, batch, [shown[word] for word in batch], eos_is_padding) for batch in batches]


@dataclass(frozen=True, eq=False)
class WholePass:
    """One batch of words, each context run from its first token: upstream's own procedure.

    See `extract.word_features` for `eos_is_padding`.
    """

    tokenizer: LlamaTokenizer
    words: Sequence[WordInContext]
    shown: Sequence[Context]  # for each of them
    eos_is_padding: bool

    @cached_property
    def rows(self) -> list[np.ndarray]:
        """Token ids of each context."""
        return [token_ids(self.tokenizer, word, ctx) for word, ctx in zip(self.words, self.shown, strict=True)]

    @property
    def n_tokens(self) -> int:
        """Tokens with the padding, which runs as well."""
        return len(self.rows) * max(map(len, self.rows))

    @property
    def n_tokens_alone(self) -> int:
        """Tokens of all contexts."""
        return sum(map(len, self.rows))

    def lay_out(self) -> Layout:
        """The padded batch.

        Raises   EventsError for a word without tokens
        """
        ids = np.full((len(self.rows), max(map(len, self.rows))), self.tokenizer.pad_id, np.int64)
        mask = np.zeros_like(ids)
        own_tokens = []
        for b, (word, row) in enumerate(zip(self.words, self.rows, strict=True)):
            ids[b, : len(row)] = row
            mask[b, : len(row)] = 1
            n_pads = int(np.sum(ids[b] == self.tokenizer.eos_id if self.eos_is_padding else mask[b] == 0))
            span = own_span(self.tokenizer, word, ids.shape[1] - n_pads, self.shown[b])
            own_tokens.append((b, np.arange(*span)))

        def word_at(tokens: np.ndarray) -> WordInContext:
            return self.words[int(tokens.any(axis=1).argmax())]

        # padding on the right changes no token before it; only the defect looks at the padding's own states
        return Layout(ids, own_tokens, word_at, mask if self.eos_is_padding else None)


Pass: TypeAlias = WholePass | SharedPass
