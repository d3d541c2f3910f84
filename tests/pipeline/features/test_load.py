"""What a run gives each model, for people and for the estimates."""

from pathlib import Path
from typing import Any

import pytest

from extractors.catalogue import RECORDS, ModelRecord, record_of
from extractors.common.costs import Load
from extractors.common.layer_groups import LayerSelection
from tribe_np.pipeline.config import ExtractorConfig
from tribe_np.pipeline.features.modality import Modality
from tribe_np.pipeline.features.source import READERS
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events

EVENTS = Events([
    Event("Word", 0.0, 0.5, text="a", context="a"), Event("Word", 0.5, 0.5, text="b", context="a b"),
    Event("Audio", 0.0, 30.0, filepath="x"), Event("Audio", 30.0, 12.5, filepath="x"),
    Event("Video", 0.0, 40.0, filepath="x"),
])  # fmt: skip
EXPECTED = {
    "words": (Load(n_words=2, n_words_at_once=2), "2 words"),
    "sound": (Load(seconds=42.5, chunk_seconds=30.0), "42.5 s of sound"),
    "film": (Load(seconds=40.0, n_clips=80, n_video_frames=64), "80 clips of film"),
    "pictures": (Load(seconds=40.0, n_clips=80), "80 pictures of film"),
}


def part(record: ModelRecord, **options: Any) -> Modality:
    """A modality without a model's folder: a load is told from settings and events alone."""
    config = ExtractorConfig(
        record.modality, "x", LayerSelection((0.5, 1.0)), frequency=2.0, aggregation="sum", batch_size=3,
        clip_duration=4.0, n_video_frames=64, allow_missing=True,
    )  # fmt: skip
    return READERS[record.reads](
        record, config, Path("none"), PipelineConfig.from_dict(options), Runtime(), FeatureCache(None), RunRecord(),
        Silent(), str,
    )  # fmt: skip


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.modality)
def test_each_kind_of_input(record: ModelRecord) -> None:
    load, text = EXPECTED[record.reads]
    assert part(record).workload(EVENTS) == load
    assert part(record).amount(load) == text


def test_options_that_change_it() -> None:
    text, video = record_of("text"), record_of("video")
    assert part(text, context="anchored", context_stride=8).workload(EVENTS).stride == 8
    padded = part(text, compat="upstream").workload(EVENTS)  # batches of 3 whole contexts of up to 2 words
    assert (padded.is_padded, padded.n_words_at_once) == (True, 6)
    assert part(video, n_video_frames=16).workload(EVENTS).n_video_frames == 16
    assert part(video, video_stride=4).workload(EVENTS).n_clips < 80
