"""The configuration schema: defaults, unknown keys, wrong types, and every combination that upstream cannot run."""

from typing import Any

import pytest

from tribe_np.encoder.config import BuildArgs, EncoderConfig, MlpConfig, SubjectLayersConfig
from tribe_np.encoder.random import full_brain_config
from tribe_np.errors import CheckpointError, ConfigError

ARGS = BuildArgs({"text": (2, 3), "audio": (2, 4), "video": None}, 5, 4)
PLAIN: dict[str, Any] = {"hidden": 96, "combiner": None, "encoder": {"heads": 3, "depth": 1}}


def refused(brain: dict[str, Any], message: str, args: BuildArgs = ARGS) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        EncoderConfig.from_dict(brain).check(args)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("brain_model_config")


def test_absent_keys_take_upstreams_defaults() -> None:
    config = EncoderConfig.from_dict({})
    assert (config.hidden, config.max_seq_len, config.extractor_aggregation) == (256, 1024, "cat")
    assert config.combiner == MlpConfig(norm_layer="layer", activation_layer="gelu")
    assert config.encoder is not None
    assert (config.encoder.heads, config.encoder.depth, config.encoder.use_scalenorm) == (8, 12, True)
    assert config.predictor.n_subjects == 200
    # a combiner that is given takes the defaults of its own class
    given = EncoderConfig.from_dict({"combiner": {"name": "Mlp"}})
    assert given.combiner == MlpConfig(norm_layer=None, activation_layer="relu")


def test_a_full_dump_comes_back_equal() -> None:
    config = EncoderConfig.from_dict({**PLAIN, "temporal_smoothing": {"sigma": 2}, "low_rank_head": 7})
    full = full_brain_config({**PLAIN, "temporal_smoothing": {"sigma": 2}, "low_rank_head": 7})
    assert full["name"] == "FmriEncoder"
    assert full["projector"]["name"] == "Mlp"
    assert EncoderConfig.from_dict(full) == config


def test_projector_kinds() -> None:
    subjects = EncoderConfig.from_dict({"projector": {"name": "SubjectLayers", "n_subjects": 4}})
    assert subjects.projector == SubjectLayersConfig(n_subjects=4)
    mlp = EncoderConfig.from_dict({"projector": {"name": "Mlp", "hidden_sizes": [8.0, 4]}})
    assert mlp.projector == MlpConfig(hidden_sizes=(8, 4))
    for value in ({"hidden_sizes": [8]}, {"name": "TransformerEncoder"}, None, 3):
        with pytest.raises(ConfigError, match=r"brain_model_config\.projector\.name must be Mlp or SubjectLayers"):
            EncoderConfig.from_dict({"projector": value})


@pytest.mark.parametrize(
    ("brain", "message"),
    [
        ({"hiden": 3}, "has unknown keys hiden"),
        ({"encoder": {"qk_norm": True}}, r"encoder has unknown keys qk_norm"),
        ({"name": "Other"}, "name must be FmriEncoder"),
        ({"encoder": {"name": "Conformer"}}, "encoder.name must be TransformerEncoder"),
        ({"encoder": []}, "encoder must be a mapping"),
        ({"hidden": 0}, "hidden must be an integer >= 1"),
        ({"hidden": 2.5}, "hidden must be an integer"),
        ({"hidden": True}, "hidden must be an integer"),
        ({"hidden": "96"}, "hidden must be an integer"),
        ({"hidden": float("nan")}, "hidden must be an integer"),
        ({"dropout": "no"}, "dropout must be a number"),
        ({"dropout": float("nan")}, "dropout must be a number"),
        ({"dropout": 10**400}, "dropout must be a number"),
        ({"hidden": float("inf")}, "hidden must be an integer"),
        ({"linear_baseline": 1}, "linear_baseline must be true or false"),
        ({"extractor_aggregation": "mean"}, "must be one of cat, sum, stack"),
        ({"layer_aggregation": ["cat"]}, "must be one of cat, mean"),
        ({"projector": {"name": "Mlp", "norm_layer": "group"}}, "must be one of layer, batch, instance, unit, null"),
        ({"projector": {"name": "Mlp", "activation_layer": "silu"}}, "relu, gelu, elu, prelu, null"),
        ({"projector": {"name": "Mlp", "hidden_sizes": 8}}, "must be a list of integers"),
        ({"projector": {"name": "Mlp", "hidden_sizes": [0]}}, r"hidden_sizes\[0\] must be an integer >= 1"),
        ({"temporal_smoothing": {"sigma": 0}}, "sigma must be above 0"),
    ],
)
def test_unknown_keys_and_wrong_values(brain: dict[str, Any], message: str) -> None:
    refused(brain, message)


@pytest.mark.parametrize("brain", [None, 3, []])
def test_a_configuration_must_be_a_mapping(brain: Any) -> None:
    refused(brain, "must be a mapping")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subject_embedding": True}, "subject_embedding: true cannot be built upstream"),
        ({"subject_layers": None}, "subject_layers must not be null"),
        ({"encoder": None}, "null only with linear_baseline"),
        ({"hidden": 97, "encoder": {"heads": 1}}, "divisible by 3 modalities"),
        ({"extractor_aggregation": "sum"}, "sum needs every modality"),
        ({"extractor_aggregation": "stack"}, "stack needs every modality"),
        ({"hidden": 97, "combiner": {}, "temporal_smoothing": {}}, "temporal_smoothing needs 3 modalities to fill"),
        ({"hidden": 97, "combiner": {}, "linear_baseline": True}, "linear_baseline needs 3 modalities to fill"),
    ],
)
def test_combinations_that_upstream_cannot_run(change: dict[str, Any], message: str) -> None:
    refused(PLAIN | change, message)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ({"heads": 5}, "does not divide hidden = 96"),
        ({"heads": 4}, "heads of width >= 32, got hidden / heads = 24"),
        ({"heads": 4, "rotary_pos_emb": False, "causal": True, "rotary_xpos": True}, "heads of width >= 32"),
        ({"cross_attend": True}, "cross_attend"),
        ({"use_rmsnorm": True}, "use_rmsnorm and use_scalenorm"),
        ({"rel_pos_bias": True, "alibi_pos_bias": True}, "exclude each other"),
        ({"rotary_xpos": True}, "rotary_xpos needs causal"),
        ({"attn_flash": True, "rel_pos_bias": True}, "attn_flash excludes"),
        ({"attn_flash": True, "residual_attn": True}, "attn_flash excludes"),
    ],
)
def test_transformer_combinations_that_upstream_cannot_run(encoder: dict[str, Any], message: str) -> None:
    refused(PLAIN | {"encoder": {"heads": 3, "depth": 1} | encoder}, message)


def test_the_linear_baseline_never_builds_its_transformer() -> None:
    brain = PLAIN | {"linear_baseline": True, "encoder": {"heads": 5, "cross_attend": True}}
    EncoderConfig.from_dict(brain).check(ARGS)
    EncoderConfig.from_dict(brain | {"encoder": None}).check(ARGS)


def test_training_keys_are_accepted() -> None:
    brain = PLAIN | {"dropout": 0.5, "modality_dropout": 0.3, "temporal_dropout": 0.1}
    brain |= {"subject_layers": {"init_id": True, "mode": "for_loop"}}
    brain |= {"encoder": {"heads": 3, "attn_dropout": 0.1, "ff_dropout": 0.2, "layer_dropout": 0.3, "attn_flash": True}}
    EncoderConfig.from_dict(brain).check(ARGS)


def test_build_args_keep_their_order() -> None:
    raw = {"feature_dims": {"video": [2, 3], "text": None, "audio": (1, 4)}, "n_outputs": 5, "n_output_timesteps": 4}
    args = BuildArgs.from_dict(raw)
    assert list(args.feature_dims.items()) == [("video", (2, 3)), ("text", None), ("audio", (1, 4))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "exactly the keys"),
        ({"feature_dims": {}}, "feature_dims must map"),
        ({"feature_dims": [["text", [2, 3]]]}, "feature_dims must map"),
        ({"feature_dims": {1: [2, 3]}}, "feature_dims must map"),
        ({"feature_dims": {"text": [2]}}, r"feature_dims\['text'\] must be \[layer groups, feature width\] or null"),
        ({"feature_dims": {"text": 3}}, r"feature_dims\['text'\] must be a list"),
        ({"feature_dims": {"text": [2, -1]}}, "integer >= 1"),
        ({"n_outputs": 0}, "n_outputs must be an integer >= 1"),
        ({"n_output_timesteps": None}, "n_output_timesteps must be an integer"),
    ],
)
def test_malformed_build_args(change: dict[str, Any], message: str) -> None:
    good = {"feature_dims": {"text": [2, 3]}, "n_outputs": 5, "n_output_timesteps": 4}
    with pytest.raises(CheckpointError, match=message):
        BuildArgs.from_dict(good | change)
    with pytest.raises(CheckpointError, match="exactly the keys"):
        BuildArgs.from_dict({"n_outputs": 5})
    with pytest.raises(CheckpointError, match="exactly the keys"):
        BuildArgs.from_dict([])
