"""V-JEPA 2, its processor, the frames and the whole video extractor, live against the real libraries."""

import pytest

from tests.parity.bounds import stages_within_bounds

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
def test_every_stage_is_within_its_bound(seed: int) -> None:
    from tools.reference.video import compare

    stages = stages_within_bounds(compare(seed))
    assert {"vjepa2/state 1", "vjepa2/last_hidden_state", "video processor/pixels", "video frames/clips"} <= stages
    assert ("video pipeline/features" in stages) == (seed < 4)
