"""Whether runs give the same bytes, and what is told where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from tribe_np.oracle.budget.budget_report import repeat_lines
from tribe_np.oracle.budget.determinism import ALONE, REVERSED, TWICE, Repeat, in_other_batches, repeats
from tribe_np.oracle.kit_models.kit_catalogue import MODELS
from tribe_np.oracle.kits.kit import make_kit


@pytest.mark.parametrize("model", MODELS)
def test_the_same_run_gives_the_same_bytes(model: str) -> None:
    found = repeats(make_kit(model))
    again = [repeat for repeat in found if repeat.what == "run again"]
    assert all(repeat.is_equal for repeat in again)
    assert again[0].n_taps > 20
    for repeat in found:  # another number of threads, or of rows, is another rounding
        assert repeat.is_equal or repeat.error.largest < 1e-3


def test_a_row_that_listens_to_its_batch_is_found() -> None:
    one = {"a": np.zeros(3), "b": np.ones(3), "c": np.ones(3)}
    repeat = Repeat.of("rows", "reference", one, {"a": np.zeros(3), "b": np.ones(3) * 1.5, "c": np.ones(3) * 2})
    assert not repeat.is_equal
    assert (repeat.n_equal, repeat.n_taps, repeat.first_tap, repeat.worst_tap) == (1, 3, "b", "c")
    assert repeat.error.largest == 1
    _, line = repeat_lines([repeat])
    assert "1 of 3" in line
    assert "1.0e+00 of the RMS, at c" in line


def test_a_batch_of_one_row_has_no_rows_to_compare() -> None:
    kit = make_kit("llama", "one_token")
    assert in_other_batches(kit.setup, {}) == {}
    assert in_other_batches(make_kit("pipeline", "odd_mel").setup, {}) == {}, "samples are no examples"


@pytest.mark.parametrize(("model", "case"), [("llama", "padding"), ("encoder", "subjects"), ("vjepa2", "plain")])
def test_rows_are_held_against_themselves_in_other_batches(model: str, case: str) -> None:
    kit = make_kit(model, case)
    found = in_other_batches(replace(kit.setup, precision="float64"), kit.expected.arrays)
    assert list(found) == [ALONE, REVERSED, TWICE]
    n_rows = len(next(iter(kit.inputs.values())))
    for what, (other, together) in found.items():
        assert len(other) > 25
        for name, x in other.items():
            assert len(x) == n_rows * (2 if what == TWICE else 1)
            assert np.max(np.abs(x - together[name])) < 1e-10, (what, name)
