"""The tool that measures anchored contexts: whose words they are, and that more context makes more difference."""

import json
from pathlib import Path

import pytest

from tools import anchored
from tribe_np.timeline.contexts import add_sentences, add_text
from tribe_np.timeline.sentences import analyser


def test_the_words_are_those_of_one_anchor() -> None:
    using = analyser("builtin", "english")
    events = add_sentences(add_text(anchored.spoken(60, seed=1), analyser=using), analyser=using)
    exact, near = (anchored.pick_words(events, max_context_len=40, stride=n, every=1) for n in (1, 20))
    assert [word.start for word in exact] == [word.start for word in near]
    assert exact[0] == near[0]
    more = [len(b.context.split()) - len(a.context.split()) for a, b in zip(exact, near, strict=True)]
    assert more == list(range(20))


@pytest.mark.extras
def test_the_figures_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "figures.json"
    sizes = ["--context", "40", "--stride", "32", "--every", "1", "--layers", "2", "--width", "64"]
    anchored.main([*sizes, "--json", str(report)])
    out = capsys.readouterr().out
    assert out.startswith("random weights, 2 layers of width 64, contexts of 40 words")
    assert out.count(" | 8 | ") == anchored.PARTS
    figures = json.loads(report.read_text())
    assert all(0 < part["rms"] < 1 for part in figures)
    assert figures[0]["rms"] < figures[-1]["rms"]
