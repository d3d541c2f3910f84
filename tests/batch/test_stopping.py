"""Work that ends where nothing is lost, and the signals that ask for it."""

import os
import signal
import threading

import pytest

from tribe_np.batch.making.machines import MachineFacts, blas_text
from tribe_np.batch.making.stopping import ASKED, StoppableProgress, StopWish, WorkStopped
from tribe_np.batch.task import DONE, TaskReport
from tribe_np.batch.watching.machine_kinds import kinds_of_machines, mixed_rounding
from tribe_np.pipeline.progress import Silent


def test_a_step_is_counted_before_the_work_ends() -> None:
    counted: list[int] = []

    class Counting(Silent):
        def note(self, text: str) -> None:
            counted.append(len(text))

    progress = StoppableProgress(Counting(), lambda: len(counted) > 1)

    def work() -> None:
        with progress.stage("work", 3, "clips") as step:
            for _ in range(3):
                progress.note("clip")
                step(1)

    with pytest.raises(WorkStopped):
        work()
    assert counted == [4, 4]


def test_without_a_wish_nothing_ends() -> None:
    progress = StoppableProgress(Silent())
    progress.check()
    with progress.stage("work", 1, "clips") as step:
        step(1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_a_signal_is_a_wish_unless_it_is_ignored(number: signal.Signals) -> None:
    before = {asked: signal.getsignal(asked) for asked in (signal.SIGTERM, signal.SIGUSR2)}
    try:
        wish = StopWish()
        wish.watch()
        assert not wish()
        os.kill(os.getpid(), number)
        assert wish()
        signal.signal(number, signal.SIG_IGN)
        again = StopWish()
        again.watch()
        os.kill(os.getpid(), number)
        assert not again()
    finally:
        for asked, handler in before.items():
            signal.signal(asked, handler)


def test_blas_is_named_in_short() -> None:
    found = [
        {"internal_api": "openblas", "version": "0.3.31", "architecture": "Zen"},
        {"internal_api": "openmp", "version": None},
        {"internal_api": "openblas", "version": "0.3.30", "architecture": "Zen"},
        {"internal_api": "openblas", "version": "0.3.31", "architecture": "Zen"},
        {"internal_api": "mkl", "version": "2026.1"},
    ]
    assert blas_text(found) == "MKL 2026.1, OpenBLAS 0.3.30 Zen, OpenBLAS 0.3.31 Zen"
    assert blas_text([]) == ""
    assert blas_text(None) != ""


def test_this_machine_has_a_name_and_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    here = MachineFacts.here()
    assert here.host == os.uname().nodename
    assert here.threads == 3
    assert MachineFacts.here(5).threads == 5


def test_hosts_of_one_kind_round_alike() -> None:
    reports = [
        TaskReport("a", DONE, host="n1", cpu="X", threads=2, blas="B"),
        TaskReport("b", DONE, host="n2", cpu="X", threads=2, blas="B"),
        TaskReport("c", DONE),
    ]
    (kind,) = kinds_of_machines(reports)
    assert (kind.hosts, kind.tasks, kind.text()) == (2, 2, "X, 2 threads, B")
    assert mixed_rounding([kind]) is None
    kinds = kinds_of_machines([*reports, TaskReport("d", DONE, host="n3", cpu="Y", threads=1, blas="")])
    assert mixed_rounding(kinds) == (
        "features were made on 2 kinds of machine (X, 2 threads, B: 2 tasks; Y, 1 thread, unknown BLAS: 1 task), "
        "which round differently in the last digits"
    )


def test_the_signals_go_back_to_whom_they_came_from() -> None:
    before = [signal.getsignal(number) for number in ASKED]
    with StopWish().watching() as wish:
        assert [signal.getsignal(number) for number in ASKED] == [wish.receive] * len(ASKED)
    assert [signal.getsignal(number) for number in ASKED] == before


def test_in_a_thread_nothing_is_watched() -> None:
    found: list[bool] = []

    def work() -> None:
        with StopWish().watching() as wish:
            found.append(wish())

    before = [signal.getsignal(number) for number in ASKED]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
    assert [signal.getsignal(number) for number in ASKED] == before
