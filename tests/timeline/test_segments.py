"""Windows and kept segments: where they start, what they hold, which rows stay."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import list_windows, plan, window_events


def sound(start: float, duration: float, timeline: str = "default") -> Event:
    return Event("Audio", start, duration, timeline, filepath="a.wav", frequency=44100.0)


def word(start: float, duration: float = 0.2, text: str = "a") -> Event:
    return Event("Word", start, duration, text=text)


def planned(*rows: Event, **options: object) -> tuple[list[float], int]:
    windows = plan(Events(rows), **({"duration_trs": 100} | options))
    return [window.start for window in windows], sum(len(window.kept) for window in windows)


@pytest.mark.parametrize(
    ("rows", "options", "starts", "n_kept"),
    [
        ([sound(0, 52.21)], {}, [0], 53),
        ([sound(0, 23.256)], {}, [0], 24),
        ([sound(0, 10), sound(150, 10.4)], {}, [0, 100], 161),
        ([sound(3.2, 9.9)], {}, [3.2], 10),
        ([sound(0, 3.5, "b"), sound(0, 2, "a")], {}, [0, 0], 6),
        ([sound(0, 3.5)], {"remove_empty": False}, [0], 100),
        ([sound(0, 150)], {"overlap_trs": 20}, [0, 80], 170),
        ([sound(0, 100)], {}, [0], 100),
        ([sound(0, 250)], {"drop_incomplete": True}, [0, 100], 200),
        ([word(0.5, 0.3), word(7.0, 0.3)], {}, [0.5], 7),
        ([sound(0, 1950)], {}, [100 * i for i in range(20)], 1950),
        ([sound(0, 30)], {"duration_trs": 10, "tr": 1.49}, [0, 14.9, 29.8], 21),
    ],
)
def test_windows_and_kept_rows(rows: list[Event], options: dict, starts: list[float], n_kept: int) -> None:
    assert planned(*rows, **options) == (starts, n_kept)


def test_windows_are_full_and_rows_say_their_place() -> None:
    first, second = plan(Events([sound(0, 10), sound(150, 10.4)]), duration_trs=100)
    assert (second.start, second.duration, second.timeline) == (100.0, 100.0, "default")
    assert first.kept_rows == tuple(range(100))
    assert second.kept_rows == tuple(range(61))
    last = second.kept[-1]
    assert (last.start, last.duration, last.stop, last.offset, last.timeline) == (160.0, 1.0, 161.0, 60.0, "default")


def test_a_silent_gap_holds_the_trigger_alone() -> None:
    window = plan(Events([word(0.0), word(9.0)]), duration_trs=20)[0]
    assert [event.type for event in window.kept[5].events] == ["CategoricalEvent"]
    assert [segment.n_events for segment in window.kept] == [2, *[1] * 8, 2]
    assert window.kept[5].events[0].extra == {"split": "all"}


def test_timelines_come_as_first_seen() -> None:
    windows = plan(Events([sound(0, 3.5, "b"), sound(0, 2, "a")]), duration_trs=5)
    assert [window.timeline for window in windows] == ["b", "a"]
    assert all(event.timeline == window.timeline for window in windows for event in window.events)


def test_events_touching_an_edge_are_outside() -> None:
    table = Events([word(1.0, 1.0, "before"), word(2.0, 0.0, "at"), word(2.5, 0.0, "in"), word(3.0, 1.0, "after")])
    assert [event.text for event in window_events(table, "default", 2.0, 1.0)] == ["in"]
    assert window_events(table, "elsewhere", 0.0, 9.0) == ()


def test_frequent_types_come_first_and_rare_ones_share_a_block() -> None:
    words = [word(i / 10, 1.0, str(i)) for i in range(50)]
    rare = [sound(0.5, 9.0), Event("Text", 0.0, 9.0, text="all"), Event("Sentence", 0.2, 2.0, text="some")]
    table = Events([rare[0], *words, *rare[1:]])
    assert [e.type for e in window_events(table, "default", 0.45, 0.1)] == ["Word"] * 6 + ["Text", "Sentence", "Audio"]
    fewer = Events([rare[0], *words[:49], *rare[1:]])
    order = [e.type for e in window_events(fewer, "default", 0.0, 0.6)]
    assert order == ["Word", "Text", "Word", "Word", "Sentence", "Word", "Word", "Audio", "Word"]


def test_unknown_types_take_time_but_are_not_held() -> None:
    window = plan(Events([word(1.0), Event("Smell", 0.0, 3.0)]), duration_trs=10)[0]
    assert window.start == 0.0
    assert len(window.kept) == 3
    assert {event.type for event in window.events} == {"Word", "CategoricalEvent"}


def test_rounding_neither_loses_a_window_nor_adds_a_segment() -> None:
    assert len(list_windows(3.2, 203.2, stride=100, width=100, drop_incomplete=True)) == 2  # 203.2 - 100 - 3.2 < 100
    assert 3 * 0.1 > 0.3
    assert planned(sound(0, 9), duration_trs=3, tr=0.1)[1] == 90


def test_an_origin_before_zero_moves_the_grid() -> None:
    starts, _ = planned(sound(0, 100), word(-1e-6))
    assert starts == pytest.approx([-1e-6, 99.999999], abs=1e-12)


@given(st.floats(0, 50), st.floats(0.5, 400), st.integers(2, 60), st.floats(0.5, 3))
def test_segments_tile_the_timeline(start: float, length: float, n_trs: int, tr: float) -> None:
    segments = [s for window in plan(Events([sound(start, length)]), duration_trs=n_trs, tr=tr) for s in window.kept]
    assert segments[0].start == start
    for left, right in pairwise(segments):
        assert right.start == pytest.approx(left.stop, abs=1e-9)
    assert segments[-1].start < start + length
    assert segments[-1].stop >= start + length - 1e-6


@given(st.integers(1, 200), st.integers(1, 1000), st.booleans())
def test_windows_cover_the_span(stride: int, span: int, drop: bool) -> None:
    if drop and span < 100:
        with pytest.raises(EventsError, match="none is complete"):
            list_windows(0.0, span, stride=stride, width=100, drop_incomplete=drop)
        return
    starts = list_windows(0.0, span, stride=stride, width=100, drop_incomplete=drop)
    assert starts == [i * stride for i in range(len(starts))]
    reach = span - 100 if drop else span - 1e-7
    assert starts[-1] <= reach < starts[-1] + stride


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        ([word(1.0, 0.0)], {}, EventsError, "last 0 s"),
        ([sound(0, 50)], {"drop_incomplete": True}, EventsError, "shorter than a window of 100 s"),
        ([sound(0, 50)], {"overlap_trs": 100}, ConfigError, "stride"),
        ([sound(0, 50)], {"tr": 0.0}, ConfigError, "width above 0"),
        ([sound(0, 5), word(1e15)], {}, EventsError, "is a time wrong"),
        ([sound(0, float("inf"))], {}, EventsError, "duration is inf"),
        ([], {}, EventsError, "empty"),
    ],
)
def test_what_cannot_be_planned_is_an_error(rows: list, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        planned(*rows, **options)
