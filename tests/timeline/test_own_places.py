"""Places of words that were cut out of the text itself."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tribe_np.timeline.matching import match_words
from tribe_np.timeline.own_places import with_own_places, word_places
from tribe_np.timeline.sentences import BuiltinAnalyser


def test_case_and_periods_do_not_hide_a_word() -> None:
    text = "Ssa is .5 i\u0307. What"
    assert [text[a:b] for a, b in word_places(text, ["ßa", "IS", ".5", "İ.", "...", "What."])] == [
        "Ssa",
        "is",
        ".5",
        "i\u0307.",
        "",
        "What",
    ]


def test_a_place_that_was_matched_stays() -> None:
    sentences = BuiltinAnalyser("en").analyse("He said (hello) there. Who")
    words = ["He", "said", "(hello)", "there", "Who"]
    matches = match_words(sentences, words)
    assert with_own_places(sentences, words, matches) == matches


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=6), min_size=1, max_size=20
    )
)
def test_every_word_has_a_place_in_order(words: list[str]) -> None:
    text = " ".join(words)
    places = word_places(text, words)
    assert [text[start:stop] for start, stop in places if stop > start] == [
        w for w in words if w.strip(".") or w in text
    ]
    assert all(first[1] <= second[0] for first, second in pairwise(places))
