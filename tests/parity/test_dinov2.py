"""DINOv2, its processor and the whole image extractor, live against the real libraries."""

import pytest

from tests.parity.bounds import stages_within_bounds

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
def test_every_stage_is_within_its_bound(seed: int) -> None:
    from tools.reference.dinov2 import RUNS, compare

    stages = stages_within_bounds(compare(seed))
    assert {"dinov2/state 1", "picture processor/pixels", "picture processor/resize"} <= stages
    assert ("image pipeline/features" in stages) == (seed < len(RUNS))
