"""Plain kits make mistakes visible: each moves the output a hundred times farther than float32 arithmetic does."""

from dataclasses import replace

import numpy as np
import pytest

from tribe_np.oracle.budget.bounds import bound_of
from tribe_np.oracle.diagnose.explaining import NEAR
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES, applicable
from tribe_np.oracle.kit_models.kit_catalogue import MODELS
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import make_kit

FAR = 100
EACH_BIN = "each mel bin is brought to mean 0 and variance 1 afterwards"
AT_A_TAP_ALONE = {
    "rotary-from-one": "scores depend on the distance of two positions, not on where counting begins",
    "no-16-bit-scale": EACH_BIN, "not-standardized": EACH_BIN, "biased-mel-variance": "338 audio frames, or 337",
    "resampler-in-double": "filters that differ by 6e-6",
    "rotary-frequencies-float16": "frequencies are off by 2e-4, and few positions turn by them",
}  # fmt: skip
"""What changes the output little or not at all, and why."""


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
    moved = {}
    for mistake in applicable(kit.setup):
        changed = mistake.apply(kit.setup)
        assert changed is not None
        run = run_setup(changed)
        assert run.output is not None
        moved[mistake.id] = relative_rms(run.output, right)
        if mistake.id in AT_A_TAP_ALONE:
            heard = {n: relative_rms(run.taps[n], x) for n, x in kit.expected.arrays.items() if np.isfinite(x).all()}
            bounds = {n: bound_of(model, kit.bounds_case, n).accumulated.rms for n in heard}
            assert any(error > NEAR * bounds[n] for n, error in heard.items()), mistake.id
    unseen = {name: error for name, error in moved.items() if not error >= far and name not in AT_A_TAP_ALONE}
    assert not unseen, f"of {len(MISTAKES)} mistakes"
