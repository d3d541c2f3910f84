"""The cluster that the other tests use: it runs jobs, survives its controller's death and leaves nothing behind."""

from collections.abc import Callable

import pytest

from tests.cluster import conftest, real_slurm
from tests.cluster.real_slurm import SlurmCluster

pytestmark = pytest.mark.cluster


def test_a_job_of_one_line_runs(slurm: SlurmCluster) -> None:
    job = slurm.sbatch("--output=one.out", wrap="echo on $SLURM_JOB_NODELIST")
    slurm.wait_state(job, "COMPLETED")
    assert (slurm.folder / "one.out").read_text() == f"on {real_slurm.NODE}\n"


def test_an_array_runs_and_a_longer_one_than_the_site_allows_is_refused(slurm: SlurmCluster) -> None:
    job = slurm.sbatch("--array=0-4%2", "--output=part-%a.out", wrap="echo $SLURM_ARRAY_TASK_ID")
    slurm.wait_for(lambda: not slurm.squeue(job), "the array")
    assert [(slurm.folder / f"part-{i}.out").read_text() for i in range(5)] == [f"{i}\n" for i in range(5)]
    refused = slurm.run("sbatch", "--array=0-5", "--wrap=true")
    assert refused.returncode != 0
    assert "Invalid job array specification" in refused.stderr


def test_nothing_is_left_of_a_cluster_that_stops_in_the_middle(make_slurm: Callable[..., SlurmCluster]) -> None:
    cluster = make_slurm(max_array_size=3)
    assert "MaxArraySize            = 3" in cluster.scontrol("show", "config")
    job = cluster.sbatch(wrap="trap '' TERM; sleep 1000 & wait; sleep 1000")
    cluster.wait_for(lambda: len(cluster.processes()) > 5, "the job's processes")
    cluster.wait_state(job, "RUNNING")
    cluster.stop()
    assert cluster.processes() == []


def test_what_is_missing_is_told_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(real_slurm, "PLACES", "/nowhere")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install slurmctld slurmd munge slurm-client"):
        conftest.need_slurm()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI is set, and slurmctld, slurmd, munged, sbatch not found"):
        conftest.need_slurm()
