"""What named intermediates cost: calls are counted, not guessed, and a trace that nobody holds is nearly free."""

import numpy as np
import pytest

from tools import tap_cost
from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.nn.context import Context, open_context


def a_pass() -> np.ndarray:
    ctx = open_context("toy", REFERENCE)
    x = ctx.see_table("cos", np.ones(3))
    for i in range(4):
        layer = ctx.at("layers", i)
        x = layer.see("output", x + 1)
        layer.asks("logits")
    return x


def test_calls_are_counted_and_the_context_is_as_before() -> None:
    see = Context.see
    assert tap_cost.counted(a_pass) == {"see": 4, "see_table": 1, "at": 4, "asks": 4}
    assert Context.see is see


def test_the_cost_of_a_pass() -> None:
    found = tap_cost.cost_of(a_pass, {"see": 1.0, "see_table": 2.0, "at": 3.0, "asks": 4.0})
    assert found.seconds == 4 + 2 + 12 + 16
    assert found.n_names == 5
    assert 0 < found.n_bytes < 3000
    assert found.row.startswith("13 | ")


def test_the_table_of_tiny_models(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tap_cost", "--models", "tiny"])
    monkeypatch.setattr(tap_cost, "seconds_of_calls", lambda: dict.fromkeys(tap_cost.CALLS, 1e-7))
    assert tap_cost.main() == 0
    out = capsys.readouterr().out
    assert "| llama, tiny | " in out
    assert "| dinov2, tiny | " in out
