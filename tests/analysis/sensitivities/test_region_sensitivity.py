"""What a region listens to, against finite differences and planted lags."""

from typing import Any

import numpy as np
import pytest

from tribe_np.analysis import Sensitivity, sensitivity
from tribe_np.analysis.sensitivities.lag_curves import LagGrid
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import full_brain_config, random_state_dict
from tribe_np.errors import ShapeError

DIMS = {"text": [2, 4], "audio": [1, 3]}
AVERAGE = {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True}
TRANSFORMER = {"hidden": 64, "combiner": None, "encoder": {"heads": 2, "depth": 1}, "subject_layers": AVERAGE}
LINEAR = {"hidden": 4, "linear_baseline": True, "subject_layers": AVERAGE, "temporal_smoothing": {"kernel_size": 13}}


def encoder_of(brain: dict[str, Any], n_trs: int, **changed: np.ndarray) -> FmriEncoder:
    config = full_brain_config(brain)
    build_args = {"feature_dims": DIMS, "n_outputs": 5, "n_output_timesteps": n_trs}
    state = random_state_dict(config, build_args, seed=3) | changed
    return FmriEncoder.from_state_dict(config, build_args, state, precision="float64")


def features_of(n_windows: int, n_steps: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    scale = {"text": 3.0, "audio": 0.2}
    return {m: rng.standard_normal((n_windows, *dims, n_steps)) * scale[m] + 1 for m, dims in DIMS.items()}


def test_each_number_is_a_finite_difference() -> None:
    encoder, features, columns, row = encoder_of(TRANSFORMER, 6), features_of(2, 12), [1, 3], 2

    def region(changed: dict[str, np.ndarray]) -> np.ndarray:
        return encoder(changed)[:, columns, row].mean(axis=1)

    found = sensitivity(encoder, features, columns=columns, rows=[4, row])
    np.testing.assert_allclose(found.prediction[:, 1], region(features), rtol=1e-12)
    for modality, x in features.items():
        gradient = np.zeros_like(x)
        for index in np.ndindex(x.shape[1:]):
            step = np.zeros_like(x)
            step[(slice(None), *index)] = 1e-6
            up, down = region({**features, modality: x + step}), region({**features, modality: x - step})
            gradient[(slice(None), *index)] = (up - down) / 2e-6
        deviation, mean = x.std(axis=(0, 3), keepdims=True), x.mean(axis=(0, 3), keepdims=True)
        options = {"rtol": 1e-6, "atol": 2e-8}
        np.testing.assert_allclose(found.slope[modality][:, 1], np.sqrt((gradient**2).sum((1, 2))), **options)
        scaled = np.sqrt(((gradient * deviation) ** 2).sum((1, 2)))
        np.testing.assert_allclose(found.scaled[modality][:, 1], scaled, **options)
        np.testing.assert_allclose(found.drive[modality][:, 1], (gradient * (x - mean)).sum((1, 2)), **options)
    assert found.slope["text"].shape == (2, 2, 12)


@pytest.mark.parametrize("tap", [6, 8, 3])
def test_a_planted_lag_and_modality_are_found(tap: int) -> None:
    kernel = np.zeros((4, 1, 13), np.float32)
    kernel[:, :, tap] = 1  # the output at a step is the input tap - 6 steps later
    deaf = {"projectors.text.weight": np.zeros((2, 8), np.float32)}
    encoder = encoder_of(LINEAR, 20, **{"temporal_smoothing.weight": kernel}, **deaf)
    found = sensitivity(encoder, features_of(1, 40))
    assert found.shares() == {"text": 0.0, "audio": 1.0}
    lags, values = found.by_lag("audio")
    heard = 5.0 - (tap - 6) / 2  # the step of a row is heard 5 s before the signal that the row estimates
    assert lags[values > 1e-12 * values.max()].tolist() == [heard - 0.5, heard]  # a TR is the mean of two steps
    modality, lag = found.best()
    assert modality == "audio"
    assert lag in (heard - 0.5, heard)


def test_drives_of_a_linear_model_add_up_to_the_prediction() -> None:
    encoder, features = encoder_of(LINEAR, 20), features_of(2, 40)
    found = sensitivity(encoder, features, rows=[5, 12])
    mean = {m: np.broadcast_to(x.mean(axis=(0, 3), keepdims=True), x.shape) for m, x in features.items()}
    expected = encoder(features).mean(axis=1)[:, [5, 12]] - encoder(mean).mean(axis=1)[:, [5, 12]]
    np.testing.assert_allclose(sum(x.sum(-1) for x in found.drive.values()), expected, rtol=1e-10)


def test_an_encoder_of_a_selection_is_asked_about_that() -> None:
    config = full_brain_config(TRANSFORMER)
    build_args = {"feature_dims": DIMS, "n_outputs": 5, "n_output_timesteps": 6}
    state = random_state_dict(config, build_args, seed=3)
    part = FmriEncoder.from_state_dict(config, build_args, state, precision="float64", selection=[1, 3])
    features = features_of(1, 12)
    some, whole = sensitivity(part, features), sensitivity(encoder_of(TRANSFORMER, 6), features, columns=[3, 1, 3])
    assert some.rows.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(some.slope["text"], whole.slope["text"], rtol=1e-10)


def test_means_over_lags() -> None:
    lags = np.array([[5.0, 4.5, 4.0], [5.5, 5.0, 4.5]])
    values = {"text": np.array([[[3.0, 1.0, 0.0], [2.0, 4.0, 1.0]]])}
    made = Sensitivity(values, values, values, np.array([0, 1]), lags, np.zeros((1, 2)), LagGrid(2, 3, tr=0.5))
    found, power = made.by_lag("text", "slope")
    assert found.tolist() == [4.0, 4.5, 5.0, 5.5]
    np.testing.assert_allclose(power, [0, 1, np.sqrt(12.5), 2])
    np.testing.assert_allclose(made.by_lag("text", "drive")[1], [0, 1, 3.5, 2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": [5]}, r"columns must be whole numbers in 0\.\.4"),
        ({"columns": []}, "at least one"),
        ({"rows": [6]}, r"rows must be in 0\.\.5, at least one, got \[6\]"),
        ({"rows": []}, "rows must be"),
    ],
)
def test_what_the_prediction_does_not_have(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        sensitivity(encoder_of(TRANSFORMER, 6), features_of(1, 12), **options)


def test_features_of_unequal_steps_are_refused() -> None:
    features = features_of(1, 12)
    features["audio"] = features["audio"][..., :10]
    with pytest.raises(ShapeError, match=r"the same B and T each, got text \(1, 2, 4, 12\), audio \(1, 1, 3, 10\)"):
        sensitivity(encoder_of(TRANSFORMER, 6), features)
