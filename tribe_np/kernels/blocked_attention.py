"""Attention on the CPU, block by block: both products by BLAS, one compiled pass over the scores between them.

No S x S matrix is held: a block is some query rows of one head (or of several, where rows are short) with all the
keys they see. Whole rows need no running maximum; measured at 8,192 keys, blocks of keys with one were no faster.
Every thread has blocks of its own (see workers.py).
"""

from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.kernels.workers import n_workers, side_by_side
from tribe_np.ops.attention import BLOCK_SCORES, ScoreBlock

LEAST = 100_000
"""Scores of a block at least where there are several threads: starting one for fewer would take longer."""
TOGETHER = 6 * BLOCK_SCORES
"""Scores in all threads' blocks: 48 MB in float32, however many threads there are."""
TURNS = 4
"""Blocks that a thread gets at least, so that none waits long for the last."""


class Weigh(Protocol):
    """loops.attention_weights_loops, or the one for float32."""

    def __call__(self, out: np.ndarray, factor: float, n_open: int, n_steps: int, out_totals: np.ndarray, /) -> None:
        """Shapes   out (R, T), out_totals (R,)."""


class AddDistances(Protocol):
    """loops.add_distances_loops."""

    def __call__(self, out: np.ndarray, products: np.ndarray, start: int, n_steps: int, left_span: int, /) -> None:
        """Shapes   out (R, T), products (R, n distances)."""


@dataclass(frozen=True)
class BlockedAttention:
    """ops.attention.attention and ops.attention.relative_attention over one dtype's bodies."""

    weights: Weigh
    add_distances: AddDistances
    unit: float  # of `weights`: 1 / ln 2 where it raises two to their power, else 1

    def __call__(self, query: np.ndarray, key: np.ndarray, value: np.ndarray, terms: "Terms") -> np.ndarray:
        """Shapes   query (B, N, S, H), key (B, K, T, H), value (B, K, T, H) -> (B, N, S, H)."""
        (B, N, S, _), (K, T) = _sizes(query, key, value), key.shape[1:3]
        out = np.empty((B, S, N, value.shape[-1]), query.dtype).transpose(0, 2, 1, 3)  # merging heads copies nothing
        grouped, mixed = (x.reshape(B, K, N // K, S, x.shape[-1]) for x in (query, out))  # views
        bias = terms.bias
        if bias is not None:
            bias = np.broadcast_to(bias, (B, N, S, T)).reshape(B, K, N // K, S, T)
        n_threads, most = _division(B * N * S * T)
        blocks = list(ScoreBlock.cover(K, N // K, S, T, causal=terms.causal, most=most))
        places = [(b, block) for b in range(B) for block in blocks]
        buffers: SimpleQueue[np.ndarray] = SimpleQueue()
        for _ in range(n_threads):
            buffers.put(np.empty(max((block.n_scores(N // K) for block in blocks), default=0), query.dtype))

        def mix(place: tuple[int, ScoreBlock]) -> None:
            (b, block), scores = place, buffers.get()
            one_bias, size = None if bias is None else bias[b], block.n_scores(N // K)
            try:
                self._mix(block, grouped[b], mixed[b], one_bias, key[b], value[b], terms, scores[:size])
            finally:  # or the other threads would wait for it
                buffers.put(scores)

        side_by_side(mix, places, n_threads)
        return out

    def _mix(
        self,
        block: ScoreBlock,
        query: np.ndarray,
        out: np.ndarray,
        bias: np.ndarray | None,
        key: np.ndarray,
        value: np.ndarray,
        terms: "Terms",
        scores: np.ndarray,
    ) -> None:
        """Writes one block of out (K, G, S, H) through a buffer of its scores."""
        heads, steps = block.heads, block.steps
        n_heads, group, n_steps, _ = query[heads, :, steps].shape
        rows = query[heads, :, steps].reshape(n_heads, group * n_steps, -1)
        scores = scores.reshape(n_heads, group * n_steps, block.n_keys)
        if bias is not None:
            bias = bias[heads, :, steps, : block.n_keys]
        n_open = steps.start + key.shape[1] - query.shape[2] + 1 if terms.causal else key.shape[1]
        place, seen = Place(steps.start, n_steps, n_open), key[heads, : block.n_keys].transpose(0, 2, 1)
        scaled_first = bias is not None or terms.scale <= 0
        totals = self._weigh(rows, seen, bias, terms, place, scores, scaled_first=scaled_first)
        if terms.embedding is not None and not scaled_first and np.isnan(totals).any():
            # sums near the dtype's largest number overflow, and those of their scaled parts may not
            totals = self._weigh(rows, seen, bias, terms, place, scores, scaled_first=True)
        value = value[heads, : block.n_keys]
        mixed = scores @ value
        if np.isfinite(mixed).all():
            mixed /= totals
        else:  # as there: with the weights divided first, the sum stays within the values' range
            scores /= totals
            mixed = scores @ value
        out[heads, :, steps] = mixed.reshape(n_heads, group, n_steps, -1)

    def _weigh(
        self,
        rows: np.ndarray,
        key_t: np.ndarray,
        bias: np.ndarray | None,
        terms: "Terms",
        place: "Place",
        out: np.ndarray,
        *,
        scaled_first: bool,
    ) -> np.ndarray:
        """Fills `out` (heads, rows, keys) with weights before their division by the row sums, which it gives."""
        np.matmul(rows, key_t, out=out)
        flat = out.reshape(-1, out.shape[-1])
        factor = terms.scale  # left to `weights`, which takes it after the difference to the largest: one pass less
        if scaled_first:
            out *= out.dtype.type(factor)
            factor = 1.0
        if terms.embedding is not None:
            products = (rows @ terms.embedding.T).reshape(len(flat), -1)
            if scaled_first:
                products *= products.dtype.type(terms.scale)
            self.add_distances(flat, products, place.start, place.n_steps, terms.left_span)
        if bias is not None:
            wide = out.reshape(bias.shape)
            wide += bias
        totals = np.empty(len(flat), out.dtype)
        self.weights(flat, factor * self.unit, place.n_open, place.n_steps, totals)
        return totals.reshape(*out.shape[:2], 1)


@dataclass(frozen=True)
class Place:
    """Where the rows of a block stand: their first step, how many steps, and the keys that the first step sees."""

    start: int
    n_steps: int
    n_open: int


@dataclass(frozen=True)
class Terms:
    """What is done to scores besides query . key: scaled, then a bias, distance terms (scaled too) and a mask."""

    scale: float
    bias: np.ndarray | None = None
    causal: bool = False
    embedding: np.ndarray | None = None  # (n distances, H)
    left_span: int = 0


def _division(n_scores: int) -> tuple[int, int]:
    """How many threads share that many scores, and how many of these make a block at most."""
    n_threads = min(n_workers(), n_scores // (TURNS * LEAST))
    if n_threads <= 1:
        return 1, BLOCK_SCORES
    return n_threads, min(BLOCK_SCORES, TOGETHER // n_threads, n_scores // (TURNS * n_threads))


def _sizes(query: np.ndarray, key: np.ndarray, value: np.ndarray) -> tuple[int, ...]:
    if query.ndim != 4 or key.ndim != 4 or key.shape[1] == 0:
        raise ShapeError(f"attention: needs query (B, N, S, H) and key (B, K, T, H), got {query.shape}, {key.shape}")
    (B, N, _, H), (K, T) = query.shape, key.shape[1:3]
    if key.shape != (B, K, T, H):
        raise ShapeError(f"attention: key must have shape {(B, K, T, H)}, got {key.shape}")
    if value.shape[:3] != (B, K, T):
        raise ShapeError(f"attention: value must have shape {(B, K, T, H)}, got {value.shape}")
    if N % K:
        raise ShapeError(f"attention: {N} query heads are not a multiple of {K} key/value heads")
    return query.shape
