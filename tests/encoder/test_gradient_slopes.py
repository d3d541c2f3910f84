"""The encoder's gradients against finite differences, over every option, and what may be asked of a backward pass."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tools.reference.encoder_cases import Case, edge_cases, random_case
from tools.reference.option_cases import option_cases
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.gradients import LeftOut
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ShapeError

STEP, BOUND = 1e-6, 1e-7
BUFFERS = ("inv_freq", "rotary_pos_emb.scale", "running_mean", "running_var", "num_batches_tracked", ".beta")
Arrays = Mapping[str, np.ndarray]


def build(case: Case, weights: Arrays, **options: Any) -> FmriEncoder:
    return FmriEncoder.from_state_dict(case.config, case.build_args, weights, precision="float64", **options)


def slope(loss: Callable[[np.ndarray], float], x: np.ndarray, direction: np.ndarray) -> float:
    """The derivative of `loss` along a direction, from both sides."""
    return (loss(x + STEP * direction) - loss(x - STEP * direction)) / (2 * STEP)


def wide(arrays: Arrays) -> dict[str, np.ndarray]:
    return {name: x.astype(np.float64) for name, x in arrays.items()}


@pytest.mark.filterwarnings("ignore:features contain the unknown smell")
@pytest.mark.parametrize(
    "case", [*map(random_case, range(24)), *edge_cases(), *option_cases()], ids=lambda case: case.name
)
def test_every_gradient_is_a_slope(case: Case, rng: np.random.Generator) -> None:
    weights, features = wide(case.state_dict), wide(case.features)
    output, pull = build(case, weights).pullback(features, case.subject_index, pool_outputs=case.pool_outputs)
    weighting = rng.standard_normal(output.shape)

    def loss(weights: Arrays, features: Arrays) -> float:
        out = build(case, weights)(features, case.subject_index, pool_outputs=case.pool_outputs)
        return float(np.sum(out * weighting))

    found = pull(weighting)
    idle = tuple(f"projectors.{m}." for m in case.build_args["feature_dims"] if m not in features)
    idle += ("combiner.",) if case.config["linear_baseline"] else ()  # stored, never run
    assert {name for name in weights if not name.endswith(BUFFERS) and not name.startswith(idle)} == set(found.weights)
    wrong = {}
    for name, gradient in found.weights.items():
        direction = rng.standard_normal(gradient.shape)
        expected = slope(lambda x, name=name: loss({**weights, name: x}, features), weights[name], direction)
        if abs(expected - np.sum(gradient * direction)) > BOUND * max(1, np.abs(gradient * direction).sum()):
            wrong[name] = (expected, np.sum(gradient * direction))
    for name, gradient in found.features.items():
        direction = rng.standard_normal(gradient.shape)
        expected = slope(lambda x, name=name: loss(weights, {**features, name: x}), features[name], direction)
        if abs(expected - np.sum(gradient * direction)) > BOUND * max(1, np.abs(gradient * direction).sum()):
            wrong[name] = (expected, np.sum(gradient * direction))
    assert not wrong
    assert set(found.features) == set(features) & set(case.build_args["feature_dims"])


@pytest.fixture
def small() -> Case:
    """A case with two modalities and subjects."""
    case = random_case(5)
    assert case.subject_index is not None
    assert len(case.features) >= 2
    assert case.config["extractor_aggregation"] != "stack"
    return case


def test_a_few_vertices_are_those_columns(small: Case) -> None:
    chosen = [1, 4, 7]
    output, pull = build(small, small.state_dict).pullback(small.features, small.subject_index)
    part, pull_part = build(small, small.state_dict, selection=chosen).pullback(small.features, small.subject_index)
    weighting = np.random.default_rng(1).standard_normal(part.shape)
    filled = np.zeros(output.shape)
    filled[:, chosen] = weighting
    whole, some = pull(filled), pull_part(weighting)
    for name, x in whole.features.items():
        np.testing.assert_allclose(some.features[name], x, rtol=0, atol=1e-12 * np.abs(x).max())
    np.testing.assert_allclose(
        some.weights["predictor.weights"], whole.weights["predictor.weights"][..., chosen], rtol=1e-12
    )


def test_rows_of_other_subjects_have_no_gradient(small: Case) -> None:
    output, pull = build(small, small.state_dict).pullback(small.features, [0, 2])
    found = pull(np.ones(output.shape)).weights["predictor.weights"]
    assert [bool(np.any(row)) for row in found[:3]] == [True, False, True]


def test_gradients_of_windows_add_up(small: Case) -> None:
    encoder = build(small, small.state_dict)
    output, pull = encoder.pullback(small.features, small.subject_index)
    weighting = np.random.default_rng(1).standard_normal(output.shape)
    whole, total = pull(weighting), {}
    for b in range(2):
        one = {m: x[b : b + 1] for m, x in small.features.items()}
        found = encoder.pullback(one, small.subject_index[b : b + 1])[1](weighting[b : b + 1])
        for name, x in found.weights.items():
            total[name] = total.get(name, 0) + x
        for name, x in found.features.items():
            np.testing.assert_allclose(x[0], whole.features[name][b], rtol=1e-9, atol=1e-12)
    for name, x in whole.weights.items():
        np.testing.assert_allclose(total[name], x, rtol=1e-9, atol=1e-12 * np.abs(x).max(), err_msg=name)


def test_what_is_left_out_has_no_gradient_and_the_rest_is_a_slope(small: Case, rng: np.random.Generator) -> None:
    features = wide(small.features)
    first, second, *_ = features
    steps = np.zeros((2, features[first].shape[-1]), bool)
    steps[1, 2] = True
    left_out = LeftOut({first: np.array([True, False])}, steps)
    encoder = build(small, small.state_dict)
    output, pull = encoder.pullback(features, small.subject_index, left_out=left_out)
    weighting = rng.standard_normal(output.shape)
    found = pull(weighting)
    assert not np.any(found.features[first][0])
    assert np.any(found.features[first][1])
    assert np.any(found.features[second][0])
    assert not np.any(found.features[second][1, ..., 2])

    def loss(x: np.ndarray) -> float:
        out, _ = encoder.pullback({**features, second: x}, small.subject_index, left_out=left_out)
        return float(np.sum(out * weighting))

    direction = rng.standard_normal(features[second].shape)
    expected = slope(loss, features[second], direction)
    assert np.sum(found.features[second] * direction) == pytest.approx(expected, rel=1e-6)


def test_a_draw_has_the_configurations_probabilities() -> None:
    config = EncoderConfig.from_dict({"modality_dropout": 0.3, "temporal_dropout": 0.1})
    dims = {"text": [1, 3], "audio": None, "image": [1, 2], "video": [1, 4]}
    build_args = BuildArgs.from_dict({"feature_dims": dims, "n_outputs": 2, "n_output_timesteps": 2})
    features = {
        "smell": np.zeros((2, 1, 9)),
        "video": np.zeros((2000, 4, 50)),
        "text": np.zeros((2000, 1, 3, 50)),
        "audio": np.zeros((2000, 1, 50)),
    }
    drawn = LeftOut.drawn(config, build_args, features, np.random.default_rng(0))
    assert list(drawn.modalities) == ["text", "video"]
    assert abs(drawn.modalities["text"].mean() - 0.3) < 0.03
    assert np.any(drawn.modalities["text"] != drawn.modalities["video"])
    assert drawn.steps is not None
    assert abs(drawn.steps.mean() - 0.1) < 0.01
    again = LeftOut.drawn(config, build_args, features, np.random.default_rng(0)).part(slice(5, 9))
    np.testing.assert_array_equal(again.steps, drawn.steps[5:9])
    np.testing.assert_array_equal(again.modalities["video"], drawn.modalities["video"][5:9])
    stack = EncoderConfig.from_dict({"temporal_dropout": 0.1, "extractor_aggregation": "stack"})
    assert LeftOut.drawn(stack, build_args, features, np.random.default_rng(0)).steps.shape == (2000, 200)
    none = LeftOut.drawn(EncoderConfig(), build_args, features, np.random.default_rng(0))
    assert not none.modalities
    assert none.steps is None


def test_a_gradient_of_another_shape_is_refused(small: Case) -> None:
    output, pull = build(small, small.state_dict).pullback(small.features, small.subject_index)
    with pytest.raises(ShapeError, match=r"the prediction's shape \(2, 9, "):
        pull(np.ones(output.shape[:2]))
