"""What Slurm's programs print, as recorded from Slurm 22.05, and what is made of it."""

import stat
from pathlib import Path

import pytest

from tribe_np.batch.engines.engine import AT_WORK, GONE, WAITING
from tribe_np.batch.engines.slurm_queue import (
    FORGOTTEN,
    SlurmState,
    ask_slurm,
    expand,
    max_array_size,
    slurm_error,
    slurm_states,
)
from tribe_np.errors import ConfigError, MissingDependencyError

QUEUE = """\
5|PENDING||PartitionDown
21|CANCELLED||Priority
4|COMPLETED|node1|None
10_1|COMPLETED|node1|None
10_0|COMPLETED|node1|None
3|FAILED||BadConstraints
8|FAILED|node1|NonZeroExitCode
9|FAILED|node1|JobLaunchFailure
2|PENDING||PartitionConfig
7|PENDING||BeginTime
13_2|PENDING||JobArrayTaskLimit
13_0|PENDING||BeginTime
15|PENDING||Dependency
17|PENDING||DependencyNeverSatisfied
18|PENDING||Resources
19_1|PENDING||Priority
6|PENDING||JobHeldUser
13_1|RUNNING|node1|None
1|TIMEOUT|node1|TimeLimit
22|OUT_OF_MEMORY|node1|OutOfMemory
23|PENDING||ReqNodeNotAvail, UnavailableNodes:node[3-7,9]
24_[0-2%1]|PENDING||Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions
"""  # the last three as other sites print them
DOWN = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
JOBS = Path(__file__).parent / "scontrol_jobs.txt"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts programs of Slurm on the PATH, and takes all others from it: name, what it does as a shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(**scripts: str) -> Path:
        for name, script in scripts.items():
            (folder / name).write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\necho "$0 $*" >> {tmp_path}/asked\n{script}\n')
            (folder / name).chmod(stat.S_IRWXU)
        return tmp_path / "asked"

    return put


def printing(text: str) -> str:
    """A script that prints `text`."""
    return f"cat <<'EOF'\n{text}\nEOF"


def failing(text: str) -> str:
    """A script that complains and fails."""
    return f"cat >&2 <<'EOF'\n{text}\nEOF\nexit 1"


@pytest.mark.parametrize(
    ("job", "stands", "words"),
    [
        ("5", WAITING, "PENDING, PartitionDown (the partition is down)"),
        ("21", GONE, "CANCELLED, Priority"),
        ("4", GONE, "COMPLETED"),
        ("10_1", GONE, "COMPLETED"),
        ("3", GONE, "FAILED, BadConstraints"),
        ("8", GONE, "FAILED, exit code 3"),
        ("9", GONE, "FAILED, killed by signal 9"),
        ("2", WAITING, "PENDING, PartitionConfig (asks for more than the partition gives: it will never start)"),
        ("13_2", WAITING, "PENDING, JobArrayTaskLimit (as many of its array run as may at once)"),
        ("13_0", WAITING, "PENDING, BeginTime (was requeued, and starts in a while)"),
        ("13_1", AT_WORK, "RUNNING"),
        ("15", WAITING, "PENDING, Dependency (waits for the jobs it needs)"),
        ("17", WAITING, "PENDING, DependencyNeverSatisfied (what it needs has failed: it will never start)"),
        ("18", WAITING, "PENDING, Resources (no node is free)"),
        ("19_1", WAITING, "PENDING, Priority (others are before it)"),
        ("1", GONE, "TIMEOUT, TimeLimit"),
        ("22", GONE, "OUT_OF_MEMORY, OutOfMemory"),
        ("23", WAITING, "PENDING, ReqNodeNotAvail, UnavailableNodes:node[3-7,9]"),
        ("99", GONE, "Slurm does not know it (any more)"),
    ],
)
def test_a_job_stands_as_slurm_says(programs, job: str, stands: str, words: str) -> None:
    programs(squeue=printing(QUEUE), scontrol=f"cat {JOBS}", sacct=failing("Slurm accounting storage is disabled"))
    state = slurm_states([job])[job]
    assert (state.job_state.state, state.words()) == (stands, words)


@pytest.mark.parametrize(
    ("state", "reason", "limit"),
    [
        (SlurmState("1", "PENDING", "Dependency"), "Dependency: waits for the jobs it needs", ""),
        (SlurmState("1", "PENDING", "None"), "PENDING", ""),
        (SlurmState("1", "PENDING"), "PENDING", ""),
        (SlurmState("1", "RUNNING", "None"), "", ""),
        (SlurmState("1", "COMPLETED", "None"), "", ""),
        (SlurmState("1", FORGOTTEN), "", ""),
        (SlurmState("1", "FAILED", "NonZeroExitCode", exit_code="137:0"), "FAILED, killed by signal 9", ""),
        (SlurmState("1", "FAILED", "NonZeroExitCode", exit_code="255:0"), "FAILED, exit code 255", ""),
        (SlurmState("1", "TIMEOUT", "TimeLimit"), "TIMEOUT, TimeLimit", "time"),
        (SlurmState("1", "OUT_OF_MEMORY", "OutOfMemory"), "OUT_OF_MEMORY, OutOfMemory", "memory"),
    ],
)
def test_why_it_waits_or_how_it_ended(state: SlurmState, reason: str, limit: str) -> None:
    assert (state.job_state.reason, state.job_state.limit) == (reason, limit)


def test_every_job_is_answered_and_programs_are_asked_once(programs) -> None:
    asked = programs(squeue=printing(QUEUE), scontrol=f"cat {JOBS}", sacct=failing("no"))
    jobs = ["13_0", "13_1", "13_2", "24_0", "24_1", "24_2", "99", "99_1", "8", "9", "13_0"]
    found = slurm_states(jobs)
    assert list(found) == jobs[:-1]
    assert [found[job].state for job in jobs[3:6]] == ["PENDING"] * 3
    assert found["24_1"].reason == "NodesUnavailable"
    assert found["99_1"] == SlurmState("99_1", FORGOTTEN)
    lines = [Path(line.split()[0]).name for line in asked.read_text().splitlines()]
    assert lines == ["squeue", "scontrol", "scontrol", "sacct"]
    assert "--jobs=13,24,99,8,9\n" in asked.read_text()
    assert slurm_states([]) == {}


def test_what_will_never_start_is_told(programs) -> None:
    programs(squeue=printing(QUEUE))
    found = slurm_states(["2", "17", "18", "19_1", "6"])
    assert [state.is_stuck for state in found.values()] == [True, True, False, False, False]
    assert SlurmState("1", "REQUEUE_HOLD").is_stuck
    assert not SlurmState("1", "FAILED", "BadConstraints").is_stuck


def test_accounting_is_asked_for_what_the_controller_forgot(programs) -> None:
    programs(
        squeue=failing("slurm_load_jobs error: Invalid job id specified"),
        sacct=printing("7_0|COMPLETED|node1|0:0\n7_1|CANCELLED by 1000|None assigned|0:15\n7_[2-3%2]|PENDING||0:0"),
    )
    found = slurm_states(["7_0", "7_1", "7_2", "7_3", "7_4"])
    assert [state.state for state in found.values()] == ["COMPLETED", "CANCELLED", "PENDING", "PENDING", FORGOTTEN]
    assert (found["7_1"].node, found["7_1"].signal) == ("", 15)


def test_a_line_that_slurm_has_never_printed_is_passed_over(programs) -> None:
    programs(squeue=printing("slurm: a message of the day\n\n|||\n7|PENDING||Licenses|odd"), sacct=failing("no"))
    assert slurm_states(["7", "8"])["7"].reason == "Licenses|odd"


def test_the_size_of_arrays(programs) -> None:
    programs(scontrol=printing("Configuration data\nMaxArraySize            = 5\nMaxDBDMsgs              = 20008"))
    assert max_array_size() == 5
    programs(scontrol=printing("nothing of it"))
    assert max_array_size() == 1001


def test_without_slurm_the_error_says_where_to_go(programs) -> None:
    programs()
    with pytest.raises(MissingDependencyError, match=r"Slurm's squeue is not on the PATH\. Run this where"):
        slurm_states(["1"])


def test_a_controller_that_is_down_is_no_lost_job(programs) -> None:
    programs(squeue=failing(DOWN))
    with pytest.raises(MissingDependencyError, match=r"controller does not answer squeue .*; jobs go on: ask later"):
        slurm_states(["1"])
    programs(squeue=failing("squeue: fatal: Could not establish a configuration source"))
    with pytest.raises(MissingDependencyError, match="squeue failed: Could not establish a configuration source"):
        slurm_states(["1"])


def test_no_answer_in_time(programs) -> None:
    programs(squeue="exec sleep 30")
    with pytest.raises(MissingDependencyError, match=r"Slurm's squeue did not answer within 0.2 s"):
        ask_slurm("squeue", seconds=0.2)


def test_a_refusal_is_in_slurms_own_words() -> None:
    error = slurm_error(
        "sbatch",
        "sbatch: error: Memory specification can not be satisfied\n"
        "sbatch: error: Batch job submission failed: Requested node configuration is not available\n",
        refused="Slurm refuses 500 GB",
    )
    assert isinstance(error, ConfigError)
    assert str(error) == (
        "Slurm refuses 500 GB: Memory specification can not be satisfied; "
        "Batch job submission failed: Requested node configuration is not available"
    )
    assert "it says nothing" in str(slurm_error("sbatch", "\n"))
    assert isinstance(slurm_error("sbatch", f"sbatch: error: {DOWN}", refused="no"), MissingDependencyError)


def test_names_of_arrays_are_expanded() -> None:
    assert expand("7_[1,3-4%2]") == ["7_1", "7_3", "7_4"]
    assert expand("7_[]") == []
    assert expand("7_[1-3,...]") == ["7_1", "7_2", "7_3"]
