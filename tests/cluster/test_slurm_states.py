"""What is made of the answers of a real Slurm: waiting for several reasons, running, ended in several ways, unknown."""

import pytest

from tests.cluster.real_slurm import SlurmCluster
from tribe_np.batch.engines.slurm_queue import FORGOTTEN, ask_slurm, max_array_size, slurm_states
from tribe_np.errors import ConfigError

pytestmark = pytest.mark.cluster
EATS = "exec python3 -c 'import time; x = bytearray(600_000_000); time.sleep(60)'"


@pytest.fixture
def here(slurm: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> SlurmCluster:
    """The cluster, which this process' own commands talk to."""
    monkeypatch.setenv("SLURM_CONF", slurm.env["SLURM_CONF"])
    monkeypatch.setenv("PATH", slurm.env["PATH"])
    return slurm


def test_every_state_is_told(here: SlurmCluster) -> None:
    large = here.sbatch("--cpus-per-task=64", wrap="true")
    fails, dies = here.sbatch(wrap="exit 3"), here.sbatch("--mem=100", wrap=EATS)
    here.wait_state(fails, "FAILED")
    here.wait_state(dies, "FAILED", "OUT_OF_MEMORY")
    array = here.sbatch("--array=0-4%1", "--cpus-per-task=2", wrap="sleep 100")
    here.wait_state(f"{array}_0", "RUNNING")
    after = here.sbatch(f"--dependency=afterany:{array}", wrap="true")
    never = here.sbatch(f"--dependency=afterok:{fails}", wrap="true")
    here.wait_for(lambda: (never, "PENDING", "DependencyNeverSatisfied") in here.squeue(), "the reason")
    gone = here.sbatch(wrap="true")
    here.run("scancel", gone)
    found = slurm_states([f"{array}_0", f"{array}_3", after, never, large, fails, dies, gone, "99999"])
    assert [(state.state, state.reason, state.signal) for state in found.values()] == [
        ("RUNNING", "None", 0),
        ("PENDING", "JobArrayTaskLimit", 0),
        ("PENDING", "Dependency", 0),
        ("PENDING", "DependencyNeverSatisfied", 0),
        ("PENDING", "PartitionConfig", 0),
        ("FAILED", "NonZeroExitCode", 0),
        ("FAILED", "JobLaunchFailure", 9),
        ("CANCELLED", found[gone].reason, 0),
        (FORGOTTEN, "", 0),
    ]
    assert [job for job, state in found.items() if state.is_stuck] == [never, large]
    assert slurm_states(["99999"])["99999"].state == FORGOTTEN
    here.run("scancel", array, after, never, large)


def test_the_site_says_how_long_arrays_may_be_and_what_it_refuses(here: SlurmCluster) -> None:
    assert max_array_size() == 5
    with pytest.raises(ConfigError, match="too much: Memory specification can not be satisfied; Batch job submission"):
        ask_slurm("sbatch", "--mem=500G", "--wrap=true", refused="too much")
