"""Words in boxes: never wider, never more lines than there is room, and what is left out is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.plots.figures.timesteps.timesteps_words import LEADING, SIZES, fitted_words, word_lines

LETTER = 0.6  # of the size, of each letter: a typewriter's


def measure(text: str) -> float:
    return LETTER * len(text)


@given(
    words=st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30), max_size=40),
    width=st.floats(20, 200),
    height=st.floats(6, 60),
)
def test_no_line_is_wider_or_lower_than_the_box_and_every_word_is_there_or_counted(
    words: list[str], width: float, height: float
) -> None:
    fitted = fitted_words(words, width, height, measure)
    assert all(measure(line) * fitted.size <= width + 1e-6 for line in fitted.lines)
    assert len(fitted.lines) <= max(1, height / (fitted.size * LEADING))
    assert 0 <= fitted.n_left_out <= len(words)
    if not fitted.n_left_out:
        assert "".join("".join(fitted.lines).split()) == "".join(words)
    else:
        assert fitted.lines[-1].endswith(f"+{fitted.n_left_out}")
        assert fitted.size == SIZES[-1]


def test_few_words_are_large_many_small_and_more_are_counted() -> None:
    assert fitted_words(["Good", "evening,"], 60, 22, measure).lines == ("Good evening,",)
    assert fitted_words(["Good", "evening,"], 60, 22, measure).size == SIZES[0]
    assert (
        fitted_words(["the", "wind", "turns", "and", "the", "bells", "ring", "eight"], 50, 22, measure).size < SIZES[0]
    )
    many = fitted_words(["word"] * 5000, 50, 22, measure)
    assert 4900 < many.n_left_out < 5000
    assert many.lines[-1] == f"word word +{many.n_left_out}"
    assert fitted_words([], 50, 22, measure).lines == ()
    assert fitted_words(["", "  "], 50, 22, measure).lines == ()


def test_words_keep_their_letters_and_what_a_terminal_obeys_is_spelled_out() -> None:
    assert fitted_words(["<b>x</b>", "$y$"], 200, 22, measure).lines == ("<b>x</b> $y$",)
    assert fitted_words(["a\nb", "\x1b[31m"], 200, 22, measure).lines == ("a b \\x1b[31m",)
    (line,) = fitted_words(["x" * 500], 4000, 22, measure).lines
    assert len(line) <= 60


def test_chinese_and_japanese_stand_without_spaces_and_long_words_are_broken() -> None:
    assert fitted_words(["日本", "語", "x", "は"], 200, 22, measure).lines == ("日本語 x は",)
    assert [line.text for line in word_lines(["abcdefgh"], 2.4, measure)] == ["abcd", "efgh"]
    assert [len(line.ends) for line in word_lines(["abcdefgh", "i"], 2.4, measure)] == [0, 1, 1]
    many = fitted_words(["日本", "語", "は"] * 20, 20, 7, measure)
    assert many.lines == ("日本語 +58",)


@pytest.mark.parametrize("n_words", [1, 3, 10, 100])
def test_what_is_left_out_and_what_is_there_add_up(n_words: int) -> None:
    fitted = fitted_words([f"w{k}" for k in range(n_words)], 30, 12, measure)
    shown = " ".join(fitted.lines).split(" +")[0].split()
    assert len(shown) + fitted.n_left_out == n_words
