"""V-JEPA 2, its processor, the frames and the whole video extractor, live against the real libraries."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
def test_every_stage_is_within_its_bound(seed: int) -> None:
    from tools.reference.video import compare

    rows = compare(seed)
    failing = [f"{row.stage}: {row.float32:.1e} > {row.bound:.1e}, {row.float64}" for row in rows if not row.passes()]
    assert not failing, failing
    above = [row.stage for row in rows if row.float32 > 1e-5]  # tiny models meet the floor outright
    assert not above, above
    stages = {row.stage for row in rows}
    assert {"vjepa2/state 1", "vjepa2/last_hidden_state", "video processor/pixels", "video frames/clips"} <= stages
    assert ("video pipeline/features" in stages) == (seed < 4)
