"""The library called wrongly: an error of ours that says what is expected; and keys that cover what matters."""

from pathlib import Path
from typing import Any

import pytest

from tribe_np import TribeModel
from tribe_np.errors import ConfigError, EventsError, TribeError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.store.workspace import open_workspace
from tribe_np.pipeline.vertices import vertex_selection

pytestmark = pytest.mark.extras


@pytest.mark.parametrize(
    "selection",
    [[1, 2], "V1", {"vertices": "abc"}, {"vertices": [1.5]}, {"vertices": [[1], [1, 2]]}, {"vertices": 5}, {"roi": 5},
     {"roi": [5]}, {}, {"vertices": []}, {"vertices": [-1]}],
)  # fmt: skip
def test_selections_of_the_wrong_kind(selection: Any) -> None:
    with pytest.raises(ConfigError, match="selection"):
        vertex_selection(selection, 20)


def test_selections_of_the_right_kind() -> None:
    mask = [0] * 20
    mask[7] = 1
    for vertices in ([7], mask, [bool(m) for m in mask]):
        chosen = vertex_selection({"vertices": vertices}, 20)
        assert chosen is not None
        assert chosen.tolist() == [7]


@pytest.mark.parametrize("folder", [3, "", 1.5])
def test_cache_folders_of_the_wrong_kind(folder: Any) -> None:
    with pytest.raises(ConfigError, match="cache_folder"):
        open_workspace(folder)


@pytest.mark.parametrize("events", [None, [1], {}, "events.tsv"])
def test_events_of_the_wrong_kind(model: TribeModel, events: Any) -> None:
    with pytest.raises(EventsError, match="Events table or a pandas DataFrame"):
        model.predict(events, verbose=False)


def test_names_that_no_disk_takes(model: TribeModel) -> None:
    for path in ("a\0.wav", f"{'x' * 300}.wav", "b\udcff.wav"):
        with pytest.raises(TribeError):
            model.get_events(audio_path=path, speech=False)


def test_cache_keys_cover_what_changes_numbers_and_nothing_else(demo: DemoPaths, tmp_path: Path) -> None:
    def entries(**update: Any) -> int:
        """How many entries there are after predicting with a changed setting; hits add none."""
        changed = TribeModel.from_pretrained(
            demo.models / "encoder", models=demo.models, cache_folder=tmp_path, device="cpu", config_update=update
        )
        events = changed.get_events(video_path=demo.clip, transcript=demo.transcript)
        changed.extract_features(events)
        return len(list((tmp_path / "features").rglob("*.safetensors")))

    assert entries() == 3
    for name, value in (
        ("data.batch_size", 1), ("data.text_feature.aggregation", "mean"),
        ("data.video_feature.allow_missing", False), ("tribe_np.remove_empty_segments", False),
        ("data.text_feature.batch_size", 3), ("tribe_np.context", "anchored"),
    ):  # fmt: skip
        assert entries(**{name: value}) == 3, name
    assert entries(**{"data.video_feature.num_frames": 16}) == 4
    assert entries(**{"tribe_np.video_final_norm": False}) == 5
