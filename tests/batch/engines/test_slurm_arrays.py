"""How tasks become arrays, what elements ask for, and how Slurm writes times and memory. No Slurm is needed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.test_working import task_of
from tribe_np.batch.engines.slurm_arrays import ALONE, LONGEST_BUNDLE, array_line, arrays_of, bundles, warning_seconds
from tribe_np.batch.engines.slurm_options import SlurmOptions, memory_of, minutes_of
from tribe_np.batch.task import Task, TaskNeed

NONE = SlurmOptions()


def film(number: int, seconds: float, memory: int = 1_000_000_000, parts: tuple[int, int] | None = None) -> Task:
    return Task(f"v-{number}", "s", "v", (), parts, (), TaskNeed(memory, 2, seconds))


def test_a_thousand_short_tasks_are_a_few_elements() -> None:
    (array,) = arrays_of([task_of(n, 1.0) for n in range(1000)], NONE, most_elements=1001)
    assert (len(array.elements), array.n_tasks, array.minutes) == (1, 1000, 50)
    four = bundles([task_of(n, 8.0) for n in range(1000)])
    assert [len(element) for element in four] == [250, 250, 250, 250]


@given(st.lists(st.floats(0.0, 2 * ALONE), min_size=1, max_size=60))
def test_each_task_is_in_one_element_which_takes_twenty_to_forty_minutes(seconds: list[float]) -> None:
    tasks = [task_of(n, s) for n, s in enumerate(seconds)]
    found = bundles(tasks)
    assert Counter(task.key for element in found for task in element) == Counter(task.key for task in tasks)
    together = [element for element in found if len(element) > 1]
    total = sum(task.need.seconds for task in tasks if task.need.seconds < ALONE)
    largest = max((task.need.seconds for element in together for task in element), default=0.0)
    for element in together:
        took = sum(task.need.seconds for task in element)
        assert took <= LONGEST_BUNDLE + largest
        assert total <= LONGEST_BUNDLE or took >= LONGEST_BUNDLE / 2 - largest
    assert all(len(element) == 1 for element in found if element[0].need.seconds >= ALONE)


def test_tasks_of_nearly_half_an_hour_are_elements_of_their_own() -> None:
    assert {len(element) for element in bundles([task_of(n, 1792.0) for n in range(8)])} == {1}


def test_arrays_are_of_one_kind_and_cut_evenly() -> None:
    films = [film(n, 2000.0 - n, memory=(1 + n) * 10**9) for n in range(7)]
    sounds = [task_of(n, 10.0) for n in range(3)]
    found = arrays_of([*sounds, *films], NONE, most_elements=3)
    assert [(array.kind, len(array.elements)) for array in found] == [("v", 2), ("v", 2), ("v", 3), ("m", 1)]
    assert {array.memory for array in found[:3]} == {8297 * 2**20}  # 7 GB x 1.2 + 0.3 GB, in whole megabytes
    assert [array.minutes for array in found] == [100, 100, 100, 10]
    assert [(array.cpus, array.threads) for array in found] == [(2, 2)] * 3 + [(1, 1)]
    assert array_line(found[0]) == "v: 2 tasks in 2 elements, each 8.7 GB, 1:40:00, 2 cpus"


def test_what_is_asked_for_is_what_a_person_says() -> None:
    given_options = SlurmOptions(minutes=90, memory=2**31, cpus=8)
    (array,) = arrays_of([film(0, 9000.0)], given_options, most_elements=10)
    assert (array.minutes, array.memory, array.cpus, array.threads) == (90, 2**31, 8, 2)


def test_what_was_killed_is_apart_and_gets_more_than_a_person_says() -> None:
    tasks = [film(n, 10.0) for n in range(4)]
    grown = {tasks[1].key: TaskNeed(3 * 10**9, 1, 60.0), tasks[2].key: TaskNeed(10**9, 1, 7200.0)}
    for options in (NONE, SlurmOptions(minutes=5, memory=10**9)):
        by_size = {array.elements: array for array in arrays_of(tasks, options, most_elements=10, at_least=grown)}
        ((others, usual), (alone, more)) = sorted(by_size.items(), key=lambda item: len(item[0]))
        assert [len(element) for element in others] == [2]
        assert [element[0].key for element in alone] == [tasks[1].key, tasks[2].key]
        assert (more.memory, more.minutes) == (3 * 10**9, 120)
        assert usual.memory < more.memory


def test_the_warning_leaves_time_for_a_clip() -> None:
    assert warning_seconds([film(0, 1800.0, parts=(0, 10))], 90) == 360
    assert warning_seconds([film(0, 10.0)], 10) == 90
    assert warning_seconds([film(0, 5000.0)], 10) == 200, "the other two thirds are for work"
    assert warning_seconds([film(0, 10.0)], 1) == 20


@pytest.mark.parametrize("text", ["", "0", "0:00", "-1", "1h", "1:2:3:4", "1-", "one", "٣", "1.5", "0-0"])
def test_no_time_of_slurm_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        minutes_of(text)


@pytest.mark.parametrize("text", ["", "0", "0G", "-1", "2GB", "1.5G", "G", "2 G", "٣G"])
def test_no_memory_of_slurm_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        memory_of(text)


def test_options_pass_through_json() -> None:
    options = SlurmOptions("long", None, 90, None, 2**31, 5, "/a/setup.sh")
    assert SlurmOptions.from_dict(options.as_dict() | {"later": 1}) == options
    assert NONE.as_dict() == {}
