"""Plain kits make mistakes visible: each moves the output a hundred times farther than float32 arithmetic does."""

from dataclasses import replace

import numpy as np
import pytest

from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES, applicable
from tribe_np.oracle.kit_models.kit_catalogue import MODELS
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import make_kit

FAR = 100


def relative_rms(found: np.ndarray, right: np.ndarray) -> float:
    """Root mean square of the difference over that of what is right; infinite for another shape."""
    if found.shape != right.shape:
        return float("inf")
    return float(np.sqrt(np.mean((found - right) ** 2) / np.mean(right**2)))


@pytest.mark.parametrize("model", MODELS)
def test_every_mistake_moves_the_output_farther_than_float32_does(model: str) -> None:
    kit = make_kit(model)
    right = run_setup(kit.setup).output
    rounded = run_setup(replace(kit.setup, precision="float32")).output
    assert right is not None
    assert rounded is not None
    far = FAR * relative_rms(rounded, right)
    unseen = {}
    for mistake in applicable(kit.setup):
        changed = mistake.apply(kit.setup)
        assert changed is not None
        output = run_setup(changed).output
        assert output is not None
        moved = relative_rms(output, right)
        if not moved >= far:
            unseen[mistake.id] = moved / far
    assert not unseen, f"of {len(MISTAKES)} mistakes"
