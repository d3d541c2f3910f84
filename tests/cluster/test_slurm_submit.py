"""`batch submit` to a real Slurm, where tasks die in every way; in the end every byte is a serial run's.

There is no accounting here (accounting_storage/none, so that sacct fails), as on many small clusters: what ended long
ago is unknown to Slurm, and a task that was killed for its memory looks like any that was killed.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.dask_studies import MadeFilms, clean_environment, pid_of, wait_for
from tests.cluster.real_slurm import SlurmCluster
from tests.cluster.slurm_studies import SlurmStudy, make_long, said, without_engines
from tribe_np.batch.jobs import jobs_of_tasks
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, TaskReport
from tribe_np.batch.watching.outgoing import outgoing_tasks

pytestmark = pytest.mark.cluster
SECONDS = {"long": 4000.0, "two": 3000.0, "one": 2500.0, "three": 2000.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeFilms:
    return MadeFilms.make(tmp_path_factory.mktemp("films"))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[SlurmCluster], None]:
    """Makes a cluster the one that this process' own commands talk to."""

    def use_it(cluster: SlurmCluster) -> None:
        monkeypatch.setenv("SLURM_CONF", cluster.env["SLURM_CONF"])
        monkeypatch.setenv("PATH", cluster.env["PATH"])

    return use_it


def report_of(study: Study, key: str, state: str) -> TaskReport:
    """The report of a task once it is in that state."""

    def look() -> TaskReport | None:
        report = study.read_report(key)
        return report if report is not None and report.state == state else None

    found: TaskReport = wait_for(look)
    return found


def test_tasks_die_in_every_way(
    made: MadeFilms, make_slurm: Callable[..., SlurmCluster], tmp_path: Path, use: Callable[[SlurmCluster], None]
) -> None:
    cluster = make_slurm(max_array_size=3, cpus=3)
    use(cluster)
    on = SlurmStudy(made.plan(tmp_path), cluster, tmp_path)
    study, folder = on.study, on.study.folder
    make_long(study, SECONDS)
    held, waiting = {name: on.flag(f"{name}.waits") for name in ("long", "one")}, on.flag("two.waits")
    on.flag("one.eats")
    whole = (made.films / "three.mp4").read_bytes()
    (made.films / "three.mp4").write_bytes(whole[:20000])
    try:
        _everything_goes_wrong(on, held)
    finally:
        (made.films / "three.mp4").write_bytes(whole)
    waiting.unlink()
    told = on.call("batch", "retry", folder)
    assert "3 errors" in told or "2 errors" in told, told  # the broken film, and predictions without its features
    assert "2 tasks with 0.9 GB instead of 0.6 GB: killed" in told
    on.wait_counts(done=12)
    assert "4 of 4 stimuli predicted, 12 of 12 tasks done" in on.call("batch", "status", folder)
    assert "nothing is to be sent" in on.call("batch", "submit", folder, "--slurm")
    made.check_equal(study)
    long = report_of(study, on.film_task("long").key, DONE)
    assert (long.attempts, long.deaths) == (2, 0)
    assert "Caught signal SIGUSR2" in on.logs()
    for name in ("one", "two"):
        before, after = on.asked(name)
        assert after == pytest.approx(1.5 * before, rel=0.01)
    assert len(on.asked("three")) == 2
    assert len(on.asked("long")) == 1


def _everything_goes_wrong(on: SlurmStudy, held: dict[str, Path]) -> None:
    """Submitted; the controller dies; a task is killed, one eats, one is broken, one meets its wall time."""
    study, folder = on.study, on.study.folder
    submit = ("batch", "submit", folder, "--slurm", "--time", "1", "--setup", on.setup)
    told = on.call(*submit, code=0)
    assert "# video: 2 tasks in 2 elements, each 0.6 GB, 0:01:00, 1 cpu" in told
    assert "#SBATCH --array=0-1%2" in told
    assert "#SBATCH --signal=USR2@20" in told
    assert "#SBATCH --dependency=afterany:JOBS-OF-FEATURES" in told
    long = report_of(study, on.film_task("long").key, RUNNING)
    os.kill(pid_of(long), signal.SIGSTOP)  # until Slurm signals it, and lets it go on for that
    held["long"].unlink()
    killed = report_of(study, on.film_task("two").key, RUNNING)
    on.cluster.scontrol("update", f"JobId={killed.job}", "TimeLimit=30")  # it waits for what comes below
    report_of(study, on.film_task("one").key, RUNNING)
    status = on.status()
    assert {state: n for state, n in status.tasks.items() if n} == {"running": 3, "waiting": 9}
    assert status.reasons["Dependency: waits for the jobs it needs"] == 4
    assert outgoing_tasks(study, read_plan(study), jobs_of_tasks(study)).n_tasks == 0, "nothing is sent twice"
    held["one"].unlink()
    on.wait_counts(done=5, running=1, waiting=4, killed=1, failed=1)

    on.cluster.wait_saved()
    on.cluster.kill_controller()
    both = on.start("batch", "status", folder), on.start(*submit)
    assert "4 waiting (the engine cannot be asked)" in said(both[0], 2)
    assert "Slurm's controller does not answer" in said(both[1], 2)
    on.cluster.restart_controller()
    os.kill(pid_of(killed), signal.SIGKILL)
    # done: long's film and prediction, and four sounds; killed: one and two; failed: three, and its prediction
    on.wait_counts(done=6, killed=2, failed=2, missing=2)
    status = on.call("batch", "status", folder, code=2)
    assert "1 of 4 stimuli predicted, 6 of 12 tasks done, 2 killed, 2 failed, 2 missing" in status
    assert "killed (FAILED, killed by signal 9), asked for 0.6 GB and 60 s" in status
    table = study.status.read_text()
    assert "three.mp4" in table
    assert report_of(study, on.film_task("three").key, FAILED).deaths == 0


def test_a_plain_job_array_needs_no_engine(made: MadeFilms, slurm: SlurmCluster, tmp_path: Path) -> None:
    study = made.plan(tmp_path)
    bare = clean_environment(tmp_path) | without_engines(tmp_path / "bare")
    slurm_env = dict(slurm.env)
    names = {name: bare[name] for name in ("HOME", "XDG_CACHE_HOME", "PYTHONPATH")}
    slurm.env.update(names)
    try:
        work = f"{sys.executable} -m tribe_np batch work {study.folder} --index $SLURM_ARRAY_TASK_ID --of 2"
        array = slurm.sbatch("--array=0-1", "--cpus-per-task=1", "--output=work-%a.out", wrap=work)
    finally:
        slurm.env.clear()
        slurm.env.update(slurm_env)
    slurm.wait_for(lambda: not slurm.squeue(array), "the array")
    printed = "".join((slurm.folder / f"work-{n}.out").read_text() for n in range(2))
    assert "4 of 4 stimuli predicted" in printed
    made.check_equal(study)


def test_what_no_node_has_is_told(
    made: MadeFilms, slurm: SlurmCluster, tmp_path: Path, use: Callable[[SlurmCluster], None]
) -> None:
    use(slurm)
    on = SlurmStudy(made.plan(tmp_path), slurm, tmp_path)
    submit = ("batch", "submit", on.study.folder, "--slurm")
    told = on.call(*submit, "--memory", "500G", code=2)
    assert "Slurm refuses the video array: Memory specification can not be satisfied" in told
    assert not list(on.study.jobs.glob("*"))
    assert not list(on.study.logs.glob("*"))
    told = on.call(*submit, "--cpus", "64", code=0)
    assert "will not start as it is: PENDING, PartitionConfig (asks for more than the partition gives" in told
    assert "PartitionConfig: asks for more than the partition gives" in on.call(
        "batch", "status", on.study.folder, code=3
    )
    slurm.run("scancel", *{job.sent.job.partition("_")[0] for job in jobs_of_tasks(on.study).values()})
    assert on.counts() == {"missing": 12}
