"""The nearest pick: torch's float32 rule."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.wav2vec_bert.extract import nearest_steps, pick_nearest
from tests import fake_device
from tribe_np.errors import ShapeError

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "audio_nearest.json").read_text())


@pytest.mark.parametrize("pair", GOLDEN)
def test_equals_torch(pair: str) -> None:
    n_steps, n_bins = map(int, pair.split("->"))
    assert nearest_steps(n_steps, n_bins) == GOLDEN[pair]


def test_the_integer_rule_would_be_wrong() -> None:
    assert nearest_steps(1946, 78) != [k * 1946 // 78 for k in range(78)]
    pairs = [tuple(map(int, pair.split("->"))) for pair in GOLDEN]
    wrong = [(s, n) for s, n in pairs if GOLDEN[f"{s}->{n}"] != [k * s // n for k in range(n)]]
    assert len(wrong) >= 5


@given(st.integers(1, 5000), st.integers(1, 300))
def test_sorted_and_inside(n_steps: int, n_bins: int) -> None:
    steps = nearest_steps(n_steps, n_bins)
    assert len(steps) == n_bins
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert steps[-1] < n_steps


def test_as_many_bins_as_steps_is_the_identity() -> None:
    assert nearest_steps(5, 5) == [0, 1, 2, 3, 4]
    x = np.arange(10.0).reshape(5, 2)
    assert pick_nearest(x, 5) is x


def test_picks_rows_on_any_array_module() -> None:
    x = np.arange(12.0).reshape(6, 2)
    assert pick_nearest(x, 3).tolist() == x[[0, 2, 4]].tolist()
    device = fake_device.module
    assert device.asnumpy(pick_nearest(device.asarray(x), 3)).tolist() == x[[0, 2, 4]].tolist()


@pytest.mark.parametrize(("n_steps", "n_bins"), [(0, 3), (3, 0), (3, -1)])
def test_nothing_to_pick_is_an_error(n_steps: int, n_bins: int) -> None:
    with pytest.raises(ShapeError, match="at least one step and one bin"):
        nearest_steps(n_steps, n_bins)
