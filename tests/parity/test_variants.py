"""Whole runs under other settings of config.yaml than the released ones, live, against neuralset's own."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("number", range(15))
def test_rows_features_and_predictions(number: int) -> None:
    from tools.reference.variants import CASES, compare

    assert len(CASES) == 15
    rows = compare(CASES[number])
    assert {"variant/rows", "variant/output"} < {row.stage for row in rows}
    failing = [row for row in rows if not row.passes()]
    assert not failing, "\n".join(map(str, failing))
