"""Shapes of features and frames of a clip, where config.yaml and the models leave it to upstream's habits."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.encoder.random import write_random
from tribe_np.errors import ConfigError, EventsError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras


def load(demo: DemoPaths, models: Path | None = None, **update: Any) -> TribeModel:
    return TribeModel.from_pretrained(
        demo.models / "encoder", models=models or demo.models, cache_folder=False, device="cpu",
        config_update=update,
    )  # fmt: skip


@pytest.fixture
def events(model: TribeModel, demo: DemoPaths) -> Events:
    return model.get_events(video_path=demo.clip, transcript=demo.transcript)


def of_type(events: Events, kind: str) -> Events:
    return Events([event for event in events if event.type == kind][:2])


@pytest.mark.parametrize("kind", ["Word", "Audio"])
def test_a_mean_of_layers_and_a_single_layer_have_no_axis_of_groups(demo: DemoPaths, events: Events, kind: str) -> None:
    rows = of_type(events, kind)

    def features(layers: list[float], aggregation: str | None) -> np.ndarray:
        update = {"data.layers_to_use": layers, "data.layer_aggregation": aggregation}
        (found,) = load(demo, **update).extract_features(rows).values()
        return found

    states, mean = features([0.5, 1.0], None), features([0.5, 1.0], "mean")
    assert states.ndim == 3
    assert mean.shape == states.shape[1:]
    assert np.allclose(states.mean(0), mean, atol=1e-6)
    assert np.array_equal(features([0.5], "group_mean"), states[0])
    assert features([0.5], None).shape == (1, *mean.shape)


def test_predictions_do_not_depend_on_how_one_layer_is_asked_for(
    demo: DemoPaths, events: Events, tmp_path: Path
) -> None:
    write_random(tmp_path, seed=1, feature_dims={"audio": (1, 64)}, n_outputs=20, n_output_timesteps=4, hidden=96,
                 heads=3)  # fmt: skip
    found = []
    for aggregation in (None, "mean", "group_mean"):
        model = TribeModel.from_pretrained(
            tmp_path, models=demo.models, cache_folder=False, device="cpu",
            config_update={"data.layers_to_use": [0.5], "data.layer_aggregation": aggregation},
        )  # fmt: skip
        found.append(model.predict(of_type(events, "Audio"), verbose=False)[0])
    assert all(np.array_equal(one, found[0]) for one in found)


def test_windows_with_other_numbers_of_events_cannot_be_put_together(
    demo: DemoPaths, events: Events, tmp_path: Path
) -> None:
    write_random(tmp_path, seed=1, feature_dims={"text": (1, 64)}, n_outputs=9, n_output_timesteps=1, hidden=96,
                 heads=3)  # fmt: skip
    words = Events(event for event in events if event.type == "Word")
    model = TribeModel.from_pretrained(
        tmp_path, models=demo.models, cache_folder=False, device="cpu",
        config_update={"data.layers_to_use": [0.5], "data.text_feature.aggregation": "cat"},
    )  # fmt: skip
    with pytest.raises(EventsError, match="different numbers of text events, which aggregation 'cat'"):
        model.predict(words, verbose=False)


def test_a_clip_has_64_frames_whatever_the_model_was_made_for(demo: DemoPaths, events: Events, tmp_path: Path) -> None:
    rows = of_type(events, "Video")
    expected = load(demo).extract_features(rows)["video"]
    shutil.copytree(demo.models, tmp_path / "models")
    path = tmp_path / "models" / "video" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"frames_per_clip": 16}))
    model = load(demo, tmp_path / "models")
    assert np.array_equal(model.extract_features(rows)["video"], expected)
    assert any("16 frames but is given 64" in warning for warning in model.record.warnings)
    own = load(demo, tmp_path / "models", **{"data.video_feature.num_frames": 16})
    assert np.abs(own.extract_features(rows)["video"] - expected).max() > 1e-3
    assert not own.record.warnings
    with pytest.raises(ConfigError, match="num_frames must be a whole number from 1 to 10000 or null, got"):
        load(demo, **{"data.video_feature.num_frames": 0})
