"""A study of known heads gives them back: to evaluate, networks and a fit, at the noise it was made with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tools.made_heads import heads_of_states
from tools.made_study import StudyPlan
from tribe_np import TribeModel
from tribe_np.analysis import evaluate, networks
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.encoder.random import write_random
from tribe_np.pipeline.fitting.head_rows import HeadRows, head_rows_of_features
from tribe_np.pipeline.fitting.person_fit import FitOptions, fit_person
from tribe_np.pipeline.fitting.person_rows import person_rows
from tribe_np.pipeline.given_truth import GivenTruth

V, R = 1284, 400  # vertices of fsaverage3
DIMS = {"text": (2, 5), "audio": (1, 4)}
Features = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Shown:
    """A stimulus to a small model of random weights."""

    model: TribeModel
    features: Features
    rows: HeadRows

    def study(self, out: Path, plan: StudyPlan) -> TribeModel:
        """Makes a study; the model of its heads."""
        heads_of_states(self.model, self.rows.states, series(np.zeros((R, V))), out, plan)
        return TribeModel.from_pretrained(out / "model", cache_folder=False, device="cpu", models=out)

    def predicted(self, model: TribeModel, subject: str | None) -> SurfaceSeries:
        return series(model.predict_features(self.features, verbose=False, subject=subject)[0])


def series(values: np.ndarray) -> SurfaceSeries:
    run = {"timeline": "default"}
    return SurfaceSeries(values.astype(np.float32), "fsaverage3", np.arange(R) * 1.0, 1.0, 5.0, run=run)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("heads")
    write_random(
        folder, seed=2, feature_dims=DIMS, n_outputs=V, n_output_timesteps=20, hidden=24, depth=1, heads=3,
        low_rank_head=40, max_seq_len=40, brain={"encoder": {"rotary_pos_emb": False}},
        data={"neuro": {"projection": {"mesh": "fsaverage3"}}},
    )  # fmt: skip
    model = TribeModel.from_pretrained(folder, cache_folder=False, device="cpu", models=folder)
    rng = np.random.default_rng(4)
    features = {m: rng.standard_normal((*dims, 2 * R), np.float32) for m, dims in DIMS.items()}
    return Shown(model, features, head_rows_of_features(model, features))


@pytest.mark.parametrize("late", [5, 8])
def test_an_evaluation_finds_the_delay_the_ceiling_and_whose_brain_it_is(
    shown: Shown, tmp_path: Path, late: int
) -> None:
    plan = StudyPlan(subjects=3, shared=0, noise=1, alike=0.5, late=late)
    heads = shown.study(tmp_path, plan)
    told, speaks = plan.expected(), ~np.load(tmp_path / "silent.npy")
    assert list(heads.subjects) == ["sub-01", "sub-02", "sub-03"]
    own = evaluate(shown.predicted(heads, "sub-01"), tmp_path / "sub-01.tsv", parcellation=False)
    assert own.lags is not None
    assert own.lags.best == late - 5
    if late == 8:
        return
    (ceilings,) = own.ceilings
    other = evaluate(shown.predicted(heads, "sub-02"), tmp_path / "sub-01.tsv", parcellation=False)
    group = evaluate(shown.predicted(heads, None), tmp_path / "truth.tsv", parcellation=False)
    assert group.group is not None
    found = {
        "r": own.r, "reliability": ceilings.ceilings.reliability, "r_of_mean": ceilings.r_of_mean,
        "r_normalised": ceilings.normalised, "r_of_another": other.r, "r_of_average": group.r,
        "r_group": group.group.found.r_group, "r_leave_one_out": group.group.found.leave_one_out.mean(axis=0),
    }  # fmt: skip
    for name, values in found.items():
        assert np.nanmean(values[speaks]) == pytest.approx(told[name], abs=0.015), name
    assert (other.r < own.r)[speaks].mean() > 0.99


@pytest.mark.parametrize(("noise", "least"), [(0.5, 0.985), (1.0, 0.95), (3.0, 0.7)])
def test_a_fit_finds_the_head_as_well_as_the_noise_allows(
    shown: Shown, tmp_path: Path, noise: float, least: float
) -> None:
    """Of unpenalised weights p, the part of a prediction that is noise has p / n of the noise's variance."""
    heads = shown.study(tmp_path, StudyPlan(subjects=1, shared=0, noise=noise, silent=0.1))
    clean = shown.predicted(heads, "sub-01").values
    truth = GivenTruth(tmp_path / "sub-01.tsv").paired(shown.model, shown.rows.segments)
    assert truth is not None
    rows = person_rows(shown.rows, truth, share=0.2, gap=10)
    assert (rows.n_trained, rows.n_kept_out) == (310, 80)
    options = FitOptions("anna", linear=False)
    fit = fit_person(shown.model.encoder, rows, options, tr=1.0, hemodynamic_offset=5.0)
    head = np.asarray(shown.model.encoder.read_out.read_pair().low_rank_head.weight)
    (run,) = rows.kept_out
    predicted = run.states @ head.T @ fit.person.weights + fit.person.bias
    speaks = ~np.load(tmp_path / "silent.npy")
    r = columns_r(predicted, clean[run.rows])[speaks].mean()
    p, n = run.states.shape[1], 2 * rows.n_trained  # two runs of every row
    assert r > max(least, (1 + noise**2 * p / n) ** -0.5 - 0.01)
    assert fit.r["head"][speaks].mean() == pytest.approx(r * (1 + noise**2 / 2) ** -0.5, abs=0.02)
    assert abs(fit.r["head"][~speaks].mean()) < 0.05


@pytest.mark.extras
def test_networks_are_found(shown: Shown, tmp_path: Path) -> None:
    heads = shown.study(tmp_path, StudyPlan(subjects=1))
    made = networks(shown.predicted(heads, None), components=4, restarts=0, templates=False)
    templates = np.load(tmp_path / "networks.npz")
    r = np.array(
        [[abs(np.corrcoef(made_map, templates[name])[0, 1]) for made_map in made.maps()] for name in templates]
    )
    assert r.max(axis=1).min() > 0.9
    assert len(set(r.argmax(axis=1))) == 4


def columns_r(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson's r of each column."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    r: np.ndarray = (one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return r
