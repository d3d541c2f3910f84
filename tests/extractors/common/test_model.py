"""Layer stacks: resident and streamed give the same; bad weights fail at load in both; one streamed layer at a time."""

import weakref

import pytest

from extractors.common.model import LayerStack
from tribe_np.errors import CheckpointError


class Adder:
    """A layer that adds its number."""

    def __init__(self, number):
        self.number = number

    def __call__(self, x):
        return [*x, self.number]


def test_resident_layers_are_built_once_and_kept():
    built = []
    stack = LayerStack.load(lambda i: built.append(i) or Adder(i), 3)
    assert built == [0, 1, 2]
    assert list(stack) == list(stack)
    assert built == [0, 1, 2]
    assert len(stack) == 3


def test_streamed_layers_are_checked_at_load_and_built_when_called():
    built = []
    stack = LayerStack.load(lambda i: built.append(i) or Adder(i), 3, streaming=True)
    assert built == [0, 1, 2]
    walk = iter(stack)
    layer = next(walk)
    assert built == [0, 1, 2]
    assert layer([]) == [0]
    assert built == [0, 1, 2, 0]
    assert [later([]) for later in walk] == [[1], [2]]
    assert len(stack) == 3


@pytest.mark.parametrize("streaming", [False, True])
def test_both_run_the_layers_in_order(streaming):
    x = []
    for layer in LayerStack.load(Adder, 4, streaming=streaming):
        x = layer(x)
    assert x == [0, 1, 2, 3]


def test_a_streamed_layer_is_gone_before_the_next_is_built():
    alive, most = weakref.WeakSet(), []

    def build(i):
        most.append(len(alive))
        layer = Adder(i)
        alive.add(layer)
        return layer

    for _, layer in enumerate(LayerStack.load(build, 3, streaming=True)):
        layer([])
    assert most == [0] * 6


@pytest.mark.parametrize("streaming", [False, True])
def test_a_bad_layer_fails_at_load(streaming):
    def build(i):
        if i == 2:
            raise CheckpointError("layer 2 is missing")
        return Adder(i)

    with pytest.raises(CheckpointError, match="layer 2"):
        LayerStack.load(build, 3, streaming=streaming)
