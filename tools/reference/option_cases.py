"""Configurations of the brain encoder that take every option's values in turn, also of options that meet in attention.

Random cases (`encoder_cases`) mix options; here each value is sure to act: norms and activations in projectors and
combiners that have hidden layers, every position with causal and residual attention, two layers deep.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from tools.reference.encoder_cases import Case, make_case
from tribe_np.encoder.random import merged

N_STEPS, FAR = 7, 140  # beyond 128 steps all distances share T5's last bucket
PLAIN: dict[str, Any] = {
    "hidden": 24, "combiner": None, "max_seq_len": 2 * N_STEPS,
    "encoder": {"heads": 3, "depth": 1, "ff_mult": 1, "rotary_pos_emb": False},
    "subject_layers": {"n_subjects": 3, "subject_dropout": 0.1},
}  # fmt: skip
NORMS = ("layer", "batch", "instance", "unit", None)
ACTIVATIONS = ("relu", "gelu", "elu", "prelu", None)
BIASES = (None, "rel_pos_bias", "alibi_pos_bias")
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "rms": {"encoder": {"use_scalenorm": False, "use_rmsnorm": True}},
    "layer norm, unscaled residual": {"encoder": {"use_scalenorm": False, "scale_residual": False}},
    "rotary": {"hidden": 68, "encoder": {"heads": 2, "rotary_pos_emb": True, "attn_flash": True}},
    "rotary with residual": {"hidden": 64, "encoder": {"heads": 2, "depth": 2, "rotary_pos_emb": True,
                                                      "residual_attn": True}},
    "xpos with residual": {"hidden": 32, "encoder": {"heads": 1, "depth": 2, "causal": True, "rotary_xpos": True,
                                                     "residual_attn": True}},
    "sum of means, low rank": {"extractor_aggregation": "sum", "layer_aggregation": "mean", "low_rank_head": 5},
    "stack of means": {"extractor_aggregation": "stack", "layer_aggregation": "mean", "time_pos_embedding": False},
    "smoothed, odd": {"temporal_smoothing": {"kernel_size": 3}},
    "smoothed, even": {"temporal_smoothing": {"kernel_size": 4, "sigma": 1.5}, "max_seq_len": N_STEPS + 1},
    "baseline": {"linear_baseline": True, "temporal_smoothing": {"kernel_size": 3}, "low_rank_head": 30},
    "baseline of a null encoder": {"linear_baseline": True, "encoder": None},
    "average of subjects": {"subject_layers": {"average_subjects": True, "bias": False}},
    "loop over subjects": {"subject_layers": {"mode": "for_loop", "subject_dropout": None}},
    "subjects in front": {"projector": {"name": "SubjectLayers", "n_subjects": 3}},
    "subjects in front, averaged": {"projector": {"name": "SubjectLayers", "n_subjects": 3, "subject_dropout": 0.2,
                                                  "average_subjects": True, "bias": False, "mode": "for_loop"}},
}  # fmt: skip


def option_cases() -> list[Case]:
    """All of them: three windows, of which two are of one subject."""
    cases = [_case(name, changes) for name, changes in OTHERS.items()]
    for bias, causal, residual in product(BIASES, (False, True), (False, True)):
        options = {"depth": 2, "causal": causal, "residual_attn": residual} | ({bias: True} if bias else {})
        cases.append(_case(f"{bias} causal {causal} residual {residual}", {"encoder": options}))
    for i, (norm, activation) in enumerate(product(NORMS, ACTIVATIONS)):
        sizes = (
            [N_STEPS] if norm == "batch" else [8, 6]
        )  # a batch norm runs only where its width is the number of steps
        mlp = {"hidden_sizes": sizes, "norm_layer": norm, "activation_layer": activation, "bias": i % 2 == 0}
        cases.append(_case(f"projector {norm} {activation}", {"projector": mlp | {"name": "Mlp"}}))
        cases.append(_case(f"combiner {norm} {activation}", {"combiner": mlp}))
    for causal in (False, True):
        far = {"hidden": 8, "max_seq_len": FAR, "encoder": {"heads": 2, "rel_pos_bias": True, "causal": causal}}
        cases.append(_case(f"far steps, causal {causal}", far, n_steps=FAR))
    return [*cases, _case("more rows than steps", {}, n_bins=10), _case("every step", {}, pool_outputs=False)]


def _case(name: str, changes: Mapping[str, Any], *, n_steps: int = N_STEPS, **options: Any) -> Case:
    dims = {"text": (2, 3), "audio": (1, 4)}
    options = {"n_bins": 4, "subject_index": [2, 0, 2], **options}
    return make_case(name, merged(PLAIN, changes), dims, seed=9, n_steps=n_steps, batch=3, **options)
