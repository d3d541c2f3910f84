"""What an outsider met with mistakes planted in a port: each sentence of it is a test."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from tests.oracle.conformance.ports import generous, kit_of, port_of, scaled, taps_where
from tribe_np.errors import RecordingError
from tribe_np.oracle.budget.bounds import AccumulatedAndLocal, Bound
from tribe_np.oracle.budget.half_precision import in_precision
from tribe_np.oracle.budget.honest_variants import HELD_OUT, HONEST, HonestVariant
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.conformance.comparison_page import comparison_page
from tribe_np.oracle.conformance.comparison_text import comparison_lines
from tribe_np.oracle.conformance.conformance_record import conformance_record
from tribe_np.oracle.conformance.kit_comparison import KitComparison, verdict
from tribe_np.oracle.conformance.local_runs import RunsFromTheirs
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import make_kit
from tribe_np.oracle.recording import Recording

CASES = [(model, case.name) for model in MODELS for case in kit_model(model).cases]


def out_of(found: KitComparison) -> list[str]:
    """The wrong steps."""
    return [row.name for row in found.locally_out]


@pytest.mark.parametrize(("model", "case"), CASES)
def test_a_correct_port_passes(model: str, case: str) -> None:
    kit = kit_of(model, case)
    found = compare_kit(kit, port_of(kit))
    assert found.conforms, verdict(found)
    assert found.first_out is found.first_locally_out is None
    assert "taps that were given are within their bounds" in verdict(found)
    assert compare_kit(kit, kit.expected, bounds=generous).worst.accumulated.largest == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(("model", "case"), CASES)
def test_the_last_tap_is_the_output(model: str, case: str) -> None:
    kit = kit_of(model, case)
    patterns = RunsFromTheirs.of(kit.setup, kit.expected.names()).patterns
    output = run_setup(kit.setup, patterns=patterns).output
    np.testing.assert_array_equal(output, kit.expected[kit.expected.names()[-1]])


@pytest.mark.parametrize("model", MODELS)
def test_the_output_alone_is_enough(model: str) -> None:
    kit = kit_of(model)
    last = kit.expected.names()[-1]
    for theirs in (port_of(kit)[last], {"output": port_of(kit)[last]}):
        found = compare_kit(kit, theirs, bounds=generous)
        assert found.conforms, verdict(found)
        assert len(found.missing) == len(kit.expected) - 1
        assert found.row(last).since, "what comes before was not given"
    wrong = compare_kit(kit, port_of(kit)[last] * 1.01, bounds=generous)
    assert out_of(wrong) == [last]


def test_one_mistake_is_one_wrong_step_however_far_it_carries() -> None:
    kit = kit_of("encoder")
    found = compare_kit(kit, port_of(kit, ("encoder.layers.0.branch", scaled(1.01))), bounds=generous)
    assert out_of(found) == ["encoder.layers.0.branch"]
    assert sum(row.is_out for row in found.rows) > 15
    assert found.first_out is found.first_locally_out
    assert found.first_out.local.rms_over_rms == pytest.approx(0.01, rel=1e-3)  # type: ignore[union-attr]


def test_a_false_alarm_hides_no_later_mistake() -> None:
    kit = kit_of("encoder")
    alarm = ("encoder.projectors.text.output", scaled(1.0002))  # where a bound might be too tight
    edits = [(f"encoder.layers.{layer}.output", scaled(1.001)) for layer in range(4)]
    found = compare_kit(kit, port_of(kit, alarm, *edits), bounds=generous)
    assert out_of(found) == [alarm[0], *(name for name, _ in edits)]


@pytest.mark.parametrize("model", ["encoder", "llama"])
def test_two_mistakes_that_mask_each_other_are_both_wrong_steps(model: str) -> None:
    kit = kit_of(model)
    query, key = (
        next(name for name in kit.expected.names() if name.endswith(f".{leaf}"))
        for leaf in ("query_rotated", "key_rotated")
    )
    found = compare_kit(kit, port_of(kit, (query, scaled(2.0)), (key, scaled(0.5))), bounds=generous)
    assert out_of(found) == [query, key]
    mixed = next(row for row in found.rows if row.name.endswith(".mixed"))
    assert not mixed.is_out, "they do mask each other"


def test_a_tap_that_is_shown_otherwise_than_used_is_told() -> None:
    kit = kit_of("encoder")
    arrays = port_of(kit)
    name, after = "encoder.layers.1.hidden", "encoder.layers.1.activated"
    found = compare_kit(kit, {**arrays, name: arrays[name] * 2}, bounds=generous)
    assert out_of(found) == [name, after]
    assert "that is not what it is computed from, or two mistakes undo each other" in found.row(after).notes[0]
    assert not found.row(name).notes


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "huge": lambda x: x.astype(np.float64) * 1e307,
    "tiny": lambda x: x.astype(np.float64) * 1e-320,
    "infinite": lambda x: np.where(x > 0, np.inf, -np.inf),
    "no number": lambda x: np.full(x.shape, np.nan),
    "zero": lambda x: x * 0,
    "truth": lambda x: x > 0,
    "whole": lambda x: x.astype(np.int8),
    "empty": lambda x: x[:0],
    "one": lambda x: x.reshape(-1)[0],
    "masked": lambda x: np.where(x > 0, -1e9, x),
    "backwards": lambda x: x.reshape(-1)[::-1],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("error")
def test_whatever_they_give_is_compared(way: str) -> None:
    kit = kit_of("encoder")
    arrays, names = port_of(kit), kit.expected.names()
    for chosen in (names[20:21], names[-1:], names):
        with np.errstate(all="ignore"):
            spoilt = {name: WAYS[way](arrays[name]) for name in chosen}
        found = compare_kit(kit, {**arrays, **spoilt}, bounds=generous)
        assert not found.conforms
        assert found.first_locally_out is not None
        assert found.first_locally_out.name in chosen
        json.dumps(conformance_record(found), allow_nan=False)
        assert comparison_lines(found, all_taps=True)
        assert comparison_page(found)


@pytest.mark.parametrize("lay", [np.asfortranarray, lambda x: x.astype(">f4"), lambda x: x.astype(np.float64)[..., :]])
def test_how_they_lie_in_memory_is_nothing(lay: Callable[[np.ndarray], np.ndarray]) -> None:
    kit = kit_of("encoder")
    assert compare_kit(kit, {name: lay(x) for name, x in port_of(kit).items()}, bounds=generous).conforms


def test_mistakes_in_different_layers_are_all_listed() -> None:
    kit = kit_of("llama")
    names = ["llama.layers.0.mlp.gated", "llama.layers.1.self_attn.output", "llama.norm.output"]
    found = compare_kit(kit, port_of(kit, *[(name, scaled(0.9)) for name in names]), bounds=generous)
    assert out_of(found) == names


def test_numbers_of_another_size_make_no_false_alarm_after_a_mistake() -> None:
    kit = kit_of("encoder")
    found = compare_kit(kit, port_of(kit, ("encoder.layers.0.query", scaled(200.0))), bounds=generous)
    assert out_of(found) == ["encoder.layers.0.query"]


@pytest.mark.parametrize(("model", "part"), [("encoder", 2), ("encoder", 3), ("encoder", 5), ("pipeline", 2)])
def test_a_port_may_leave_taps_out(model: str, part: int) -> None:
    kit = kit_of(model)
    some = dict(list(port_of(kit).items())[::part])
    found = compare_kit(kit, some)
    assert found.conforms, verdict(found)
    assert len(found.missing) == len(kit.expected) - len(some)


def test_the_error_of_a_missing_stage_is_told_at_the_next_one() -> None:
    kit = kit_of("encoder")
    lacking = "encoder.layers.2.branch"
    arrays = port_of(kit, (lacking, scaled(1.1)))
    found = compare_kit(kit, taps_where(arrays, lambda name: name != lacking), bounds=generous)
    assert out_of(found) == ["encoder.layers.2.output"]
    assert found.row("encoder.layers.2.output").since == (lacking,)
    assert not found.row("encoder.layers.2.mixed").since, "it is computed from given taps alone"


def test_a_port_that_pools_first_or_fuses_the_head_can_use_it() -> None:
    kit = kit_of("encoder")
    arrays = taps_where(
        port_of(kit), lambda name: name not in ("encoder.predictor.output", "encoder.low_rank_head.output")
    )
    pooled = {**arrays, "encoder.pooled_states": arrays["encoder.final_norm.output"][:, ::2]}
    found = compare_kit(kit, pooled, bounds=generous)
    assert found.conforms, verdict(found)
    assert found.unknown == ("encoder.pooled_states",)
    assert found.missing == ("encoder.low_rank_head.output", "encoder.predictor.output")


def test_good_steps_that_are_out_all_in_all_are_told_as_such() -> None:
    kit = kit_of("encoder")

    tight = AccumulatedAndLocal(Bound(1e-7, 1e-6), generous("").local)
    found = compare_kit(kit, port_of(kit), bounds=lambda tap: tight)
    assert not found.conforms
    assert out_of(found) == []
    assert "every step is right by itself" in verdict(found)


def test_what_is_not_finite_is_counted_with_its_first_place() -> None:
    kit = kit_of("encoder")
    arrays = port_of(kit)
    spoilt = np.array(arrays["encoder.layers.1.hidden"])
    spoilt[1, 3, 5], spoilt[1, 4, 0] = np.nan, np.inf
    found = compare_kit(kit, {**arrays, "encoder.layers.1.hidden": spoilt}, bounds=generous)
    row = found.first_locally_out
    assert row is not None
    assert row.name == "encoder.layers.1.hidden"
    assert (row.local.n_not_finite, row.local.first_not_finite) == (2, (1, 3, 5))  # type: ignore[union-attr]
    assert (
        "2 values are NaN or infinite where a finite one is expected, the first at (1, 3, 5): theirs nan, expected "
        in verdict(found)
    )
    zeros = np.where(np.isfinite(spoilt), spoilt, 0)
    assert compare_kit(kit, {**arrays, "encoder.layers.1.hidden": zeros}, bounds=generous).locally_out[0] is not None


def test_nan_that_is_carried_on_is_one_wrong_step() -> None:
    kit = kit_of("encoder")

    def spoil(name: str, array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[0, 0, 0] = np.nan
        return array

    with np.errstate(all="ignore"):
        theirs = port_of(kit, ("encoder.layers.1.hidden", spoil))
    assert out_of(compare_kit(kit, theirs, bounds=generous)) == ["encoder.layers.1.hidden"]


def test_none_of_the_names_is_an_error_with_the_nearest() -> None:
    kit = kit_of("encoder")
    with pytest.raises(RecordingError, match=r"none of its 2 names .* did you mean encoder.layers.0.query\?"):
        compare_kit(kit, {"encoder.layer.0.query": np.ones(2), "x": np.ones(1)}, bounds=generous)
    with pytest.raises(RecordingError, match="holds no arrays"):
        compare_kit(kit, {}, bounds=generous)
    with pytest.raises(RecordingError, match="complex128"):
        compare_kit(kit, {"encoder.output": np.ones(2, complex)}, bounds=generous)


def test_the_order_is_the_kits_whatever_theirs_is() -> None:
    kit = kit_of("encoder")
    shuffled = Recording(dict(sorted(port_of(kit).items(), reverse=True)))
    assert [row.name for row in compare_kit(kit, shuffled, bounds=generous).rows] == kit.expected.names()


def test_another_number_of_heads_is_told_and_the_rest_still_compared() -> None:
    kit = kit_of("encoder")
    arrays = port_of(kit)
    B, N, S, H = arrays["encoder.layers.0.query"].shape
    arrays["encoder.layers.0.query"] = arrays["encoder.layers.0.query"].reshape(B, 2 * N, S, H // 2)
    found = compare_kit(kit, arrays, bounds=generous)
    told = f"theirs has shape ({B}, {2 * N}, {S}, {H // 2}), the kit's is ({B}, {N}, {S}, {H})"
    assert found.row("encoder.layers.0.query").fault == told
    assert out_of(found) == ["encoder.layers.0.query"]


def test_it_shows_itself_shortly() -> None:
    kit = kit_of("encoder")
    found = compare_kit(kit, port_of(kit, ("encoder.layers.0.branch", scaled(2.0))), bounds=generous)
    assert len(repr(found)) < 700
    assert "encoder.layers.0.branch is the first wrong step" in repr(found)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("model", ["encoder", "llama", "vjepa2"])
def test_a_port_in_half_precision_has_bounds_of_its_own(model: str, precision: str) -> None:
    kit = kit_of(model)
    patterns = RunsFromTheirs.of(kit.setup, kit.expected.names()).patterns
    theirs = run_setup(in_precision(kit.setup, precision, patterns), patterns=patterns).taps
    assert compare_kit(kit, theirs, precision).conforms
    assert not compare_kit(kit, theirs).conforms, "it is no float32"
    last = kit.expected.names()[-1]
    wrong = {**theirs.arrays, last: theirs[last] * np.float32(1.3)}
    assert not compare_kit(kit, wrong, precision).conforms


@pytest.mark.parametrize("variant", [*HONEST[:1], *HONEST[3:6], *HELD_OUT], ids=lambda variant: variant.name)
@pytest.mark.parametrize("part", [1, 2, 5])
def test_no_honest_way_to_compute_is_accused_whatever_it_leaves_out(variant: HonestVariant, part: int) -> None:
    kit = make_kit("llama", seed=3)
    patterns = RunsFromTheirs.of(kit.setup, kit.expected.names()).patterns
    with variant.around():
        theirs = run_setup(variant(kit.setup, "float32", patterns), patterns=patterns).taps.arrays
    found = compare_kit(kit, dict(list(theirs.items())[::part]))
    assert found.conforms, verdict(found)
