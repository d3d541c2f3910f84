"""What the head reads is the tap before it, pooled; with the checkpoint's own head it gives the model's output."""

from typing import Any

import numpy as np
import pytest

from tribe_np.encoder.head_states import features_at_trs, head_matrix, states_before_head
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import random_state_dict
from tribe_np.oracle import trace

DIMS: dict[str, Any] = {"text": (2, 5), "audio": (1, 4)}
BRAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 30, "low_rank_head": 40,
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 2, "subject_dropout": 0.1},
}  # fmt: skip
FORMS: dict[str, dict[str, Any]] = {
    "released": {}, "no low-rank head": {"low_rank_head": None}, "narrow": {"low_rank_head": 7},
    "linear": {"linear_baseline": True},
    "smoothed": {"linear_baseline": True, "temporal_smoothing": {"kernel_size": 3}},
}  # fmt: skip
LAST_TAP = {"linear": "encoder.modalities", "smoothed": "encoder.temporal_smoothing.output"}


def build(form: str, n_trs: int = 4) -> FmriEncoder:
    config, build_args = BRAIN | FORMS[form], {"feature_dims": DIMS, "n_outputs": 50, "n_output_timesteps": n_trs}
    weights = random_state_dict(config, build_args, seed=1)
    return FmriEncoder.from_state_dict(config, build_args, weights, precision="float64")


@pytest.fixture
def features(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"text": rng.standard_normal((5, 2, 5, 8)), "audio": rng.standard_normal((5, 1, 4, 8))}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n_trs", [4, 3, 8])
def test_the_head_of_the_checkpoint_on_these_states_is_the_model(
    form: str, n_trs: int, features: dict[str, np.ndarray]
) -> None:
    encoder = build(form, n_trs)
    states = states_before_head(encoder, features)
    assert states.shape == (5, n_trs, 24)
    head, layer = head_matrix(encoder), encoder.read_out.read_pair().predictor
    z = states if head is None else states @ head.T
    assert layer.bias is not None
    for row, index in ((1, np.ones(5, int)), (2, None)):
        expected = encoder(features, index).transpose(0, 2, 1)
        np.testing.assert_allclose(z @ layer.weights[row] + layer.bias[row], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_they_are_the_last_tap_before_the_head_pooled(form: str, features: dict[str, np.ndarray]) -> None:
    encoder = build(form)
    with trace() as recording:
        encoder(features)
    tap = recording[LAST_TAP.get(form, "encoder.final_norm.output")]
    pooled = tap.reshape(5, 4, 2, 24).mean(axis=2)
    np.testing.assert_allclose(states_before_head(encoder, features), pooled, rtol=0, atol=1e-14)


def test_a_trace_sees_the_encoder_and_no_head(features: dict[str, np.ndarray]) -> None:
    encoder = build("released")
    with trace() as recording:
        traced = states_before_head(encoder, features)
    names = recording.names()
    assert names[-1] == "encoder.final_norm.output"
    assert not [name for name in names if "head" in name or "predictor" in name or name == "encoder.output"]
    np.testing.assert_array_equal(traced, states_before_head(encoder, features))


def test_features_are_pooled_as_states_are(rng: np.random.Generator) -> None:
    found = features_at_trs(rng.standard_normal((2, 3, 5, 8)), 4)
    assert found.shape == (2, 4, 15)
    features = np.arange(2 * 3 * 5 * 8, dtype=float).reshape(2, 3, 5, 8)
    expected = features.reshape(2, 15, 4, 2).mean(axis=3).transpose(0, 2, 1)
    np.testing.assert_allclose(features_at_trs(features, 4), expected, rtol=0, atol=1e-12)
