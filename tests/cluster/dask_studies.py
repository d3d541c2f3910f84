"""Films, models and what `predict` makes of them one by one, for studies that are killed; and the command that runs."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plots.films.made_runs import ffmpeg
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import RUNNING, TaskReport
from tribe_np.pipeline.demo import write_models

FILMS = {"long": 16, "one": 3, "three": 2, "two": 3}  # seconds; the long one is the one that is killed
COMPARED = ("predictions.npy", "segments.json", "events.tsv")
SERIAL = """
import sys
from tribe_np.cli.main import main

*options, out = sys.argv[1:]
for film in iter(sys.stdin.readline, ""):
    assert main(["predict", film.strip(), "--out", f"{out}/{film.strip().rpartition('/')[2][:-4]}", *options]) == 0
"""


@dataclass(frozen=True)
class MadeFilms:
    """A folder of films, models, and the predictions of a serial run.

    Studies have one after another the cache's folder that the serial run had, emptied: it is in tables of events.
    """

    films: Path
    models: Path
    serial: Path
    cache: Path

    @property
    def options(self) -> list[str]:
        """Of `predict` and of `batch plan`."""
        models = ["--models", str(self.models), "--checkpoint", str(self.models / "encoder")]
        return [*models, "--no-speech", "--threads", "1"]

    @classmethod
    def make(cls, folder: Path) -> "MadeFilms":
        """Makes them, each film another picture and another tone."""
        made = cls(folder / "films", folder / "models", folder / "serial", folder / "cache")
        made.films.mkdir()
        made.serial.mkdir()
        write_models(made.models, seed=0, step=lambda n: None)
        for number, (name, seconds) in enumerate(FILMS.items()):
            picture = f"testsrc2=size=160x120:rate=12:duration={seconds},hue=h={60 * number}"
            tone = f"sine=frequency={300 + 100 * number}:duration={seconds}"
            ffmpeg(
                "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone,
                "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(made.films / f"{name}.mp4"),
            )  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", SERIAL, *made.options, "--quiet", "--cache", str(made.cache), str(made.serial)],
            input="".join(f"{made.films / name}.mp4\n" for name in FILMS), capture_output=True, text=True, check=False,
            env=clean_environment(folder), cwd=Path.cwd(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return made

    def plan(self, folder: Path, films: Path | None = None) -> Study:
        """A study of all films, whose cache is empty."""
        shutil.rmtree(self.cache)
        study = folder / "study"
        places = ["--out", study, "--cache", self.cache]
        done = start(folder, "batch", "plan", films or self.films, *places, *self.options)
        _, said = done.communicate(timeout=120)
        assert done.returncode == 0, said
        return Study(study)

    def check_equal(self, study: Study, names: Iterable[str] = FILMS, files: Iterable[str] = COMPARED) -> None:
        """The predictions of a study are the serial run's, to the byte."""
        for name in names:
            for file in files:
                ours, serial = study.prediction(name) / file, self.serial / name / file
                assert ours.read_bytes() == serial.read_bytes(), f"{name}/{file}"


def clean_environment(folder: Path) -> dict[str, str]:
    """This process's, with a home of its own and without what steers us."""
    steering = ("TRIBE_NP", "HF_", "DASK_", "OMP_", "OPENBLAS_", "MKL_", "NUMBA_NUM", "PYTHONWARNINGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    return kept | {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "home/cache")}


def start(folder: Path, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Starts tribe-np in a session of its own, as a shell starts a command."""
    return subprocess.Popen(
        [sys.executable, "-m", "tribe_np", *map(str, arguments)], text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(folder) | environment,
    )  # fmt: skip


def running_report(study: Study, stimulus: str, process: subprocess.Popen[str]) -> TaskReport:
    """The report of the stimulus' film while that is made."""
    longest = max(read_plan(study).stimulus(stimulus).tasks(1), key=lambda task: task.need.seconds)

    def found() -> TaskReport | None:
        assert process.poll() is None, process.communicate()
        report = study.read_report(longest.key)
        return report if report is not None and report.state == RUNNING else None

    return wait_for(found)


def pid_of(report: TaskReport) -> int:
    """The process that wrote it, on this machine."""
    return int(report.process.split("-")[1])


def wait_for(look: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first thing that `look` sees."""
    until = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.02)
    return found


def left_in_session(leader: int) -> list[str]:
    """Processes of a session that live on, by their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] not in "ZX":
                found.append((folder / "cmdline").read_text().replace("\0", " ") or "about to end")
        except (OSError, IndexError):
            continue
    return found
