"""Recording: every named intermediate, in order, copied; saved, loaded and compared."""

from pathlib import Path

import numpy as np
import pytest

from tests import fake_device
from tribe_np.backend import to_device
from tribe_np.errors import RecordingError
from tribe_np.formats.safetensors import write_safetensors
from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.nn.context import open_context
from tribe_np.oracle import Recording, compare, relative_error, trace
from tribe_np.oracle.budget.bounds import Bound
from tribe_np.protocols import Array


def model(x: Array) -> Array:
    """A model of two taps, as every public call is made."""
    ctx = open_context("toy", REFERENCE)
    ctx.see("input", x)
    doubled = x * 2
    ctx.at("layers", 0).see("doubled", doubled)
    return doubled


def test_names_order_and_copies() -> None:
    x = np.arange(3.0)
    with trace() as recording:
        model(x)
        x[0] = 99.0
    assert recording.names() == ["toy.input", "toy.layers.0.doubled"]
    assert len(recording) == 2
    assert "toy.input" in recording
    assert "other" not in recording
    np.testing.assert_array_equal(recording["toy.input"], [0, 1, 2])


def test_a_tap_changes_nothing_and_is_gone_after_the_block() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    plain = model(x)
    with trace() as recording:
        np.testing.assert_array_equal(model(x), plain)
    n_seen = len(recording)
    model(x)
    assert len(recording) == n_seen
    with pytest.raises(RuntimeError, match="inside"), trace():
        raise RuntimeError("inside")
    assert not open_context("toy", REFERENCE).is_heard


def test_a_second_call_gets_numbered_names() -> None:
    with trace() as recording:
        for i in range(3):
            model(np.full(2, float(i)))
    assert recording.names()[::2] == ["toy.input", "toy.input@2", "toy.input@3"]
    np.testing.assert_array_equal(recording["toy.input@3"], [2, 2])


def test_a_pattern_chooses_and_an_own_tap_receives() -> None:
    with trace(pattern="*.layers.*") as recording:
        model(np.ones(2))
    assert recording.names() == ["toy.layers.0.doubled"]
    seen: dict[str, Array] = {}  # falsy while empty: must still count as a tap
    with trace(tap=seen.__setitem__, pattern="*input") as recording:
        model(np.ones(2))
    assert list(seen) == ["toy.input"]
    assert len(recording) == 0


def test_device_arrays_are_recorded_on_the_host() -> None:
    with trace() as recording:
        model(to_device(np.ones(2), fake_device.module))
    assert isinstance(recording["toy.input"], np.ndarray)


def test_saved_and_loaded_in_order(tmp_path: Path) -> None:
    recording = Recording({"b": np.ones((2, 3), np.float32), "a": np.arange(4), "scalar": np.array(2.5)})
    recording.save(tmp_path / "r.safetensors")
    loaded = Recording.load(tmp_path / "r.safetensors")
    assert loaded.names() == ["b", "a", "scalar"]
    assert all(row.max_error == 0 for row in compare(loaded, recording))
    assert loaded["scalar"].shape == ()
    Recording().save(tmp_path / "empty.safetensors")
    assert Recording.load(tmp_path / "empty.safetensors").names() == []


def test_any_safetensors_file_is_a_recording(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a", {"x": np.ones(2)})
    assert Recording.load(tmp_path / "a").names() == ["x"]
    write_safetensors(tmp_path / "b", {"x": np.ones(2)}, metadata={"names": "x\ny"})
    with pytest.raises(RecordingError, match="names differ"):
        Recording.load(tmp_path / "b")


def test_errors_are_relative_to_the_references_rms() -> None:
    reference = np.array([3.0, -3.0, 3.0, -3.0])
    assert relative_error(reference + np.array([0, 0, 0.6, -0.3]), reference) == pytest.approx(0.2)
    assert relative_error(np.zeros((2, 0)), np.zeros((2, 0))) == 0
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    assert relative_error(np.ones(2), np.zeros(2)) == np.inf
    assert relative_error(np.ones(3), np.ones((3, 1))) == np.inf
    assert relative_error(np.array([np.nan, 1.0]), np.ones(2)) == np.inf


def test_large_float32_sums_do_not_overflow_the_scale() -> None:
    reference = np.full(10, 1e30, np.float32)
    assert relative_error(reference, reference) == 0


def test_comparison_is_in_order_and_names_the_missing() -> None:
    reference = Recording({"a": np.ones(4), "b": np.ones(4), "c": np.ones(2)})
    ours = Recording({"c": np.ones(3), "b": np.array([1, 1, 1, 3.0]), "a": np.ones(4)})
    rows = compare(ours, reference)
    assert [row.name for row in rows] == ["a", "b", "c"]
    assert [row.max_error for row in rows] == [0, 2, np.inf]
    assert [row.rms_error for row in rows] == [0, 1, np.inf]
    assert rows.missing == rows.extra == ()
    some = compare(Recording({"a": np.ones(4), "d": np.ones(1)}), reference)
    assert [row.name for row in some] == ["a"], "a port that lacks a stage can be compared"
    assert (some.missing, some.extra) == (("b", "c"), ("d",))
    with pytest.raises(RecordingError, match="lacks b, c of"):
        compare(Recording({"a": np.ones(4)}), reference, strict=True)
    with pytest.raises(RecordingError, match="lacks a, b, c of"):
        compare(Recording({"d": np.ones(4)}), reference)
    assert [row.note for row in rows] == ["", "", "shapes (3,) and (2,)"]


def test_the_first_difference_is_the_first_above_its_bound() -> None:
    reference = Recording({"b": np.ones(4), "a": np.ones(4), "c": np.ones(4)})
    ours = Recording({"a": np.array([1, 1, 1, 1.1]), "b": np.full(4, 1 + 1e-6), "c": np.zeros(4)})
    found = ours.first_difference(reference)
    assert found is not None
    assert (found.name, found.max_error) == ("a", pytest.approx(0.1))
    assert ours.first_difference(reference, bound=0.5).name == "c"  # type: ignore[union-attr]
    assert ours.first_difference(reference, bound=1e-7).name == "b"  # type: ignore[union-attr]
    assert ours.first_difference(reference, bound=2) is None
    assert ours.first_difference(ours, bound=0) is None
    bounds = {"a": Bound(rms=1, largest=0.05), "b": Bound(rms=1e-7, largest=1), "c": Bound(9, 9)}
    assert ours.first_difference(reference, bound=bounds.__getitem__).name == "b"  # type: ignore[union-attr]


def test_numbers_that_are_not_finite_differ_unless_both_are_alike() -> None:
    odd = Recording({"a": np.array([np.nan, 1.0, np.inf])})
    even = Recording({"a": np.ones(3)})
    for one, other in ((odd, odd), (odd.summary(), odd.summary()), (odd.summary(), odd)):
        assert one.first_difference(other, bound=0) is None
    for one, other in ((odd, even), (odd.summary(), even.summary())):
        found = one.first_difference(other)
        assert found is not None
        assert (found.max_error, found.note) == (np.inf, "2 and 0 are not finite")
    moved = Recording({"a": np.array([1.0, np.nan, np.inf])})
    assert moved.first_difference(odd).note == "2 and 2 are not finite"  # type: ignore[union-attr]


@pytest.mark.parametrize("bound", [np.nan, -1.0, "1e-4", None, lambda name: Bound(rms=1, largest=np.nan)])
def test_a_bound_that_bounds_nothing_is_refused(bound: object) -> None:
    recording = Recording({"a": np.ones(3)})
    with pytest.raises(RecordingError, match=r"the bound of a is .*; expected numbers of at least 0"):
        recording.first_difference(recording, bound=bound)  # type: ignore[arg-type]
    assert recording.first_difference(recording, bound=np.float32(0.1)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [None, {"a": np.ones(3)}, "a", Recording()])
def test_what_is_no_recording_or_holds_nothing_is_refused(other: object) -> None:
    with pytest.raises(RecordingError, match=r"expected two recordings|holds no intermediates"):
        Recording({"a": np.ones(3)}).first_difference(other)  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", [5, None, [], ["*.output", 3]])
def test_a_pattern_that_is_no_text_is_refused(pattern: object) -> None:
    with pytest.raises(RecordingError, match="a pattern is text"), trace(pattern=pattern):  # type: ignore[call-overload]
        pass


def test_names_of_one_side_alone_are_told() -> None:
    reference = Recording({"a": np.ones(4), "b": np.ones(4), "c": np.ones(4)})
    ours = Recording({"c": np.ones(4), "d": np.ones(2)})
    with pytest.warns(UserWarning, match="not compared: the other lacks d; this recording lacks a, b"):
        assert ours.first_difference(reference) is None
    with pytest.raises(RecordingError, match="lacks a, b, c"):
        Recording({"d": np.ones(2)}).first_difference(reference)


def test_a_masked_score_is_no_difference_and_another_mask_is() -> None:
    logits = np.array([[1.0, -np.inf], [2.0, 3.0]])
    assert relative_error(logits, logits) == 0
    assert relative_error(logits + 0.1, logits) == pytest.approx(0.1 / np.sqrt(14 / 3))
    assert relative_error(np.array([[1.0, 5.0], [2.0, 3.0]]), logits) == np.inf
    assert relative_error(-logits, logits) == np.inf


def test_a_recording_prints_as_a_short_table() -> None:
    recording = Recording({f"encoder.layers.{i}.output": np.zeros((2, 300)) for i in range(400)})
    for shown in (repr(recording), recording._repr_html_(), repr(recording.summary())):
        assert "encoder.layers.0.output" in shown
        assert "392 more" in shown
        assert "encoder.layers.399.output" in shown
        assert len(shown) < 2500


def test_a_foreign_file_is_put_in_the_order_of_computation(tmp_path: Path) -> None:
    names = [f"llama.layers.{i}.{leaf}" for i in (0, 2, 10) for leaf in ("self_attn.query", "mlp.gated", "output")]
    write_safetensors(tmp_path / "a", {name: np.zeros(1) for name in [*sorted(names), "mine"]})
    assert Recording.load(tmp_path / "a").names() == [*names, "mine"]
