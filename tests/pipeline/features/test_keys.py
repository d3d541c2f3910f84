"""Keys of cache entries, as recorded before the code was last moved: an entry made then is found now."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from extractors.catalogue import record_of
from extractors.common.layer_groups import LayerSelection
from tribe_np.pipeline.config import ExtractorConfig
from tribe_np.pipeline.features import pictures
from tribe_np.pipeline.features.modality import Piece
from tribe_np.pipeline.features.source import READERS
from tribe_np.pipeline.options import Compat, PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event

OPTIONS: Mapping[str, tuple[PipelineConfig, str]] = {
    "plain": (PipelineConfig(), "float32"),
    "upstream": (PipelineConfig(compat=Compat.named("upstream")), "float32"),
    "neuralset-0.4": (PipelineConfig(compat=Compat.named("neuralset-0.4")), "float32"),
    "stride": (
        PipelineConfig(video_stride=2, n_video_frames=8, video_final_norm=False, sentences="spacy:x"),
        "float64",
    ),
}
KEYS = """
plain text 900acb69f4ed2ec857f5db00860a80b7c8ebd420
plain audio 12f456a6a274b3f20528d183c4a326eef6d25468
plain video b0fa0cdba9b61176c138cc915d0370196a497b32
plain image ec95a30baeebfd9ad8727464cfed35d79cceedb3
upstream text 98374e4b000726931cbb5b6465add28bdb643376
upstream audio 179fde0e8671cb89bcb984abb2580d7d09ec0010
upstream video c5c86b705de53dc9205fa9add957f2ec050c0cc2
upstream image 73580d2b7069ca396a7d93ceb5983b32c109a623
neuralset-0.4 text 900acb69f4ed2ec857f5db00860a80b7c8ebd420
neuralset-0.4 audio 179fde0e8671cb89bcb984abb2580d7d09ec0010
neuralset-0.4 video c5c86b705de53dc9205fa9add957f2ec050c0cc2
neuralset-0.4 image 73580d2b7069ca396a7d93ceb5983b32c109a623
stride text db4aff1fb133c9fde3bfc1815caa91677f5af9ab
stride audio 63f08060d2f9339f344804281bdedbfc578b86f2
stride video 4778f7c8e1cae80cbca26b5f9d858ecc237b1b97
stride image 52b33abd6fc3fbc924da2059b276d3615098b88f
"""
ROWS = {
    "words": Event("Word", 0.5, 0.25, text="late", context="it was late"),
    "sound": Event("Audio", 1.0, 10.5, filepath="media", offset=2.0, frequency=25.0),
    "film": Event("Video", 1.0, 10.5, filepath="media", offset=2.0, frequency=25.0),
}


@pytest.mark.parametrize("line", KEYS.split("\n")[1:-1])
def test_a_key_is_what_it_was_and_asking_for_it_leaves_no_trace(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options, modality, digest = line.split()
    monkeypatch.setattr(pictures, "probe", lambda path: SimpleNamespace(reading={"rate": 25, "stream": 0}))
    about, record = record_of(modality), RunRecord()
    made, precision = OPTIONS[options]
    part = READERS[about.reads](
        about, config(modality), Path("models"), made, Runtime(precision), FeatureCache(None), record, Silent(),
        lambda path: {"models": "a", "media": "b"}[str(path)] * 64,
    )  # fmt: skip
    row = ROWS[{"pictures": "film"}.get(about.reads, about.reads)]
    assert part.key(Piece(modality, (row,))) == f"{modality}-features-{digest}"
    assert record == RunRecord()


def config(modality: str) -> ExtractorConfig:
    values: dict[str, Any] = {
        "model_name": "any/name", "selection": LayerSelection((0.5, 1.0), "group_mean", 20), "frequency": 2.0,
        "aggregation": "sum", "batch_size": 4, "n_video_frames": 64, "allow_missing": False,
    }  # fmt: skip
    return ExtractorConfig(modality=modality, clip_duration=4.0 if modality == "video" else 0.0, **values)
