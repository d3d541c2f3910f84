"""A long stimulus: the encoder runs a few windows at a time, and features wait in the cache's files."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tools.reference.predictions_cases import SeeingEncoder
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.pipeline import model as model_module
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import Silent
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras


@pytest.fixture
def far_apart(model: TribeModel, demo: DemoPaths) -> Events:
    """The demo's sound at the beginning of six windows."""
    sound = str(model.get_events(video_path=demo.clip, speech=False).of_type("Audio")[0].filepath)
    return Events(Event("Audio", 100.0 * n, 4.0, filepath=sound, frequency=44100.0) for n in range(6))


def test_a_few_windows_run_at_a_time_with_the_same_predictions(
    model: TribeModel, far_apart: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeing: Any = SeeingEncoder(model.encoder)
    found, segments = replace(model, encoder=seeing).predict(far_apart, verbose=False)
    assert [len(batch["audio"]) for batch in seeing.batches] == [4, 2]
    assert found.shape == (len(segments), 20484)
    assert found.dtype == np.float32
    assert [s.start for s in segments] == sorted(s.start for s in segments)
    monkeypatch.setattr(model_module, "MOST_WINDOWS", 1)
    alone, _ = model.predict(far_apart, verbose=False)
    assert np.abs(found - alone).max() < 1e-5 * np.sqrt(np.mean(alone**2))


def test_features_stay_in_the_cache_until_a_window_needs_them(model: TribeModel, far_apart: Events) -> None:
    items = model.feature_source(Silent()).items("audio", far_apart)
    assert len(items) == 6
    assert all(isinstance(kept.stored, TensorEntry) for kept in items.kept.values())
    grids = [grid.data for grid in items.values()]
    assert all(data.tobytes() == grids[0].tobytes() for data in grids)
    assert grids[0].shape[-1] == 8
