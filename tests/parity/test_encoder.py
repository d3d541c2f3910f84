"""The encoder against neuraltrain's and x-transformers' live parts, over random configurations."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_every_stage_is_the_reference(seed: int) -> None:
    from tools.reference.encoder import compare

    rows = compare(seed)
    assert rows
    assert not [(row.stage, row.float32, row.bound, row.float64) for row in rows if not row.passes()]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:features contain the unknown smell")
def test_edges_that_upstream_runs(number: int) -> None:
    from tools.reference.encoder import compare_case
    from tools.reference.encoder_cases import edge_cases

    cases = edge_cases()
    assert len(cases) == 6
    rows = compare_case(cases[number])
    assert not [(row.stage, row.float32, row.bound, row.float64) for row in rows if not row.passes()]


def test_the_seeds_cover_the_option_table() -> None:
    from tools.reference.encoder_cases import random_case

    cases = [random_case(seed) for seed in range(24)]
    seen = {
        (key, str(value))
        for case in cases
        for part in (case.config, case.config["encoder"], case.config["projector"], case.config["combiner"] or {})
        for key, value in part.items()
    }
    wanted = {
        "extractor_aggregation": ("cat", "sum", "stack"), "layer_aggregation": ("cat", "mean"),
        "norm_layer": ("layer", "batch", "instance", "unit", "None"),
        "activation_layer": ("relu", "gelu", "elu", "prelu", "None"), "linear_baseline": ("True", "False"),
        "rotary_xpos": ("True",), "rel_pos_bias": ("True",), "alibi_pos_bias": ("True",), "residual_attn": ("True",),
        "causal": ("True", "False"), "use_rmsnorm": ("True",), "use_scalenorm": ("True",), "attn_flash": ("True",),
        "mode": ("gather", "for_loop"), "average_subjects": ("True", "False"), "low_rank_head": ("7", "None"),
        "scale_residual": ("True", "False"), "combiner": ("None",), "name": ("SubjectLayers",),
    }  # fmt: skip
    assert not {(key, value) for key, values in wanted.items() for value in values} - seen
    assert any(case.config["temporal_smoothing"] for case in cases)
    assert any(None in case.build_args["feature_dims"].values() for case in cases)
    assert any(set(case.features) < set(case.build_args["feature_dims"]) for case in cases)
    assert any(not case.pool_outputs for case in cases)
