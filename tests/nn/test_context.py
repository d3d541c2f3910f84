"""What a forward pass carries along."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.nn.context import Context, open_context
from tribe_np.protocols import Array


def test_paths_grow_with_the_layers() -> None:
    seen: list[str] = []

    def tap(name: str, array: Array) -> None:
        seen.append(name)

    ctx = Context(tap=tap)
    ctx.see("bare", np.ones(1))
    ctx.at("model", 3).at("self_attn").see("query", np.ones(1))
    assert seen == ["bare", "model.3.self_attn.query"]


def test_without_a_tap_nothing_is_built() -> None:
    ctx = open_context("llama", REFERENCE)
    assert ctx.at("layers", 0) is ctx
    ctx.see("query", np.ones(1))


def test_kernels_travel_and_nothing_can_be_changed() -> None:
    other = replace(REFERENCE, name="other")
    ctx = open_context("llama", other)
    assert ctx.kernels is other
    assert Context(kernels=other, tap=lambda name, array: None).at("x").kernels is other
    with pytest.raises(FrozenInstanceError):
        setattr(ctx, "path", "x")  # noqa: B010 - the assignment itself would not type-check
