"""What `tribe-np batch run` costs beside the work itself: `python -m tools.bench.batch`, two tables.

    efficiency   films by one worker and by two, start of the command, workers and models counted: T1 / (2 T2), on the
                 demo's tiny models, of which most is start-up, and on larger ones, whose clips take some tenths of a
                 second. Rounds alternate; figures are medians
    overhead     tasks that are done already, asked for one by one in this process and through a Dask worker: what a
                 task costs that takes no time, and what share that is of one of half an hour

Every round has a cache and a study of its own. Models and films are random and made anew; nothing is kept.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from extractors.vjepa2.random import write_random
from tools.bench.machine import cpu_name
from tools.places import ROOT
from tribe_np.batch.engines.dask_engine import DaskEngine
from tribe_np.batch.engines.dask_local import local_client
from tribe_np.batch.making.performing import perform
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.cli.common import at_least_one
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.errors import TribeError
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.pipeline.demo import write_models
from tribe_np.pipeline.progress import number_of

LARGER = {"hidden_size": 256, "num_attention_heads": 4, "crop_size": 128}
N_VERTICES = 20484
HALF_AN_HOUR = 1800.0


@dataclass(frozen=True)
class Films:
    """Films and the models that read them."""

    name: str
    films: Path
    models: Path

    @classmethod
    def make(cls, name: str, folder: Path, *, films: int, seconds: int, larger: bool) -> "Films":
        """Makes them: each film another colour, so that none is found in the cache of another."""
        made = cls(name, folder / "films", folder / "models")
        made.films.mkdir(parents=True)
        write_models(made.models, seed=0, step=lambda n: None)
        if larger:
            write_random(made.models / "video", seed=3, **LARGER)
            arguments = json.loads((made.models / "encoder" / "build_args.json").read_text(encoding="utf-8"))
            dims = arguments["feature_dims"] | {"video": (1, LARGER["hidden_size"])}
            write_encoder(made.models / "encoder", seed=0, feature_dims=dims, n_outputs=N_VERTICES)
        for number in range(films):
            path = made.films / f"film{number:02d}.mp4"
            picture = f"testsrc2=size=160x120:rate=12:duration={seconds},hue=h={360 * number // films}"
            run_ffmpeg(
                ["-v", "error", "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path)],
                path_for_errors=path,
            )
        return made

    def plan(self, folder: Path) -> Study:
        """A study with a cache of its own."""
        options = ("--models", self.models, "--checkpoint", self.models / "encoder", "--no-speech", "--threads", 1)
        study = folder / "study"
        command("batch", "plan", self.films, "--out", study, "--cache", folder / "cache", *options)
        return Study(study)


def command(*arguments: object) -> float:
    """Seconds that a call of tribe-np takes.

    Raises   TribeError with what it said
    """
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tribe_np", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise TribeError(f"{' '.join(map(str, arguments[:2]))}: {done.stderr.strip()}")
    return time.perf_counter() - began


def run_times(films: Films, rounds: int) -> dict[int, list[float]]:
    """Seconds of `batch run` by number of workers, of every round."""
    found: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            with tempfile.TemporaryDirectory() as folder:
                study = films.plan(Path(folder))
                found[workers].append(command("batch", "run", study.folder, "--workers", workers, "--quiet"))
    return found


def efficiency_line(name: str, times: dict[int, list[float]]) -> str:
    """A line of the first table."""
    one, two = (statistics.median(times[workers]) for workers in (1, 2))
    return f"{name:<28}{one:>9.1f} s{two:>9.1f} s{one / two:>9.2f}{100 * one / (2 * two):>10.0f} %"


def overheads(films: Films, tasks: int, rounds: int) -> dict[str, list[float]]:
    """Seconds per task that is done already, in this process and through a worker, of every round."""
    found: dict[str, list[float]] = {"in this process": [], "through Dask": []}
    with tempfile.TemporaryDirectory() as folder:
        study = films.plan(Path(folder))
        command("batch", "work", study.folder, "--index", 0, "--of", 1, "--quiet")
        task = read_plan(study).tasks()[0]
        perform(study.folder, [task.key])  # loads what stays loaded
        with local_client(1, 1, study.logs) as client:
            engine = DaskEngine(client, study, n_workers=1)

            def ask() -> None:
                engine.send([task] * tasks)
                for _ in range(tasks):
                    while (result := engine.next_result(60.0)) is None:
                        pass
                    if result.error is not None:
                        raise result.error

            engine.send([task])
            engine.next_result(60.0)
            for _ in range(rounds):
                found["in this process"].append(seconds_of(lambda: perform(study.folder, [task.key] * tasks)) / tasks)
                found["through Dask"].append(seconds_of(ask) / tasks)
    return found


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="bench.batch", description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("--films", type=at_least_one, default=6, help="films of a study (default: 6)")
    parser.add_argument("--seconds", type=at_least_one, default=8, help="of each film (default: 8)")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="of every measurement (default: 3)")
    parser.add_argument("--tasks", type=at_least_one, default=200, help="of the overhead (default: 200)")
    options = parser.parse_args(arguments)
    print(f"{cpu_name()}; load {os.getloadavg()[0]:.1f} before; medians of {number_of(options.rounds, 'rounds')}")
    try:
        with tempfile.TemporaryDirectory() as name:
            folder, films = Path(name), {"films": options.films, "seconds": options.seconds}
            tiny = Films.make("the demo's models", folder / "tiny", larger=False, **films)
            larger = Films.make("larger models", folder / "larger", larger=True, **films)
            print(
                f"\n{options.films} films of {options.seconds} s  {'1 worker':>11}{'2 workers':>11}  faster efficiency"
            )
            for each in (tiny, larger):
                print(efficiency_line(each.name, run_times(each, options.rounds)), flush=True)
            found = {
                where: statistics.median(times)
                for where, times in overheads(tiny, options.tasks, options.rounds).items()
            }
    except TribeError as error:
        print(f"bench: error: {error}", file=sys.stderr)
        return 2
    print("\na task that is done already")
    for where, seconds in found.items():
        print(f"{where:<28}{1000 * seconds:>9.1f} ms, {100 * seconds / HALF_AN_HOUR:.4f} % of half an hour")
    return 0


if __name__ == "__main__":
    sys.exit(main())
