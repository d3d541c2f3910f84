"""The tab-separated form: lossless, whole or not at all, and closed to hostile files."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tribe_np.errors import EventsError, OutputError, TribeError
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.table import read_table, write_table

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
extras = st.dictionaries(
    st.text("abcxyz", min_size=3, max_size=5),
    st.one_of(texts, st.booleans(), numbers, st.integers(), st.sampled_from(["7", "1e999", "null", '"', "true", "[1"])),
    max_size=2,
)
maybe = st.none() | st.integers(0, 10**6)
rows = st.builds(
    Event, type=texts.filter(bool), start=numbers, duration=numbers, timeline=texts.filter(bool), subject=texts,
    filepath=texts, frequency=numbers, offset=numbers, text=texts, language=texts, context=texts, sentence=texts,
    sentence_char=maybe, text_char=maybe, sequence_id=maybe, modality=st.none() | texts, extra=extras,
)  # fmt: skip


@given(st.lists(rows, max_size=4))
@example([Event("Word", 0.1, text=text) for text in ("null", "NA", "nan", "\ta", '"', "a\rb\n", "\ufeff", " ", "\x00")])
@example([Event("Word", 0.0, text='say ""', extra={"abc": ""}), Event("Audio", 1e-300, -0.0, filepath="5\u2028")])
def test_writing_then_reading_is_the_identity(tmp_path_factory: pytest.TempPathFactory, written: list[Event]) -> None:
    path = tmp_path_factory.getbasetemp() / "events.tsv"
    Events(written).to_tsv(path)
    assert Events.from_tsv(path) == Events(written)


def test_upstreams_columns_in_any_order_are_read(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_bytes(
        b"\xef\xbb\xbftimeline\ttext\tstart\ttype\tduration\tsentence_char\tstop\tfoo\r\n"
        b't\tnull\t1\tWord\tnull\t3.0\t99\t7\r\n\r\nt\t5"\t2.5\tWord\tNaN\t\t\t\r\n'
    )
    first, second = Events.from_tsv(path)
    assert (first.text, first.start, first.duration, first.sentence_char, first.subject) == ("null", 1.0, 0.0, 3, "")
    assert dict(first.extra) == {"foo": 7}
    assert (second.text, second.sentence_char, dict(second.extra)) == ('5"', None, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"type\tstart\n", "column 'timeline' is missing"),
        (b"type\tstart\ttimeline\ttype\n", "'type' appears more than once"),
        (b"type\tstart\ttimeline\nWord\t1\n", "line 2: 2 cells, expected 3"),
        (b'type\tstart\ttimeline\nWord\t1\t"a\nb"\nWord\tx\tt\n', "line 4: start is 'x', expected a number"),
        (b"type\tstart\ttimeline\nWord\t\tt\n", "line 2: start is missing"),
        (b'type\tstart\ttimeline\nWord\t1\t"t\n', "line 2: a cell starts with"),
        (b'type\tstart\ttimeline\nWord\t1\t"t"x\n', "line 2: a cell starts with"),
        (b"type\tstart\ttimeline\nWord\t1\t\xff\n", "not UTF-8"),
        (b"type\tstart\ttimeline\tsentence_char\nWord\t1\tt\t1e400\n", "sentence_char"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)
    with pytest.raises(EventsError, match=message) as caught:
        Events.from_tsv(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(EventsError, match="cannot be read"):
            Events.from_tsv(path)


def test_a_text_longer_than_csv_allows_is_read(tmp_path: Path) -> None:
    events = Events([Event("Text", 0.0, 9.0, text='"word", ' * 100_000)])
    events.to_tsv(tmp_path / "long.tsv")
    assert Events.from_tsv(tmp_path / "long.tsv") == events


def test_the_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.tsv"
    Events([Event("Word", 0.0, text="old")]).to_tsv(path)
    before = path.read_bytes()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        Events([Event("Word", 0.0, text="new")]).to_tsv(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["events.tsv"]


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        Events([Event("Word", 0.0, text="a")]).to_tsv(tmp_path / "no" / "events.tsv")
    with pytest.raises(EventsError, match="surrogate"):
        Events([Event("Word", 0.0, text="\ud800")]).to_tsv(tmp_path / "events.tsv")
    with pytest.raises(EventsError, match="row 0: an extra value cannot be written to a table: list"):
        Events([Event("Word", 0.0, text="a", extra={"foo": [1]})]).to_tsv(tmp_path / "events.tsv")
    assert os.listdir(tmp_path) == []


def test_missing_extras_are_left_out(tmp_path: Path) -> None:
    Events([Event("Word", 0.0, text="a", extra={"foo": None, "bar": float("nan")})]).to_tsv(tmp_path / "e.tsv")
    assert dict(Events.from_tsv(tmp_path / "e.tsv")[0].extra) == {}


def small_file(folder: Path) -> bytes:
    path = folder / "small.tsv"
    rows = [Event("Word", 0.25, 0.5, text='a "b"\tc', sentence_char=3, extra={"foo": 1.5, "bar": "7"})]
    Events([*rows, Event("Audio", 0.0, 5.0, filepath="é.wav", frequency=16000.0)]).to_tsv(path)
    return path.read_bytes()


def read_bytes(folder: Path, content: bytes) -> None:
    """Only a TribeError may escape."""
    path = folder / "fuzzed.tsv"
    path.write_bytes(content)
    message = ""
    try:
        Events.from_tsv(path).standardized()
    except TribeError as error:
        message = str(error)
    assert "\n" not in message


def test_a_file_cut_at_every_byte_is_read_or_refused(tmp_path: Path) -> None:
    content = small_file(tmp_path)
    for size in range(len(content)):
        read_bytes(tmp_path, content[:size])


def test_a_file_with_any_byte_changed_is_read_or_refused(tmp_path: Path) -> None:
    content = small_file(tmp_path)
    for place in range(len(content)):
        for value in (0, 9, 10, 34, 0x80, content[place] ^ 1):
            read_bytes(tmp_path, content[:place] + bytes([value]) + content[place + 1 :])


@given(st.binary(max_size=60))
@example(b'"a\nb"\t1\tt\t\t\n"a\nb"\t-inf\tt\t\t')
def test_random_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    read_bytes(tmp_path_factory.getbasetemp(), b"type\tstart\ttimeline\tsequence_id\tfoo\n" + content)


def test_deep_nesting_and_huge_numbers_stay_text(tmp_path: Path) -> None:
    cells = ["[" * 100_000, '{"a":' * 10_000, "9" * 10_000]
    write_table(tmp_path / "e.tsv", ["type", "start", "timeline", "a", "b", "c"], [["Word", "1", "t", *cells]])
    assert list(Events.from_tsv(tmp_path / "e.tsv")[0].extra.values()) == cells
    assert read_table(tmp_path / "e.tsv")[1][0][0] == 2
