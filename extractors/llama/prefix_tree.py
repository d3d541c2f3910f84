"""Contexts that begin alike, run once: their token ids as trees, and attention along the branches.

A token sees what precedes it and nothing else, and its position is its depth, so a hidden state depends on the ids up
to it alone: two contexts share every state up to where their ids part. This is exact. What shares is found from the
ids themselves; the first 1,025 contexts of a timeline are prefixes of one another but for a token or two where
punctuation is cut differently at the end of a text.

Nodes lie in one row: tree after tree, and in each tree the longest context first (the trunk, causal as ever), then
the short branches off it. All operations but attention run over all nodes as if they were one sequence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.backend import array_module, to_device
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.protocols import Array, Device

MAX_NODES = 4096  # of one pass: what a layer holds at once, about 160 kB each for LLaMA-3.2-3B
LEAST_SHARED = 0.25  # of the context before; two that share less stand in trees of their own

Family = list[int]  # numbers of contexts that share a tree, in the order of their ids


@dataclass(frozen=True)
class Tree:
    """Where one tree lies in the row of nodes: trunk [start, fork), branches [fork, stop)."""

    start: int
    fork: int
    stop: int


@dataclass(frozen=True, eq=False)
class PrefixForest:
    """Trees of token ids, each node once; `ends` are the nodes at which the contexts end."""

    token_ids: np.ndarray  # (S,)
    positions: np.ndarray  # (S,) depth in the tree, 0 at the root
    parents: np.ndarray  # (S,) -1 at the root
    trees: tuple[Tree, ...]
    ends: np.ndarray  # (n_contexts,)

    @classmethod
    def grow(cls, families: Sequence[Sequence[np.ndarray]]) -> "PrefixForest":
        """The forest of some families of contexts, whose ids are in ascending order within each (see plan_passes)."""
        columns: list[list[np.ndarray]] = [[], [], [], []]
        trees: list[Tree] = []
        for family in families:
            start = trees[-1].stop if trees else 0
            ids, positions, parents, ends = _tree(family)
            trees.append(Tree(start, start + int(positions.max()) + 1, start + len(ids)))
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


@dataclass
class Pass:
    """Contexts that run together."""

    families: list[Family]
    n_nodes: int

    @property
    def members(self) -> list[int]:
        """Numbers of the contexts, in the order of `PrefixForest.ends`."""
        return [number for family in self.families for number in family]


def plan_passes(contexts: Sequence[np.ndarray], max_nodes: int = MAX_NODES) -> list[Pass]:
    """Contexts in passes of at most `max_nodes` nodes (or of one longer context), parted into families that share.

    Shapes   contexts: n arrays (S,) of token ids, none empty; each number 0..n-1 is in one pass
    """
    passes: list[Pass] = []
    for family, sizes in _families(contexts):
        if not passes or passes[-1].n_nodes + sum(sizes) > max_nodes:
            passes.append(Pass([], 0))
        passes[-1].families.append([])
        for number, size in zip(family, sizes, strict=True):
            if passes[-1].families[-1] and passes[-1].n_nodes + size > max_nodes:
                passes.append(Pass([[]], 0))  # the family goes on there, from its first token
                size = len(contexts[number])
            passes[-1].families[-1].append(number)
            passes[-1].n_nodes += size
    return passes


def _families(contexts: Sequence[np.ndarray]) -> Iterator[tuple[Family, list[int]]]:
    """Families, with the number of nodes that each member adds."""
    order = sorted(
        range(len(contexts)), key=lambda n: contexts[n].astype(">u4").tobytes()
    )  # by ids, as words by letter
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


def _tree(family: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ids, positions, parents and ends of one tree, trunk first."""
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


@dataclass(frozen=True, eq=False)
class TreeAttention:
    """Attention in which every node sees its ancestors and itself.

    Source   transformers 5.23.0 LlamaAttention, one sequence per context: the same sums over the same keys
    """

    trees: tuple[Tree, ...]
    biases: tuple[Array | None, ...]  # per tree (1, 1, branch nodes, nodes): 0 at ancestors, -inf elsewhere

    @classmethod
    def of(cls, forest: PrefixForest, *, dtype: Any, device: Device) -> "TreeAttention":
        """Prepares the masks of the branches; trunks need none."""
        biases = []
        may, may_not = np.array([0.0, -np.inf], dtype)
        for tree in forest.trees:
            seen = _ancestors(forest.parents[tree.start : tree.stop] - tree.start, tree.fork - tree.start)
            bias = np.where(seen, may, may_not)[None, None]
            biases.append(to_device(bias, device) if len(seen) else None)
        return cls(forest.trees, tuple(biases))

    def __call__(self, query: Array, key: Array, value: Array, *, scale: float, kernels: KernelSet) -> Array:
        """Shapes   query (1, N, S, H), key, value (1, K, S, H) -> (1, N, S, H), S over all nodes."""
        parts = []
        for tree, bias in zip(self.trees, self.biases, strict=True):
            trunk = (x[:, :, tree.start : tree.fork] for x in (query, key, value))
            parts.append(kernels.attention(*trunk, scale=scale, causal=True))
            if bias is not None:
                seen = (key[:, :, tree.start : tree.stop], value[:, :, tree.start : tree.stop])
                parts.append(kernels.attention(query[:, :, tree.fork : tree.stop], *seen, scale=scale, bias=bias))
        return array_module(query).concatenate(parts, axis=2)


def _ancestors(parents: np.ndarray, fork: int) -> np.ndarray:
    """Which nodes each branch node sees.

    Shapes   parents (S,) within one tree, whose trunk is [0, fork) -> (S - fork, S) booleans
    """
    seen = np.zeros((len(parents) - fork, len(parents)), bool)
    for node in range(fork, len(parents)):
        parent = parents[node]
        if parent < fork:
            seen[node - fork, : parent + 1] = True
        else:
            seen[node - fork] = seen[parent - fork]
        seen[node - fork, node] = True
    return seen
