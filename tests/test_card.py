"""What large objects show of themselves: a few lines, whatever they hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors.dinov2.random import write_random as dinov2
from extractors.llama.random import write_random as llama
from extractors.vjepa2.random import write_random as vjepa2
from extractors.wav2vec_bert.random import write_random as wav2vec_bert
from tribe_np.card import Card
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import write_random as fmri
from tribe_np.oracle import Recording
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import Segment


def test_text_and_table() -> None:
    class Thing(Card):
        def facts(self) -> dict[str, object]:
            return {"width": 3, "absent": None, "long": "x" * 500, "odd": "<b>\n2"}

    assert repr(Thing()).splitlines()[:2] == ["Thing", "  width: 3"]
    assert "absent" not in repr(Thing())
    assert max(map(len, repr(Thing()).splitlines())) < 140
    assert "&lt;b&gt; 2" in Thing()._repr_html_()


def test_a_class_without_facts_cannot_be_made() -> None:
    class Thing(Card):
        pass

    with pytest.raises(TypeError, match="facts"):
        Thing()  # type: ignore[abstract]


def test_models_are_a_few_lines(tmp_path: Path) -> None:
    from extractors import DinoV2Model, LlamaModel, VJepa2Model, Wav2VecBertModel

    made: list[Any] = []
    for write, kind in (
        (llama, LlamaModel),
        (wav2vec_bert, Wav2VecBertModel),
        (vjepa2, VJepa2Model),
        (dinov2, DinoV2Model),
    ):
        write(tmp_path / kind.__name__, seed=0)
        made.append(kind.from_pretrained(tmp_path / kind.__name__))
    fmri(tmp_path / "encoder", seed=0, feature_dims={"audio": (2, 5)}, n_outputs=1000, n_output_timesteps=4)
    made.append(FmriEncoder.from_pretrained(tmp_path / "encoder"))
    for model in made:
        shown = repr(model)
        assert shown.startswith(type(model).__name__)
        assert len(shown) < 500
        assert "float32" in shown
        assert "<table>" in model._repr_html_()
    assert "audio 2 x 5" in repr(made[-1])


def test_recordings_show_their_first_and_last_names() -> None:
    recording = Recording({f"llama.layers.{i}.output": np.zeros((1, 20, 8), np.float32) for i in range(1000)})
    shown = repr(recording)
    assert "1000, 0.6 MB" in shown
    assert "llama.layers.0.output: (1, 20, 8) float32" in shown
    assert "llama.layers.999.output" in shown
    assert "992 more" in shown
    assert len(shown) < 700
    assert "llama.layers.1.output" in repr(Recording({"llama.layers.1.output": np.zeros(3)}))


def test_events_and_segments_never_print_a_context() -> None:
    word = Event("Word", 1.5, 0.25, text="hello", context="word " * 1024)
    assert len(repr(word)) < 200
    assert repr(word).startswith("Event(type='Word', start=1.5, duration=0.25, text='hello'")
    table = Events([word] * 30)
    assert repr(table) == "Events(30 rows: 30 Word)"
    html = table._repr_html_()
    assert "20 more" in html
    assert len(html) < 5000
    assert repr(Segment(2.0, 1.0, "film", (word, word))) == "Segment(2 to 3 s of 'film': 2 Word)"
    assert "<td style='text-align: left'>2 Word</td>" in Segment(2.0, 1.0, "film", (word, word))._repr_html_()
    assert repr(Segment(2.0, 1.0, "film")) == "Segment(2 to 3 s of 'film': no events)"


def test_a_segment_made_by_hand_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="knows only its own events"):
        Segment(2.0, 1.0, "film").copy(1.0)
