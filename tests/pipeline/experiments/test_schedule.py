"""When trials come: shuffled, spaced, moved; and that what collides is refused."""

import pytest

from tribe_np.errors import ConfigError, EventsError
from tribe_np.pipeline.experiments.assembly import free_stretches
from tribe_np.pipeline.experiments.design import DesignTrial
from tribe_np.pipeline.experiments.schedule import Order, TimedTrial, check_length, check_overlaps, schedule
from tribe_np.timeline.features import FREQUENCY, to_index


def trial(line: int, onset: float | None, duration: float = 2.0, kind: str = "Video", run: str = "1") -> TimedTrial:
    return TimedTrial(DesignTrial(line, f"c{line}", onset, duration, run), duration, spans={kind: (0.0, duration)})


def times(trials: list[TimedTrial]) -> list[tuple[int, float]]:
    return [(each.row.line, each.onset) for each in trials]


def test_without_wishes_the_design_decides() -> None:
    assert times(schedule([trial(2, 5.1), trial(3, 0.0)], Order())) == [(3, 0.0), (2, 5.1)]


def test_isi_puts_trials_one_after_another() -> None:
    found = schedule([trial(2, None), trial(3, None, 1.5), trial(4, None)], Order(isi=1.0))
    assert times(found) == [(2, 0.0), (3, 3.0), (4, 5.5)]


def test_trials_of_one_onset_stay_together() -> None:
    both = [trial(2, 0.0), trial(3, 0.0, 3.0, "Audio"), trial(4, 10.0), trial(5, 20.0)]
    for seed in range(6):
        onsets = dict(times(schedule(both, Order(shuffle=seed, isi=1.0))))
        assert onsets[2] == onsets[3]


def test_shuffled_trials_take_the_onsets_of_the_design() -> None:
    rows = [trial(n, 3.0 * n) for n in range(8)]
    found = schedule(rows, Order(shuffle=1))
    assert [onset for _, onset in times(found)] == [3.0 * n for n in range(8)]
    assert [line for line, _ in times(found)] != list(range(8))
    assert found == schedule(rows, Order(shuffle=1))
    assert found != schedule(rows, Order(shuffle=2))


def test_the_numbers_of_a_seed_stay_what_they_are() -> None:
    rows = [trial(n, None) for n in range(6)]
    found = times(schedule(rows, Order(shuffle=7, isi=1.0, jitter=2.0)))
    assert [line for line, _ in found] == PINNED_ORDER
    assert [onset for _, onset in found] == PINNED_ONSETS


PINNED_ORDER = [5, 2, 3, 1, 0, 4]
PINNED_ONSETS = [0.0, 3.375, 8.216, 12.11, 16.633, 20.736]


def test_jitter_lengthens_gaps_and_moves_what_follows() -> None:
    rows = [trial(2, 0.0), trial(3, 1.0, 2.0, "Audio"), trial(4, 6.0), trial(5, 10.0)]
    found = dict(times(schedule(rows, Order(jitter=1.0))))
    assert (found[2], found[3]) == (0.0, 1.0), "what overlaps has no gap"
    assert 6.0 <= found[4] <= 7.0
    assert found[4] + 4.0 <= found[5] <= found[4] + 5.0


def test_runs_are_shuffled_apart() -> None:
    rows = [trial(n, 3.0 * n, run="ab"[n % 2]) for n in range(8)]
    found = schedule(rows, Order(shuffle=3))
    assert {each.row.line for each in found if each.row.run == "a"} == {0, 2, 4, 6}


def test_overlaps_of_one_kind_name_both_lines() -> None:
    overlapping = schedule([trial(2, 0.0, 5.0), trial(3, 1.0, 1.0, "Audio"), trial(4, 4.0)], Order())
    with pytest.raises(EventsError, match=r"d.tsv, lines 2 and 4: two pictures or films at once in run 1 \(0 to 5"):
        check_overlaps(overlapping, "d.tsv", Order())
    check_overlaps(schedule([trial(2, 0.0, 0.3), trial(3, 0.1 + 0.2)], Order()), "d.tsv", Order())


def test_a_design_that_is_too_long_is_refused() -> None:
    with pytest.raises(EventsError, match=r"lasts 2\.0 hours in 1 run, more than --most 1.5"):
        check_length(schedule([trial(2, 7198.0)], Order()), "d.tsv", 1.5)


@pytest.mark.parametrize("wrong", [{"isi": -1.0}, {"jitter": float("nan")}, {"shuffle": -2}, {"shuffle": 1.5}])
def test_wishes_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Order(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(20))
def test_screens_fill_the_free_steps_and_no_more(seed: int) -> None:
    from random import Random

    random = Random(seed)
    taken, now = [], 0.0
    for _ in range(8):
        now += random.choice([0.0, 0.1, 0.3, 0.7, 2.2])
        taken.append((now, random.choice([0.6, 1.0, 2.3])))
        now += taken[-1][1]
    steps = [to_index(start, FREQUENCY) + n for start, lasts in free_stretches(taken, now + 3)
             for n in range(to_index(lasts, FREQUENCY))]  # fmt: skip
    used = {to_index(start, FREQUENCY) + n for start, lasts in taken for n in range(to_index(lasts, FREQUENCY))}
    assert len(steps) == len(set(steps))
    assert not used & set(steps)
    assert used | set(steps) >= set(range(to_index(now + 3, FREQUENCY)))
