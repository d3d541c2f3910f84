"""Events to a DataFrame and back, and what pandas reads from our tables."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tribe_np.errors import EventsError
from tribe_np.timeline.events import COLUMNS, Event, Events

pytestmark = pytest.mark.extras


@pytest.fixture
def pandas() -> Any:
    """Imported when a test runs, so that the file can be collected without it."""
    return import_module("pandas")


def test_a_dataframe_has_upstreams_columns_and_comes_back(pandas: Any) -> None:
    sound = Event("Audio", 0.0, 5.0, filepath="x.wav", frequency=16000.0)
    first = Event("Word", 1.0, 0.2, text="null", sentence_char=3, extra={"foo": 7.5})
    events = Events([first, sound, Event("Word", 2.0, 0.2, text="NA", modality="heard")])
    frame = events.to_dataframe()
    assert list(frame.columns) == [*COLUMNS, "foo"]
    assert frame.stop.tolist() == [1.2, 5.0, 2.2]
    assert pandas.isna(frame.frequency[0])
    assert pandas.isna(frame.text[1])
    assert Events.from_dataframe(frame) == events


def test_a_dataframe_with_gaps_gets_defaults(pandas: Any) -> None:
    frame = pandas.DataFrame(
        {"type": ["Word", "Word"], "start": [1, 2], "timeline": ["t", "t"], "text": ["a", "b"], "subject": [3, None],
         "duration": [None, 0.5], "sentence_char": [None, 4], "Index": [0, 1], "foo": [None, 2]}
    )  # fmt: skip
    first, second = Events.from_dataframe(frame)
    assert (first.duration, first.subject, first.sentence_char, dict(first.extra)) == (0.0, "3.0", None, {})
    assert (second.duration, second.subject, second.sentence_char, dict(second.extra)) == (0.5, "", 4, {"foo": 2.0})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": ["soon"]}, "row 0: start is 'soon', expected a number"),
        ({"start": [None]}, "row 0: start is missing"),
        ({"timeline": [None]}, "row 0: timeline is missing"),
        ({"type": [None]}, "row 0: type is missing"),
        ({"sentence_char": [0.5]}, "sentence_char is '0.5'"),
        ({"sequence_id": [float("inf")]}, "sequence_id is 'inf'"),
        ({"duration": [[1, 2]]}, "duration is"),
    ],
)
def test_a_bad_dataframe_is_named(pandas: Any, change: dict, message: str) -> None:
    frame = pandas.DataFrame({"type": ["Word"], "start": [1.0], "timeline": ["t"], "text": ["a"]} | change)
    with pytest.raises(EventsError, match=message):
        Events.from_dataframe(frame)


def test_a_dataframe_without_a_timeline_is_refused(pandas: Any) -> None:
    with pytest.raises(EventsError, match="column 'timeline' is missing"):
        Events.from_dataframe(pandas.DataFrame({"type": ["Word"], "start": [1.0]}))


def test_pandas_reads_the_same_cells(pandas: Any, tmp_path: Path) -> None:
    events = Events([Event("Word", 0.1, 0.2, text='a\t"b"\nc'), Event("Word", 1 / 3, text="null")])
    events.to_tsv(tmp_path / "events.tsv")
    frame = pandas.read_csv(tmp_path / "events.tsv", sep="\t", keep_default_na=False, na_values={"duration": [""]})
    assert frame.text.tolist() == ['a\t"b"\nc', "null"]
    assert frame.start.tolist() == [0.1, 1 / 3]
