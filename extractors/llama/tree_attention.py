"""Attention along the branches of a prefix forest: contexts that begin alike, run once (see `passes.py`)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from extractors.llama.passes import PrefixForest, TreeSpan
from tribe_np.backend import array_module, to_device
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.protocols import Array, Device


@dataclass(frozen=True, eq=False)
class TreeAttention:
    """Attention in which every node sees its ancestors and itself.

    Source   transformers 5.23.0 LlamaAttention, one sequence per context: the same sums over the same keys
    """

    trees: tuple[TreeSpan, ...]
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
