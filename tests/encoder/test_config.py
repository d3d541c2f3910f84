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
    assert str(caught.value).removeprefix("config.yaml: ").startswith("brain_model_config")


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
    for nameless in ({"hidden_sizes": [8]}, {"name": "TransformerEncoder"}, {"name": ["Mlp"]}):
        refused({"projector": nameless}, r"projector\.name must be Mlp or SubjectLayers, ")
    for value in (None, 3):
        refused({"projector": value}, f"projector must be a mapping, got {value}")


@pytest.mark.parametrize(
    ("brain", "message"),
    [
        ({"hiden": 3}, "brain_model_config: unknown key 'hiden'; did you mean hidden?"),
        ({"encoder": {"qk_norm": True}}, r"encoder: unknown key 'qk_norm'; known are heads, depth, "),
        ({"name": "Other"}, "name must be FmriEncoder, got 'Other'"),
        ({"encoder": {"name": "Conformer"}}, "encoder.name must be TransformerEncoder, got 'Conformer'"),
        ({"encoder": []}, "encoder must be a mapping or null, got "),
        ({"hidden": 0}, "hidden must be a whole number from 1 to 2147483647, got 0"),
        ({"hidden": 2.5}, "hidden must be a whole number from 1 to 2147483647, got "),
        ({"hidden": True}, "hidden must be a whole number from 1 to 2147483647, got "),
        ({"hidden": "96"}, "hidden must be a whole number from 1 to 2147483647, got "),
        ({"hidden": float("nan")}, "hidden must be a whole number from 1 to 2147483647, got "),
        ({"dropout": "no"}, "dropout must be a number"),
        ({"dropout": float("nan")}, "dropout must be a number"),
        ({"dropout": 10**400}, "dropout must be a number"),
        ({"hidden": float("inf")}, "hidden must be a whole number from 1 to 2147483647, got "),
        ({"linear_baseline": 1}, "linear_baseline must be true or false"),
        ({"extractor_aggregation": "mean"}, "must be cat, sum or stack, got 'mean'"),
        ({"layer_aggregation": ["cat"]}, "must be cat or mean, got "),
        ({"projector": {"name": "Mlp", "norm_layer": "group"}}, "must be layer, batch, instance, unit or null, got"),
        ({"projector": {"name": "Mlp", "activation_layer": "silu"}}, "relu, gelu, elu, prelu or null, got"),
        (
            {"projector": {"name": "Mlp", "hidden_sizes": 8}},
            "must be a list of whole numbers of at least 1 or null, got 8",
        ),
        (
            {"projector": {"name": "Mlp", "hidden_sizes": [0]}},
            r"hidden_sizes must be a list of whole numbers of at least 1 or null, got \[0\]",
        ),
        ({"temporal_smoothing": {"sigma": 0}}, "sigma must be a number above 0 or null, got 0"),
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
        ({"attn_flash": True, "rel_pos_bias": True}, "attn_flash cannot be combined"),
        ({"attn_flash": True, "residual_attn": True}, "attn_flash cannot be combined"),
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
        ({"extra": 1}, "^build_args: unknown key 'extra'; known are feature_dims, n_outputs, n_output_timesteps"),
        ({"feature_dims": {}}, "feature_dims must be a mapping from modalities to sizes, got"),
        ({"feature_dims": [["text", [2, 3]]]}, "feature_dims must be a mapping from modalities to sizes, got"),
        ({"feature_dims": {1: [2, 3]}}, "feature_dims must be a mapping from modalities to sizes, got"),
        ({"feature_dims": {"text": [2]}}, r"feature_dims\['text'\] must be \[layer groups, feature width\] or null"),
        (
            {"feature_dims": {"text": 3}},
            r"feature_dims\['text'\] must be \[layer groups, feature width\] or null, got 3",
        ),
        ({"feature_dims": {"text": [2, -1]}}, r"or null, got \[2, -1\]"),
        ({"n_outputs": 0}, "n_outputs must be a whole number from 1 to 2147483647, got 0"),
        ({"n_output_timesteps": None}, "n_output_timesteps must be a whole number from 1 to 100000, got None"),
    ],
)
def test_malformed_build_args(change: dict[str, Any], message: str) -> None:
    good = {"feature_dims": {"text": [2, 3]}, "n_outputs": 5, "n_output_timesteps": 4}
    with pytest.raises(CheckpointError, match=message):
        BuildArgs.from_dict(good | change)
    with pytest.raises(
        CheckpointError, match="feature_dims must be a mapping from modalities to sizes, but is missing"
    ):
        BuildArgs.from_dict({"n_outputs": 5})
    with pytest.raises(CheckpointError, match=r"^build_args must be a mapping, got \[\]"):
        BuildArgs.from_dict([])
