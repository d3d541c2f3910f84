"""An encoder of means: what it predicts, and its gradients, are those of the means of the whole encoder's columns."""

from typing import Any

import numpy as np
import pytest

from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import full_brain_config, random_state_dict

DIMS = {"text": [2, 4], "audio": [1, 3]}
GROUPS = [np.array([0, 4]), np.array([2]), np.array([1, 2, 3])]


@pytest.mark.parametrize(
    ("brain", "n_outputs", "subject"),
    [
        ({"low_rank_head": 3}, 5, None),
        ({"low_rank_head": 60}, 200, None),  # one map stands for the pair
        ({"low_rank_head": None, "subject_layers": {"n_subjects": 2, "subject_dropout": None}}, 5, [1]),
    ],
)
@pytest.mark.parametrize("exact_order", [False, True])
def test_means_of_columns(brain: dict[str, Any], n_outputs: int, subject: list[int] | None, exact_order: bool) -> None:
    average = {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True}
    config = full_brain_config(
        {"hidden": 64, "combiner": None, "encoder": {"heads": 2, "depth": 1}, "subject_layers": average} | brain
    )
    build_args = {"feature_dims": DIMS, "n_outputs": n_outputs, "n_output_timesteps": 6}
    state = random_state_dict(config, build_args, seed=1)
    encoder = FmriEncoder.from_state_dict(config, build_args, state, precision="float64", exact_order=exact_order)
    rng = np.random.default_rng(2)
    features = {m: rng.standard_normal((1, *dims, 12)) for m, dims in DIMS.items()}
    index = None if subject is None else np.array(subject)
    means, pull = encoder.averaged(GROUPS).pullback(features, index)
    whole, pull_whole = encoder.pullback(features, index)
    np.testing.assert_allclose(means, np.stack([whole[:, group].mean(axis=1) for group in GROUPS], 1), rtol=1e-10)
    grad = rng.standard_normal(means.shape)
    spread = np.zeros(whole.shape)
    for k, group in enumerate(GROUPS):
        spread[:, group] += grad[:, [k]] / len(group)
    gradients, expected = pull(grad, weights=False).features, pull_whole(spread, weights=False).features
    for modality in DIMS:
        np.testing.assert_allclose(gradients[modality], expected[modality], rtol=1e-9, atol=1e-13)
