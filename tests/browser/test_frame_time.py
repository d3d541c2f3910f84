"""The tool that times the page's pictures beside niivue's: it times both, at the same size."""

from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tools.page_frame_time import measured, print_table

pytestmark = pytest.mark.browser


def test_both_pages_are_timed_at_the_same_size(
    chromium: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`chromium` is asked for its skip where there is no browser; the tool starts its own."""
    found = measured(tmp_path, 3, 300, 200)
    assert {name: times.shape for name, times in found["times"].items()} == {
        "ours, still": (3, 2), "ours, moving": (3, 2), "niivue": (3, 2),
    }  # fmt: skip
    assert all(np.all(times[:, 1] > 0) for times in found["times"].values())
    ours, niivue = found["shown"]["ours"], found["shown"]["niivue"]
    assert ours[:2] == niivue[:2] == [300, 200]
    assert niivue[2] == pytest.approx(ours[2], rel=0.03)
    assert ours[2] > 5000
    print_table(found)
    assert "milliseconds, median of 3" in capsys.readouterr().out
