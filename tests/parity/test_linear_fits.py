"""The recorded fits of scikit-learn and himalaya are what the installed ones find; ours: tests/analysis/fitting."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from tools.places import GOLDEN
from tools.reference.linear_fits import theirs

pytestmark = pytest.mark.parity


def test_the_recorded_fits_are_theirs() -> None:
    pytest.importorskip("himalaya")
    recorded, found = load_file(GOLDEN / "linear_fits.safetensors"), theirs()
    assert recorded.keys() == found.keys()
    for name, array in found.items():
        scale = np.abs(array).max()
        np.testing.assert_allclose(recorded[name], array, rtol=0, atol=1e-9 * scale, err_msg=name)
