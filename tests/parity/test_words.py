"""Words against the real Levenshtein library, neuralset and spaCy."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(10))
def test_alignment_and_contexts_are_the_real_ones(seed: int) -> None:
    from tools.reference import words

    failing = [row for row in words.compare(seed) if not row.passes()]
    assert not failing, failing


def test_the_builtin_analyser_gives_the_contexts_of_spacy() -> None:
    from tools.reference import words

    report = words.measure(n_texts=40)
    assert report["plain"]["identical_contexts_percent"] >= 98, report
    assert report["hard"]["identical_contexts_percent"] >= 93, report


def test_the_spacy_adapter_cuts_as_spacy_does() -> None:
    from tools.reference import words

    found = words.spacy_analyser().analyse("I can't. Go on! Mr. X left")
    assert [sentence.text for sentence in found] == ["I can't. ", "Go on! ", "Mr. X left"]
    assert [sentence.bare for sentence in found] == ["I can't.", "Go on!", "Mr. X left"]
    assert found[0].tokens == (("I", 0), ("ca", 2), ("n't", 4), (".", 7))
