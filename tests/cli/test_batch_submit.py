"""tribe-np batch submit: what it refuses before it asks for Slurm."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, refused
from tribe_np.batch.plan import Plan, write_plan
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.study import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """One that nothing is in, planned with two threads."""
    found = Study(tmp_path / "study")
    write_plan(found, Plan(StudySettings("/nowhere", {}, str(tmp_path / "cache"), 2), ()))
    return found


def test_the_only_scheduler_is_named(study: Study, command_here: Command) -> None:
    line = refused(command_here("batch", "submit", study.folder))
    assert "knows one scheduler: give --slurm" in line
    assert f"tribe-np batch work {study.folder} --index I --of N" in line


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--time", "1h", "a time as Slurm writes it, such as 30, 1:30:00 or 2-0, got '1h'"),
        ("--time", "0", "a time as Slurm writes it"),
        ("--memory", "2GB", "memory as Slurm writes it, such as 2G or 500M, got '2GB'"),
        ("--memory", "-1", "got '-1'"),
        ("--cpus", "0", "a whole number from 1"),
        ("--max-parallel", "none", "a whole number from 1"),
        ("--partition", " ", "must not be empty"),
    ],
)
def test_bad_options_are_one_line(study: Study, command_here: Command, option: str, value: str, right: str) -> None:
    done = command_here("batch", "submit", study.folder, "--slurm", option, value)
    line = refused(done)
    assert option in line
    assert right in line


def test_fewer_processors_than_threads_are_refused(study: Study, command_here: Command) -> None:
    line = refused(command_here("batch", "submit", study.folder, "--slurm", "--cpus", "1"))
    assert "--cpus 1: this study computes with 2 threads, everywhere the same" in line
    assert "--threads 1" in line


def test_a_folder_without_a_plan_is_refused(tmp_path: Path, command_here: Command) -> None:
    assert "holds no plan.json" in refused(command_here("batch", "submit", tmp_path, "--slurm"))


def test_without_slurm_or_submitit_it_says_what_is_missing(study: Study, command: Command) -> None:
    line = refused(command("batch", "submit", study.folder, "--slurm", env={"PATH": str(Path(sys.executable).parent)}))
    assert 'pip install "tribe_np[slurm]"' in line or "Slurm's sbatch is not on the PATH" in line
    done = command("batch", "submit", study.folder, "--slurm", "--json", env={"PATH": "/nowhere"})
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]
