"""`project` against what tribev2's own projector made of the same scan (tools/reference/projection.py)."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tools.reference.projection import CASES, EVERY, FROM_MNI, TR, write_mni_surfaces, write_scan
from tribe_np.cortex import project

pytestmark = pytest.mark.extras  # nilearn has the surfaces, and the points of the ball

GOLDEN = Path(__file__).parents[2] / "golden" / "projection.safetensors"
BOUND = 2e-6  # of z-scores: float32


@pytest.mark.parametrize("case", CASES)
def test_it_is_upstreams(tmp_path: Path, case: str) -> None:
    options = dict(CASES[case])
    if options.pop(FROM_MNI, False):
        write_mni_surfaces(tmp_path / "subjects")
        options |= {"space": "mni152", "subjects_dir": tmp_path / "subjects"}
    path = write_scan(tmp_path / "bold.nii.gz")
    found = project(path, tr=TR, compat="upstream", **options)
    expected = load_file(GOLDEN)[case]
    assert found.values[:, ::EVERY].shape == expected.shape
    assert np.abs(found.values[:, ::EVERY] - expected).max() < BOUND
