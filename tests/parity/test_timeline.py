"""Time arithmetic against the real neuralset, live, to the bit."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
def test_timeline_equals_neuralset(seed: int) -> None:
    from tools.reference.timeline import compare

    rows = compare(seed)
    failing = [f"{row.stage}: {row.float32}" for row in rows if not row.passes()]
    assert len(rows) == 17
    assert not failing, "; ".join(failing)
