"""The compiled kernels, which are the default, live against the real libraries: every stage of all five models."""

import pytest

from tests.parity.bounds import stages_within_bounds

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", [0, 1, 5])
@pytest.mark.parametrize("stage", ["encoder", "llama", "audio", "video", "dinov2"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_every_stage_is_within_its_bound(stage: str, seed: int) -> None:
    from importlib import import_module

    from tools.reference.measure import using_kernels

    with using_kernels("numba"):
        rows = import_module(f"tools.reference.{stage}").compare(seed)
    assert stages_within_bounds(rows, floor=None)
