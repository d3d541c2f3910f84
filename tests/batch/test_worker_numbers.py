"""How many workers a machine has room for, with numbers where they are fewer than was asked for."""

from tribe_np.batch.making.worker_numbers import WorkerNumber, worker_number
from tribe_np.machine.memory import Available

GB = 10**9
ROOMY = Available(100 * GB, "this machine")


def test_processors_divided_by_threads() -> None:
    assert worker_number(None, threads=4, processors=15, n_tasks=50, largest=GB, memory=ROOMY).number == 3
    assert worker_number(None, threads=4, processors=2, n_tasks=50, largest=GB, memory=ROOMY).number == 1
    assert worker_number(7, threads=4, processors=2, n_tasks=50, largest=GB, memory=ROOMY).number == 7
    assert worker_number(7, threads=4, processors=2, n_tasks=50, largest=GB, memory=None).notes == (
        "7 workers of 4 threads share 2 processors: more is not faster",
    )


def test_memory_allows_fewer() -> None:
    tight = Available(10 * GB, "its control group (container)")
    found = worker_number(8, threads=1, processors=8, n_tasks=50, largest=3 * GB, memory=tight)
    assert found.number == 3
    assert found.notes == (
        "3 workers instead of 8: the largest task takes 3.0 GB, and its control group (container) has 10.0 GB left",
    )
    assert (
        worker_number(8, threads=1, processors=8, n_tasks=50, largest=6 * GB, memory=tight)
        .notes[0]
        .startswith("1 worker instead")
    )


def test_one_is_begun_even_where_the_largest_task_does_not_fit() -> None:
    found = worker_number(1, threads=1, processors=8, n_tasks=50, largest=6 * GB, memory=Available(GB, "this machine"))
    assert found.number == 1
    assert found.notes == ("the largest task takes 6.0 GB, and this machine has 1.0 GB left",)


def test_told_with_threads() -> None:
    assert WorkerNumber(1).told(1) == "1 worker of 1 thread"
    assert WorkerNumber(2).told(4) == "2 workers of 4 threads"


def test_no_more_workers_than_tasks() -> None:
    assert worker_number(400, threads=1, processors=8, n_tasks=3, largest=GB, memory=ROOMY).number == 3
    assert worker_number(None, threads=1, processors=8, n_tasks=3, largest=GB, memory=ROOMY).number == 3
