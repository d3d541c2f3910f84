"""`batch run` on real Dask workers that are killed: a second call finishes, and every byte is a serial run's."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.dask_studies import (
    MadeFilms,
    clean_environment,
    left_in_session,
    pid_of,
    running_report,
    start,
    wait_for,
)
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import FAILED, RUNNING, STOPPED
from tribe_np.machine.threads import VARIABLES, blas_variables

pytestmark = pytest.mark.cluster
DEADLY = """
import os, sys

def look(event, arguments):
    if event == "subprocess.Popen" and "deadly" in str(arguments):
        os.kill(os.getpid(), 9)

sys.addaudithook(look)
"""
BLIND = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "tribe_np":
            raise ModuleNotFoundError("No module named 'tribe_np'", name=name)

sys.meta_path.insert(0, Finder())
"""
LOG_WORDS = ("distributed", "nanny", "Traceback", "Warning", "leaked", "dask")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeFilms:
    return MadeFilms.make(tmp_path_factory.mktemp("films"))


def finished(process: "subprocess.Popen[str]", code: int) -> str:
    """What a command said when it was over; nothing of it came from Dask, and no process is left."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, out + err
    assert not [line for line in (out + err).splitlines() if any(word in line for word in LOG_WORDS)], out + err
    wait_for(lambda: not left_in_session(process.pid) or None, seconds=5)  # Python's own helper is told by the end
    return out + err


def run(folder: Path, study: Study, code: int = 0) -> str:
    """A second call."""
    return finished(start(folder, "batch", "run", study.folder, "--workers", 2), code)


def test_a_killed_worker_is_replaced(made: MadeFilms, tmp_path: Path) -> None:
    study = made.plan(tmp_path)
    process = start(tmp_path, "batch", "run", study.folder, "--workers", 2)
    report = running_report(study, "long", process)
    time.sleep(0.3)
    os.kill(pid_of(report), signal.SIGKILL)
    said = finished(process, 0)
    assert "2 workers of 1 thread" in said
    made.check_equal(study)
    again = study.read_report(report.key)
    assert again is not None
    assert (again.deaths, again.attempts) == (1, 2), "one death is counted once"
    assert "Restarting worker" in "".join(path.read_text() for path in study.logs.glob("dask-run-*.log"))
    assert "tasks to do" not in run(tmp_path, study), "nothing is missing"


def test_a_stopped_client_and_a_killed_one(made: MadeFilms, tmp_path: Path) -> None:
    study = made.plan(tmp_path)
    process = start(tmp_path, "batch", "run", study.folder, "--workers", 2)
    report = running_report(study, "long", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    began = time.monotonic()
    finished(process, 130)
    assert time.monotonic() - began < 10  # about two seconds where nothing else runs
    stopped = study.read_report(report.key)
    assert stopped is not None
    assert (stopped.state, stopped.deaths) == (STOPPED, 0)

    process = start(tmp_path, "batch", "run", study.folder, "--workers", 2)
    running_report(study, "long", process)
    process.kill()
    out, err = process.communicate(timeout=60)
    assert not any(word in out + err for word in LOG_WORDS), err
    wait_for(lambda: not left_in_session(process.pid) or None, seconds=10)

    both = [start(tmp_path, "batch", "run", study.folder, "--workers", 1) for _ in range(2)]
    for each in both:  # two runs of one study
        finished(each, 0)
    made.check_equal(study)


def test_what_fails_stops_nothing_else(made: MadeFilms, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for name, of in (("deadly", "two"), ("one", "one"), ("three", "three")):
        shutil.copy(made.films / f"{of}.mp4", films / f"{name}.mp4")
    shutil.copy(made.films / "long.mp4", films / "broken.mp4")
    study = made.plan(tmp_path, films)
    (films / "broken.mp4").write_bytes((films / "broken.mp4").read_bytes()[:20000])
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(DEADLY)
    said = finished(start(tmp_path, "batch", "run", study.folder, "--workers", 2, PYTHONPATH=str(hook)), 2)
    assert len([line for line in said.splitlines() if "tribe-np: error:" in line]) == 1, said
    made.check_equal(study, ["one", "three"], ["predictions.npy", "segments.json"])  # their films lie elsewhere
    reports = {report.key: report for report in study.reports()}
    plan = read_plan(study)
    deadly = [reports[key] for key in plan.stimulus("deadly").needs if reports[key].state == FAILED]
    assert deadly
    assert all(report.deaths == 3 and "killed 3 times" in report.error for report in deadly)
    broken = [reports[key] for key in plan.stimulus("broken").needs if reports[key].state == FAILED]
    assert broken
    assert all("broken.mp4" in report.error and report.deaths == 0 for report in broken)
    assert not [report for report in reports.values() if report.state == RUNNING]


def blindfold(folder: Path) -> Path:
    """A folder for PYTHONPATH, with which this package cannot be imported, wherever it is installed."""
    found = folder / "blindfold"
    found.mkdir(exist_ok=True)
    (found / "sitecustomize.py").write_text(BLIND)
    return found


@contextmanager
def dask_program(folder: Path, *arguments: str, blind: bool = False) -> "Iterator[subprocess.Popen[str]]":
    """A scheduler or a worker as a site starts them; a blind one does not have this package."""
    environment = clean_environment(folder) | dict.fromkeys(VARIABLES, "1") | blas_variables({})
    environment |= {"PYTHONPATH": str(blindfold(folder)) if blind else os.getcwd()}
    with (folder / "dask.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"], env=environment, cwd=folder, text=True,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def dask_site(folder: Path, *, blind: bool = False) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """A scheduler with a worker; its address, and its process."""
    file = folder / "scheduler.json"
    for old in (file, folder / "dask.log"):
        old.unlink(missing_ok=True)
    with dask_program(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)) as one:
        wait_for(lambda: file.exists() or None)
        worker = ("worker", "--scheduler-file", str(file), "--nthreads", "1", "--local-directory", str(folder))
        address = json.loads(file.read_text())["address"]
        with dask_program(folder, *worker, "--memory-limit", "0", blind=blind):
            wait_for(lambda: "Registered to" in (folder / "dask.log").read_text() or None)
            yield address, one


def test_a_killed_scheduler_of_others(made: MadeFilms, tmp_path: Path) -> None:
    study = made.plan(tmp_path)
    with dask_site(tmp_path, blind=True) as (address, _):
        said = finished(start(tmp_path, "batch", "run", study.folder, "--scheduler", address), 2)
    assert "cannot run tasks (ModuleNotFoundError(\"No module named 'tribe_np'\")); it needs tribe_np" in said
    with dask_site(tmp_path) as (address, scheduler):
        process = start(tmp_path, "batch", "run", study.folder, "--scheduler", address)
        report = running_report(study, "long", process)
        scheduler.kill()
        said = finished(process, 2)
        assert f"the Dask scheduler at {address} is gone" in said
        assert len([line for line in said.splitlines() if "tribe-np: error:" in line]) == 1, said
        wait_for(lambda: not Path(f"/proc/{pid_of(report)}").exists() or None)  # workers end without a scheduler
    with dask_site(tmp_path) as (address, _):
        said = finished(start(tmp_path, "batch", "run", study.folder, "--scheduler", address), 0)
    assert f"1 worker at {address}" in said
    made.check_equal(study)
