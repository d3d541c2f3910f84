"""A text without times set to what a recogniser heard."""

from pathlib import Path

import pytest

from tribe_np.errors import EventsError
from tribe_np.media.speech.known_text import SMALLEST_SHARE, Aligned, align_text, read_known_text
from tribe_np.media.transcripts.transcript import Transcript, Word

PATH = Path("text.txt")


def heard(text: str, language: str = "en", step: float = 1.0) -> Transcript:
    """One word a second, half a second long."""
    words = text.split()
    return Transcript(tuple(Word(w, k * step, k * step + 0.5) for k, w in enumerate(words)), language, "whisper of x")


def aligned(text: str, words: Transcript) -> Aligned:
    return align_text(text, words, PATH, 60.0)


def times(result: Aligned) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.stop) for word in result.transcript.words]


def test_the_text_stays_as_it_is_written_and_takes_the_times() -> None:
    result = aligned("It’s ÉTÉ.\n\nWell-known, at 10:45!", heard("its Ete well-known at 10.45"))
    assert times(result) == [
        ("It’s", 0.0, 0.5), ("ÉTÉ.", 1.0, 1.5), ("Well-known,", 2.0, 2.5), ("at", 3.0, 3.5), ("10:45!", 4.0, 4.5),
    ]  # fmt: skip
    assert (result.n_words, result.n_found, result.n_left_out) == (5, 5, 0)
    assert [(word.sequence_id, word.sentence) for word in result.transcript.words][1:3] == [
        (0, "It’s ÉTÉ."), (1, "Well-known, at 10:45!"),
    ]  # fmt: skip
    assert result.transcript.language == "en"


def test_words_heard_otherwise_take_the_time_of_what_was_heard_in_their_place() -> None:
    result = aligned("We paid three dollars fifty for the old painting", heard("We paid $3.50 for the old painting"))
    assert times(result)[1:6] == [  # half a second for 5, 7 and 5 letters
        ("paid", 1.0, 1.5), ("three", 2.0, 2.147), ("dollars", 2.147, 2.353), ("fifty", 2.353, 2.5), ("for", 3.0, 3.5),
    ]  # fmt: skip
    assert result.n_found == 6


def test_words_that_were_not_heard_lie_between_their_neighbours() -> None:
    result = aligned("one two three missing four five six seven", heard("one two three four five six seven"))
    assert times(result)[3] == ("missing", 2.5, 3.0)
    assert (result.n_words - result.n_found, result.n_left_out) == (1, 0)


def test_the_ends_of_a_text_that_were_not_heard_take_the_time_that_they_take_to_say() -> None:
    words = Transcript(tuple(Word("abcde", k + 10.0, k + 10.5) for k in range(4)), "en")  # 0.1 s a letter
    result = align_text("begin abcde abcde abcde abcde the end", words, PATH, 60.0)
    assert times(result)[0] == ("begin", 9.5, 10.0)
    assert times(result)[-2:] == [("the", 13.5, 13.8), ("end", 13.8, 14.1)]
    result = align_text("begin abcde abcde abcde abcde the end", words, PATH, 13.6)
    assert times(result)[-1] == ("end", 13.55, 13.6)


def test_words_that_the_text_does_not_have_are_left_out_and_counted() -> None:
    result = aligned("one two three four five", heard("well one two um er three four five bye"))
    assert [text for text, *_ in times(result)] == ["one", "two", "three", "four", "five"]
    assert result.n_left_out == 4


def test_a_text_that_does_not_fit_says_the_share() -> None:
    other = heard("the ships of the old harbour left at dawn and nobody on the quay was there to see them go")
    text = "In the chapter that follows we describe the method of analysis and the data that it was used on."
    with pytest.raises(EventsError, match=r"text\.txt: the text does not match the sound: \d+% of it was heard"):
        aligned(text, other)
    with pytest.raises(EventsError, match="0% of it was heard"):
        aligned(text, Transcript((), "", "silence"))
    assert 0.2 < SMALLEST_SHARE < 0.5  # docs/words.md: at most 8 % of a wrong text, at least 69 % of the right one


def test_signs_are_words_and_dashes_are_not() -> None:
    result = aligned("salt & pepper — and more salt", heard("salt and pepper and more salt"))
    assert [text for text, *_ in times(result)] == ["salt", "&", "pepper", "and", "more", "salt"]


def test_text_without_spaces_is_timed_by_characters() -> None:
    words = Transcript(tuple(Word(c, float(k), k + 0.5) for k, c in enumerate("今天天气很好")), "zh")
    result = aligned("今天,天气很好。", words)
    assert [text for text, *_ in times(result)] == ["今", "天,", "天", "气", "很", "好。"]
    assert result.n_found == 6
    words = Transcript(tuple(Word(c, float(k), k + 0.5) for k, c in enumerate(["我", "有", "iPhone", "吗"])), "zh")
    assert [text for text, *_ in times(aligned("我有iPhone吗？", words))] == ["我", "有", "iPhone", "吗？"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "contains no words"), (b" -- \n...", "contains no words"), (b"\xe9t\xe9", "line 1 is not UTF-8")],
)
def test_texts_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(EventsError, match=message):
        read_known_text(path)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="the text for --align cannot be read"):
        read_known_text(tmp_path / "none.txt")
    with pytest.raises(EventsError, match="--align takes a text of at most 16 MB"):
        read_known_text(Path("/dev/zero"))
    with pytest.raises(EventsError, match="cannot be read"):
        read_known_text(tmp_path)
