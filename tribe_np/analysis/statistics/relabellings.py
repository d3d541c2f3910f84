"""The ways in which trials could have borne other labels, or pairs other signs: all of them, or a seeded sample."""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations, product

import numpy as np

from tribe_np.errors import ConfigError

FEWEST = 20  # relabellings: 20 drawn ones give a p of 1/21 at least
MOST_SIGNS = 62  # pairs whose number of sign flips is counted: more are always sampled


def label_relabellings(
    labels: np.ndarray, blocks: Sequence[Hashable], *, most: int, seed: int
) -> tuple[np.ndarray, bool]:
    """Labels of N observations moved within blocks, (P, N), and whether they are all distinct ways there are.

    All where there are at most `most`, the given labels among them; else a sample of `most`.
    """
    places = [np.array([i for i, block in enumerate(blocks) if block == one]) for one in dict.fromkeys(blocks)]
    if math.prod(_n_arrangements(labels[at]) for at in places) <= most:
        ways = product(*[list(_arrangements(tuple(labels[at].tolist()))) for at in places])
        order = np.argsort(np.concatenate(places), kind="stable")
        return np.array([np.concatenate(way)[order] for way in ways], labels.dtype), True
    rng = np.random.default_rng(seed)
    moved = np.tile(labels, (most, 1))
    for at in places:
        moved[:, at] = rng.permuted(moved[:, at], axis=1)
    return moved, False


def sign_flips(n: int, *, most: int, seed: int) -> tuple[np.ndarray, bool]:
    """Signs of n pairs, (P, n) of 1.0 and -1.0, and whether they are all 2**n; else a sample of `most`."""
    if n <= MOST_SIGNS and 2**n <= most:
        return np.array(list(product((1.0, -1.0), repeat=n))), True
    return np.random.default_rng(seed).choice((1.0, -1.0), size=(most, n)), False


def n_alike(labels: np.ndarray, blocks: Sequence[Hashable], weights: np.ndarray) -> int:
    """How many relabellings share one |t|, whatever the values are.

    They are those where conditions change places as wholes: all weights stay or all change sign, and every block has
    as many trials of the one as of the other. Two conditions alike in number: 2, since b - a has the |t| of a - b.
    """
    counts = Counter(zip(labels.tolist(), blocks, strict=True))
    kinds = list(dict.fromkeys(blocks))
    in_blocks = [tuple(counts[c, kind] for kind in kinds) for c in range(len(weights))]
    close = 1e-9 * np.abs(weights).max()

    def n_moves(sign: int) -> int:
        """Bijections of conditions onto conditions of that weight: within groups of equal ones, any."""
        found, left = 1, list(range(len(weights)))
        for c in range(len(weights)):
            fits = [
                other for other in left
                if in_blocks[other] == in_blocks[c] and abs(weights[other] - sign * weights[c]) <= close
            ]  # fmt: skip
            found *= len(fits)
            if fits:
                left.remove(fits[0])
        return found

    return n_moves(1) + n_moves(-1)


def check_most(most: int, name: str = "most") -> None:
    """Raises   ConfigError unless `most` relabellings can give a p below 0.05 at all."""
    is_whole = isinstance(most, (int, np.integer)) and not isinstance(most, bool)
    if not is_whole or not FEWEST <= most <= 10_000_000:
        why = "; fewer could give no p below 0.05" if is_whole and most < FEWEST else ""
        raise ConfigError(
            f"{name} must be a whole number of relabellings from {FEWEST} to 10,000,000, got {most!r}{why}"
        )


def check_seed(seed: int, name: str = "seed") -> None:
    """Raises   ConfigError for what NumPy takes for no seed."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ConfigError(f"{name} must be a whole number from 0 on, got {seed!r}")


def _n_arrangements(labels: np.ndarray) -> int:
    """Distinct orders of a multiset."""
    counts = Counter(labels.tolist()).values()
    return math.factorial(len(labels)) // math.prod(math.factorial(count) for count in counts)


def _arrangements(labels: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every distinct order of a multiset, once."""
    first = labels[0]
    rest = tuple(label for label in labels if label != first)
    for at in combinations(range(len(labels)), len(labels) - len(rest)):
        if not rest:
            yield labels
            continue
        taken = set(at)
        for other in _arrangements(rest):
            following = iter(other)
            yield tuple(first if i in taken else next(following) for i in range(len(labels)))
