"""A new person end to end: states before the head, ridge, a checkpoint with one more subject, predicted by name."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.analysis.fitting.contiguous_folds import contiguous_folds
from tribe_np.analysis.fitting.head_basis import HeadBasis
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.ridge import RidgeFit, ridge
from tribe_np.encoder.head_states import head_matrix
from tribe_np.encoder.random import write_random
from tribe_np.errors import ConfigError, OutputError, ShapeError, TribeError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.fitting.fitted_checkpoint import PersonHead, write_fitted_checkpoint
from tribe_np.pipeline.fitting.head_rows import HeadRows, head_rows, head_rows_of_features
from tribe_np.pipeline.model import TribeModel

SECONDS, N_OUTPUTS, RANK = 235, 30, 40
NAMES = {"sub-01": 0, "sub-02": 1}


def written(folder: Path, n_subjects: int = 0, **brain: Any) -> Path:
    """A small checkpoint of random weights; the average row is its last."""
    layers = {"n_subjects": n_subjects, "subject_dropout": 0.1}
    names = {"subject_id": {"predefined_mapping": NAMES}} if n_subjects else {}
    write_random(
        folder, seed=2, feature_dims={"text": (2, 5), "audio": (1, 4)}, n_outputs=N_OUTPUTS, n_output_timesteps=20,
        hidden=24, depth=1, heads=3, low_rank_head=RANK, max_seq_len=40,
        brain={"encoder": {"rotary_pos_emb": False}, "subject_layers": layers} | brain, data=names,
    )  # fmt: skip
    return folder


def loaded(folder: Path) -> TribeModel:
    return TribeModel.from_pretrained(folder, cache_folder=False, device="cpu", models=folder)


@pytest.fixture
def features() -> dict[str, np.ndarray]:
    """Four minutes at 2 Hz, of which the last window is not full."""
    random = np.random.default_rng(4)
    return {
        m: random.normal(size=(g, f, 2 * SECONDS)).astype(np.float32) for m, g, f in (("text", 2, 5), ("audio", 1, 4))
    }


def known_person(model: TribeModel, rows: HeadRows, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """What a person with a known head would show without noise, and with as much of it as is asked for."""
    random = np.random.default_rng(9)
    matrix = head_matrix(model.encoder)
    assert matrix is not None
    z = rows.states.astype(np.float64) @ matrix.T.astype(np.float64)
    clean = (z - z.mean(axis=0)) @ random.normal(size=(RANK, N_OUTPUTS)) + 2
    return clean, (clean + noise * clean.std(axis=0) * random.normal(size=clean.shape)).astype(np.float32)


def fitted(model: TribeModel, rows: HeadRows, measured: np.ndarray) -> tuple[RidgeFit, PersonHead, HeadBasis]:
    basis = HeadBasis.of(head_matrix(model.encoder))
    predictors = basis.predictors(rows.states)
    fit = ridge([FitRun("film", predictors, measured)], contiguous_folds([len(measured)], 4, by="blocks", gap=5))
    return fit, PersonHead("anna", basis.subject_weights(fit.weights), fit.intercept), basis


@pytest.mark.parametrize("n_subjects", [0, 2])
def test_a_known_person_is_predicted_by_name_and_the_others_stay(
    n_subjects: int, tmp_path: Path, features: dict[str, np.ndarray]
) -> None:
    source = written(tmp_path / "source", n_subjects)
    model = loaded(source)
    rows = head_rows_of_features(model, features)
    assert rows.states.shape == (SECONDS, 24)
    assert [s.start for s in rows.segments] == list(range(SECONDS))
    clean, measured = known_person(model, rows, noise=0.5)
    fit, person, basis = fitted(model, rows, measured)
    made = write_fitted_checkpoint(source, tmp_path / "anna", person, {"score": float(fit.score.mean())})
    assert (made.index, made.n_subjects, made.n_not_fitted) == (n_subjects, n_subjects + 1, 0)

    theirs = loaded(tmp_path / "anna")
    assert theirs.subjects == (NAMES if n_subjects else {}) | {"anna": n_subjects}
    predicted, _ = theirs.predict_features(features, verbose=False, subject="anna")
    expected = fit.predict(basis.predictors(rows.states))
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, clean.T, strict=True)]
    assert min(r) > 0.97  # half as much noise as signal, 24 weights from 235 rows

    others = [None, *NAMES] if n_subjects else [None]
    for subject in others:
        before, _ = model.predict_features(features, verbose=False, subject=subject)
        after, _ = theirs.predict_features(features, verbose=False, subject=subject)
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-5)  # one row is multiplied with as one map
    assert (tmp_path / "anna" / "config.yaml").read_text().startswith("# random weights")
    assert json.loads((tmp_path / "anna" / "fit.json").read_text())["subject"] == "anna"


def test_alone_the_person_takes_the_average_subjects_place(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    source = written(tmp_path / "source", 2)
    model = loaded(source)
    rows = head_rows_of_features(model, features)
    fit, person, basis = fitted(model, rows, known_person(model, rows, noise=0.5)[1])
    write_fitted_checkpoint(source, tmp_path / "anna", person, {}, alone=True)
    theirs = loaded(tmp_path / "anna")
    assert theirs.encoder.n_subjects == 0
    predicted, _ = theirs.predict_features(features, verbose=False)
    expected = fit.predict(basis.predictors(rows.states))
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_a_second_person_joins_the_first(tmp_path: Path) -> None:
    source, random = written(tmp_path / "source"), np.random.default_rng(0)
    first = PersonHead("anna", random.normal(size=(RANK, N_OUTPUTS)), random.normal(size=N_OUTPUTS))
    write_fitted_checkpoint(source, tmp_path / "one", first, {})
    made = write_fitted_checkpoint(tmp_path / "one", tmp_path / "two", replace(first, name="berta"), {})
    assert made.index == 1
    assert loaded(tmp_path / "two").subjects == {"anna": 0, "berta": 1}
    layer = loaded(tmp_path / "two").encoder.read_out.read_pair().predictor
    np.testing.assert_array_equal(layer.weights[0], layer.weights[1])
    assert layer.n_rows == 3
    with pytest.raises(ConfigError, match="subject 'anna' is a subject of the checkpoint already"):
        write_fitted_checkpoint(tmp_path / "one", tmp_path / "two", first, {})


def test_columns_without_a_fit_predict_nought_and_are_told(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    source = written(tmp_path / "source")
    model = loaded(source)
    rows = head_rows_of_features(model, features)
    measured = known_person(model, rows, noise=0.5)[1]
    measured[7, 3], measured[100, 21] = np.nan, np.inf
    fit, person, _ = fitted(model, rows, measured)
    assert fit.n_not_finite == 2
    made = write_fitted_checkpoint(source, tmp_path / "anna", person, {})
    assert made.n_not_fitted == 2
    assert json.loads((tmp_path / "anna" / "fit.json").read_text())["not_fitted"] == [3, 21]
    predicted, _ = loaded(tmp_path / "anna").predict_features(features, verbose=False, subject="anna")
    assert (predicted[:, [3, 21]] == 0).all()
    assert (predicted.std(axis=0) > 0).sum() == N_OUTPUTS - 2


def blank(name: str = "anna", n_in: int = RANK) -> PersonHead:
    return PersonHead(name, np.zeros((n_in, N_OUTPUTS)), np.zeros(N_OUTPUTS))


@pytest.mark.parametrize(
    ("person", "kind", "said"),
    [
        (blank(n_in=24), ShapeError, r"weights \(40, 30\) and bias \(30,\), got \(24, 30\)"),
        (blank("17"), ConfigError, "subject '17' is no name: digits mean an index"),
        (blank(""), ConfigError, "is no name"),
        (blank("an\nna"), ConfigError, "is no name that can be typed"),
        (blank("anna\udcff"), ConfigError, "is no name that can be typed"),
        (blank(" anna"), ConfigError, "is no name that can be typed"),
        (blank("sub-02"), ConfigError, "'sub-02' is a subject of the checkpoint already"),
    ],
)
def test_a_head_that_does_not_fit(person: PersonHead, kind: type[TribeError], said: str, tmp_path: Path) -> None:
    source = written(tmp_path / "source", 2)
    with pytest.raises(kind, match=said):
        write_fitted_checkpoint(source, tmp_path / "anna", person, {})
    assert not (tmp_path / "anna").exists()


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    source = written(tmp_path / "source")
    with pytest.raises(OutputError):
        write_fitted_checkpoint(source, source, blank(), {})
    write_fitted_checkpoint(source, tmp_path / "one", blank(), {})
    with pytest.raises(OutputError, match="checkpoint"):  # ours, and read here
        write_fitted_checkpoint(tmp_path / "one", tmp_path / "one", blank("berta"), {})
    no_average = written(tmp_path / "no_average", subject_layers={"n_subjects": 2, "subject_dropout": None})
    with pytest.raises(ConfigError, match="has no average subject, whose place"):
        write_fitted_checkpoint(no_average, tmp_path / "anna", blank(), {}, alone=True)


@pytest.mark.extras
def test_rows_of_a_film_are_those_of_predict(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    rows = head_rows(model, events, with_features=True)
    predictions, segments = model.predict(events, verbose=False)
    assert [(s.start, s.timeline) for s in rows.segments] == [(s.start, s.timeline) for s in segments]
    pair = model.encoder.read_out.read_pair()
    assert pair.low_rank_head is not None
    assert pair.predictor.bias is not None
    made = pair.low_rank_head(rows.states) @ pair.predictor.weights[0] + pair.predictor.bias[0]
    np.testing.assert_allclose(made, predictions, rtol=0, atol=1e-5)
    whole = model.extract_features(events)
    for modality, dims in model.encoder.build_args.feature_dims.items():
        assert dims is not None
        assert rows.features[modality].shape == (len(segments), dims[0] * dims[1])
        steps = whole[modality].reshape(dims[0] * dims[1], -1)
        n = steps.shape[1] // 2
        pooled = steps[:, : 2 * n].reshape(-1, n, 2).mean(axis=2).T
        np.testing.assert_allclose(rows.features[modality][:n], pooled, rtol=0, atol=1e-6)
