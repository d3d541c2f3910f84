"""The alignment keeps the most symbols a minimal edit script can, with the library's ties, quickly."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.timeline import alignment
from tribe_np.timeline.alignment import equal_pairs

short = st.text("abc", max_size=12)


def edit_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def script_length(a: str, b: str, pairs: list[tuple[int, int]]) -> int:
    """The fewest edits that keep exactly these pairs."""
    total, i, j = 0, 0, 0
    for left, right in [*pairs, (len(a), len(b))]:
        total += max(left - i, right - j)
        i, j = left + 1, right + 1
    return total


@given(short, short)
def test_pairs_are_equal_rising_and_minimal(a: str, b: str) -> None:
    pairs = equal_pairs(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    assert script_length(a, b, pairs) == edit_distance(a, b)


@pytest.mark.parametrize(
    ("a", "b", "pairs"),
    [
        ("", "", []),
        ("", "ab", []),
        ("ab", "", []),
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("aXa", "a", [(0, 0)]),  # the common prefix goes first
        ("XaY", "ZaaW", [(1, 1)]),  # this and the next: what Levenshtein 0.27.5 gives
        ("abab", "baba", [(0, 1), (1, 2), (2, 3)]),
        ("baab", "abba", [(0, 1), (2, 3)]),
        ("caab", "baca", [(1, 1), (2, 3)]),
    ],
)
def test_ties_are_the_librarys(a: str, b: str, pairs: list[tuple[int, int]]) -> None:
    assert equal_pairs(a, b) == pairs


def test_any_hashable_symbol() -> None:
    assert equal_pairs(["to", "be", "or"], ["be", "or"]) == [(1, 0), (2, 1)]


@given(st.text("ab", min_size=1, max_size=60), st.text("ab", min_size=1, max_size=60))
def test_cutting_a_large_table_stays_minimal(a: str, b: str) -> None:
    names = ("TABLE_BYTES", "SMALLEST_CUT_SOURCE", "SMALLEST_CUT_TARGET")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(names, (1, 2, 2), strict=True):
            patch.setattr(alignment, name, value)
        pairs = equal_pairs(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert script_length(a, b, pairs) == edit_distance(a, b)


def test_a_long_transcript_takes_seconds_at_most() -> None:
    draw = random.Random(0)
    source = [str(draw.randint(0, 800)) for _ in range(4500)]
    target = [word for word in source if draw.random() < 0.9]
    began = time.process_time()
    pairs = equal_pairs(source, target)
    assert time.process_time() - began < 10
    assert len(pairs) >= 0.99 * len(target)
