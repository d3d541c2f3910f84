"""What a person is compared by: of a person whose head is known the head wins, of one who is a filter the filter."""

from typing import Any

import numpy as np
import pytest

from tribe_np.encoder.head_states import head_matrix, states_before_head, subject_layer
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import random_state_dict
from tribe_np.errors import ConfigError
from tribe_np.pipeline.fitting.fit_record import fit_record
from tribe_np.pipeline.fitting.person_fit import FitOptions, check_fit_options, fit_person
from tribe_np.pipeline.fitting.person_rows import PersonRows, PersonRun

DIMS: dict[str, Any] = {"text": (1, 6), "audio": (1, 4)}
BRAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 400, "low_rank_head": 40,
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1},
}  # fmt: skip
V, N_ROWS, OFFSET = 30, 200, 5.0


@pytest.fixture(scope="module")
def encoder() -> FmriEncoder:
    build_args = {"feature_dims": DIMS, "n_outputs": V, "n_output_timesteps": N_ROWS}
    weights = random_state_dict(BRAIN, build_args, seed=1)
    return FmriEncoder.from_state_dict(BRAIN, build_args, weights, precision="float64")


@pytest.fixture(scope="module")
def runs(encoder: FmriEncoder) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """States and features at TRs of four runs."""
    random, found = np.random.default_rng(0), []
    for _ in range(4):
        features = {m: random.normal(size=(1, g, f, N_ROWS)) for m, (g, f) in DIMS.items()}
        states = states_before_head(encoder, features)[0]
        found.append((states, {m: x[0, 0].T.astype(np.float32) for m, x in features.items()}))
    return found


def person(runs: list[Any], measured: list[np.ndarray]) -> PersonRows:
    every = np.arange(N_ROWS)
    made = [
        PersonRun(f"run-{i}", states, y.astype(np.float32), features, every, every)
        for i, ((states, features), y) in enumerate(zip(runs, measured, strict=True))
    ]
    return PersonRows(tuple(made[:3]), tuple(made[3:]), 0, 0, ("said before",))


def fitted(encoder: FmriEncoder, rows: PersonRows, **options: Any) -> Any:
    chosen = FitOptions("anna", n_folds=3, n_shares=4, **options)
    return fit_person(encoder, rows, chosen, tr=1.0, hemodynamic_offset=OFFSET), chosen


def noisy(clean: list[np.ndarray], noise: float) -> list[np.ndarray]:
    random = np.random.default_rng(5)
    return [y + noise * y.std(axis=0) * random.normal(size=y.shape) for y in clean]


def test_a_known_head_beats_every_linear_model(encoder: FmriEncoder, runs: list[Any]) -> None:
    matrix = head_matrix(encoder)
    assert matrix is not None
    head = np.random.default_rng(1).normal(size=(40, V))
    clean = [(states @ matrix.T) @ head for states, _ in runs]
    rows = person(runs, noisy(clean, 1.0))
    found, options = fitted(encoder, rows)
    r = {name: float(values.mean()) for name, values in found.r.items()}
    assert list(r) == ["head", "average", "fir", "banded_fir"]
    ceiling = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(clean[3].T, rows.kept_out[0].measured.T, strict=True)])
    assert r["head"] > ceiling - 0.04
    assert r["head"] > r["average"] + 0.3
    record = fit_record(found, rows, options)
    assert record["scores"]["head"]["r"]["mean"] == pytest.approx(r["head"])
    assert sum(record["penalties"]["chosen"].values()) == V
    assert record["n_rows"] == {"fitted": 600, "kept_out": 200, "between": 0, "without_bold": 0}
    assert found.said[0] == "said before"


def test_a_person_who_is_a_filter_is_found_by_the_lags_and_its_modality(encoder: FmriEncoder, runs: list[Any]) -> None:
    """BOLD is sound of 8 s before, in a row that stands 5 s earlier: three rows back."""
    filters = np.random.default_rng(2).normal(size=(4, V))
    clean = [np.vstack([np.zeros((3, V)), (features["audio"] @ filters)[:-3]]) for _, features in runs]
    rows = person(runs, noisy(clean, 1.0))
    found, options = fitted(encoder, rows)
    r = {name: float(values.mean()) for name, values in found.r.items()}
    assert r["fir"] > 0.6
    assert r["banded_fir"] > r["fir"] - 0.02
    assert r["fir"] > r["head"] + 0.2
    text, audio = fit_record(found, rows, options)["linear"]["banded_fir"]["mean_share"]
    assert audio > 2 * text  # of four shares that are tried
    chosen = fit_record(found, rows, options)["linear"]["fir"]["penalties"]["chosen"]
    assert sum(chosen.values()) == V
    late, _ = fitted(encoder, rows, lags=(2.0, 4.0))
    assert late.r["fir"].mean() < 0.2


def test_the_average_subject_is_scored_as_it_was(encoder: FmriEncoder, runs: list[Any]) -> None:
    matrix, layer = head_matrix(encoder), subject_layer(encoder)
    assert matrix is not None
    assert layer is not None
    clean = [(states @ matrix.T) @ layer[0] + layer[1] for states, _ in runs]
    found, _ = fitted(encoder, person(runs, clean), linear=False)
    assert found.r["average"].min() > 1 - 1e-6
    assert found.r2["average"].min() > 1 - 1e-6
    assert set(found.r) == {"head", "average"}


def test_penalties_of_linear_models_at_an_end_are_said(encoder: FmriEncoder, runs: list[Any]) -> None:
    """Of noise nothing can be told: the largest penalty is the best."""
    rows = person(runs, [np.random.default_rng(k).normal(size=(N_ROWS, V)) for k in range(4)])
    found, _ = fitted(encoder, rows)
    for model in ("fir", "banded_fir"):
        assert any(s.startswith(f"{model}: ") and "chose the largest penalty tried" in s for s in found.said)


@pytest.mark.parametrize(("gap", "tr", "expected"), [(10.0, 1.0, 10), (10.0, 1.49, 7), (10.0, 3.0, 4), (0.0, 2.0, 0)])
def test_a_gap_is_never_shorter_than_told(gap: float, tr: float, expected: int) -> None:
    assert FitOptions("anna", gap=gap).gap_rows(tr) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_folds": 1}, "2 folds or more"), ({"penalties": (-1.0,)}, "0 or more"), ({"score": "mse"}, "by r2 or r"),
        ({"lags": (2.5,)}, "a lag of 2.5 s"),
    ],
)  # fmt: skip
def test_options_are_checked_before_any_work(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_fit_options(FitOptions("anna", **options), tr=1.0, hemodynamic_offset=OFFSET)
