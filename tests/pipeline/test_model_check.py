"""Every model is checked, as far as headers tell, before any of them runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.errors import CheckpointError, MissingDependencyError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.modality import Modality
from tribe_np.pipeline.model import TribeModel

pytestmark = pytest.mark.extras


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry may be made."""

    def run(*_: Any, **__: Any) -> None:
        raise AssertionError("a model runs")

    monkeypatch.setattr(Modality, "make", run)


@pytest.mark.parametrize("modality", ["text", "audio", "video"])
@pytest.mark.usefixtures("idle")
def test_a_configuration_that_disagrees_with_the_weights_stops_the_run_first(
    modality: str, demo: DemoPaths, tmp_path: Path
) -> None:
    models = shutil.copytree(demo.models, tmp_path / "models")
    path = models / modality / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"num_hidden_layers": config["num_hidden_layers"] + 1}))
    broken = TribeModel.from_pretrained(models / "encoder", models=models, cache_folder=tmp_path / "c", device="cpu")
    events = broken.get_events(video_path=demo.clip, transcript=demo.transcript)
    for call in (broken.extract_features, lambda table: broken.predict(table, verbose=False)):
        with pytest.raises(CheckpointError, match=rf"{modality}: weight .*\.{config['num_hidden_layers']}\..* missing"):
            call(events)


def test_features_in_the_cache_need_no_tokenizer_and_others_do(
    model: TribeModel, demo: DemoPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    whole = model.extract_features(events)

    def missing(folder: Path) -> None:
        raise MissingDependencyError("text features needs tokenizers")

    monkeypatch.setattr(LlamaTokenizer, "from_pretrained", missing)
    again = model.extract_features(events)
    assert {m: x.tobytes() for m, x in again.items()} == {m: x.tobytes() for m, x in whole.items()}
    without = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    with pytest.raises(MissingDependencyError, match="tokenizers"):
        without.extract_features(events)
