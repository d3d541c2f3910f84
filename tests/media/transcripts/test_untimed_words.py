"""Words without times between those that have them."""

import pytest

from tribe_np.media.transcripts.untimed_words import place_untimed


def test_known_times_stay_and_a_run_shares_the_gap_by_length() -> None:
    times = [(1.0, 2.0), (None, None), (None, None), (6.0, 7.0)]
    assert place_untimed(["a", "bbb", "c", "d"], times, 0.0, 9.0) == [(1.0, 2.0), (2.0, 5.0), (5.0, 6.0), (6.0, 7.0)]


def test_the_ends_are_bounded_by_the_segment() -> None:
    assert place_untimed(["aa", "b", "ccc"], [(None, None), (4.0, 5.0), (None, None)], 2.0, 8.0) == [
        (2.0, 4.0), (4.0, 5.0), (5.0, 8.0),
    ]  # fmt: skip
    assert place_untimed(["a", "b"], [(None, None)] * 2, 1.0, 3.0) == [(1.0, 2.0), (2.0, 3.0)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(1.0, None), (3.0, 4.0)], [(1.0, 3.0), (3.0, 4.0)]),
        ([(1.0, 2.0), (None, 4.0)], [(1.0, 2.0), (2.0, 4.0)]),
        ([(1.0, None), (None, 4.0)], [(1.0, 2.5), (2.5, 4.0)]),
        ([(None, 2.0), (3.0, None)], [(0.0, 2.0), (3.0, 9.0)]),
    ],
)
def test_a_start_or_a_stop_alone(times: list, expected: list) -> None:
    assert place_untimed(["x", "y"], times, 0.0, 9.0) == expected


def test_no_room_is_no_time_and_never_backwards() -> None:
    assert place_untimed(["a", "b", "c"], [(1.0, 3.0), (None, None), (2.0, 4.0)], 0.0, 4.0)[1] == (3.0, 3.0)
    assert place_untimed([], [], 0.0, 1.0) == []
    assert place_untimed(["", "a"], [(None, None)] * 2, 0.0, 2.0) == [(0.0, 1.0), (1.0, 2.0)]
