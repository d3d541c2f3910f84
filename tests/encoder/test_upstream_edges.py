"""What upstream runs by broadcasting or by ignoring; the numbers are compared live in tests/parity/test_encoder.py."""

import warnings
from typing import Any

import numpy as np
import pytest

from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import full_brain_config, random_state_dict

DIMS = {"text": [2, 5], "audio": [2, 4]}
BRAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 30,
    "encoder": {"heads": 3, "depth": 1, "ff_mult": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True},
}  # fmt: skip
BUILD = {"feature_dims": DIMS, "n_outputs": 7, "n_output_timesteps": 4}


def build(**changes: Any) -> FmriEncoder:
    config = full_brain_config(BRAIN | changes)
    return FmriEncoder.from_state_dict(config, BUILD, random_state_dict(config, BUILD, seed=3))


@pytest.fixture
def features(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {m: rng.standard_normal((2, *dims, 8)).astype(np.float32) for m, dims in DIMS.items()}


def test_an_unknown_modality_is_left_out_with_a_warning(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    expected = encoder(features)
    with pytest.warns(UserWarning, match="unknown smell; this model takes text, audio; anything unknown is ignored"):
        found = encoder({"smell": np.ones((2, 1, 3, 8), np.float32), **features})
    assert np.array_equal(found, expected)


def test_stacked_modalities_may_differ_in_length(features: dict[str, np.ndarray]) -> None:
    encoder = build(extractor_aggregation="stack")
    features["audio"] = features["audio"][..., :3]
    assert encoder(features).shape == (2, 7, 4)
    assert encoder(features, pool_outputs=False).shape == (2, 7, 11)


def test_groups_may_come_joined(features: dict[str, np.ndarray]) -> None:
    joined = {m: x.reshape(2, -1, 8) for m, x in features.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(build()(joined), build()(features))


def test_one_position_is_that_of_every_step(features: dict[str, np.ndarray]) -> None:
    config = full_brain_config(BRAIN | {"max_seq_len": 1})
    state = random_state_dict(config, BUILD, seed=3)
    single = FmriEncoder.from_state_dict(config, BUILD, state)
    repeated = state | {"time_pos_embed": np.repeat(state["time_pos_embed"], 8, axis=1)}
    table = FmriEncoder.from_state_dict(config | {"max_seq_len": 8}, BUILD, repeated)
    assert np.array_equal(single(features), table(features))


def test_a_baseline_ignores_subject_embedding(features: dict[str, np.ndarray]) -> None:
    plain, other = (build(linear_baseline=True, subject_embedding=value) for value in (False, True))
    assert np.array_equal(plain(features), other(features))
