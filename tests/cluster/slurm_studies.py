"""Studies on the real Slurm, whose films wait, eat memory or stop where a test says so."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.cluster.dask_studies import clean_environment
from tests.cluster.real_slurm import SlurmCluster
from tribe_np.batch.jobs import jobs_of_tasks, read_sendings
from tribe_np.batch.plan import read_plan, write_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import Task
from tribe_np.batch.watching.status import StudyStatus, study_status

HOOK = """
import os, sys, time

flags, kept = os.environ["TEST_FLAGS"], []

def look(event, arguments):
    if event != "subprocess.Popen" or os.environ.get("SLURM_JOB_NAME") != "tribe-np-video":
        return
    for film in {name.partition(".")[0] for name in os.listdir(flags)}:
        while f"{film}.mp4" in str(arguments) and os.path.exists(f"{flags}/{film}.waits"):
            time.sleep(0.05)
        if f"{film}.mp4" in str(arguments) and os.path.exists(f"{flags}/{film}.eats") and not kept:
            kept.append(b"x" * 450_000_000)
            time.sleep(4)  # Slurm looks each second

sys.addaudithook(look)
"""


@dataclass(frozen=True)
class SlurmStudy:
    """A study, the cluster it goes to, and a folder of flags: `two.waits` makes that film's process wait."""

    study: Study
    cluster: SlurmCluster
    folder: Path

    @property
    def setup(self) -> Path:
        """The --setup file, which brings the hook into the jobs."""
        hook, flags, file = self.folder / "hook", self.folder / "flags", self.folder / "setup.sh"
        if not file.exists():
            hook.mkdir()
            flags.mkdir()
            (hook / "sitecustomize.py").write_text(HOOK)
            file.write_text(f'export TEST_FLAGS={flags}\nexport PYTHONPATH="{hook}:$PYTHONPATH"\n')
        return file

    def flag(self, name: str) -> Path:
        """A file that is there from now on."""
        assert self.setup
        path = self.folder / "flags" / name
        path.touch()
        return path

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Starts tribe-np beside the cluster."""
        steering = {name: self.cluster.env[name] for name in ("SLURM_CONF", "PATH")}
        return subprocess.Popen(
            [sys.executable, "-m", "tribe_np", *map(str, arguments)], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=clean_environment(self.folder) | steering,
        )  # fmt: skip

    def call(self, *arguments: object, code: int = 0) -> str:
        """What tribe-np said."""
        return said(self.start(*arguments), code)

    def status(self) -> StudyStatus:
        """How it stands, asked in this process."""
        return study_status(self.study, read_plan(self.study), jobs_of_tasks(self.study))

    def counts(self) -> dict[str, int]:
        """How many tasks are in which state."""
        return {state: number for state, number in self.status().tasks.items() if number}

    def wait_counts(self, seconds: float = 60, **wanted: int) -> None:
        """Waits until as many tasks are in those states."""
        until = time.monotonic() + seconds
        while (found := self.counts()) != wanted:
            assert time.monotonic() < until, (found, self.cluster.squeue(), self.logs())
            time.sleep(0.3)

    def logs(self) -> str:
        """What all elements printed."""
        return "\n".join(f"{path.name}\n{path.read_text()}" for path in sorted(self.study.logs.rglob("*.out")))

    def film_task(self, name: str) -> Task:
        """The longest task of a film."""
        return max(read_plan(self.study).stimulus(name).tasks(1), key=lambda task: task.need.seconds)

    def asked(self, name: str) -> list[int]:
        """Bytes that a film's longest task was sent with, each time."""
        key = self.film_task(name).key
        return [job.memory for sending in read_sendings(self.study) for job in sending.sent if key in job.keys]


def said(process: "subprocess.Popen[str]", code: int = 0) -> str:
    """What a command printed when it was over; errors are of one line."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, out + err
    assert "Traceback" not in out + err, out + err
    assert len([line for line in err.splitlines() if "tribe-np: error:" in line]) == (code == 2), err
    return out + err


def make_long(study: Study, seconds: Mapping[str, float]) -> None:
    """As if the longest work of films took so long: no element does two of them."""
    plan = read_plan(study)

    def longer(planned: Any) -> Any:
        longest = max(planned.work, key=lambda work: work.seconds)
        work = tuple(replace(w, seconds=seconds[planned.name]) if w is longest else w for w in planned.work)
        return replace(planned, work=work)

    write_plan(study, replace(plan, stimuli=tuple(map(longer, plan.stimuli))))


def without_engines(folder: Path) -> dict[str, str]:
    """An environment in which neither submitit nor Dask can be imported."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys\nfor name in ('submitit', 'dask', 'distributed'):\n    sys.modules[name] = None\n"
    )
    return {"PYTHONPATH": f"{folder}:{os.getcwd()}"}
