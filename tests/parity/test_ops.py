"""Single operations against the real libraries, live."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(8))
def test_every_operation_is_within_its_bound(seed: int) -> None:
    from tools.reference.ops import compare

    failing = [row for row in compare(seed) if not row.passes()]
    assert not failing, "\n".join(map(str, failing))
