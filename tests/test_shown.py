"""What files say is shown in one line of bounded length, and nothing of it reaches a terminal as a command."""

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import CheckpointError, MediaError
from tribe_np.pipeline.progress import Lines
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.shown import LONGEST, quoted, shown

ESCAPES = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e\ud800\x7f"


@given(st.text(st.characters(), max_size=60))
def test_only_printable_characters_are_left(text: str) -> None:
    assert shown(text).isprintable()


def test_ordinary_text_of_any_language_stays_as_it_is() -> None:
    for text in ("models/écoute 日本語.mp4: no such file", "a\\b  c", ""):
        assert shown(text) == text
    assert shown("first line\r\n    second\tline") == "first line second\\tline"
    assert shown(ESCAPES) == r"\x1b]0;title\x07\x1b[2J\x9b31m\u202e\ud800\x7f"


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    cut = shown(f"model.bin: {'x' * 10**6}; give another")
    assert len(cut) == LONGEST
    assert cut.startswith("model.bin: xxx")
    assert cut.endswith("xxx; give another")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "3"),
        ("a\x1bb", r"'a\x1bb'"),
        (16**9000, "a whole number of some 10838 digits"),
        ([16**9000], "[a whole number of some 10838 digits]"),
        ([[[[[1]]]]], "[[[[...]]]]"),
        ({"a": [1] * 10}, "{'a': [1, 1, 1, 1, 1, 1, ...]}"),
    ],
    ids=range(6),
)
def test_a_value_is_quoted_in_few_characters(value: object, said: str) -> None:
    assert quoted(value) == said


def test_a_large_value_is_quoted_at_once() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested, nested]
    start = time.process_time()
    for value in (nested, "x" * 10**7, [0] * 10**6, {i: [i] for i in range(10**5)}, b"x" * 10**7):
        assert len(quoted(value)) < 70
    assert time.process_time() - start < 10


def test_errors_warnings_and_notes_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in (CheckpointError, MediaError):
        assert str(kind(f"{ESCAPES}{'x' * 9999}")).isprintable()
        assert len(str(kind(f"{ESCAPES}{'x' * 9999}"))) == LONGEST
    record = RunRecord()
    record.warn(f"odd {ESCAPES}")
    record.warn(f"odd {ESCAPES}")
    assert len(record.warnings) == 1
    assert record.warnings[0].isprintable()
    Lines(sys.stderr).note(f"odd {ESCAPES}")
    assert capsys.readouterr().err.removesuffix("\n").isprintable()
