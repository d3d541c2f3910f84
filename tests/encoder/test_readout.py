"""The last steps in upstream's order and in the cheaper one: the same numbers, and each only where it pays."""

from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import random_state_dict
from tribe_np.encoder.readout import TILE
from tribe_np.oracle import relative_error, trace

DIMS: dict[str, Any] = {"text": (2, 5)}
BRAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 30, "low_rank_head": 40,
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1},
}  # fmt: skip


def build(brain: dict[str, Any] | None = None, *, n_trs: int = 4, **options: Any) -> FmriEncoder:
    config, build_args = BRAIN | (brain or {}), {"feature_dims": DIMS, "n_outputs": 50, "n_output_timesteps": n_trs}
    return FmriEncoder.from_state_dict(config, build_args, random_state_dict(config, build_args, seed=1), **options)


@pytest.fixture
def features(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"text": rng.standard_normal((2, 2, 5, 8)).astype(np.float32)}


@pytest.mark.parametrize("n_trs", [4, 3, 8, 11])
@pytest.mark.parametrize("rank", [None, 3, 40])
@pytest.mark.parametrize("pool_outputs", [True, False])
def test_both_orders_agree(n_trs: int, rank: int | None, pool_outputs: bool, features: dict[str, np.ndarray]) -> None:
    options: dict[str, Any] = {"brain": {"low_rank_head": rank}, "n_trs": n_trs, "precision": "float64"}
    exact = build(**options, exact_order=True)(features, pool_outputs=pool_outputs)
    fused = build(**options)(features, pool_outputs=pool_outputs)
    assert fused.shape == exact.shape == (2, 50, n_trs if pool_outputs else 8)
    assert relative_error(fused, exact) <= 1e-12


@pytest.mark.parametrize("selection", [None, [3, 40]])
def test_one_map_only_where_it_is_smaller(selection: Any, features: dict[str, np.ndarray]) -> None:
    large = build(selection=selection, precision="float64")
    assert large.read_out.composed is not None
    assert large.read_out.pair is None
    assert large.read_out.composed.weights.shape == (1, 24, 50 if selection is None else TILE)
    assert build({"low_rank_head": 3}).read_out.composed is None
    assert build({"low_rank_head": None}).read_out.composed is None
    assert build(exact_order=True).read_out.composed is None
    whole = build(precision="float64")(features)
    expected = whole if selection is None else whole[:, selection]
    np.testing.assert_allclose(large(features), expected, rtol=0, atol=1e-13)


def test_several_subjects_keep_the_pair(features: dict[str, np.ndarray]) -> None:
    brain = {"subject_layers": {"n_subjects": 2, "subject_dropout": 0.1}}
    fused, exact = build(brain, precision="float64"), build(brain, precision="float64", exact_order=True)
    assert fused.read_out.composed is None
    for index in (None, [1, 0]):
        assert relative_error(fused(features, index), exact(features, index)) <= 1e-12


def test_a_trace_has_upstreams_stages_in_upstreams_shapes(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    with trace() as recording:
        encoder(features)
    assert recording["encoder.low_rank_head.output"].shape == (2, 8, 40)
    assert recording["encoder.predictor.output"].shape == (2, 50, 8)
    assert recording["encoder.output"].shape == (2, 50, 4)


@pytest.mark.parametrize("n_trs", [4, 3, 11])
def test_the_fake_device_gives_the_same_bits(n_trs: int, features: dict[str, np.ndarray]) -> None:
    on_device = build(n_trs=n_trs, device=fake_device.module)(features)
    np.testing.assert_array_equal(on_device.host, build(n_trs=n_trs)(features))
