"""The events table: immutable, ordered as upstream orders it, and strict about what it accepts."""

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import EventsError, MissingDependencyError
from tribe_np.timeline.events import Event, Events


def word(text: str, start: float, duration: float = 0.2, **fields: object) -> Event:
    return Event("Word", start, duration, text=text, **fields)


AUDIO = Event("Audio", 0.0, 5.0, filepath="x.wav", frequency=16000.0)


def test_an_event_has_the_contract_defaults_and_a_stop() -> None:
    event = Event("Word", 1.5, 0.25, text="a")
    assert (event.timeline, event.subject, event.frequency, event.sentence_char) == ("default", "default", 0.0, None)
    assert event.stop == 1.75
    assert Event("Word", 0.0, modality="").modality is None


def test_events_and_extras_cannot_be_changed() -> None:
    event = Event("Word", 1.0, text="a", extra={"foo": 7})
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.start = 2.0  # type: ignore[misc]
    for change in ("clear()", "update(foo=1)", "__setitem__('foo', 1)", "pop('foo')"):
        with pytest.raises(TypeError, match="immutable"):
            eval(f"extra.{change}", {"extra": event.extra})
    with pytest.raises(dataclasses.FrozenInstanceError):
        Events([event]).rows = ()  # type: ignore[misc]


def test_an_events_extra_is_a_copy() -> None:
    given_extra = {"foo": 7}
    event = Event("Word", 1.0, extra=given_extra)
    given_extra["foo"] = 8
    assert event.extra == {"foo": 7}


@pytest.mark.parametrize("name", ["start", "stop", "type", "index", ""])
def test_an_extra_may_not_have_the_name_of_a_column(name: str) -> None:
    with pytest.raises(EventsError, match="column of its own"):
        Event("Word", 1.0, extra={name: 1})


def test_events_hash_pickle_copy_and_serialise() -> None:
    events = Events([word("a", 1.0, extra={"foo": 7}), AUDIO])
    assert hash(events) == hash(Events(events.rows))
    assert pickle.loads(pickle.dumps(events)) == events
    assert copy.deepcopy(events) == events
    assert json.loads(json.dumps(dataclasses.asdict(events[0])))["extra"] == {"foo": 7}


def test_a_table_is_a_sequence() -> None:
    rows = [word("b", 2.0, timeline="t2"), AUDIO, word("a", 1.0)]
    events = Events(iter(rows))
    assert list(events) == rows
    assert len(events) == 3
    assert events[1] is AUDIO
    assert events[1:] == Events(rows[1:])
    assert events != Events(rows[::-1])
    assert events.timelines() == ["t2", "default"]
    assert events.on("default") == Events(rows[1:])
    assert events.of_type("Word", "Text") == Events([rows[0], rows[2]])
    assert repr(events) == "Events(3 rows: 2 Word, 1 Audio)"


def test_only_events_make_a_table() -> None:
    with pytest.raises(EventsError, match="from_dataframe"):
        Events([{"type": "Word"}])  # type: ignore[list-item]


def test_standardized_sorts_by_first_seen_timeline_start_and_longest_first() -> None:
    late, short, long, tie = word("b", 1.0, timeline="z"), word("a", 0.0), word("c", 0.0, 0.5), word("d", 0.0)
    assert Events([late, short, long, tie]).standardized() == Events([late, long, short, tie])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12))
def test_standardized_is_stable_and_idempotent(keys: list[tuple[str, int, int]]) -> None:
    rows = [word(str(i), start, length, timeline=name) for i, (name, start, length) in enumerate(keys)]
    once = Events(rows).standardized()
    assert once.standardized() == once
    ties: dict[tuple[str, float, float], list[int]] = {}
    for row in once:
        ties.setdefault((row.timeline, row.start, row.duration), []).append(int(row.text))
    assert all(group == sorted(group) for group in ties.values())


@given(st.integers(0, 2**32), st.integers(0, 8))
def test_a_table_fed_in_parts_is_the_table(seed: int, cut: int) -> None:
    rows = [word(str(i), (seed >> i) % 4, timeline="ab"[(seed >> i) % 2]) for i in range(8)]
    whole = Events(rows).standardized()
    assert Events([*Events(rows[:cut]), *Events(rows[cut:])]).standardized() == whole


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Event("", 0.0), r"row 1 .*no type"),
        (Event("word", 0.0, text="a"), "must be written 'Word'"),
        (word("a", float("nan")), r"row 1 \(Word 'a'\): start is nan"),
        (word("a", 0.0, float("nan")), "duration is nan"),
        (word("a", float("inf")), "start is inf"),
        (word("a", 0.0, -0.5), "duration is -0.5, must not be negative"),
        (dataclasses.replace(AUDIO, offset=-1.0), "offset is -1.0"),
        (word("a", 0.0, timeline=""), "no timeline"),
        (word("", 0.0), "no text"),
        (Event("Video", 0.0, 3.0), "no filepath"),
    ],
)
def test_standardized_names_the_row_that_cannot_be_used(row: Event, message: str) -> None:
    with pytest.raises(EventsError, match=message):
        Events([AUDIO, row]).standardized()


def test_an_empty_table_is_refused_and_an_unknown_type_passes() -> None:
    with pytest.raises(EventsError, match="empty"):
        Events().standardized()
    assert len(Events([AUDIO, Event("Smell", 2.0)]).standardized()) == 2
    assert Events([word("a", -1e-6)]).standardized()[0].start == -1e-6


def test_pandas_is_asked_for_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="pandas"):
        Events([AUDIO]).to_dataframe()
