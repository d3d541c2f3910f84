"""Folds of whole runs or of neighbouring rows: every row held out once, and none beside it trained on."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold, RowBlock, contiguous_folds
from tribe_np.errors import ConfigError

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=8)


@given(LENGTHS, st.integers(2, 8), st.sampled_from([None, "runs", "blocks"]), st.integers(0, 5))
@example([1, 1, 1, 30], 2, "runs", 0)
def test_every_row_is_held_out_once_and_stands_alone(lengths: list[int], n: int, by: str | None, gap: int) -> None:
    try:
        folds = contiguous_folds(lengths, n, by=by, gap=gap)
    except ConfigError:
        assume(False)
    assert len(folds) == n
    held = [fold.rows(lengths)[1] for fold in folds]
    np.testing.assert_array_equal(np.concatenate(held), np.arange(sum(lengths)))
    run_of = np.repeat(np.arange(len(lengths)), lengths)
    for fold, mine in zip(folds, held, strict=True):
        trained = fold.rows(lengths)[0]
        assert len(trained) == fold.n_trained(lengths)
        assert not set(trained) & set(mine)
        near = [r for r in trained for h in (mine[0], mine[-1]) if run_of[r] == run_of[h] and abs(r - h) <= gap]
        assert not near
        lost = sum(lengths) - len(trained) - len(mine)
        assert lost <= 2 * gap


@given(LENGTHS, st.integers(2, 8))
def test_runs_are_never_cut(lengths: list[int], n: int) -> None:
    assume(len(lengths) >= n and sum(lengths) >= 2 * n)
    for fold in contiguous_folds(lengths, n, by="runs"):
        assert fold.held_out
        assert all((block.start, block.stop) == (0, lengths[block.run]) for block in fold.held_out)
    assert contiguous_folds(lengths, n) == contiguous_folds(lengths, n, by="runs")


def test_runs_are_put_together_as_evenly_as_their_order_allows() -> None:
    folds = contiguous_folds([100, 100, 10, 10, 180], 3)
    assert [[block.run for block in fold.held_out] for fold in folds] == [[0], [1, 2, 3], [4]]


def test_a_block_crosses_from_run_to_run_and_its_gap_stays_in_the_run() -> None:
    first, second, third = contiguous_folds([10, 10, 10], 3, by="blocks", gap=2)
    assert first == ContiguousFold((RowBlock(0, 0, 10),))
    assert second == ContiguousFold((RowBlock(1, 0, 10),))
    across = contiguous_folds([10, 14], 2, by="blocks", gap=3)[0]
    assert across.held_out == (RowBlock(0, 0, 10), RowBlock(1, 0, 2))
    assert across.left_out == (RowBlock(1, 2, 5),)
    assert third.n_trained([10, 10, 10]) == 20


@pytest.mark.extras
@pytest.mark.parametrize(("lengths", "n"), [((70, 50, 83), 5), ((11,), 3), ((4, 4, 4, 4), 3)])
def test_blocks_are_scikit_learns_without_shuffling(lengths: tuple[int, ...], n: int) -> None:
    model_selection = pytest.importorskip("sklearn.model_selection")
    expected = list(model_selection.KFold(n, shuffle=False).split(np.zeros(sum(lengths))))
    for fold, (trained, held) in zip(contiguous_folds(lengths, n, by="blocks"), expected, strict=True):
        np.testing.assert_array_equal(fold.rows(lengths)[0], trained)
        np.testing.assert_array_equal(fold.rows(lengths)[1], held)


@pytest.mark.parametrize(
    ("lengths", "options", "said"),
    [
        ([20], {"n_folds": 1}, "2 folds or more"),
        ([20], {"gap": -1}, "a gap of 0 or more"),
        ([20], {"by": "rows"}, "by runs or blocks, not by 'rows'"),
        ([20, 20], {"n_folds": 3, "by": "runs"}, "need as many runs, got 2; hold out blocks .* or take 2 folds"),
        ([7], {"n_folds": 4}, "7 rows are too few for 4 folds of 2"),
        ([30], {"n_folds": 2, "gap": 15}, "fold 1 of 2: a gap of 15 rows leaves 0 of 30"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(lengths: list[int], options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        contiguous_folds(lengths, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_random_row_never_stands_among_trained_ones() -> None:
    """Held-out rows of a fold are one stretch, over all runs one after the other."""
    for fold in contiguous_folds([33, 20, 50], 4, by="blocks"):
        held = fold.rows([33, 20, 50])[1]
        assert all(b - a == 1 for a, b in pairwise(held.tolist()))
