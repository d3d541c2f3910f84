"""Fast paths of the encoder beside the plain ones: a batch in parts, the feed-forward in blocks, features as views."""

from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tribe_np.encoder.model import WINDOWS_AT_ONCE, FmriEncoder, parts_of
from tribe_np.encoder.random import random_state_dict
from tribe_np.encoder.transformer import FeedForward, feed_in_blocks, hidden_blocks
from tribe_np.errors import ShapeError
from tribe_np.nn.context import Context, Listener
from tribe_np.nn.layers import Linear
from tribe_np.oracle import relative_error, trace

ARGS = {"feature_dims": {"text": (2, 5), "audio": (1, 4)}, "n_outputs": 11, "n_output_timesteps": 4}
BRAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 30, "temporal_smoothing": {"kernel_size": 3},
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 12, "subject_dropout": 0.1},
}  # fmt: skip
BY_SUBJECT = {"projector": {"name": "SubjectLayers", "n_subjects": 12, "subject_dropout": 0.1}}
N_WINDOWS = 2 * WINDOWS_AT_ONCE + 1


def build(brain: dict[str, Any] | None = None, **options: Any) -> FmriEncoder:
    config = BRAIN | (brain or {})
    return FmriEncoder.from_state_dict(config, ARGS, random_state_dict(config, ARGS, seed=1), **options)


@pytest.fixture
def features(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "text": rng.standard_normal((N_WINDOWS, 2, 5, 8)).astype(np.float32),
        "audio": rng.standard_normal((N_WINDOWS, 1, 4, 8)).astype(np.float32),
    }


def test_parts_cover_the_batch_in_order() -> None:
    assert parts_of(9, 4) == [slice(0, 4), slice(4, 8), slice(8, 9)]
    assert parts_of(4, 4) == [slice(0, 4)]


@pytest.mark.parametrize("brain", [{}, BY_SUBJECT, {"extractor_aggregation": "stack"}, {"linear_baseline": True}])
def test_a_window_does_not_depend_on_its_batch(brain: dict[str, Any], features: dict[str, np.ndarray]) -> None:
    encoder, subjects = build(brain, precision="float64"), np.arange(N_WINDOWS)
    together = encoder(features, subjects)
    assert together.shape[0] == N_WINDOWS
    for b in range(N_WINDOWS):
        alone = encoder({m: x[b : b + 1] for m, x in features.items()}, subjects[b : b + 1])
        assert relative_error(together[b : b + 1], alone) <= 1e-12


def test_a_trace_shows_whole_batches_and_changes_no_bit(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    plain = encoder(features)
    with trace() as recording:
        traced = encoder(features)
    np.testing.assert_array_equal(traced, plain)
    assert recording["encoder.time_pos_embed.rows"].shape == (1, 8, 24)
    windows = {array.shape[0] for name, array in recording.arrays.items() if name != "encoder.time_pos_embed.rows"}
    assert windows == {N_WINDOWS}
    assert recording["encoder.layers.1.hidden"].shape == (N_WINDOWS, 8, 96)
    with trace(pattern="encoder.layers.1.hidden") as one:
        encoder(features)
    assert list(one.arrays) == ["encoder.layers.1.hidden"]
    # the last window, alone in its part, is where it belongs
    with trace() as last:
        encoder({m: x[-1:] for m, x in features.items()})
    np.testing.assert_allclose(recording["encoder.modalities"][-1:], last["encoder.modalities"], atol=1e-6)


def test_subject_indices_are_checked_against_the_whole_batch(features: dict[str, np.ndarray]) -> None:
    for brain in ({}, BY_SUBJECT):
        with pytest.raises(ShapeError, match=f"subject_index must be {N_WINDOWS} integers"):
            build(brain)(features, np.zeros(N_WINDOWS - 1, np.int64))


def test_the_fake_device_gives_the_same_bits(features: dict[str, np.ndarray]) -> None:
    with trace():
        on_device = build(device=fake_device.module)(features)
    np.testing.assert_array_equal(on_device.host, build()(features))


@pytest.mark.parametrize("width", [4, 8, 16, 64])
def test_feed_forward_in_blocks(width: int, rng: np.random.Generator) -> None:
    first = Linear(rng.standard_normal((32, width)), rng.standard_normal(32))
    layer = FeedForward(first, Linear(rng.standard_normal((width, 32)), rng.standard_normal(width)))
    x, seen = rng.standard_normal((2, 5, width)), {}
    plain = layer(x, Context())
    assert len(hidden_blocks(layer, width)) == -(-32 // width)
    in_blocks = feed_in_blocks(layer, x, Context())
    assert relative_error(in_blocks, plain) <= 1e-13
    with_tap = feed_in_blocks(layer, x, Context(listeners=(Listener(seen.__setitem__),)))
    np.testing.assert_array_equal(with_tap, in_blocks)
    assert relative_error(seen["hidden"], first(x)) <= 1e-13
    assert seen["activated"].shape == (2, 5, 32)


@pytest.mark.parametrize("with_bias", [True, False])
def test_one_product_per_item_of_a_view(with_bias: bool, rng: np.random.Generator) -> None:
    layer = Linear(rng.standard_normal((3, 6)), rng.standard_normal(3) if with_bias else None)
    x = rng.standard_normal((2, 6, 5)).transpose(0, 2, 1)
    assert relative_error(layer.each(x), layer(x)) <= 1e-14
