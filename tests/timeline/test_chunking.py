"""Chunks: upstream's rule with its oddities, and nothing lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events


def sound(duration: float, start: float = 0.0, **fields: object) -> Event:
    return Event("Audio", start, duration, **({"filepath": "a.wav", "frequency": 44100.0} | fields))


def lengths(*rows: Event, **options: float) -> list[tuple[float, float]]:
    return [(chunk.start, chunk.duration) for chunk in chunk_events(Events(rows), "Audio", **options)]


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (20, [20]),
        (60, [60]),
        (61, [61]),
        (89.99, [89.99]),
        (90, [60, 30]),
        (125, [60, 65]),
        (150, [60, 60, 30]),
        (400, [60] * 6 + [40]),
    ],
)
def test_cuts_fall_on_a_minute_grid_and_leave_30_s(duration: float, expected: list[float]) -> None:
    assert [length for _, length in lengths(sound(duration))] == expected


def test_distances_are_rounded_by_the_frequency() -> None:
    assert len(lengths(sound(89.99999999))) == 2  # 29.99999999 is 30 to 6 decimals
    assert len(lengths(sound(89.9999))) == 1
    assert len(lengths(sound(89.999996))) == 1  # 29.999996 stays so to 6 decimals
    assert len(lengths(sound(89.9999, frequency=25.0))) == 2  # 30 to 3 decimals


def test_an_end_just_past_the_grid_makes_no_sliver() -> None:
    assert lengths(sound(60.00000001), min_duration=0.0) == [(0.0, 60.00000001)]
    assert lengths(sound(60.001), min_duration=0.0)[1][0] == 60.0


def test_a_chunk_keeps_the_row_and_moves_start_and_offset() -> None:
    row = sound(100.0, start=3.0, offset=7.5, subject="s", extra={"foo": 1})
    first, second = chunk_events(Events([row]), "Audio")
    assert (second.start, second.duration, second.offset, second.stop) == (63.0, 40.0, 67.5, 103.0)
    assert (second.subject, second.filepath, second.extra, first.offset) == ("s", "a.wav", {"foo": 1}, 7.5)


def test_two_rows_of_a_timeline_spoil_each_others_cuts() -> None:
    assert lengths(sound(200.0), sound(200.0, start=20.0)) == [(0.0, 200.0), (20.0, 200.0)]
    assert len(lengths(sound(200.0), sound(200.0, start=20.0, timeline="other"))) == 6


def test_other_rows_stay_and_the_order_is_standardised() -> None:
    word, film = Event("Word", 70.0, 0.5, text="a"), Event("Video", 0.0, 120.0, filepath="v.mp4", frequency=25.0)
    cut = chunk_events(Events([word, film, sound(120.0)]), "Audio")
    assert [(row.type, row.start) for row in cut] == [("Video", 0), ("Audio", 0), ("Audio", 60), ("Word", 70)]


def test_timelines_of_cut_rows_alone_come_back_by_name_as_upstream_has_them() -> None:
    table = Events([sound(20.0, timeline="b"), sound(20.0, timeline="a")])
    assert chunk_events(table, "Audio").timelines() == ["a", "b"]
    assert chunk_events(table, "Video").timelines() == ["b", "a"]


@given(st.floats(0.1, 900), st.floats(-10, 50), st.sampled_from([0.0, 5.0, 30.0]), st.sampled_from([10.0, 60.0]))
def test_chunks_tile_the_row(duration: float, start: float, shortest: float, longest: float) -> None:
    chunks = lengths(sound(duration, start), max_duration=longest, min_duration=shortest)
    ends = [begin + length for begin, length in chunks]
    assert chunks[0][0] == start
    assert ends[-1] == pytest.approx(start + duration)
    assert all(end == pytest.approx(begin) for end, (begin, _) in zip(ends[:-1], chunks[1:], strict=True))
    assert len(chunks) == 1 or min(length for _, length in chunks) >= shortest - 1e-5


def test_what_cannot_be_cut_is_an_error() -> None:
    with pytest.raises(EventsError, match="no frequency"):
        lengths(sound(100.0, frequency=0.0))
    with pytest.raises(EventsError, match="empty"):
        lengths()
    with pytest.raises(ConfigError, match="only Audio and Video"):
        chunk_events(Events([sound(1.0)]), "Word")
    for options in ({"max_duration": 0.0}, {"min_duration": -1.0}, {"max_duration": float("inf")}):
        with pytest.raises(ConfigError, match="max_duration > 0"):
            lengths(sound(100.0), **options)
