"""The kits of the brain encoder: each changes one thing of the plain one, and shows one habit of upstream."""

from collections.abc import Mapping
from typing import Any

from tribe_np.oracle.kit_models.kit_model import KitCase

BRAIN, BUILD = "brain_model_config", "model_build_args"
PLAIN_SIZES: Mapping[str, Any] = {"batch": 2, "steps": 18}
DIMS = {"text": [2, 20], "audio": [2, 12], "video": [2, 28]}
TINY_ENCODER: Mapping[str, Any] = {
    BRAIN: {
        "hidden": 144, "combiner": None, "low_rank_head": 24, "max_seq_len": 60,
        "encoder": {"depth": 2, "heads": 3, "ff_mult": 2},
        "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True},
    },
    BUILD: {"feature_dims": DIMS, "n_outputs": 37, "n_output_timesteps": 9},
}  # fmt: skip
"""Heads are wider than their rotary part, and modalities are not in alphabetical order."""
NARROW = {"hidden": 24, "encoder": {"rotary_pos_emb": False}}
PERCEPTRON = {"hidden_sizes": [10, 14], "norm_layer": "layer", "activation_layer": "gelu"}
SUBJECTS = {"n_subjects": 4, "subject_dropout": 0.1, "average_subjects": False}


def _case(
    name: str, meaning: str, brain: Mapping[str, Any] | None = None, build: Mapping[str, Any] | None = None,
    **sizes: Any,
) -> KitCase:  # fmt: skip
    return KitCase(name, meaning, {BRAIN: brain or {}, BUILD: build or {}}, {**PLAIN_SIZES, **sizes})


def _transformer(name: str, meaning: str, brain: Mapping[str, Any] | None = None, /, **options: Any) -> KitCase:
    base = dict(brain or {})
    return _case(name, meaning, {**base, "encoder": {**base.get("encoder", {}), **options}})


INPUTS = (
    _case("plain", "two windows of 18 steps, pooled to 9 TRs"),
    _case("one_step", "a window of a single step, and one TR", build={"n_output_timesteps": 1}, steps=1),
    _case("uneven_pool", "17 steps pooled to 7 TRs, whose bins overlap", build={"n_output_timesteps": 7}, steps=17),
    _case("more_trs", "more TRs than steps: pooling repeats", build={"n_output_timesteps": 11}, steps=5),
    _case("full_length", "as many steps as the table of positions has", build={"n_output_timesteps": 30}, batch=1,
          steps=60),
    _case("batch", "seven windows: none depends on its neighbours", build={"n_output_timesteps": 3}, batch=7, steps=6),
    _case("late_word", "text is silent until step 14", silent={"text": 14}),
    _case("absent", "no audio is given: zeros in place of the projector's output", absent=("audio",)),
    _case("zeroed", "audio is zeros: the projector's bias remains", silent={"audio": 18}),
    _case("never_projected", "a modality without dimensions keeps its share of the width, as zeros",
          build={"feature_dims": {"audio": None}}),
    _case("one_modality", "one modality has the whole width",
          build={"feature_dims": {"=replace=": True, "video": [2, 28]}}),
)  # fmt: skip
JOINING = (
    _case("stack", "modalities one after the other in time", {"extractor_aggregation": "stack"},
          {"n_output_timesteps": 27}),
    _case("sum", "modalities added", {"extractor_aggregation": "sum"}),
    _case("mean_groups", "layer groups averaged before the projector", {"layer_aggregation": "mean"}),
    _case("perceptron", "projectors and combiner with hidden layers, norms and GELU",
          {"projector": {"name": "Mlp", **PERCEPTRON}, "combiner": PERCEPTRON}),
    _case("unit_prelu", "hidden layers with unit norm and PReLU, no biases",
          {"projector": {"name": "Mlp", **PERCEPTRON, "norm_layer": "unit", "activation_layer": "prelu",
                         "bias": False}}),
    _case("instance_elu", "hidden layers with instance norm and ELU",
          {"projector": {"name": "Mlp", **PERCEPTRON, "norm_layer": "instance", "activation_layer": "elu"}}),
    _case("batch_norm", "a batch norm that upstream applies over time",
          {"projector": {"name": "Mlp", "hidden_sizes": [18], "norm_layer": "batch", "activation_layer": "relu"}}),
    _case("combiner", "a linear combiner where the width is not divisible by the modalities",
          {"hidden": 128, "encoder": {"heads": 2}, "combiner": {"hidden_sizes": None}}),
    _case("smoothing", "a convolution over time with a kernel for each channel",
          {"temporal_smoothing": {"kernel_size": 5, "sigma": None}}),
    _case("even_smoothing", "an even kernel adds a step", {"temporal_smoothing": {"kernel_size": 4, "sigma": None}}),
    _case("no_positions", "no table of positions is added", {"time_pos_embedding": False}),
    _case("baseline", "the linear baseline: no transformer", {"linear_baseline": True}),
)  # fmt: skip
LAYERS = (
    _transformer("layer_norm", "layer norms without bias", use_scalenorm=False),
    _transformer("rms_norm", "a gain for each channel in place of one", use_scalenorm=False, use_rmsnorm=True),
    _transformer("no_scale", "residuals are not scaled", scale_residual=False),
    _transformer("causal", "no step sees what follows", causal=True),
    _transformer("xpos", "rotary positions that lengthen queries and shorten keys", causal=True, rotary_xpos=True),
    _transformer("no_rotary", "positions from the table alone", rotary_pos_emb=False),
    _transformer("residual_attention", "logits add up from layer to layer", residual_attn=True),
    _transformer("alibi", "ALiBi's slopes of 4 heads", NARROW, alibi_pos_bias=True, heads=4),
    _transformer("alibi_six", "ALiBi's slopes of 6 heads, two series interleaved", NARROW, alibi_pos_bias=True,
                 heads=6),
    _case("t5", "T5's buckets, near, logarithmic and last",
          {**NARROW, "max_seq_len": 150, "encoder": {"rotary_pos_emb": False, "rel_pos_bias": True}},
          {"n_output_timesteps": 75}, batch=1, steps=150),
    _case("t5_causal", "T5's buckets of a causal model, which has all for what is past",
          {**NARROW, "max_seq_len": 150, "encoder": {"rotary_pos_emb": False, "rel_pos_bias": True, "causal": True}},
          {"n_output_timesteps": 75}, batch=1, steps=150),
    _transformer("everything", "T5's bias, rotary positions, residual attention and layer norms at once",
                 rel_pos_bias=True, residual_attn=True, use_scalenorm=False, causal=True),
)  # fmt: skip
HEADS = (
    _case("subjects", "a head for each subject, picked by index", {"subject_layers": SUBJECTS},
          subject_index=(2, 0)),
    _case("average_row", "four subjects and the average one, whose row is the last",
          {"subject_layers": {**SUBJECTS, "average_subjects": True}}),
    _case("no_bias", "a head without bias", {"subject_layers": {**SUBJECTS, "bias": False}}, subject_index=(1, 3)),
    _case("subject_projector", "a projector for each subject",
          {"projector": {"name": "SubjectLayers", **SUBJECTS}, "subject_layers": SUBJECTS}, subject_index=(3, 1)),
    _case("no_low_rank", "the head reads the full width", {"low_rank_head": None}),
)  # fmt: skip
ENCODER_CASES = (*INPUTS, *JOINING, *LAYERS, *HEADS)
