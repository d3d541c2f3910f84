"""What nobody says is left out, and what somebody says never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.media.transcripts.non_speech import NonSpeech, only_speech
from tribe_np.media.transcripts.transcript import Transcript, Word


def said(text: str, *, all_capitals: bool = False) -> str:
    (left,) = NonSpeech(all_capitals).cut([text])
    return " | ".join(" ".join(line.split()) for line in left.split("\n"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("♪ Over the hills ♪", "Over the hills"), ("♪♪", ""), ("# la la #", "la la"), ("🎵Hey🎶", "Hey"),
        ("[door slams]", ""), ("[DOOR\nSLAMS] Hey", "| Hey"), ("Well [sighs] yes", "Well yes"),
        ("(laughs) Yes", "Yes"), ("(laughs) yes", "yes"), ("Yes. (He sits down)", "Yes."), ("(applause)", ""),
        ("He (coughs) said", "He said"),
        ("（笑）", ""), ("<laughs> ok", "ok"), ("<unk>", ""), ("- Who?\n- Nobody.", "Who? | Nobody."),
        ("–Who?", "Who?"),
        (">> ANN: Hello", "Hello"), ("MAN: Hello", "Hello"), ("JOHN SMITH (V.O.): Hi", "Hi"),
        ("Narrator: Once", "Once"),
        ("Speaker 1: so", "so"), ("SPEAKER_00: so", "so"), ("- (laughs) Yes", "Yes"), ("[ANN]: Hello", "Hello"),
        ("a — b", "a b"), ("... so", "so"), ("*", ""), ("Qui est là ?", "Qui est là?"), ("Moi !\n?", "Moi! |"),
    ],
)  # fmt: skip
def test_left_out(text: str, left: str) -> None:
    assert said(text).strip() == left


@pytest.mark.parametrize(
    "text",
    [
        "the price (about three euros) rose", "the agency (NASA) said", "(Mostly) harmless", "-5 degrees", "2 + 2 = 4",
        "(Whatever happens, I will be there.)", "[I love you all.]", "Remember: go", "CHAPTER 1: The boy",
        "It is 10:30",
        "A & B at 5 % of $3", "if x <3 and y> 2", "B♭ minor", "SP is a letter pair", "human (rights) law", "1984",
        "foo(bar)",
        "the machine (noise and all) ran", "I was-- no", "well-known", "你好：世界", "Ü", "don't", "x <y and z> w or v",
    ],
)  # fmt: skip
def test_kept(text: str) -> None:
    assert said(text) == text


def test_captions_all_in_capitals_need_a_mark_before_a_name() -> None:
    assert said("REMEMBER: GO HOME", all_capitals=True) == "REMEMBER: GO HOME"
    assert said(">> ANN: GO HOME", all_capitals=True) == "GO HOME"


def test_pieces_keep_their_places_and_the_count_names_examples() -> None:
    found = NonSpeech()
    assert found.cut(["[door ", "slams] Hey ", "♪"]) == ["", " Hey ", ""]
    (note,) = found.notes()
    assert (note.kind, note.count) == ("non_speech", 2)
    assert (
        "2 marks and descriptions that nobody says are left out ('[door slams]', '♪'); --keep-non-speech" in note.text
    )
    assert NonSpeech().notes() == ()


def test_single_words_go_whole_or_stay_as_they_are() -> None:
    texts = ["-Hello", "[door", "slams]", "(laughs)", "Bonjour", "!", "—", "MAN:", "you", "♪la"]
    words = [Word(text, float(n), n + 1.0) for n, text in enumerate(texts)]
    left = only_speech(Transcript(tuple(words)))
    assert [word.text for word in left.words] == ["-Hello", "Bonjour!", "MAN:", "you", "♪la"]
    assert [word.start for word in left.words] == [0.0, 4.0, 7.0, 8.0, 9.0]
    assert left.notes[0].count == 3


@given(st.text("ab1 .-[](){}<>♪:#\n?MAN&", max_size=60))
def test_nothing_is_said_twice_or_made_up(text: str) -> None:
    (left,) = NonSpeech().cut([text])
    rest = iter(text)
    assert all(character in rest for character in left)  # in the same order
    assert left.count("\n") == text.count("\n")
    halves = NonSpeech().cut([text[: len(text) // 2], text[len(text) // 2 :]])
    assert "".join(halves) == left
