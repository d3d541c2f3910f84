"""What the cache holds is not computed: a trace does not hear it, and says so."""

from dataclasses import replace
from pathlib import Path

import pytest

from tribe_np import Recording, TribeModel, trace
from tribe_np.oracle import SummaryRecording
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras


def heard_again(model: TribeModel, events: Events) -> Recording:
    with trace(pattern=("pipeline.*", "llama.*")) as recording:
        model.predict(events, verbose=False)
    return recording


def test_entries_of_the_cache_are_told(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    first = heard_again(model, events)
    assert first.not_heard == []
    assert "not heard" not in repr(first)
    second = heard_again(model, events)
    assert sorted(second.not_heard) == ["pipeline.audio.0", "pipeline.text", "pipeline.video.0"]
    assert not [name for name in second.names() if name.startswith(("llama.", "pipeline.audio.0."))]
    assert "not heard: 3 stages that the cache holds: pipeline." in repr(second)
    second.save(tmp_path / "second.safetensors")
    assert Recording.load(tmp_path / "second.safetensors").not_heard == second.not_heard
    second.summary().save(tmp_path / "short.safetensors")
    assert SummaryRecording.load(tmp_path / "short.safetensors").not_heard == second.not_heard


def test_parts_of_an_entry_are_told(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    for modality in ("video", "text"):
        part = model.feature_source().of(modality)
        (piece,) = part.pieces(events)
        with trace() as made:
            part.make_parts(piece, part.key(piece), 0, 1)
        assert made.not_heard == []
        assert made.names()
    recording = heard_again(model, events)
    words = [name for name in recording.not_heard if name.startswith("pipeline.text.")]
    assert recording.not_heard == [*words, "pipeline.video.0.0"]
    assert words
    for stage in recording.not_heard:
        later = (f"{stage}.states.", f"{stage}.features", f"{stage}.pixels")  # tokens of all words tell the passes
        assert not [name for name in recording.names() if name.startswith(later)]
    assert "pipeline.video.0.1.features" in recording


def test_a_piece_that_was_met_before_is_told(demo: DemoPaths, model: TribeModel) -> None:
    events = model.get_events(video_path=demo.clip, speech=False)
    (row,) = events.of_type("Audio")
    twice = Events([row, replace(row, start=row.start + 60)]).standardized()
    with trace(pattern="pipeline.audio.*") as recording:
        model.predict(twice, verbose=False)
    assert recording.not_heard == ["pipeline.audio.1"]
    assert "pipeline.audio.0.features" in recording
