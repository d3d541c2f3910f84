"""DINOv2, its processor and the whole image extractor, live against the real libraries."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
def test_every_stage_is_within_its_bound(seed: int) -> None:
    from tools.reference.dinov2 import RUNS, compare

    rows = compare(seed)
    failing = [f"{row.stage}: {row.float32:.1e} > {row.bound:.1e}, {row.float64}" for row in rows if not row.passes()]
    assert not failing, failing
    above = [row.stage for row in rows if row.float32 > 1e-5]  # tiny models meet the floor outright
    assert not above, above
    stages = {row.stage for row in rows}
    assert {"dinov2/state 1", "picture processor/pixels", "picture processor/resize"} <= stages
    assert ("image pipeline/features" in stages) == (seed < len(RUNS))
