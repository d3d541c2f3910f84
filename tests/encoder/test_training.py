"""Adam, its schedule and training steps against what torch and tribev2's own model gave, without torch."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.reference.encoder import BUFFERS
from tools.reference.encoder_gradients import summary
from tools.reference.training import (
    ABSENT,
    MAX_LR,
    N_STEPS,
    NAME,
    PCT_START,
    SEED,
    TOTAL_STEPS,
    features_of_step,
    measured_of,
    training_case,
)  # fmt: skip
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.training.adam import Adam, Moments
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.encoder.training.training_step import (
    Batch,
    Trained,
    Training,
    resized_subject_layer,
    with_subject_rows,
)
from tribe_np.errors import ConfigError, NotFiniteError, ShapeError
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error

GOLDEN = Path(__file__).parents[1] / "golden" / NAME
BOUND = 1e-9


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return {key: np.array(entry.read()) for key, entry in read_header(GOLDEN)[0].items()}


def part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {key.removeprefix(prefix): x for key, x in arrays.items() if key.startswith(prefix)}


@pytest.fixture
def case(golden: dict[str, np.ndarray]) -> Any:
    """The case as it was dumped, whatever random weights are now."""
    about = json.loads(read_header(GOLDEN)[1]["about"])
    weights = {name: x if name in BUFFERS else x.astype(np.float32) / 64 for name, x in part(golden, "input/").items()}
    made = training_case()
    return replace(
        made, config=about["config"], build_args=about["build_args"], state_dict=weights,
        features={m: part(golden, "feature/")[m] for m in made.features},
    )  # fmt: skip


def training_of(case: Any, **changed: Any) -> Training:
    schedule = OneCycle(TOTAL_STEPS, max_lr=MAX_LR, pct_start=PCT_START)
    return Training(case.config, case.build_args, schedule, **{"precision": "float64", **changed})


def batch_of(case: Any, step: int) -> Batch:
    return Batch(features_of_step(case, step), measured_of(case, step), case.subject_index)


def wide(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: x.astype(np.float64) for name, x in weights.items()}


def errors_of(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> dict[str, float]:
    assert set(found) == set(expected)
    stored = summary(found)
    errors = {name: relative_error(stored[name], x) for name, x in expected.items()}
    return {name: error for name, error in errors.items() if error > BOUND}


def test_steps_are_upstreams(case: Any, golden: dict[str, np.ndarray]) -> None:
    training, trained = training_of(case), Trained(wide(case.state_dict))
    draws, again = np.random.default_rng(SEED), np.random.default_rng(SEED)
    for step in range(N_STEPS):
        loss, gradients = training.loss_and_gradients(trained.weights, batch_of(case, step), again)
        expected = golden[f"step{step}"]
        np.testing.assert_allclose([loss, *training.schedule.at(step)], expected, rtol=1e-12)
        assert not errors_of(gradients, part(golden, f"step{step}/"))
        assert all(not name.startswith(f"projectors.{ABSENT.get(step)}.") for name in gradients)
        trained = training.stepped(trained, batch_of(case, step), draws)
        assert trained.loss == loss
    assert trained.step == N_STEPS
    moved = {name: x for name, x in trained.weights.items() if name not in BUFFERS}
    assert not errors_of(moved, part(golden, "weight/"))
    assert not errors_of(dict(trained.moments.means), part(golden, "mean/"))
    assert not errors_of(dict(trained.moments.squares), part(golden, "square/"))
    counts = {name: float(x[0]) for name, x in part(golden, "count/").items()}
    assert counts == trained.moments.steps
    assert counts["projectors.audio.weight"] == N_STEPS - 1  # a step without that modality does not count


def test_draws_matter(case: Any) -> None:
    training = training_of(case)
    losses = {
        training.loss_and_gradients(wide(case.state_dict), batch_of(case, 0), np.random.default_rng(seed))[0]
        for seed in (1, 2, 2)
    }
    assert len(losses) == 2


def test_a_step_changes_nothing_that_it_was_given(case: Any) -> None:
    weights = wide(case.state_dict)
    before = {name: x.copy() for name, x in weights.items()}
    first = training_of(case).stepped(Trained(weights), batch_of(case, 0), np.random.default_rng(1))
    mean = {name: x.copy() for name, x in first.moments.means.items()}
    training_of(case).stepped(first, batch_of(case, 1), np.random.default_rng(1))
    for name, x in before.items():
        np.testing.assert_array_equal(weights[name], x)
    for name, x in mean.items():
        np.testing.assert_array_equal(first.moments.means[name], x)


def test_the_read_out_alone(case: Any) -> None:
    weights, batch = wide(case.state_dict), batch_of(case, 0)
    whole = training_of(case).loss_and_gradients(weights, batch, np.random.default_rng(1))
    frozen = training_of(case, moves=("predictor.*",))
    assert frozen.is_read_out_alone
    assert not training_of(case, moves=("predictor.*", "encoder.final_norm.g")).is_read_out_alone
    loss, gradients = frozen.loss_and_gradients(weights, batch, np.random.default_rng(1))
    assert loss == whole[0]
    assert set(gradients) == {"predictor.weights", "predictor.bias"}
    for name, x in gradients.items():
        np.testing.assert_array_equal(x, whole[1][name])
    after = frozen.stepped(Trained(weights), batch, np.random.default_rng(1)).weights
    assert {name for name, x in weights.items() if np.any(x != after[name])} == set(gradients)


def test_rows_of_zeros_may_count(case: Any) -> None:
    batch = batch_of(case, 0)
    quiet = training_of(case).loss_and_gradients(wide(case.state_dict), batch, np.random.default_rng(1))[0]
    config = case.config | {"modality_dropout": 0.0, "temporal_dropout": 0.0}
    still = replace(case, config=config | {"subject_layers": config["subject_layers"] | {"subject_dropout": 0.4}})
    loud = training_of(still, empty_rows_count=True)
    loss, _ = loud.loss_and_gradients(wide(case.state_dict), batch, np.random.default_rng(1))
    index = np.where(np.random.default_rng(1).random(5) < 0.4, 3, case.subject_index)
    encoder = FmriEncoder.from_state_dict(config, case.build_args, wide(case.state_dict), precision="float64")
    assert loss == pytest.approx(np.mean((encoder(batch.features, index) - batch.measured) ** 2), rel=1e-12)
    assert loss != quiet


def test_training_lowers_the_loss(case: Any) -> None:
    config = case.config | {"modality_dropout": 0.0, "temporal_dropout": 0.0}
    still = replace(case, config=config)
    training = Training(config, case.build_args, OneCycle(60, max_lr=3e-2), precision="float32")
    trained, batch = Trained(case.state_dict), batch_of(still, 0)
    generator, losses = np.random.default_rng(0), []
    for _ in range(60):
        trained = training.stepped(trained, batch, generator)
        losses.append(trained.loss)
    assert losses[-1] < 0.2 * losses[0]
    assert all(x.dtype == np.float32 for x in trained.weights.values())


@pytest.mark.parametrize("name", ["12/0.25/cos", "50/0.1/cos", "7/0.3/linear", "3/0.0/cos"])
def test_the_schedule_is_torchs(golden: dict[str, np.ndarray], name: str) -> None:
    total, pct_start, anneal = name.split("/")
    schedule = OneCycle(int(total), max_lr=MAX_LR, pct_start=float(pct_start), anneal=anneal)
    found = [schedule.at(step) for step in range(int(total))]
    np.testing.assert_allclose(found, golden[f"schedule/{name}"], rtol=1e-12)


def test_ends_of_a_schedule() -> None:
    rise_of_one = OneCycle(10, pct_start=0.1)  # where torch divides by zero
    assert rise_of_one.at(0) == (1e-4, 0.85)
    assert OneCycle(10, cycles_beta1=False).at(3)[1] is None
    for step in (-1, 10):
        with pytest.raises(ConfigError, match="a schedule of 10"):
            rise_of_one.at(step)
    for options in ({"total_steps": 0}, {"total_steps": 5, "pct_start": 1.5}, {"total_steps": 5, "anneal": "exp"}):
        with pytest.raises(ConfigError):
            OneCycle(**options)


def test_weights_without_a_gradient_stay() -> None:
    weights = {"a": np.ones(2), "b": np.ones(2)}
    moved, moments = Adam().moved(weights, {"a": np.array([1.0, -2.0])}, Moments(), lr=0.1)
    np.testing.assert_allclose(moved["a"], [0.9, 1.1], rtol=1e-7)
    np.testing.assert_array_equal(moved["b"], 1)
    assert dict(moments.steps) == {"a": 1}


def test_a_new_persons_row_is_the_mean_of_the_rows(case: Any) -> None:
    weights = wide(case.state_dict)
    resized = resized_subject_layer(weights, 2)
    for name in ("predictor.weights", "predictor.bias"):
        assert resized[name].shape == (2, *weights[name].shape[1:])
        np.testing.assert_allclose(resized[name][1], weights[name].mean(0), rtol=1e-14)
    config = with_subject_rows(case.config, 1, subject_dropout=0.1)
    encoder = FmriEncoder.from_state_dict(config, case.build_args, resized)
    assert encoder.n_subjects == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dropout": 0.1}, "dropout inside layers"),
        ({"projector": {"name": "SubjectLayers", "subject_dropout": 0.1}}, "subject_dropout of a projector"),
        ({"combiner": {"hidden_sizes": [8], "dropout": 0.1}}, r"set combiner\.dropout to 0"),
        ({"projector": {"name": "Mlp", "hidden_sizes": [8], "norm_layer": "batch"}}, 'norm_layer "batch"'),
    ],
)
def test_what_trains_otherwise_than_it_runs_is_refused(case: Any, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Training(case.config | changed, case.build_args, OneCycle(3))


def test_a_combiner_without_hidden_layers_has_no_dropout(case: Any) -> None:
    Training(case.config | {"combiner": {"dropout": 0.1}}, case.build_args, OneCycle(3))


def test_nothing_is_trained_in_silence(case: Any) -> None:
    weights, batch = wide(case.state_dict), batch_of(case, 0)
    with pytest.raises(ConfigError, match=r"no weight of the model is named predictr\.\*"):
        training_of(case, moves=("predictr.*",)).loss_and_gradients(weights, batch, np.random.default_rng(1))
    measured = batch.measured.astype(np.float64)
    measured[1, 2, 0] = 1e200
    with (
        pytest.raises(NotFiniteError, match="the loss is inf: the learning rate is too high"),
        np.errstate(all="ignore"),
    ):
        training_of(case).stepped(Trained(weights), replace(batch, measured=measured), np.random.default_rng(1))


def test_measured_data_that_do_not_fit(case: Any) -> None:
    batch = batch_of(case, 0)
    with pytest.raises(ShapeError, match=r"must be \(4, 6, 4\) as predictions, got \(4, 6, 3\)"):
        training_of(case).stepped(
            Trained(wide(case.state_dict)), replace(batch, measured=batch.measured[..., :3]), np.random.default_rng(0)
        )
    with pytest.raises(ShapeError, match="no row of measured data"):
        training_of(case).stepped(
            Trained(wide(case.state_dict)), replace(batch, measured=0 * batch.measured), np.random.default_rng(0)
        )


def test_a_nan_counts_for_nothing(case: Any) -> None:
    """Neither in the loss nor in a gradient."""
    still = replace(case, config=case.config | {"modality_dropout": 0.0, "temporal_dropout": 0.0})
    weights, batch = wide(case.state_dict), batch_of(case, 0)
    measured = batch.measured.copy()
    measured[:, 2], measured[1, 3, 0] = np.nan, np.inf
    loss, gradients = training_of(still).loss_and_gradients(
        weights, replace(batch, measured=measured), np.random.default_rng(1)
    )
    index = np.where(np.random.default_rng(1).random(5) < 0.4, 3, case.subject_index)
    output = FmriEncoder.from_state_dict(still.config, case.build_args, weights, precision="float64")(
        batch.features, index
    )
    counts = np.isfinite(measured) & (batch.measured != 0).any(axis=1)[:, None]
    assert loss == pytest.approx(np.mean((output - batch.measured)[counts] ** 2), rel=1e-12)
    assert (gradients["predictor.weights"][..., 2] == 0).all()
    assert all(np.isfinite(x).all() for x in gradients.values())
