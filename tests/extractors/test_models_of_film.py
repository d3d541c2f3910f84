"""Made-up models that read film, as clips and as single pictures (made_up/colour): one folder and one record each."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from extractors.catalogue import RECORDS, ModelRecord
from tests.extractors import test_catalogue
from tribe_np import TribeModel
from tribe_np.cli.main import main
from tribe_np.encoder.random import write_random
from tribe_np.media.ffmpeg import run_ffmpeg

PICTURES = ModelRecord(
    modality="colour",
    reads="pictures",
    event_type="Video",
    package="colour",
    config_class="ColourConfig",
    model_class="ColourModel",
    features="picture_features",
    feature_class="Colour",
    fixed={},
    model_types=("colour",),
    default_name="nobody/colour",
    licence="the made-up colour weights are nobody's",
    paper="Nobody (2026). Colour.",
)
CLIPS = PICTURES._replace(
    modality="colours",
    reads="film",
    features="clip_features",
    model_types=("colours",),
    default_name="nobody/colours",
    demo={"model_type": "colours"},
)


@pytest.fixture(params=[PICTURES, CLIPS], ids=lambda record: record.reads)
def record(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelRecord]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "made_up"))
    RECORDS.append(request.param)
    yield request.param
    RECORDS.remove(request.param)


def written(record: ModelRecord, folder: Path) -> Path:
    found: Path = record.write_random(folder, seed=1, **record.demo or {})
    return found


@pytest.fixture
def models(record: ModelRecord, tmp_path: Path) -> Path:
    """A brain encoder that takes colours alone, and the model."""
    feature = {"name": "Colour", "aggregation": "sum"}
    if record.reads == "film":
        feature |= {"clip_duration": 4.0, "num_frames": 4}
    write_random(
        tmp_path / "models" / "encoder", seed=0, feature_dims={record.modality: (1, 8)}, n_outputs=50, hidden=64,
        heads=2, data={f"{record.modality}_feature": feature},
    )  # fmt: skip
    written(record, tmp_path / "models" / record.modality)
    return tmp_path / "models"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six silent seconds, from black to white."""
    path = tmp_path / "film.mp4"
    picture = "color=white:size=64x48:rate=8:duration=6,fade=in:duration=6"
    run_ffmpeg(["-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", str(path)], path_for_errors=path)
    return path


def test_it_passes_what_every_model_has_to(record: ModelRecord, tmp_path: Path) -> None:
    test_catalogue.every_test_of(record, written(record, tmp_path))


@pytest.mark.extras
def test_from_film_to_predictions(record: ModelRecord, models: Path, film: Path, tmp_path: Path) -> None:
    model = TribeModel.from_pretrained(models / "encoder", models=models, cache_folder=False, device="cpu")
    events = model.get_events(video_path=film, speech=False)
    features = model.extract_features(events)[record.modality]
    assert features.shape == (1, 8, 12)
    assert np.abs(np.diff(features, axis=-1)).max(axis=1).min() > 0  # every step is brighter than the one before
    rows, _ = model.predict(events, verbose=False)
    assert rows.shape == (6, 50)
    given = [film, "--no-speech", "--models", models, "--cache", tmp_path / "cache", "--quiet", "--device", "cpu"]
    assert main([str(a) for a in ("predict", *given, "--out", tmp_path / "p")]) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "p" / "predictions.npy"), rows)


@pytest.mark.extras
def test_the_command_tells_of_it(
    record: ModelRecord, models: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [film, "--no-speech", "--models", models, "--cache", "none", "--out", tmp_path / "p", "--dry-run"]
    assert main([str(a) for a in ("predict", *given)]) == 0
    assert f"12 {'clips' if record.reads == 'film' else 'pictures'} of film" in capsys.readouterr().out
    assert main(["info", str(models / record.modality), "--for", str(models / "encoder")]) == 0
    assert f"kind: extractor ({record.modality})" in capsys.readouterr().out


@pytest.mark.extras
def test_a_model_of_another_size_is_found_before_any_work(
    record: ModelRecord, models: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record.write_random(models / record.modality, seed=1, **record.demo or {}, n_layers=4)
    given = [film, "--no-speech", "--models", models, "--cache", "none", "--out", tmp_path / "p"]
    for dry in ([], ["--dry-run"]):
        assert main([str(a) for a in ("predict", *given, *dry)]) == 2
        said = capsys.readouterr().err
        assert "gives 2 layer groups of width 8 (layers 0.5, 0.75, 1.0 of its 5 hidden states), but the brain" in said
        assert f"takes 1 of width 8 as {record.modality}" in said
        assert "loading the" not in said
    assert main([str(a) for a in ("features", *given)]) == 0  # which asks no brain encoder
