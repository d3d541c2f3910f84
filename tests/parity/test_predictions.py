"""The whole pipeline, live, against neuralset's own and the encoder composed from the real parts."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_events_features_rows_and_predictions(seed: int) -> None:
    """Windows of 3 s, of 100 s, and of 4 s without sound."""
    from tools.reference.predictions import compare

    rows = compare(seed)
    stages = {row.stage.removeprefix("predictions/") for row in rows}
    sound = set() if seed == 4 else {"features.text", "features.audio"}
    assert stages == {"events", "rows", "features.video", "output"} | sound
    failing = [row for row in rows if not row.passes()]
    assert not failing, "\n".join(map(str, failing))
