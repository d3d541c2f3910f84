"""What a forward pass carries along."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.nn.context import Context, Listener, open_context
from tribe_np.protocols import Array


def test_paths_grow_with_the_layers() -> None:
    seen: list[str] = []

    def tap(name: str, array: Array) -> None:
        seen.append(name)

    ctx = Context(listeners=(Listener(tap),))
    ctx.see("bare", np.ones(1))
    ctx.at("model", 3).at("self_attn").see("query", np.ones(1))
    assert seen == ["bare", "model.3.self_attn.query"]


def test_without_a_tap_nothing_is_built() -> None:
    ctx = open_context("llama", REFERENCE)
    assert ctx.at("layers", 0) is ctx
    with ctx.joined(3, axis=0) as part_ctx:
        assert part_ctx is ctx


@pytest.mark.parametrize("listeners", [(), (Listener(lambda name, array: None),)])
def test_see_gives_its_input_back(listeners: tuple[Listener, ...]) -> None:
    x = np.ones(1)
    assert Context(listeners=listeners).see("query", x) is x


def test_an_edit_replaces_what_later_listeners_and_the_pass_get() -> None:
    before: dict[str, Array] = {}
    after: dict[str, Array] = {}
    ctx = Context(
        listeners=(Listener(before.__setitem__), Listener(edit=lambda name, x: x + 1), Listener(after.__setitem__))
    )
    assert ctx.see("query", np.zeros(1)) == 1
    assert (before["query"], after["query"]) == (0, 1)
    assert ctx.in_one_piece
    assert not Context(listeners=(Listener(before.__setitem__),)).in_one_piece


def test_costly_leaves_are_heard_by_those_who_ask() -> None:
    def heard(*patterns: str) -> list[bool]:
        listener = Listener(lambda name, array: None, patterns=patterns)
        ctx = Context(listeners=(listener,), path="toy.layers.0")
        return [ctx.asks("query"), ctx.asks("logits"), ctx.asks("probabilities")]

    assert heard("*") == [True, False, False]
    assert heard("toy.layers.0.*") == [True, False, False]
    assert heard("*.probabilities") == [False, False, True]
    assert heard("*", "*.logits") == [True, True, False]
    assert heard("toy.*prob*", "*.l?gits") == [False, True, True]
    assert heard("*toy*") == heard("*layer*") == heard("toy.layers.?*") == [True, False, False]
    assert not Context().asks("query")


def test_what_parts_compute_is_seen_whole_and_only_where_it_is_asked_for() -> None:
    seen: dict[str, Array] = {}
    ctx = Context(listeners=(Listener(seen.__setitem__, patterns=("*.asked",)),), path="toy")
    with ctx.joined(2, axis=0) as batch:
        for i in range(2):
            with batch.joined(2, axis=-1) as block:
                for j in range(2):
                    x = block.see("asked", np.array([[10 * i + j]]))
                    block.see("other", x)
                    x += 100  # what a tap has been shown does not change with the array
            assert not seen
    assert list(seen) == ["toy.asked"]
    np.testing.assert_array_equal(seen["toy.asked"], [[0, 1], [10, 11]])


def test_kernels_travel_and_nothing_can_be_changed() -> None:
    other = replace(REFERENCE, name="other")
    ctx = open_context("llama", other)
    assert ctx.kernels is other
    assert Context(other, (Listener(lambda name, array: None),)).at("x").kernels is other
    with pytest.raises(FrozenInstanceError):
        setattr(ctx, "path", "x")  # noqa: B010 - the assignment itself would not type-check
