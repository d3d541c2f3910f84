"""Configurations of the brain encoder to compare: random ones that cover every option, and the committed ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tribe_np.encoder.random import full_brain_config, random_state_dict

MODALITIES = ("text", "audio", "video", "image")


@dataclass(frozen=True)
class Case:
    """One encoder with its input; float32 everywhere, so that both sides read the same numbers."""

    name: str
    config: dict[str, Any]
    build_args: dict[str, Any]
    state_dict: dict[str, np.ndarray]
    features: dict[str, np.ndarray]
    subject_index: np.ndarray | None
    pool_outputs: bool = True
    about: Mapping[str, Any] = field(default_factory=dict)


def make_case(
    name: str,
    brain: Mapping[str, Any],
    feature_dims: Mapping[str, tuple[int, int] | None],
    *,
    seed: int,
    n_steps: int,
    n_outputs: int = 9,
    n_bins: int = 4,
    batch: int = 2,
    present: tuple[str, ...] | None = None,
    subject_index: list[int] | None = None,
    pool_outputs: bool = True,
) -> Case:
    """A case with random weights and features; `present` limits the modalities that are given."""
    config = full_brain_config(brain)
    dims = {m: None if d is None else list(d) for m, d in feature_dims.items()}
    build_args = {"feature_dims": dims, "n_outputs": n_outputs, "n_output_timesteps": n_bins}
    rng = np.random.default_rng([seed, 1])
    features = {}
    for modality, pair in feature_dims.items():
        if present is None or modality in present:
            shape = (batch, *(pair or (2, 3)), n_steps)
            x = rng.standard_normal(shape).astype(np.float32)
            features[modality] = x[:, 0] if shape[1] == 1 else x
    index = None if subject_index is None else np.asarray(subject_index)
    state_dict = random_state_dict(config, build_args, seed=seed)
    return Case(name, config, build_args, state_dict, features, index, pool_outputs)


def random_case(seed: int) -> Case:
    """A random combination of the option table that upstream can run."""
    rng = np.random.default_rng([seed, 2])

    def pick(*options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    encoder = _random_transformer(pick)
    rotary = encoder["rotary_pos_emb"] or encoder["rotary_xpos"]
    hidden = encoder["heads"] * (pick(32, 36, 70) if rotary else pick(4, 6, 8))
    n = pick(1, 2, 3)
    combiner = None if hidden % n == 0 and pick(True, False) else _random_mlp(pick)
    aggregation = pick("cat", "cat", "sum", "stack")
    width_fits = aggregation != "cat" or hidden % n == 0
    smoothing = {"kernel_size": pick(1, 3, 4, 6), "sigma": pick(None, 1.5)} if width_fits and pick(0, 1) else None
    n_steps = pick(4, 7, 12)
    projector = _random_mlp(pick) if pick(0, 1, 1) else _random_subjects(pick)
    if pick(0, 0, 0, 0, 1):  # a batch norm runs only where its width is the number of steps
        projector = {"name": "Mlp", "hidden_sizes": [n_steps], "norm_layer": "batch", "activation_layer": "elu"}
    subjects = _random_subjects(pick)
    brain = {
        "projector": projector, "combiner": combiner, "encoder": encoder, "subject_layers": subjects,
        "time_pos_embedding": pick(True, True, False), "hidden": hidden, "max_seq_len": n * n_steps + 2,
        "extractor_aggregation": aggregation, "layer_aggregation": pick("cat", "mean"),
        "linear_baseline": bool(width_fits and pick(0, 0, 0, 0, 1)), "low_rank_head": pick(None, 7),
        "temporal_smoothing": smoothing,
    }  # fmt: skip
    names = [str(m) for m in rng.permutation(MODALITIES)[:n]]
    dims: dict[str, tuple[int, int] | None] = {m: (pick(1, 2), pick(3, 5)) for m in names}
    present = tuple(names)
    if aggregation == "cat" and n > 1:
        present = tuple(names[: pick(n, n, 1)])
        if pick(0, 0, 1):
            dims[names[-1]] = None
    # a SubjectLayers projector reads the ids upstream even where it averages and ignores them
    index = None if subjects["average_subjects"] and projector["name"] == "Mlp" else [0, 2]
    return make_case(
        f"seed {seed}", brain, dims, seed=seed, n_steps=n_steps, n_bins=pick(3, n_steps, n_steps + 2),
        present=present, subject_index=index, pool_outputs=pick(True, True, True, False),
    )  # fmt: skip


def edge_cases() -> list[Case]:
    """What upstream runs by broadcasting, by ignoring, or because a concatenation does not mind."""
    dims = {"text": (2, 10), "audio": (2, 6), "video": (2, 8)}
    brain: dict[str, Any] = {
        "hidden": 72, "combiner": None, "max_seq_len": 24, "encoder": {"heads": 2, "depth": 1, "ff_mult": 1},
        "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True},
    }  # fmt: skip

    def case(name: str, **changes: Any) -> Case:
        return make_case(name, brain | changes, dims, seed=8, n_steps=6)

    unequal = case("stack of unequal lengths", extractor_aggregation="stack")
    unequal.features["audio"] = unequal.features["audio"][..., :4]
    extra = case("a modality that the model does not know")
    extra.features["smell"] = np.ones((2, 2, 5, 6), np.float32)
    joined = case("groups that come joined")
    joined.features["audio"] = joined.features["audio"].reshape(2, 12, 6)
    return [
        unequal, extra, joined, case("one position for every step", max_seq_len=1),
        case("short position table, not used", max_seq_len=3, time_pos_embedding=False),
        case("subject embedding of a baseline", subject_embedding=True, linear_baseline=True),
    ]  # fmt: skip


def _random_transformer(pick: Any) -> dict[str, Any]:
    norm, bias = pick("scale", "rms", "layer"), pick(None, "rel_pos_bias", "alibi_pos_bias")
    causal = pick(True, False)
    residual = pick(True, False, False)
    return {
        "heads": pick(1, 2, 3), "depth": pick(1, 2), "causal": causal, "ff_mult": pick(1, 4),
        "use_scalenorm": norm == "scale", "use_rmsnorm": norm == "rms",
        "rel_pos_bias": bias == "rel_pos_bias", "alibi_pos_bias": bias == "alibi_pos_bias",
        "rotary_pos_emb": pick(True, False), "rotary_xpos": causal and pick(True, False), "residual_attn": residual,
        "scale_residual": pick(True, True, False),
        "attn_flash": not residual and bias != "rel_pos_bias" and pick(True, False, False),
    }  # fmt: skip


def _random_mlp(pick: Any) -> dict[str, Any]:
    return {
        "name": "Mlp", "hidden_sizes": pick(None, [], [5], [6, 4]), "bias": pick(True, False),
        "norm_layer": pick("layer", "instance", "unit", None),
        "activation_layer": pick("relu", "gelu", "elu", "prelu", None),
    }  # fmt: skip


def _random_subjects(pick: Any) -> dict[str, Any]:
    average = pick(True, False)
    return {
        "name": "SubjectLayers", "n_subjects": 3, "bias": pick(True, False), "mode": pick("gather", "for_loop"),
        "subject_dropout": 0.1 if average else pick(None, 0.0, 0.2), "average_subjects": average,
    }  # fmt: skip


def golden_cases() -> list[Case]:
    """The configurations whose reference outputs are committed: few, small, and together over the whole table."""
    three = {"text": (2, 10), "audio": (2, 6), "video": (2, 8)}
    average = {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True}
    released = make_case(
        "released",
        {"hidden": 72, "combiner": None, "low_rank_head": 20, "max_seq_len": 12, "modality_dropout": 0.3,
         "encoder": {"heads": 2, "depth": 2, "ff_mult": 1}, "subject_layers": average},
        three, seed=1, n_steps=5, n_outputs=40, n_bins=3, batch=1,
    )  # fmt: skip
    layer_norm = make_case(
        "layer_norm",
        {"hidden": 24, "combiner": None, "max_seq_len": 24, "extractor_aggregation": "stack",
         "layer_aggregation": "mean", "temporal_smoothing": {"kernel_size": 4},
         "encoder": {"heads": 3, "depth": 2, "use_scalenorm": False, "rotary_pos_emb": False, "rel_pos_bias": True,
                     "residual_attn": True},
         "subject_layers": {"n_subjects": 3, "subject_dropout": 0.1}},
        {"text": (2, 10), "video": (2, 8)}, seed=2, n_steps=5, n_bins=6, subject_index=[2, 0],
    )  # fmt: skip
    xpos = make_case(
        "xpos",
        {"hidden": 64, "max_seq_len": 12, "extractor_aggregation": "sum", "low_rank_head": 7,
         "projector": {"name": "Mlp", "hidden_sizes": [9], "norm_layer": "unit", "activation_layer": "elu"},
         "combiner": {"hidden_sizes": [8, 5], "norm_layer": "layer", "activation_layer": "prelu", "bias": False},
         "encoder": {"heads": 2, "depth": 1, "ff_mult": 1, "use_scalenorm": False, "use_rmsnorm": True,
                     "causal": True, "rotary_xpos": True, "scale_residual": False},
         "subject_layers": average},
        three, seed=3, n_steps=7, n_bins=4, batch=1,
    )  # fmt: skip
    alibi = make_case(
        "alibi",
        {"hidden": 24, "combiner": None, "time_pos_embedding": False, "temporal_smoothing": {"sigma": 2.0},
         "encoder": {"heads": 3, "depth": 2, "rotary_pos_emb": False, "alibi_pos_bias": True},
         "subject_layers": average},
        {"text": (2, 10), "audio": (2, 6), "video": None}, seed=4, n_steps=6, n_bins=8, present=("text",),
    )  # fmt: skip
    return [released, layer_norm, xpos, alibi, _baseline_case(), *_tiny_token_cases()]


def _baseline_case() -> Case:
    return make_case(
        "baseline",
        {"hidden": 24, "linear_baseline": True, "projector": {"name": "SubjectLayers", "n_subjects": 3},
         "subject_layers": {"n_subjects": 3, "mode": "for_loop"}},
        {"text": (2, 10), "audio": (1, 6)}, seed=5, n_steps=8, n_bins=3, subject_index=[1, 2],
    )  # fmt: skip


def _tiny_token_cases() -> list[Case]:
    """Tokens so short that the eps of the first norm decides: a bias of zero and features near zero in some steps."""
    cases = []
    for name, kind, size in (("tiny_tokens_scale", "use_scalenorm", 1e-13), ("tiny_tokens_layer", None, 1e-3)):
        encoder = {"heads": 2, "depth": 1, "ff_mult": 1, "rotary_pos_emb": False, "use_scalenorm": kind is not None}
        brain = {"hidden": 16, "combiner": None, "time_pos_embedding": False, "encoder": encoder,
                 "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True}}  # fmt: skip
        case = make_case(name, brain, {"text": (1, 5)}, seed=6, n_steps=6, n_bins=6)
        case.state_dict["projectors.text.bias"][:] = 0
        case.features["text"][..., ::2] *= np.float32(size)
        cases.append(case)
    return cases
