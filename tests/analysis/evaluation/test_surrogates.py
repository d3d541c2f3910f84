"""Sums with surrogates, against surrogates that are written out row by row."""

import numpy as np
import pytest

from tests.analysis.evaluation.made_series import slow_noise
from tribe_np.analysis.evaluation import surrogates
from tribe_np.analysis.evaluation.surrogates import block_draws, phase_draws, shift_draws

LENGTHS = [(60,), (61,), (60, 37), (59, 64, 20)]
SIZE = 10  # rows: of a shift at least, of a block


def in_runs(values: np.ndarray, lengths: tuple[int, ...]) -> list[np.ndarray]:
    return np.split(values, np.cumsum(lengths)[:-1])


def in_blocks(run: np.ndarray, order: np.ndarray, size: int) -> np.ndarray:
    """The blocks of a run in another order, taken one by one."""
    return np.concatenate([run[i * size : (i + 1) * size] for i in order])


def with_phases(run: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """A run with phases added, by way of the whole complex transform and its mirror image."""
    half = len(run) // 2
    phase = np.arctan2(turn[half:], turn[:half])
    spectrum = np.fft.fft(run, axis=0)
    for k in range(1, half + 1):
        spectrum[k] *= np.exp(1j * phase[k - 1])
        if k != len(run) - k:
            spectrum[-k] *= np.exp(-1j * phase[k - 1])
    made = np.fft.ifft(spectrum, axis=0)
    assert np.abs(made.imag).max() < 1e-12
    return made.real


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kind", ["shifts", "blocks", "phases"])
def test_products_are_those_with_the_surrogate_itself(kind: str, lengths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    x, y = slow_noise(rng, sum(lengths), 3), slow_noise(rng, sum(lengths), 3)
    runs = in_runs(x, lengths)
    if kind == "shifts":
        (draws,) = shift_draws(lengths, SIZE, 15, seed=2)
        made = [[np.roll(run, s, axis=0) for run, s in zip(runs, row, strict=True)] for row in draws.shifts]
    elif kind == "blocks":
        (draws,) = block_draws(lengths, SIZE, 15, seed=2)
        made = [[in_blocks(run, o[i], SIZE) for run, o in zip(runs, draws.orders, strict=True)] for i in range(15)]
    else:
        (draws,) = phase_draws(lengths, 15, seed=2)
        centred = [run - run.mean(axis=0) for run in runs]
        x = np.concatenate(centred)
        made = [[with_phases(run, t[i]) for run, t in zip(centred, draws.turns, strict=True)] for i in range(15)]
        y = np.concatenate([run - run.mean(axis=0) for run in in_runs(y, lengths)])
    expected = [(np.concatenate(one) * y).sum(axis=0) for one in made]
    np.testing.assert_allclose(draws.products(x, y), expected, rtol=0, atol=1e-10)
    for one in made:  # it is the same prediction at other times: nothing is lost but the place
        assert np.concatenate(one).shape == x.shape
        np.testing.assert_allclose((np.concatenate(one) ** 2).sum(axis=0), (x**2).sum(axis=0), rtol=1e-10)


def test_blocks_of_many_columns_are_those_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 97, 40))
    (draws,) = block_draws([97], SIZE, 8, seed=0)
    whole = draws.products(x, y)
    monkeypatch.setattr("tribe_np.analysis.evaluation.run_columns.AT_ONCE", 2000)
    np.testing.assert_allclose(draws.products(x, y), whole, atol=1e-12)


def test_phases_keep_the_power_of_each_frequency_and_what_neighbours_share() -> None:
    rng = np.random.default_rng(4)
    shared = slow_noise(rng, 80, 1)
    x = np.concatenate([shared, shared + 0.1 * rng.normal(size=(80, 1))], axis=1)
    x -= x.mean(axis=0)
    (draws,) = phase_draws([80], 1, seed=5)
    made = with_phases(x, draws.turns[0][0])
    np.testing.assert_allclose(np.abs(np.fft.rfft(made, axis=0)), np.abs(np.fft.rfft(x, axis=0)), atol=1e-10)
    np.testing.assert_allclose(np.corrcoef(made.T), np.corrcoef(x.T), atol=1e-12)
    assert abs(np.corrcoef(made[:, 0], x[:, 0])[0, 1]) < 0.9


def test_shifts_stay_far_from_the_own_place_and_each_is_made_once() -> None:
    (draws,) = shift_draws([100], 30, 1000, seed=0)
    assert sorted(draws.shifts[:, 0].tolist()) == list(range(30, 71))
    (some,) = shift_draws([100], 30, 12, seed=0)
    assert len(set(some.shifts[:, 0].tolist())) == 12
    (several,) = shift_draws([100, 64], 30, 400, seed=0)
    assert set(several.shifts[:, 1].tolist()) == {30, 31, 32, 33, 34}
    assert set(several.shifts[:, 0].tolist()) == set(range(30, 71))
    assert len({tuple(row) for row in several.shifts.tolist()}) > 100, "runs are rolled by themselves"


def test_every_place_of_a_short_block_is_drawn() -> None:
    (draws,) = block_draws([43], SIZE, 200, seed=0)
    assert set(np.argmax(draws.orders[0] == 4, axis=1).tolist()) == {0, 1, 2, 3, 4}


def test_a_seed_draws_the_same_however_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(seed: int) -> list[np.ndarray]:
        return [
            np.concatenate([one.shifts for one in shift_draws([500, 90], 30, 50, seed)]),
            np.concatenate([one.shifts for one in shift_draws([500], 30, 50, seed)]),
        ]

    once = drawn(7)
    assert not all(np.array_equal(a, b) for a, b in zip(once, drawn(8), strict=True))
    monkeypatch.setattr(surrogates, "DRAWS_AT_ONCE", 20)
    for one, other in zip(once, drawn(7), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [len(one.orders[0]) for one in block_draws([100], 10, 50, 0)] == [20, 20, 10]
    assert [len(one.turns[0]) for one in phase_draws([100], 50, 0)] == [20, 20, 10]
