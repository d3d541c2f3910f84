"""Other layouts of the same numbers are found, named and undone; other numbers are not explained by them."""

import numpy as np
import pytest

from tests.oracle.conformance.ports import Arrays, generous, kit_of, port_of
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.conformance.kit_comparison import verdict
from tribe_np.oracle.conformance.layouts import find_layout, layouts_of

LETTERS = ("B", "N", "S", "H")


@pytest.mark.parametrize(
    ("order", "shape", "note"),
    [
        ((0, 1, 2, 3), (2, 3, 4, 5), ""),
        ((0, 2, 1, 3), (2, 4, 3, 5), "theirs is (B, S, N, H)"),
        ((3, 2, 1, 0), (5, 4, 3, 2), "theirs is (H, S, N, B)"),
        ((0, 2, 1, 3), (2, 4, 15), "theirs is (B, S, N x H)"),
        ((0, 2, 3, 1), (2, 4, 15), "theirs is (B, S, H x N)"),
        ((0, 1, 2, 3), (6, 4, 5), "theirs is (B x N, S, H)"),
        ((0, 1, 2, 3), (120,), ""),
        ((0, 2, 1, 3), (120,), "theirs is (B x S x N x H)"),
        ((0, 1, 2, 3), (1, 2, 3, 4, 5), "theirs has an axis of length 1 more"),
    ],
)
def test_a_layout_is_named_and_undone(order: tuple[int, ...], shape: tuple[int, ...], note: str) -> None:
    reference = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    theirs = reference.transpose(order).reshape(shape)
    found = find_layout(theirs, reference, LETTERS)
    assert found is not None
    assert found.is_clear
    assert found.layout.note == note
    np.testing.assert_array_equal(found.layout.applied(theirs, reference.shape), reference)


@pytest.mark.parametrize(
    ("shape", "order", "note"),
    [
        ((2, 4, 3, 5), (0, 1, 2, 3), "theirs is (B, S, part 1 of D, part 2 of D)"),
        ((2, 4, 3, 5), (0, 2, 1, 3), "theirs is (B, part 1 of D, S, part 2 of D)"),
        ((8, 15), (0, 1), "theirs is (B x S, D)"),
    ],
)
def test_split_heads_are_joined(shape: tuple[int, ...], order: tuple[int, ...], note: str) -> None:
    reference = np.random.default_rng(0).normal(size=(2, 4, 15))
    theirs = reference.reshape(shape).transpose(order)
    found = find_layout(theirs, reference, ("B", "S", "D"))
    assert found is not None
    assert found.layout.note == note
    np.testing.assert_array_equal(found.layout.applied(theirs, reference.shape), reference)


def test_axes_of_equal_length_are_told_apart_by_their_values() -> None:
    square = np.random.default_rng(0).normal(size=(6, 6, 6))
    found = find_layout(square.transpose(2, 0, 1) * 1.1, square)
    assert found is not None
    assert found.is_clear
    assert found.layout.note == "theirs is (axis 2, axis 0, axis 1)"
    other = find_layout(np.random.default_rng(1).normal(size=(6, 6, 6)), square)
    assert other is not None
    assert (other.is_clear, other.layout.note) == (False, ""), "nothing says that the axes are others"
    letters = find_layout(square[0].T, square[0], ("S", "S"))
    assert letters is not None
    assert letters.layout.note == "theirs is (S of axis 1, S of axis 0)"


def test_one_of_a_batch_is_found() -> None:
    reference = np.random.default_rng(0).normal(size=(3, 4, 5))
    found = find_layout(reference[1].T, reference, ("B", "S", "D"))
    assert found is not None
    assert found.layout.row == 1
    assert found.layout.note == "only row 1 of 3 of the first axis, theirs is (D, S)"


def test_what_has_other_sizes_has_no_layout() -> None:
    assert find_layout(np.ones(7), np.ones((2, 4))) is None
    assert list(layouts_of((2, 6), (3, 4))) == [], "no axis is a part of another"
    assert find_layout(np.ones((2, 2, 2, 2, 2, 2)), np.ones((2, 2, 2, 2, 2, 2))) is not None
    assert find_layout(np.zeros((2, 0)), np.zeros((2, 0))) is not None
    assert find_layout(np.array([[2.0]]), np.array(2.0)) is not None


def test_channels_in_another_order_are_no_layout() -> None:
    kit = kit_of("llama")
    name = "llama.layers.0.self_attn.query"
    query = kit.expected[name]
    shuffled = query.reshape(*query.shape[:-1], 2, 8).swapaxes(-1, -2).reshape(query.shape)
    found = compare_kit(kit, {**kit.expected.arrays, name: shuffled}, bounds=generous)
    assert found.first_locally_out is not None
    assert found.first_locally_out.name == name
    assert not found.row(name).notes


def heads_beside_tokens(arrays: Arrays) -> Arrays:
    """(B, S, N, H), as most ports have it."""
    return {name: x.swapaxes(1, 2) if x.ndim == 4 else x for name, x in arrays.items()}


def heads_merged(arrays: Arrays) -> Arrays:
    """(B, S, N x H)."""
    return {name: x.reshape(*x.shape[:2], -1) for name, x in heads_beside_tokens(arrays).items()}


def another_axis(arrays: Arrays) -> Arrays:
    """(1, B, ...)."""
    return {name: x[None] for name, x in arrays.items()}


def time_first(arrays: Arrays) -> Arrays:
    """All axes turned."""
    return {name: x.T for name, x in arrays.items()}


def one_alone(arrays: Arrays) -> Arrays:
    """The second of the batch, without a batch axis."""
    return {name: x[1] if len(x) == 2 else x for name, x in arrays.items()}


@pytest.mark.parametrize("lay", [heads_beside_tokens, heads_merged, another_axis, time_first, one_alone])
@pytest.mark.parametrize("model", ["encoder", "llama"])
def test_a_correct_port_in_another_layout_passes_and_is_told(model: str, lay: object) -> None:
    kit = kit_of(model)
    found = compare_kit(kit, lay(port_of(kit)), bounds=generous)  # type: ignore[operator]
    assert found.conforms, verdict(found)
    assert any(row.notes for row in found.rows)


@pytest.mark.parametrize("lay", [heads_beside_tokens, another_axis, time_first, one_alone])
def test_a_mistake_before_other_layouts_is_told_alone(lay: object) -> None:
    kit = kit_of("encoder")
    wrong = ("encoder.layers.0.norm.output", lambda name, x: np.flip(x, 1))  # nothing agrees after it
    found = compare_kit(kit, lay(port_of(kit, wrong)), bounds=generous)  # type: ignore[operator]
    assert [row.name for row in found.locally_out] == ["encoder.layers.0.norm.output"]


def test_a_masked_logit_is_one_however_it_is_written() -> None:
    kit = kit_of("llama")
    logits = [name for name in kit.expected.names() if name.endswith(".logits")]
    masked = {name: kit.expected[name] < -1e30 for name in logits}
    for value in (-np.inf, np.finfo(np.float32).min, -1e9, -10000.0):
        theirs = {name: np.where(masked[name], value, kit.expected[name]) for name in logits}
        found = compare_kit(kit, {**port_of(kit), **theirs}, bounds=generous)
        assert found.conforms, verdict(found)
    if logits:
        theirs = {**port_of(kit), logits[0]: np.where(masked[logits[0]], -5.0, kit.expected[logits[0]])}
        assert compare_kit(kit, theirs, bounds=generous).first_locally_out.name == logits[0]  # type: ignore[union-attr]
