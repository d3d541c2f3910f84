"""Bounds of taps: of what was measured, and what stands in where nothing was."""

from dataclasses import replace

import pytest

from tribe_np.errors import ConfigError
from tribe_np.oracle.budget.bounds import EPS, FLOOR_ULP, Bound, bound_of, measured_sets
from tribe_np.oracle.budget.tap_errors import TapError, generic_tap
from tribe_np.oracle.kits.kit import make_kit

FLOOR = FLOOR_ULP * EPS["float32"]


def test_a_bound_is_four_times_the_rms_and_eight_times_the_largest() -> None:
    tap = measured_sets()["encoder", "plain", "float32"]["encoder.layers.{i}.mixed"]
    found = bound_of("encoder", "plain", "encoder.layers.2.mixed")
    assert found.accumulated == Bound(4 * tap.accumulated[2].rms, 8 * tap.accumulated[2].largest)
    assert found.local == Bound(4 * tap.local.rms, 8 * tap.local.largest)
    assert found.note == ""


def test_no_bound_is_below_four_units_in_the_last_place() -> None:
    found = bound_of("llama", "plain", "llama.embed_tokens.output")
    assert found.accumulated == found.local == Bound(FLOOR, FLOOR)


def test_deeper_layers_grow_as_the_deep_model_does_and_then_with_their_number() -> None:
    rms = [bound_of("encoder", "plain", f"encoder.layers.{i}.query").accumulated.rms for i in range(0, 60, 2)]
    assert rms == sorted(rms)
    assert rms[29] == pytest.approx(rms[11] * 59 / 23)
    local = {bound_of("encoder", "plain", f"encoder.layers.{i}.query").local for i in (0, 2, 58)}
    assert len(local) == 1


@pytest.mark.parametrize(
    ("model", "case", "tap", "told"),
    [
        ("encoder", "plain", "encoder.layers.0.strange.query", "no bound for encoder.layers.{i}.strange.query: the"),
        ("encoder", "plain", "encoder.strange", "the widest of all taps"),
        ("encoder", "strange", "encoder.output", "no bounds for the case 'strange'"),
        ("strange", "plain", "strange.output", "no bounds for 'strange'"),
    ],
)
def test_what_has_no_data_is_bounded_and_told(model: str, case: str, tap: str, told: str) -> None:
    found = bound_of(model, case, tap)
    assert told in found.note
    assert FLOOR <= found.accumulated.rms < 1e-2
    assert FLOOR <= found.local.rms < 1e-4


def test_real_weights_have_the_bounds_of_trained_ones() -> None:
    kit = make_kit("llama", "one_token")
    assert kit.bounds_case == "one_token"
    assert replace(kit, origin="folder").bounds_case == "trained"
    assert replace(kit, origin="released").bounds_case == "released"
    trained, random = (bound_of("llama", case, "llama.norm.output").accumulated for case in ("trained", "plain"))
    assert trained.rms > random.rms
    note = bound_of("llama", replace(kit, origin="config").bounds_case, "llama.norm.output").note
    assert note == "no bounds for the case 'config': the widest of llama's cases are taken"


@pytest.mark.parametrize(
    ("model", "layers", "tap", "name"),
    [
        ("llama", (2, 3), "llama.layers.2.self_attn.query", "llama.layers.0.self_attn.query"),
        ("encoder", (1, 2), "encoder.layers.3.hidden", "encoder.layers.1.hidden"),
        ("encoder", (1, 2), "encoder.output", "encoder.output"),
        ("llama", None, "llama.layers.2.mlp.output", "llama.layers.2.mlp.output"),
    ],
)
def test_errors_begin_to_grow_at_the_first_layer_of_a_kit(
    model: str, layers: tuple[int, int] | None, tap: str, name: str
) -> None:
    assert replace(make_kit(model), layers=layers).bounds_name(tap) == name


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ConfigError, match="float32, bfloat16, float16"):
        bound_of("encoder", "plain", "encoder.output", "float8")


def test_names_without_their_layer() -> None:
    assert generic_tap("encoder.layers.3.norm.output@2") == ("encoder.layers.{i}.norm.output", 3)
    assert generic_tap("encoder.output") == ("encoder.output", 0)
    assert generic_tap("pipeline.video.0.12.pixels") == ("pipeline.video.{i}.{j}.pixels", 0)
    assert generic_tap("vjepa2.encoder.layer.7.mlp.output") == ("vjepa2.encoder.layer.{i}.mlp.output", 7)


def test_errors_within() -> None:
    assert Bound(1e-6, 1e-5).holds(TapError(1e-6, 1e-5))
    assert not Bound(1e-6, 1e-5).holds(TapError(1e-6, 2e-5))
    assert not Bound(1e-6, 1e-5).holds(TapError(float("inf"), float("inf")))
