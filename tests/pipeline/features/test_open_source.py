"""A source of features opened alone is a TribeModel's, and reads no weight of the brain encoder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.formats import torch_writer as writer
from tribe_np.errors import CheckpointError, ConfigError, OutputError
from tribe_np.formats.safetensors import TensorEntry, read_header
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.resolve import ModelLocations, default_locations

pytestmark = pytest.mark.extras
SETTINGS: dict[str, Any] = {
    "precision": "float64", "device": "cpu", "config_update": {"data.video_feature.num_frames": 16},
    "own_options": {"video_stride": 2, "compat": "upstream", "only": ("audio", "video")},
}  # fmt: skip


@pytest.fixture
def folder(demo: DemoPaths, tmp_path: Path) -> Path:
    """A checkpoint whose weights cannot be read."""
    copy = shutil.copytree(demo.models / "encoder", tmp_path / "encoder")
    (copy / "model.safetensors").write_bytes(b"not weights")
    return Path(copy)


@pytest.fixture
def locations(demo: DemoPaths) -> ModelLocations:
    return default_locations(demo.models)


def test_it_is_the_source_of_a_model(demo: DemoPaths, folder: Path, locations: ModelLocations, tmp_path: Path) -> None:
    model = TribeModel.load(str(demo.models / "encoder"), locations, cache_folder=tmp_path / "cache", **SETTINGS)
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript).standardized()
    with pytest.raises(CheckpointError):
        TribeModel.load(str(folder), locations, cache_folder=tmp_path / "cache", **SETTINGS)
    theirs, alone = model.feature_source(), FeatureSource.open(str(folder), locations, tmp_path / "cache", **SETTINGS)
    assert alone.data == theirs.data
    assert alone.options == theirs.options
    assert alone.runtime == theirs.runtime
    assert alone.present(events) == theirs.present(events) == ["audio", "video"]
    for modality in alone.present(events):
        here, there = alone.of(modality), theirs.of(modality)
        assert [here.key(piece) for piece in here.pieces(events)] == [
            there.key(piece) for piece in there.pieces(events)
        ]
        for piece in here.pieces(events):
            here.make(piece)
        assert theirs.is_cached(modality, events)
    assert alone.space is not None
    assert alone.space.claims == tmp_path / "cache" / "claims"


def test_nor_are_those_of_best_ckpt_read(
    demo: DemoPaths, locations: ModelLocations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = demo.models / "encoder"
    arrays = {name: np.array(entry.read()) for name, entry in read_header(encoder / "model.safetensors")[0].items()}
    build_args = json.loads((encoder / "build_args.json").read_text())
    shutil.copy(encoder / "config.yaml", tmp_path)
    writer.write(tmp_path / "other.ckpt", *writer.lightning(arrays, build_args))

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("weights are read")

    for name in ("stored", "read", "read_checked"):
        monkeypatch.setattr(TensorEntry, name, refused)
    source = FeatureSource.open(str(tmp_path), locations, False, checkpoint_name="other.ckpt")
    assert list(source.data.modalities) == ["text", "audio", "video"]
    with pytest.raises(CheckpointError, match=r"holds neither best\.ckpt nor model\.safetensors"):
        FeatureSource.open(str(tmp_path), locations, False)


def test_what_is_wrong_is_said_as_a_model_says_it(
    demo: DemoPaths, folder: Path, locations: ModelLocations, tmp_path: Path
) -> None:
    for wrong in (
        {"own_options": {"video_stride": 3}}, {"config_update": {"data.no_such_key": 1}}, {"precision": "float8"},
        {"own_options": {"only": ("smell",)}}, {"device": "abacus"},
    ):  # fmt: skip
        said = []
        for load in (TribeModel.load, FeatureSource.open):
            with pytest.raises(ConfigError) as caught:
                load(str(demo.models / "encoder"), locations, cache_folder=False, **{"device": "cpu"} | wrong)  # type: ignore[operator]
            said.append(str(caught.value))
        assert said[0] == said[1]
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OutputError, match="--cache"):
        FeatureSource.open(str(folder), locations, tmp_path / "file", device="cpu")
    (folder / "build_args.json").unlink()
    with pytest.raises(CheckpointError, match=r"lacks build_args\.json"):
        FeatureSource.open(str(folder), locations, False, device="cpu")
    (folder / "config.yaml").unlink()
    with pytest.raises(CheckpointError, match=r"lacks config\.yaml"):
        FeatureSource.open(str(folder), locations, False, device="cpu")
    with pytest.raises(CheckpointError, match="no such folder"):
        FeatureSource.open(str(folder / "absent"), locations, False, device="cpu")


OPENED = """
import sys
from pathlib import Path
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.resolve import default_locations
from tribe_np.pipeline.store import digest

encoder, models, cache = sys.argv[1:]
digest.SETTLED_NS = 0  # files that were just written count as settled
plain, read = digest.file_digest, []
digest.file_digest = lambda path, *step: read.append(Path(path).name) or plain(path, *step)
source = FeatureSource.open(encoder, default_locations(models), cache, device="cpu")
print(source.digest(source.of("audio").folder))
print(sum(name.endswith(".safetensors") for name in read))
"""


def test_a_second_process_reads_no_model_for_its_digest(demo: DemoPaths, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(demo.models / "audio", models / "audio")
    with (models / "audio" / "model.safetensors").open("ab") as file:
        file.write(bytes(2 << 20))  # so that it is large
    found = []
    for _ in range(2):
        command = [sys.executable, "-c", OPENED, demo.models / "encoder", models, tmp_path / "cache"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    assert found[0][0] == found[1][0]
    assert [counts for _, counts in found] == ["1", "0"]
