"""Training for a person: from the seed to the bit, only rows that are fitted, and a checkpoint that predicts them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pipeline.fitting.test_fitted_checkpoint import N_OUTPUTS, loaded, written
from tribe_np.encoder.head_states import head_matrix
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.encoder.training.training_settings import TrainingSettings
from tribe_np.errors import ConfigError, MeasurementError, NotFiniteError
from tribe_np.formats.checkpoint import open_checkpoint, read_lightning
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.torch_zip import open_torch
from tribe_np.pipeline.fitting.fitted_checkpoint import write_fitted_checkpoint
from tribe_np.pipeline.fitting.head_rows import HeadRows, head_rows_of_features
from tribe_np.pipeline.fitting.person_rows import PersonRows, PersonRun
from tribe_np.pipeline.fitting.trained_person import PersonTraining, TrainedPerson, TrainingWish, train_person
from tribe_np.pipeline.fitting.training_memory import training_need
from tribe_np.pipeline.fitting.training_windows import PersonWindows, check_scale, not_finite_columns
from tribe_np.pipeline.model import TribeModel

SECONDS, TRAINED_ON, LAST = 200, 150, 190  # windows are of 20 s; the last ten rows have no BOLD


def features_of(*modalities: str) -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    made = {m: random.normal(size=(g, f, 2 * SECONDS)).astype(np.float32) for m, g, f in SIZES}
    return {m: x for m, x in made.items() if m in modalities or not modalities}


SIZES = (("text", 2, 5), ("audio", 1, 4))


def person_of(rows: HeadRows, measured: np.ndarray) -> PersonRows:
    """Fitted on the first rows, scored on others from ten rows later on."""

    def run(kept: slice) -> PersonRun:
        places = np.arange(SECONDS)[kept]
        return PersonRun("film", rows.states[places], measured[places].astype(np.float32), {}, places, places)

    return PersonRows((run(slice(0, TRAINED_ON)),), (run(slice(TRAINED_ON + 10, LAST)),), 10, 10, ())


def known(model: TribeModel, rows: HeadRows) -> np.ndarray:
    """z-scored BOLD of a person with a known head, without noise."""
    matrix = head_matrix(model.encoder)
    matrix = np.eye(rows.states.shape[1]) if matrix is None else matrix
    clean = (rows.states @ matrix.T) @ np.random.default_rng(9).normal(size=(len(matrix), N_OUTPUTS))
    found: np.ndarray = (clean - clean.mean(axis=0)) / clean.std(axis=0)
    return found


def trained(
    model: TribeModel, wish: TrainingWish, *, seed: int = 0, measured: np.ndarray | None = None, only: Any = ()
) -> TrainedPerson:
    rows = head_rows_of_features(model, features_of(*only))
    made = known(model, rows) if measured is None else measured
    return train_person(model, PersonTraining.of(model, wish), rows, person_of(rows, made), seed=seed)


def many(what: str) -> TrainingWish:
    return TrainingWish(what, n_epochs=30, batch_size=2, max_lr=3e-2 if what == "head" else 1e-2)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("training") / "source", 2)


@pytest.fixture(scope="module")
def model(source: Path) -> TribeModel:
    return loaded(source)


@pytest.mark.parametrize("what", ["head", "all"])
def test_a_trained_person_is_predicted_by_name_and_by_upstreams_file(
    what: str, model: TribeModel, source: Path, tmp_path: Path
) -> None:
    found = trained(model, many(what))
    assert float(np.mean(found.r)) > 0.5  # of rows that were kept out; 0.1 before
    assert found.losses[-1] < 0.6 * found.losses[0]
    assert (found.facts["n_windows"], found.facts["n_rows"], found.facts["n_steps"]) == (8, TRAINED_ON, 120)
    whole = found.weights if what == "all" else None
    made = write_fitted_checkpoint(source, tmp_path / "anna", found.head("anna"), {}, trained=whole)
    theirs = loaded(tmp_path / "anna")
    assert theirs.subjects == ({"anna": 0} if whole else {"sub-01": 0, "sub-02": 1, "anna": 2})
    assert made.index == theirs.subjects["anna"]
    expected = PersonTraining.of(model, many(what)).encoder(found.weights)
    features = {m: x[None, ..., :40] for m, x in features_of().items()}
    predicted = theirs.encoder(features, np.array([made.index]))
    np.testing.assert_allclose(predicted, expected(features, np.array([0])), rtol=0, atol=1e-6)
    unseen = [None] if whole else [None, "sub-01"]
    for subject in unseen:  # the head alone leaves others as they were
        before, after = (m.predict_features(features_of(), verbose=False, subject=subject)[0] for m in (model, theirs))
        assert np.allclose(before, after, rtol=0, atol=1e-5) == (whole is None)
    _check_best(tmp_path / "anna", made.index)


def _check_best(folder: Path, index: int) -> None:
    """best.ckpt: everything of model.safetensors, with one row, the person's."""
    best, build_args = read_lightning(open_torch(folder / "best.ckpt"))
    assert build_args == json.loads((folder / "build_args.json").read_text())
    entries = read_header(folder / "model.safetensors")[0]
    assert set(best) == {f"model.{name}" for name in entries}
    for name, entry in entries.items():
        expected = entry.stored()[index : index + 1] if name.startswith("predictor.") else entry.stored()
        np.testing.assert_array_equal(best[f"model.{name}"].stored(), expected)


@pytest.mark.parametrize("what", ["head", "all"])
def test_a_seed_gives_its_weights_to_the_bit(what: str, model: TribeModel) -> None:
    wish = TrainingWish(what, batch_size=3, max_lr=1e-2)
    one, again, other = (trained(model, wish, seed=seed) for seed in (5, 5, 6))
    for name, x in one.weights.items():
        np.testing.assert_array_equal(x, again.weights[name])
    assert one.losses == again.losses
    assert any(np.any(x != other.weights[name]) for name, x in one.weights.items())
    assert all(x.dtype == np.float32 for x in one.weights.values())
    start = PersonTraining.of(model, wish).weights()
    moved = {name for name, x in one.weights.items() if np.any(x != start[name])}
    assert moved == {"predictor.weights", "predictor.bias"} if what == "head" else len(moved) > 10


def test_what_is_kept_out_changes_no_weight(model: TribeModel) -> None:
    """Nor do rows between the two, nor rows without BOLD."""
    rows = head_rows_of_features(model, features_of())
    measured = known(model, rows)
    spoiled = measured.copy()
    spoiled[TRAINED_ON:] = np.nan
    wish = TrainingWish("all", batch_size=3)
    one, two = (trained(model, wish, measured=x) for x in (measured, spoiled))
    for name, x in one.weights.items():
        np.testing.assert_array_equal(x, two.weights[name])


def test_bold_stands_in_its_windows(model: TribeModel) -> None:
    """Row t of the stimulus is row t % 20 of window t // 20; a row that is not fitted on is 0."""
    rows = head_rows_of_features(model, features_of())
    seconds = np.repeat(np.arange(1.0, SECONDS + 1)[:, None], N_OUTPUTS, axis=1)
    windows = PersonWindows.of(rows, person_of(rows, seconds).trained, 20, np.zeros(N_OUTPUTS, bool))
    assert [window.number for window in windows.measured] == list(range(8))
    batch = windows.batch([2, 7], subject_index=3)
    np.testing.assert_array_equal(batch.measured[0], np.tile(np.arange(41, 61), (N_OUTPUTS, 1)))
    np.testing.assert_array_equal(batch.measured[1, 0], [*range(141, 151), *[0] * 10])
    assert batch.subject_index is not None
    assert batch.subject_index.tolist() == [3, 3]
    np.testing.assert_array_equal(batch.features["text"][1], features_of()["text"][..., 280:320])


def test_a_film_shown_twice_gives_its_windows_twice(model: TribeModel) -> None:
    rows = head_rows_of_features(model, features_of())
    (run,) = person_of(rows, known(model, rows)).trained
    second = replace(run, measured=run.measured + 1)
    windows = PersonWindows.of(rows, (run, second), 20, np.zeros(N_OUTPUTS, bool))
    assert len(windows) == 16
    first, again = windows.batch([0, 8]).measured
    np.testing.assert_array_equal(again, first + 1)


def test_columns_with_a_nan_are_not_fitted(model: TribeModel, source: Path, tmp_path: Path) -> None:
    rows = head_rows_of_features(model, features_of())
    measured = known(model, rows)
    measured[7, 3], measured[100, 21] = np.nan, np.inf
    found = trained(model, many("head"), measured=measured)
    assert np.flatnonzero(found.not_fitted).tolist() == np.flatnonzero(np.isnan(found.r)).tolist() == [3, 21]
    assert float(np.nanmean(found.r)) > 0.5
    assert write_fitted_checkpoint(source, tmp_path / "anna", found.head("anna"), {}).n_not_fitted == 2
    predicted, _ = loaded(tmp_path / "anna").predict_features(features_of(), verbose=False, subject="anna")
    assert (predicted[:, [3, 21]] == 0).all()
    assert np.isfinite(predicted).all()
    start = PersonTraining.of(model, many("head")).weights()["predictor.weights"]
    np.testing.assert_array_equal(found.weights["predictor.weights"][:, :, 3], start[:, :, 3])


def test_a_modality_that_is_absent_keeps_its_projector_and_is_named(model: TribeModel) -> None:
    wish = TrainingWish("all", batch_size=2, max_lr=1e-2)
    found, start = trained(model, wish, only=["text"]), PersonTraining.of(model, wish).weights()
    for name, x in start.items():
        if name.startswith("projectors."):
            assert np.array_equal(x, found.weights[name]) == name.startswith("projectors.audio")
    assert any("the stimulus has no audio" in text for text in found.said)
    assert not trained(model, TrainingWish("head", batch_size=2), only=["text"]).said


@pytest.mark.parametrize("what", ["head", "all"])
def test_without_an_average_subject_there_is_one_row_and_no_best_ckpt(what: str, tmp_path: Path) -> None:
    source = written(tmp_path / "source", subject_layers={"n_subjects": 2, "subject_dropout": None})
    model = loaded(source)
    found = trained(model, TrainingWish(what, batch_size=2, max_lr=1e-2))
    assert found.weights["predictor.weights"].shape[0] == 1
    whole = found.weights if what == "all" else None
    write_fitted_checkpoint(source, tmp_path / "anna", found.head("anna"), {}, trained=whole)
    theirs = loaded(tmp_path / "anna")
    assert theirs.encoder.n_subjects == (1 if whole else 3)
    assert not (tmp_path / "anna" / "best.ckpt").exists()
    assert "not written" in json.loads((tmp_path / "anna" / "fit.json").read_text())["best_ckpt"]


@pytest.mark.parametrize("brain", [{"low_rank_head": None}, {"subject_layers": {"n_subjects": 2, "bias": False}}])
def test_other_read_outs_are_trained_too(brain: dict[str, Any], tmp_path: Path) -> None:
    source = written(tmp_path / "source", **brain)
    found = trained(loaded(source), many("all"))
    assert found.losses[-1] < 0.7 * found.losses[0]


def test_refusals(model: TribeModel, tmp_path: Path) -> None:
    for wish, said in (
        (TrainingWish("everything"), "what is trained is head or all"),
        (TrainingWish("head", n_epochs=0), "1 or more"),
        (TrainingWish("head", max_lr=float("nan")), "max_lr must be above 0"),
    ):
        with pytest.raises(ConfigError, match=said):
            PersonTraining.of(model, wish)
    with pytest.raises(ConfigError, match="8 windows in batches of 8 are one step in all"):
        trained(model, TrainingWish("head", batch_size=8))
    with pytest.raises(NotFiniteError, match="the learning rate is too high"), np.errstate(all="ignore"):
        trained(model, TrainingWish("all", n_epochs=9, batch_size=2, max_lr=1e18))
    linear = {"name": "SubjectLayers", "n_subjects": 2, "subject_dropout": 0.1}
    for name, brain, said in (
        ("linear", {"projector": linear}, "one layer a subject"),
        ("dropout", {"dropout": 0.1}, "dropout inside layers"),
    ):
        source = written(tmp_path / name, 2, **brain)
        with pytest.raises(ConfigError, match=said):
            PersonTraining.of(loaded(source), TrainingWish("head"))


def test_bold_in_other_units_is_refused() -> None:
    x = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    x[:, 2] = 0  # outside the brain
    x[3, 4] = np.nan
    check_scale([x[:50], x[50:]])
    for odd in (1000 + 10 * x, 100 * x, 0.01 * x, x + 3):
        with pytest.raises(MeasurementError, match="training takes z-scored BOLD"):
            check_scale([odd[:50], odd[50:]])
    with pytest.raises(MeasurementError, match="no measured column varies"):
        check_scale([np.full((50, 8), 7.3, np.float32)])


def test_columns_that_are_not_finite_anywhere() -> None:
    runs = []
    for column in (1, 5):
        x = np.zeros((10, 8), np.float32)
        x[column, column] = np.inf
        runs.append(PersonRun("a", x, x, {}, np.arange(10), np.arange(10)))
    assert np.flatnonzero(not_finite_columns(runs)).tolist() == [1, 5]


def test_settings_are_the_checkpoints(source: Path) -> None:
    config = open_checkpoint(source).config
    settings = TrainingSettings.of(config)
    assert (settings.batch_size, settings.said) == (8, ())
    assert settings.one_cycle(50) == OneCycle(50, max_lr=1e-4, pct_start=0.1)
    assert settings.one_cycle(50, 1e-3).max_lr == 1e-3
    schedule = {"max_lr": 0.5, "anneal_strategy": "linear", "three_phase": True}
    optim = {
        "optimizer": {"name": "AdamW", "kwargs": {"weight_decay": 0.1, "betas": [0.8, 0.9], "fused": True}},
        "scheduler": {"name": "OneCycleLR", "kwargs": schedule},
    }
    other = TrainingSettings.of({"optim": optim, "data": {"batch_size": 3}})
    assert (other.batch_size, other.adam.weight_decay, other.adam.beta1, other.adam.beta2) == (3, 0.1, 0.8, 0.9)
    assert other.one_cycle(9) == OneCycle(9, max_lr=0.5, anneal="linear")
    assert len(other.said) == 2
    assert "optim.optimizer AdamW, here it is Adam" in other.said[0]
    assert "fused, three_phase" in other.said[1]
    assert TrainingSettings.of({}) == TrainingSettings()
    with pytest.raises(ConfigError, match=r"config\.yaml: optim"):
        TrainingSettings.of({"optim": {"scheduler": {"name": "OneCycleLR", "kwargs": {"pct_start": "much"}}}})


def test_memory_is_known_from_the_headers(model: TribeModel) -> None:
    head, everything = (
        training_need(PersonTraining.of(model, TrainingWish(what)), n_steps=40) for what in ("head", "all")
    )
    assert head.stage == "training (head)"
    assert everything.n_bytes > head.n_bytes
