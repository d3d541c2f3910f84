"""FmriEncoder as a user meets it: folders, missing modalities, selection, subjects, and bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tribe_np.backend import to_host
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import random_state_dict, write_random
from tribe_np.encoder.readout import TILE
from tribe_np.errors import CheckpointError, ConfigError, NotFiniteError, ShapeError, TribeError
from tribe_np.formats.safetensors import read_header, write_safetensors

DIMS: dict[str, Any] = {"text": (2, 5), "audio": (2, 4), "video": (1, 6)}
ARGS = {"feature_dims": DIMS, "n_outputs": 11, "n_output_timesteps": 4}
BRAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 30,
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 2, "subject_dropout": 0.1},
}  # fmt: skip


def build(brain: dict[str, Any] | None = None, args: dict[str, Any] | None = None, **options: Any) -> FmriEncoder:
    config, build_args = BRAIN | (brain or {}), ARGS | (args or {})
    return FmriEncoder.from_state_dict(config, build_args, random_state_dict(config, build_args, seed=1), **options)


@pytest.fixture
def features(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {m: rng.standard_normal((2, *dims, 8)).astype(np.float32) for m, dims in DIMS.items()}


def test_a_written_folder_loads_and_runs(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    write_random(tmp_path, seed=2, feature_dims=DIMS, n_outputs=11, n_output_timesteps=4, heads=6, max_seq_len=8)
    encoder = FmriEncoder.from_pretrained(tmp_path)
    out = encoder(features)
    assert (out.shape, out.dtype) == ((2, 11, 4), np.float32)
    assert 0.05 < out.std() < 5
    wide = FmriEncoder.from_pretrained(tmp_path, precision="float64")(features)
    assert wide.dtype == np.float64
    np.testing.assert_allclose(out, wide, atol=2e-5)
    assert encoder(features, pool_outputs=False).shape == (2, 11, 8)


def test_the_public_name() -> None:
    import tribe_np

    assert tribe_np.FmriEncoder is FmriEncoder


def test_overrides_of_the_random_writer(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    write_random(
        tmp_path, seed=2, feature_dims=DIMS, n_outputs=11, n_output_timesteps=4, low_rank_head=None, max_seq_len=40,
        brain={"encoder": {"causal": True, "rotary_xpos": True}, "temporal_smoothing": {"kernel_size": 3, "sigma": 1},
               "projector": {"name": "Mlp", "hidden_sizes": [4]}},
        data={"duration_trs": 50, "text_feature": {"cache_n_layers": 20}},
    )  # fmt: skip
    encoder = FmriEncoder.from_pretrained(tmp_path)
    assert encoder.encoder is not None
    assert encoder.encoder.xpos_scale is not None
    assert encoder(features).shape == (2, 11, 4)
    text = (tmp_path / "config.yaml").read_text()
    assert text.startswith("# random weights: the predictions mean nothing")
    assert "cache_n_layers: 20" in text
    assert "duration_trs: 50" in text


def test_three_and_four_axes_mean_the_same(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    np.testing.assert_array_equal(encoder(features | {"video": features["video"][:, 0]}), encoder(features))


def test_a_missing_modality_is_zero_after_its_projector(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    lacking = {m: x for m, x in features.items() if m != "audio"}
    zeros = features | {"audio": np.zeros_like(features["audio"])}
    assert np.abs(encoder(lacking) - encoder(zeros)).max() > 1e-3  # the bias of a zero modality shows
    weights = random_state_dict(BRAIN, ARGS, seed=1)
    weights["projectors.audio.bias"][:] = 0
    unbiased = FmriEncoder.from_state_dict(BRAIN, ARGS, weights)
    np.testing.assert_array_equal(unbiased(lacking), unbiased(zeros))


def test_the_order_of_the_input_does_not_matter(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    np.testing.assert_array_equal(encoder(dict(reversed(features.items()))), encoder(features))


@pytest.mark.parametrize("selection", [[3, 9, 3], {"vertices": np.arange(11) % 2 == 0}])
def test_a_selection_is_a_slice(selection: Any, features: dict[str, np.ndarray]) -> None:
    whole, part = build(precision="float64"), build(precision="float64", selection=selection)
    assert part.columns is not None
    assert part.read_out.pair is not None
    assert part.read_out.n_columns == len(part.columns)
    assert part.read_out.pair.predictor.weights.shape[2] == TILE
    np.testing.assert_allclose(part(features), whole(features)[:, part.columns], atol=1e-14)
    np.testing.assert_allclose(part(features, [0, 1]), whole(features, [0, 1])[:, part.columns], atol=1e-14)


def test_a_selection_without_bias(features: dict[str, np.ndarray]) -> None:
    brain = {"subject_layers": BRAIN["subject_layers"] | {"bias": False}}
    assert build(brain, selection=[1])(features).shape == (2, 1, 4)


def test_subjects_differ(features: dict[str, np.ndarray]) -> None:
    encoder = build()
    by_example = encoder(features, np.array([1, 0]))
    np.testing.assert_allclose(by_example[:1], encoder({m: x[:1] for m, x in features.items()}, [1]), atol=1e-6)
    assert np.abs(by_example - encoder(features)).max() > 1e-2


@pytest.mark.parametrize("aggregation", ["sum", "stack"])
def test_sum_and_stack_need_every_modality(aggregation: str, features: dict[str, np.ndarray]) -> None:
    encoder = build({"extractor_aggregation": aggregation})
    assert encoder(features).shape == (2, 11, 4)
    del features["audio"]
    with pytest.raises(ShapeError, match=f"features lack audio: extractor_aggregation {aggregation}"):
        encoder(features)


def test_a_modality_without_dimensions_is_accepted_and_ignored(features: dict[str, np.ndarray]) -> None:
    encoder = build(args={"feature_dims": DIMS | {"audio": None}})
    lacking = {m: x for m, x in features.items() if m != "audio"}
    np.testing.assert_array_equal(encoder(features), encoder(lacking))


def test_the_mean_over_layer_groups_takes_any_number_of_them(features: dict[str, np.ndarray]) -> None:
    encoder = build({"layer_aggregation": "mean"})
    repeated = {m: np.concatenate([x, x], axis=1) for m, x in features.items()}
    np.testing.assert_allclose(encoder(repeated), encoder(features), atol=1e-5)


def test_batch_norm_runs_only_where_upstreams_does(features: dict[str, np.ndarray]) -> None:
    projector = {"name": "Mlp", "hidden_sizes": [8], "norm_layer": "batch"}
    encoder = build({"projector": projector})
    assert encoder(features).shape == (2, 11, 4)
    with pytest.raises(ShapeError, match=r'norm_layer "batch" normalises over time, as upstream does: it needs 8'):
        encoder({m: x[..., :7] for m, x in features.items()})


def test_older_torchs_names_of_the_layer_norm(features: dict[str, np.ndarray]) -> None:
    brain = BRAIN | {"encoder": BRAIN["encoder"] | {"use_scalenorm": False}}
    weights = random_state_dict(brain, ARGS, seed=1)
    expected = FmriEncoder.from_state_dict(brain, ARGS, weights)(features)
    norms = [k for k in weights if k.endswith(".0.0.weight") and "layers" in k and "ff" not in k]
    norms.append("encoder.final_norm.weight")
    assert len(norms) == 3
    for key in norms:
        stem = key.removesuffix("weight")
        weights[stem + "gamma"] = weights.pop(key)
        weights[stem + "beta"] = np.zeros_like(weights[stem + "gamma"])
    np.testing.assert_array_equal(FmriEncoder.from_state_dict(brain, ARGS, weights)(features), expected)


def test_residual_attention_of_one_layer_is_plain_attention(features: dict[str, np.ndarray]) -> None:
    plain = BRAIN["encoder"] | {"causal": True}
    one = build({"encoder": plain}, precision="float64")(features)
    residual = build({"encoder": plain | {"residual_attn": True}}, precision="float64")(features)
    np.testing.assert_allclose(residual, one, atol=1e-13)


def test_causal_predictions_ignore_the_future(features: dict[str, np.ndarray]) -> None:
    encoder = build({"encoder": BRAIN["encoder"] | {"causal": True}})
    changed = {m: np.concatenate([x[..., :5], x[..., 5:] + 1], axis=-1) for m, x in features.items()}
    a, b = encoder(features, pool_outputs=False), encoder(changed, pool_outputs=False)
    np.testing.assert_array_equal(a[..., :5], b[..., :5])
    assert np.abs(a[..., 5:] - b[..., 5:]).max() > 1e-3


def bad(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, "features are empty; give at least one of text, audio, video"),
        ([], "must map modalities to arrays, got list"),
        ({"vido": bad((1, 2, 5, 8))}, "unknown vido; this model takes text, audio, video"),
        ({"text": bad((2, 5))}, r"filled array \(B, G, F, T\) or \(B, F, T\), got \(2, 5\)"),
        ({"text": bad((1, 2, 5, 0))}, "filled array"),
        ({"text": [[[1.0]]]}, "got list"),
        ({"text": bad((1, 2, 4, 8))}, r"2 layer groups of width 5, got \(1, 2, 4, 8\)"),
        ({"text": bad((1, 3, 5, 8))}, "2 layer groups of width 5"),
        ({"text": bad((1, 5, 8))}, "2 layer groups of width 5"),
        ({"text": bad((1, 2, 5, 8), np.complex64)}, "must hold real numbers, got complex64"),
        ({"text": bad((1, 2, 5, 31))}, "31 steps, more than max_seq_len = 30"),
        ({"text": bad((1, 2, 5, 8)), "audio": bad((1, 2, 4, 7))}, "one batch size and one number of steps"),
        ({"text": bad((1, 2, 5, 8)), "audio": bad((2, 2, 4, 8))}, "one batch size and one number of steps"),
    ],
)
def test_features_that_do_not_fit(features: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message) as caught:
        build()(features)
    assert "\n" not in str(caught.value)


def test_options_that_do_not_exist() -> None:
    with pytest.raises(ConfigError, match="precision must be one of float32, float64"):
        build(precision="float16")
    with pytest.raises(ConfigError, match="device must be"):
        build(device="tpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predictor.bias": None}, "weight predictor.bias is missing"),
        ({"predictor.weights": None}, "weight predictor.weights is missing"),
        ({"surplus": np.zeros(2)}, "unexpected weights surplus"),
        ({"time_pos_embed": np.zeros((1, 29, 24))}, r"time_pos_embed has shape \(1, 29, 24\), expected \(1, 30, 24\)"),
        ({"encoder.final_norm.g": np.array([np.nan])}, "encoder.final_norm.g holds NaN"),
        ({"encoder.rel_pos.relative_attention_bias.weight": np.zeros((32, 3))}, "unexpected weights encoder.rel_pos"),
    ],
)
def test_weights_that_do_not_fit(change: dict[str, Any], message: str) -> None:
    weights = random_state_dict(BRAIN, ARGS, seed=1) | change
    weights = {name: x for name, x in weights.items() if x is not None}
    with pytest.raises(CheckpointError, match=message) as caught:
        FmriEncoder.from_state_dict(BRAIN, ARGS, weights)
    assert "\n" not in str(caught.value)


def test_a_damaged_weight_file(tmp_path: Path) -> None:
    write_random(tmp_path, seed=2, feature_dims=DIMS, n_outputs=4, n_output_timesteps=4, max_seq_len=8)
    path = tmp_path / "model.safetensors"
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        FmriEncoder.from_pretrained(tmp_path)


def test_the_random_writer_is_deterministic_and_says_what_it_is(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_random(tmp_path / name, seed=7, feature_dims=DIMS, n_outputs=4, n_output_timesteps=4, max_seq_len=8)
    for file in ("config.yaml", "model.safetensors", "build_args.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert "random" in read_header(tmp_path / "a" / "model.safetensors")[1]["note"]
    with pytest.raises(TribeError, match="heads of width >= 32"):
        write_random(tmp_path / "c", seed=7, feature_dims=DIMS, hidden=96, heads=6)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_named(features: dict[str, np.ndarray], value: float) -> None:
    broken = {modality: x.copy() for modality, x in features.items()}
    broken["audio"][1, ..., 5] = value
    broken["audio"][1, ..., 7] = value
    for encoder in (build(), build(device=fake_device.module)):
        assert np.isfinite(to_host(encoder(features))).all()
        with pytest.raises(NotFiniteError, match=r"features\['audio'\] hold NaN .* first in window 1 at step 5"):
            encoder(broken)


def test_weights_stored_as_half_precision_load(tmp_path: Path, features: dict[str, np.ndarray]) -> None:
    write_random(tmp_path, seed=2, feature_dims=DIMS, n_outputs=4, n_output_timesteps=4, max_seq_len=8)
    entries, _ = read_header(tmp_path / "model.safetensors")
    write_safetensors(tmp_path / "model.safetensors", {n: np.float16(e.read()) for n, e in entries.items()})
    assert FmriEncoder.from_pretrained(tmp_path)(features).dtype == np.float32


@pytest.mark.parametrize(
    "brain",
    [
        {"projector": {"name": "Mlp", "hidden_sizes": [8], "norm_layer": n, "activation_layer": a}, "combiner": {}}
        for n, a in (("layer", "gelu"), ("batch", "elu"), ("instance", "prelu"), ("unit", "relu"), (None, None))
    ]
    + [
        {"projector": {"name": "SubjectLayers", "n_subjects": 2, "subject_dropout": 0.1}, "low_rank_head": 5},
        {"encoder": {"heads": 3, "depth": 2, "rotary_pos_emb": False, "residual_attn": True, "causal": True}},
        {"encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False, "use_scalenorm": False, "rel_pos_bias": True}},
    ],
)
def test_the_fake_device_gives_the_same_bits(brain: dict[str, Any], features: dict[str, np.ndarray]) -> None:
    expected = build(brain)(features, np.array([1, 0]))
    encoder = build(brain, device=fake_device.module, selection=None)
    np.testing.assert_array_equal(encoder(features, np.array([1, 0])).host, expected)
    moved = {m: fake_device.module.asarray(x) for m, x in features.items()}
    np.testing.assert_array_equal(encoder(moved, fake_device.module.asarray(np.array([1, 0]))).host, expected)


def test_selection_on_the_fake_device(features: dict[str, np.ndarray]) -> None:
    out = build(device=fake_device.module, selection=[2, 5])(features)
    np.testing.assert_array_equal(out.host, build(selection=[2, 5])(features))
