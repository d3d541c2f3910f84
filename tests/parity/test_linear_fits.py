"""Fits of scikit-learn and himalaya, live: the recorded ones are what they find, and ours are theirs on other rows."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.parity.bounds import stages_within_bounds
from tools.places import GOLDEN
from tools.reference.linear_fits import PEERS, compare, theirs

pytestmark = pytest.mark.parity


def test_the_recorded_fits_are_theirs() -> None:
    recorded, found = load_file(GOLDEN / "linear_fits.safetensors"), theirs()
    assert recorded.keys() == found.keys()
    for name, array in found.items():
        scale = np.abs(array).max()
        np.testing.assert_allclose(recorded[name], array, rtol=0, atol=1e-9 * scale, err_msg=name)


@pytest.mark.parametrize("seed", range(1, 5))
def test_fits_of_other_rows_are_theirs(seed: int) -> None:
    assert stages_within_bounds(compare(seed)) == {f"linear_fits/{kind}" for kind in PEERS}
