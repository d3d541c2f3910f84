"""Where models are found."""

from pathlib import Path

import pytest

from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.pipeline.resolve import ModelLocations, default_locations

NAME = "facebook/w2v-bert-2.0"


def made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_explicit_comes_first_then_models_folders_then_the_hub_cache(tmp_path: Path) -> None:
    hub = made(tmp_path / "hub")
    snapshot = made(hub / "models--facebook--w2v-bert-2.0" / "snapshots" / "abc")
    ref = made(hub / "models--facebook--w2v-bert-2.0" / "refs") / "main"
    ref.write_text("abc")
    models = made(tmp_path / "models")
    assert ModelLocations({}, (models,), hub).extractor("audio", NAME) == snapshot
    for folder in ("w2v-bert-2.0", "facebook--w2v-bert-2.0", "facebook/w2v-bert-2.0", "audio"):
        made(models / folder)
        assert ModelLocations({}, (models,), hub).extractor("audio", NAME) == models / folder
    explicit = made(tmp_path / "mine")
    assert ModelLocations({"audio": explicit}, (models,), hub).extractor("audio", NAME) == explicit


def test_what_is_missing_says_how_to_get_it(tmp_path: Path) -> None:
    nowhere = ModelLocations({}, (tmp_path,), None)
    with pytest.raises(CheckpointError, match="--audio-model DIR"):
        nowhere.extractor("audio", NAME)
    with pytest.raises(CheckpointError, match=r"tribe-np demo .* tribe-np download facebook/tribev2"):
        nowhere.checkpoint(None)
    with pytest.raises(CheckpointError, match="tribe-np download some/model"):
        nowhere.checkpoint("some/model")
    with pytest.raises(CheckpointError, match="no such folder"):
        nowhere.checkpoint("./absent/folder")
    with pytest.raises(CheckpointError, match="--text-model"):
        ModelLocations({"text": tmp_path / "absent"}, (), None).extractor("text", "x/y")


def test_checkpoints_by_path_by_name_and_from_the_hub_cache(tmp_path: Path) -> None:
    folder = made(tmp_path / "models" / "facebook" / "tribev2")
    where = ModelLocations({}, (tmp_path / "models",), None)
    assert where.checkpoint(None) == folder
    assert where.checkpoint(str(folder)) == folder
    repository = tmp_path / "hub" / "models--facebook--tribev2"
    made(repository / "refs")
    (repository / "refs" / "main").write_text("gone")
    with pytest.raises(CheckpointError):
        ModelLocations({}, (), tmp_path / "hub").checkpoint(None)
    made(repository / "snapshots" / "gone")
    assert ModelLocations({}, (), tmp_path / "hub").checkpoint(None).name == "gone"


def test_a_path_is_never_another_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--checkpoint my/own/encoder beside --models models: it was models/encoder, without a word."""
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "models" / "encoder")
    where = ModelLocations({}, (tmp_path / "models",), None)
    for name in ("my/own/encoder", "./encoder", "my/encoder"):
        assert where.checkpoint(str(made(tmp_path / name))).resolve() == (tmp_path / name).resolve()
    with pytest.raises(CheckpointError, match=r"checkpoint \./my/absent/encoder: no such folder"):
        where.checkpoint("./my/absent/encoder")


def test_models_argument_is_a_folder_several_or_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "/hub")
    assert default_locations(None).hub_cache == Path("/hub")
    assert default_locations(None).folders == ()
    assert default_locations(str(tmp_path)).folders == (tmp_path,)
    assert default_locations([tmp_path, "x"]).folders == (tmp_path, Path("x"))
    assert default_locations({"text": "x"}).explicit == {"text": Path("x")}
    for wrong in (5, [5], {"text": 5}, {"txet": "x"}):
        with pytest.raises(ConfigError, match="models"):
            default_locations(wrong)  # type: ignore[arg-type]


def test_a_models_folder_holds_the_brain_encoder_too(tmp_path: Path) -> None:
    hub = made(tmp_path / "hub")
    made(hub / "models--facebook--tribev2" / "snapshots" / "abc")
    (made(hub / "models--facebook--tribev2" / "refs") / "main").write_text("abc")
    models = tmp_path / "models"
    where = ModelLocations({}, (models,), hub)
    encoder = made(models / "encoder")
    assert where.checkpoint(None).name == "abc", "an encoder/ without config.yaml is something else"
    (encoder / "config.yaml").write_text("data: {}")
    assert where.checkpoint(None) == encoder
    assert where.checkpoint("facebook/tribev2").name == "abc", "a name asks for that model"
    released = made(models / "facebook" / "tribev2")
    assert where.checkpoint(None) == released


def test_folders_that_are_not_there_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"--models .*absent: no such folder"):
        ModelLocations({}, (tmp_path / "absent",), None).check()
    with pytest.raises(CheckpointError, match=r"--video-model .*absent: no such folder"):
        ModelLocations({"video": tmp_path / "absent"}, (tmp_path,), None).check()


def test_the_environment_names_models_folders_for_python_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBE_NP_MODELS", f"{tmp_path}:/other")
    assert default_locations(None).folders == (tmp_path, Path("/other"))
    assert default_locations({"text": tmp_path}).folders == (tmp_path, Path("/other"))
    assert default_locations("mine").folders == (Path("mine"),)
