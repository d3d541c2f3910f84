"""What a run gives each model, for people and for the estimates."""

from types import SimpleNamespace
from typing import Any

import pytest

from extractors.catalogue import RECORDS, modalities
from extractors.common.costs import Load
from tribe_np.pipeline.costs.load import amount, load_of
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.timeline.events import Event, Events

EVENTS = Events([
    Event("Word", 0.0, 0.5, text="a", context="a"), Event("Word", 0.5, 0.5, text="b", context="a b"),
    Event("Audio", 0.0, 30.0, filepath="x"), Event("Audio", 30.0, 12.5, filepath="x"),
    Event("Video", 0.0, 40.0, filepath="x"),
])  # fmt: skip


def source(**options: Any) -> Any:
    """What a load is told from."""
    config = SimpleNamespace(batch_size=3, n_video_frames=64)
    extractors = dict.fromkeys(modalities(), config)
    return SimpleNamespace(
        data=SimpleNamespace(extractors=extractors), options=PipelineConfig.from_dict(options),
        n_clips=lambda modality, events: 80, of=lambda modality: SimpleNamespace(n_model_runs=lambda events: 80),
    )  # fmt: skip


EXPECTED = {
    "words": (Load(n_words=2, n_words_at_once=2), "2 words"),
    "sound": (Load(seconds=42.5, chunk_seconds=30.0), "42.5 s of sound"),
    "film": (Load(seconds=40.0, n_clips=80, n_video_frames=64), "80 clips of film"),
    "pictures": (Load(seconds=40.0, n_clips=80, n_video_frames=64), "80 pictures of film"),
}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.modality)
def test_each_kind_of_input(record: Any) -> None:
    load, text = EXPECTED[record.reads]
    assert load_of(source(), record.modality, EVENTS) == load
    assert amount(record.modality, load) == text


def test_options_that_change_it() -> None:
    anchored = source(context="anchored", context_stride=8)
    assert load_of(anchored, "text", EVENTS).stride == 8
    padded = load_of(source(compat="upstream"), "text", EVENTS)  # batches of 3 whole contexts of up to 2 words
    assert (padded.is_padded, padded.n_words_at_once) == (True, 6)
    assert load_of(source(n_video_frames=16), "video", EVENTS).n_video_frames == 16
