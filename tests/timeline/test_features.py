"""The 2 Hz grid: one rounding rule, each window from its own origin."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tribe_np.errors import ConfigError, EventsError, ShapeError
from tribe_np.timeline.features import FeatureGrid, add, overlap, to_index, window_features

ONE = np.ones((1, 1), np.float32)


def word(start: float, duration: float, value: float = 1.0) -> FeatureGrid:
    return FeatureGrid(ONE * np.float32(value), 0.0, start, duration)


def dense(start: float, duration: float) -> FeatureGrid:
    steps = np.arange(1, to_index(duration, 2.0) + 1, dtype=np.float32)
    return FeatureGrid(steps.reshape(1, 1, -1), 2.0, start, duration)


def columns(items: Sequence[FeatureGrid], start: float = 0.0, duration: float = 5.0, **options: str) -> list[float]:
    return window_features(items, start, duration, 2.0, (1, 1), **options)[0, 0].tolist()


def filled(begin: float, length: float, start: float = 0.0) -> list[int]:
    return np.flatnonzero(columns([word(begin, length)], start)).tolist()


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(0.2, 0), (0.25, 0), (0.26, 1), (0.5, 1), (0.75, 2), (1.25, 2), (1.75, 4), (2.25, 4), (99.75, 200)],
)
def test_times_round_half_to_even(seconds: float, step: int) -> None:
    assert to_index(seconds, 2.0) == step
    assert isinstance(to_index(np.float64(seconds), 2.0), int)


@given(st.integers(0, 10**7), st.sampled_from([1.0, 2.0, 3.0, 1 / 1.49, 44100.0]))
def test_a_step_in_seconds_is_that_step(step: int, frequency: float) -> None:
    assert to_index(step / frequency, frequency) == step


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_time_that_is_not_finite_has_no_step(seconds: float) -> None:
    with pytest.raises(EventsError, match="no step"):
        to_index(seconds, 2.0)


@pytest.mark.parametrize(
    ("begin", "length", "steps"),
    [
        (0.25, 0.2, [0]), (0.26, 0.2, [1]), (0.74, 0.3, [1]), (0.75, 0.3, [2]), (0.75, 0.75, [2, 3]),
        (1.3, 1.0, [3, 4]), (1.0, 0.26, [2]), (1.0, 1.25, [2, 3]), (4.9, 0.3, [9]), (4.99, 0.0, [9]),
        (-0.3, 0.5, [0]), (-0.3, 0.25, []), (5.0, 1.0, []), (2.0, 0.0, [4]),
    ],
)  # fmt: skip
def test_a_word_fills_at_least_one_step(begin: float, length: float, steps: list[int]) -> None:
    assert filled(begin, length) == steps


def test_a_word_across_a_window_edge_is_in_both_windows() -> None:
    assert filled(99.9, 0.4, start=95.0) == [9]
    assert filled(99.9, 0.4, start=100.0) == [0]


def test_a_window_is_not_a_slice_of_a_long_grid() -> None:
    long = columns([word(3.4, 0.3)], start=0.0, duration=20.0)  # 6.8 rounds to step 7
    assert np.flatnonzero(long).tolist() == [7]
    assert filled(3.4, 0.3, start=3.2) == [0]  # 0.2 s from the origin: step 0 of 3.2 s, not step 1 of 3.0 s


@pytest.mark.parametrize(
    ("item", "start", "expected"),
    [
        (dense(1.0, 3), 0, [0, 0, 1, 2, 3, 4, 5, 6, 0, 0]),
        (dense(1.25, 3), 0, [0, 0, 1, 2, 3, 4, 5, 6, 0, 0]),
        (dense(1.3, 3), 0, [0, 0, 0, 1, 2, 3, 4, 5, 6, 0]),
        (dense(0, 7), 2.3, [6, 7, 8, 9, 10, 11, 12, 13, 14, 0]),
        (dense(0, 7.25), 5, [11, 12, 13, 14, 0, 0, 0, 0, 0, 0]),
        (dense(0, 7.75), 5, [11, 12, 13, 14, 15, 16, 0, 0, 0, 0]),
        (dense(60, 40.4), 100, [81, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (dense(6, 3), 0, [0] * 10),
    ],
)
def test_dense_features_are_cut_on_their_own_steps_first(item: FeatureGrid, start: float, expected: list) -> None:
    assert columns([item], start) == expected


def test_the_cut_uses_the_exact_width_and_the_sum_the_rounded_one() -> None:
    assert columns([dense(1.0, 4.0)], start=0.4, duration=1.75) == [
        0,
        1,
        2,
        0,
    ]  # 4 steps last 2 s, the cut ends at 2.15


def test_aggregations() -> None:
    items = [word(1.0, 0.4, 1), word(1.2, 0.5, 10), word(1.0, 0.4, 4)]
    assert [columns(items, aggregation=name)[2] for name in ("sum", "mean", "first", "middle", "last")] == [
        15,
        5,
        1,
        10,
        4,
    ]
    assert window_features(items, 0.0, 5.0, 2.0, (1, 1), "cat").shape == (3, 1, 10)
    assert window_features(items, 0.0, 5.0, 2.0, (1, 1), "stack").shape == (3, 1, 1, 10)
    assert columns(items[:1], aggregation="single")[2] == 1


@pytest.mark.parametrize(
    ("name", "shape"), [("sum", (2, 3, 10)), ("mean", (2, 3, 10)), ("cat", (2, 3, 10)), ("stack", (1, 2, 3, 10))]
)
def test_a_window_without_events_is_zero(name: str, shape: tuple[int, ...]) -> None:
    empty = window_features([], 0.0, 5.0, 2.0, (2, 3), name)
    assert (empty.shape, empty.dtype, empty.any()) == (shape, np.float32, False)


def test_sums_keep_the_items_dtype_and_order() -> None:
    values = [1e8, 1.0, -1e8]
    items = [word(0.0, 0.5, value) for value in values]
    assert columns(items)[0] == 0.0  # in float32 the 1 is lost
    assert columns([items[0], items[2], items[1]])[0] == 1.0
    wide = FeatureGrid(np.ones((1, 1)), 0.0, 0.0, 0.5)
    assert window_features([wide], 0.0, 5.0, 2.0, (1, 1)).dtype == np.float64


def test_inputs_stay_as_they_are() -> None:
    item = dense(0.0, 5.0)
    before = item.data.copy()
    window_features([item, item], 0.0, 5.0, 2.0, (1, 1))
    assert np.array_equal(item.data, before)


@given(
    st.lists(st.tuples(st.integers(-64, 800), st.integers(0, 200), st.booleans()), max_size=6),
    st.integers(-64, 640),
    st.integers(-1000, 1000),
)
def test_shifting_window_and_events_by_whole_steps_changes_nothing(
    spans: list[tuple[int, int, bool]], origin: int, shift: int
) -> None:
    """In 1/64 s, which floats hold exactly: the features of a window depend on distances only [=]."""

    def features(moved: float) -> np.ndarray:
        items = [
            dense(begin / 64 + moved, max(1.0, length / 64))
            if is_dense
            else word(begin / 64 + moved, length / 64, i + 1)
            for i, (begin, length, is_dense) in enumerate(spans)
        ]
        return window_features(items, origin / 64 + moved, 5.0, 2.0, (1, 1))

    assert np.array_equal(features(0.0), features(shift / 2))


@given(st.lists(st.tuples(st.floats(-2, 12), st.floats(0, 3)), max_size=8), st.integers(0, 8), st.booleans())
def test_events_added_in_parts_give_the_same_bits(spans: list[tuple[float, float]], cut: int, mean: bool) -> None:
    items = [word(begin, length, 1 / (i + 3)) for i, (begin, length) in enumerate(spans)]
    total = FeatureGrid(np.zeros((1, 1, 20), np.float32), 2.0, 0.0, 10.0)
    counts = np.zeros(20, int) if mean else None
    for part in (items[:cut], items[cut:]):
        for item in part:
            add(total, item, counts)
    whole = window_features(items, 0.0, 10.0, 2.0, (1, 1), aggregation="mean" if mean else "sum")
    assert np.array_equal(total.data, whole)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=6), st.integers(-20, 20))
def test_events_on_the_grid_move_by_steps(spans: list[tuple[int, int]], k: int) -> None:
    items = [word(begin / 2, length / 2, i + 1) for i, (begin, length) in enumerate(spans)]
    moved = [word(begin / 2 + k / 2, length / 2, i + 1) for i, (begin, length) in enumerate(spans)]
    still, shifted = columns(items, -20.0, 60.0), columns(moved, -20.0, 60.0)
    assert shifted[20 + k : 101 + k - 20] == still[20 : 101 - 20]


@example(0.0, 1.0, 0.5, 2.964401837560612e-267)
@given(st.floats(0, 90), st.floats(0.01, 30), st.floats(-5, 120), st.floats(0, 30))
def test_an_overlap_is_a_run_of_the_grids_own_steps(begin: float, length: float, start: float, width: float) -> None:
    grid = dense(begin, max(0.6, length))
    part = overlap(grid, start, width)
    if part is None:
        stop = start + width  # a width that rounds away covers nothing
        assert stop <= max(start, grid.start) or start >= grid.start + grid.duration
        return
    first = int(part.data[0, 0, 0]) - 1
    assert part.start == grid.start + first / 2
    assert part.data[0, 0].tolist() == grid.data[0, 0, first : first + part.data.shape[-1]].tolist()


def test_a_grids_duration_is_its_steps() -> None:
    assert dense(0, 7.25).duration == 7.0
    assert FeatureGrid(np.zeros((1, 1, 15)), 2.0, 0.0, 7.25).duration == 7.5
    assert FeatureGrid(np.zeros((1, 0)), 2.0, 0.0, 0.0).duration == 0.0
    assert word(0, 7.25).duration == 7.25


def test_rates_may_drift_by_less_than_half_a_step() -> None:
    total = FeatureGrid(np.zeros((1, 1, 10), np.float32), 2.0, 0.0, 5.0)
    add(total, FeatureGrid(np.ones((1, 1, 10), np.float32), 2.01, 0.0, 4.97))
    assert total.data.sum() == 10
    with pytest.raises(ShapeError, match=r"3\.0 Hz cannot be added"):
        add(total, FeatureGrid(np.ones((1, 1, 15)), 3.0, 0.0, 5.0))


def test_an_empty_grid_adds_nothing() -> None:
    assert columns([FeatureGrid(np.ones((1, 1, 0), np.float32), 2.0, 1.0, 0.0)]) == [0.0] * 10


def test_bad_features_are_errors() -> None:
    with pytest.raises(ShapeError, match="must have 10 steps"):
        FeatureGrid(np.zeros((1, 1, 12)), 2.0, 0.0, 5.0)
    with pytest.raises(ShapeError, match="last axis is time"):
        FeatureGrid(np.zeros((1, 0)), 2.0, 0.0, 0.5)
    with pytest.raises(EventsError, match="duration and frequency >= 0"):
        word(0.0, -1.0)
    with pytest.raises(ShapeError, match="has none"):
        overlap(word(0.0, 1.0), 0.0, 5.0)
    with pytest.raises(ShapeError, match=r"shape \(1, 1\), expected \(2, 3\)"):
        window_features([word(0.0, 1.0)], 0.0, 5.0, 2.0, (2, 3))
    with pytest.raises(ShapeError, match="times too large"):
        columns([dense(1e16 + 2, 1.0)], start=1e16)
    with pytest.raises(ConfigError, match="'trigger' is not implemented"):
        columns([], aggregation="trigger")
    with pytest.raises(EventsError, match="holds 2 events"):
        columns([word(0.0, 1.0)] * 2, aggregation="single")
