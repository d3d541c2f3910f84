"""A fifth model is one folder (here made_up/loudness) and one record: nothing else of the house has to know of it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from extractors.catalogue import RECORDS, ModelRecord
from tests.extractors import test_catalogue
from tribe_np import TribeModel, trace
from tribe_np.cli.main import main
from tribe_np.cli.parser import command_parser
from tribe_np.encoder.random import write_random
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.pipeline.download import licence

RECORD = ModelRecord(
    modality="loudness",
    reads="sound",
    event_type="Audio",
    package="loudness",
    config_class="LoudnessConfig",
    model_class="LoudnessModel",
    features="loudness_features",
    feature_class="Loudness",
    fixed={"normalized": True},
    model_types=("loudness",),
    default_name="nobody/loudness",
    licence="the made-up loudness weights are nobody's",
    paper="Nobody (2026). Loudness.",
    averages_tokens=False,
    demo={"n_layers": 4},
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelRecord]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "made_up"))
    RECORDS.append(RECORD)
    yield RECORD
    RECORDS.remove(RECORD)


@pytest.fixture
def models(record: ModelRecord, tmp_path: Path) -> Path:
    """A brain encoder that takes loudness alone, and the model."""
    feature = {"name": "Loudness", "model_name": record.default_name, "aggregation": "sum", "allow_missing": True}
    write_random(
        tmp_path / "models" / "encoder", seed=0, feature_dims={"loudness": (2, 8)}, n_outputs=50, hidden=64, heads=2,
        data={"loudness_feature": feature},
    )  # fmt: skip
    record.write_random(tmp_path / "models" / "loudness", seed=1)
    return tmp_path / "models"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Six seconds, louder and louder."""
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.2, 96000) * np.linspace(0, 1, 96000), 16000)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command in this process: exit code and what it printed."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("TRIBE_NP_MODELS", "HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return (code, *capfd.readouterr())

    return command


def test_it_passes_what_every_model_has_to(record: ModelRecord, tmp_path: Path) -> None:
    test_catalogue.every_test_of(record, record.write_random(tmp_path / "loudness", seed=0))


def test_the_library_predicts_with_it_and_keeps_its_features(models: Path, sound: Path, tmp_path: Path) -> None:
    rows, traces = [], []
    for _ in range(2):
        model = TribeModel.from_pretrained(models / "encoder", models=models, cache_folder=tmp_path / "c", device="cpu")
        events = model.get_events(audio_path=sound, speech=False)
        with trace() as recording:
            rows.append(model.predict(events, verbose=False)[0])
        traces.append({name.partition(".")[0] for name in recording.names()})
    assert rows[0].shape == (6, 50)
    assert rows[0].std() > 0
    assert rows[0].tobytes() == rows[1].tobytes()
    assert traces == [{"loudness", "pipeline", "encoder"}, {"pipeline", "encoder"}]
    features = model.extract_features(events)["loudness"]
    assert features.shape == (2, 8, 12)
    assert (np.diff(features[0], axis=-1) > 0).mean() > 0.7  # louder and louder
    entries = (tmp_path / "c" / "features").rglob("*.safetensors")
    assert [path.name.rpartition("-")[0] for path in entries] == ["loudness-features"]


def test_the_command_predicts_with_it(models: Path, sound: Path, tmp_path: Path, run: Run) -> None:
    given = [sound, "--no-speech", "--checkpoint", models / "encoder", "--cache", tmp_path / "cache", "--quiet"]
    found = ["--models", models]
    code, out, _ = run("predict", *given, *found, "--out", tmp_path / "p", "--dry-run")
    assert code == 0
    assert "loudness" in out
    assert "6.0 s of sound" in out
    results = []
    for number, where in enumerate((found, ["--loudness-model", models / "loudness"])):
        assert run("predict", *given, *where, "--out", tmp_path / f"p{number}")[0] == 0
        results.append((tmp_path / f"p{number}" / "predictions.npy").read_bytes())
    assert results[0] == results[1]
    record = json.loads((tmp_path / "p1" / "run.json").read_text())
    assert RECORD.paper in record["cite"]
    assert record["models"]["loudness"]["path"] == str(models / "loudness")
    assert "(6.0 s; loudness; 0 words)" in record["summary"]
    code, out, _ = run("predict", *given, *found, "--out", tmp_path / "p", "--dry-run")
    assert "in the cache" in out
    assert run("features", *given, *found, "--out", tmp_path / "f")[0] == 0
    with np.load(tmp_path / "f" / "loudness.npz") as kept:
        assert kept["features"].shape == (2, 8, 12)


def test_the_command_tells_of_it(models: Path, run: Run) -> None:
    code, out, _ = run("info", models / "loudness", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["kind"] == "extractor (loudness)"
    assert told["licence"] == RECORD.licence == licence("loudness")
    assert told["flop_per_second_of_stimulus"]["sound"] > 0
    assert json.loads(run("info", models / "encoder", "--json")[1])["extractors"]["loudness"]["layers"]
    assert "--loudness-model" in run_help()


def run_help() -> str:
    return command_parser("predict").format_help()


def test_its_settings_are_checked_like_any_others(models: Path, sound: Path) -> None:
    for update, error, said in (
        ({"data.loudness_feature.normalized": False}, ConfigError, "loudness_feature.normalized False is not"),
        ({"data.loudness_feature.name": "Loud"}, ConfigError, "must be Loudness"),
        ({"data.features_to_use": ["smell"]}, ConfigError, "text, audio, video, image, loudness"),
    ):
        with pytest.raises(error, match=said):
            TribeModel.from_pretrained(models / "encoder", models=models, cache_folder=False, config_update=update)
    (models / "loudness" / "model.safetensors").unlink()
    model = TribeModel.from_pretrained(models / "encoder", models=models, cache_folder=False, device="cpu")
    with pytest.raises(CheckpointError, match="loudness"):
        model.predict(model.get_events(audio_path=sound, speech=False), verbose=False)
