"""Layer stacks: resident and streamed give the same layers; bad weights fail at load in both."""

import pytest

from extractors.common.stack import LayerStack
from tribe_np.errors import CheckpointError


def test_resident_layers_are_built_once_and_kept():
    built = []
    stack = LayerStack.load(lambda i: built.append(i) or object(), 3)
    assert built == [0, 1, 2]
    assert list(stack) == list(stack)
    assert built == [0, 1, 2]
    assert len(stack) == 3


def test_streamed_layers_are_checked_at_load_and_built_when_reached():
    built = []
    stack = LayerStack.load(lambda i: built.append(i) or f"layer {i}", 3, streaming=True)
    assert built == [0, 1, 2]
    walk = iter(stack)
    assert next(walk) == "layer 0"
    assert built == [0, 1, 2, 0]
    assert list(walk) == ["layer 1", "layer 2"]
    assert len(stack) == 3


@pytest.mark.parametrize("streaming", [False, True])
def test_a_bad_layer_fails_at_load(streaming):
    def build(i):
        if i == 2:
            raise CheckpointError("layer 2 is missing")

    with pytest.raises(CheckpointError, match="layer 2"):
        LayerStack.load(build, 3, streaming=streaming)
