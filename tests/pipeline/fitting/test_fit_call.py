"""`tribe_np.pipeline.fit` as it is called from Python: a known person is found, written, and predicted by name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.analysis.evaluation.truth_runs import TruthTimes
from tribe_np.encoder.head_states import head_matrix
from tribe_np.encoder.random import write_random
from tribe_np.errors import ConfigError
from tribe_np.pipeline import fit
from tribe_np.pipeline.fitting.fitting_events import ReadyFit
from tribe_np.pipeline.fitting.head_rows import HeadRows, head_rows_of_features
from tribe_np.pipeline.fitting.person_fit import FitOptions
from tribe_np.pipeline.given_truth import GivenTruth
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.events import Event, Events

SECONDS, V, LATE = 200, 2 * 642, 5  # fsaverage3
WORDS = Events([Event("Word", float(s), 1.0, "story", text="a") for s in range(SECONDS)])


def made_rows(model: TribeModel, events: Any, **options: Any) -> HeadRows:
    """Of features that no model had to make."""
    random, sizes = np.random.default_rng(4), {"text": (2, 5), "audio": (1, 4)}
    features = {m: random.normal(size=(*size, 2 * SECONDS)).astype(np.float32) for m, size in sizes.items()}
    return head_rows_of_features(model, features, **options)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TribeModel:
    """A small checkpoint of fsaverage3."""
    write_random(
        tmp_path / "source", seed=2, feature_dims={"text": (2, 5), "audio": (1, 4)}, n_outputs=V, n_output_timesteps=20,
        hidden=24, depth=1, heads=3, low_rank_head=40, max_seq_len=40, brain={"encoder": {"rotary_pos_emb": False}},
        data={"neuro": {"projection": {"mesh": "fsaverage3"}}},
    )  # fmt: skip
    monkeypatch.setattr("tribe_np.pipeline.fitting.fitting_events.head_rows", made_rows)
    return TribeModel.from_pretrained(tmp_path / "source", cache_folder=False, device="cpu", models=tmp_path)


def scan(model: TribeModel) -> tuple[np.ndarray, np.ndarray]:
    """What a person with a known head would show (R, V), and a scan of it with as much noise, 5 s later."""
    states, matrix = made_rows(model, WORDS).states, head_matrix(model.encoder)
    assert matrix is not None
    random = np.random.default_rng(1)
    clean = (states @ matrix.T) @ random.normal(size=(len(matrix), V))
    clean = (clean - clean.mean(axis=0)) / clean.std(axis=0)
    measured = random.normal(size=(SECONDS + LATE, V)).astype(np.float32)
    measured[LATE:] += clean
    return clean, measured


def test_a_person_is_fitted_from_arrays_and_predicted_by_name(model: TribeModel, tmp_path: Path) -> None:
    clean, measured = scan(model)
    made = fit(model, WORDS, measured, "anna", tmp_path / "anna", times=TruthTimes(tr=1.0), shares=2)
    assert made.written is not None
    assert (made.written.index, made.record["n_rows"]["fitted"], made.record["n_rows"]["kept_out"]) == (0, 150, 40)
    assert list(made.fit.r) == ["head", "average", "fir", "banded_fir"]
    assert float(np.mean(made.fit.r["head"])) > 0.5  # as much noise as signal: 0.71 is the most there is
    theirs = TribeModel.from_pretrained(tmp_path / "anna", cache_folder=False, device="cpu", models=tmp_path)
    rows = made_rows(theirs, WORDS)
    assert rows.windows is not None
    places = np.concatenate([20 * n + np.array(kept) for n, kept in enumerate(rows.windows.kept)])
    activity = theirs.encoder(rows.windows.features_of(range(len(rows.windows.kept))), np.zeros(10, int))
    predicted = activity.transpose(0, 2, 1).reshape(-1, V)[places]
    r = [np.corrcoef(predicted[:, v], clean[:, v])[0, 1] for v in range(0, V, 50)]
    assert min(r) > 0.75


def test_nothing_is_written_without_a_folder_and_a_selection_is_refused(model: TribeModel) -> None:
    _, measured = scan(model)
    assert fit(model, WORDS, measured, "anna", linear=False).written is None
    some = replace(model, encoder=replace(model.encoder, columns=np.arange(10)))
    with pytest.raises(ConfigError, match="leave the selection out"):
        fit(some, WORDS, measured, "anna")


def test_the_layers_are_given_back_before_a_fit_and_it_finds_the_same(model: TribeModel) -> None:
    _, measured = scan(model)
    ready = ReadyFit.of(model, FitOptions("anna", linear=False), alone=False)
    laid = ready.rows_of(WORDS, GivenTruth(measured, TruthTimes(tr=1.0)))
    light = ready.without_layers()
    assert light.model.encoder.encoder is None
    one, two = ready.fitted(*laid).fit, light.fitted(*laid).fit
    for name, values in one.r.items():
        np.testing.assert_array_equal(values, two.r[name])
    np.testing.assert_array_equal(one.person.weights, two.person.weights)


def test_too_many_folds_are_refused_before_features_are_made(
    model: TribeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("tribe_np.pipeline.fitting.fitting_events.head_rows")
    with pytest.raises(ConfigError, match="150 rows are too few for 100 folds"):
        fit(model, WORDS, np.zeros((SECONDS + LATE, V), np.float32), "anna", folds=100)
