"""The equal pairs of a minimal edit script between two sequences, with the tie-break of the Levenshtein library.

Many edit scripts are minimal; which one is taken decides which word stands for which token, so it is part of the
result. The distance table is kept as its vertical steps, one Python integer of len(source) bits per row (the
bit-parallel form of Myers and Hyyrö): 4,500 words against 4,500 tokens take a fraction of a second.
"""

from collections import deque
from collections.abc import Hashable, Iterator, Sequence

TABLE_BYTES = 1 << 20  # a larger table is cut in two first, which changes ties: part of the library's result
SMALLEST_CUT_SOURCE, SMALLEST_CUT_TARGET = 65, 10

Steps = tuple[int, int]  # bit i of the two: the distance rises, or falls, from source prefix i to i + 1


def equal_pairs(source: Sequence[Hashable], target: Sequence[Hashable]) -> list[tuple[int, int]]:
    """(index in source, index in target) of every symbol that a minimal edit script keeps, in order.

    Numerics common prefix and suffix are kept first; then, from the end, the first that stays minimal among: delete
             from source, replace (unequal symbols), insert from target, keep. Tables above 1 MiB of bits are cut at
             the middle of target and at the first best point of source
    Source   Levenshtein 0.27.5 editops (rapidfuzz-cpp levenshtein_align_hirschberg); neuralset 0.0.2 utils.match_list
    """
    pairs: list[tuple[int, int]] = []
    _align(source, target, 0, 0, max(len(source), len(target)), pairs)
    return pairs


def _align(
    source: Sequence[Hashable],
    target: Sequence[Hashable],
    source_start: int,
    target_start: int,
    limit: int,
    pairs: list[tuple[int, int]],
) -> None:
    """Appends the pairs of one part; `limit` is a known upper bound of its distance."""
    prefix, suffix = _common_ends(source, target)
    pairs.extend((source_start + k, target_start + k) for k in range(prefix))
    a, b = source[prefix : len(source) - suffix], target[prefix : len(target) - suffix]
    source_start, target_start = source_start + prefix, target_start + prefix
    limit = min(limit, max(len(a), len(b)))
    table_bytes = 2 * min(len(a), 2 * limit + 1) * len(b) // 8
    if table_bytes < TABLE_BYTES or len(a) < SMALLEST_CUT_SOURCE or len(b) < SMALLEST_CUT_TARGET:
        pairs.extend((source_start + i, target_start + j) for i, j in _trace_back(a, b))
    else:
        i, j, left_limit, right_limit = _cut(a, b)
        _align(a[:i], b[:j], source_start, target_start, left_limit, pairs)
        _align(a[i:], b[j:], source_start + i, target_start + j, right_limit, pairs)
    source_start, target_start = source_start + len(a), target_start + len(b)
    pairs.extend((source_start + k, target_start + k) for k in range(suffix))


def _common_ends(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[int, int]:
    shorter = min(len(a), len(b))
    prefix = 0
    while prefix < shorter and a[prefix] == b[prefix]:
        prefix += 1
    suffix = 0
    while suffix < shorter - prefix and a[-1 - suffix] == b[-1 - suffix]:
        suffix += 1
    return prefix, suffix


def _rows(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[Steps]:
    """The vertical steps of the distance table after each symbol of b."""
    mask = (1 << len(a)) - 1
    places: dict[Hashable, int] = {}
    for i, symbol in enumerate(a):
        places[symbol] = places.get(symbol, 0) | 1 << i
    up, down = mask, 0
    for symbol in b:
        equal = places.get(symbol, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right_up = (down | ~(diagonal | up)) & mask
        right_down = diagonal & up
        right_up = right_up << 1 | 1
        up, down = (right_down << 1 | ~(diagonal | right_up)) & mask, right_up & diagonal & mask
        yield up, down


def _trace_back(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The kept pairs of the whole table, in order."""
    rows = list(_rows(a, b))
    pairs = []
    i, j = len(a), len(b)
    while i and j:
        if rows[j - 1][0] >> i - 1 & 1:
            i -= 1  # delete
        elif j > 1 and rows[j - 2][1] >> i - 1 & 1:
            j -= 1  # insert
        else:
            i, j = i - 1, j - 1
            if a[i] == b[j]:
                pairs.append((i, j))
    return pairs[::-1]


def _distances(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[int]:
    """The distance of every prefix of a, the empty one first, to all of b."""
    up, down = deque(_rows(a, b), maxlen=1)[0]
    distances = [len(b)]
    for i in range(len(a)):
        distances.append(distances[-1] + (up >> i & 1) - (down >> i & 1))
    return distances


def _cut(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[int, int, int, int]:
    """Where to cut a and b (Hirschberg), and the distances of the two halves."""
    middle = len(b) // 2
    left = _distances(a, b[:middle])
    right = _distances(a[::-1], b[middle:][::-1])[::-1]
    best = min(range(len(left)), key=lambda i: left[i] + right[i])
    return best, middle, left[best], right[best]
