"""Kills processes that share a study at random moments: the end must be a serial run's bytes, and nothing may be left.

    python -m tools.kill_workers --work FOLDER --rounds 30 --workers 3 --seed 0

A demo's film, cut into tasks of a few clips, and two sounds are a study. It is done once by one process, then once a
round by several, of which one or another gets SIGKILL, SIGTERM, SIGUSR2 or SIGINT again and again and is started anew,
until it is done. Compared are the entries of the cache and the predictions; looked for are claims, parts and files that
are half-written, exit codes that are not what `--help` says, tasks that were begun more often than processes were
stopped, deaths that nobody died, and tasks that failed.
Exit codes: 0 all as it should be; 1 not; 2 bad usage.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tribe_np.batch.study import Study
from tribe_np.files.leftovers import is_passing_name

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR2, signal.SIGINT)
CODES = {
    signal.SIGKILL: {-9}, signal.SIGINT: {130}, signal.SIGTERM: {3, 143}, signal.SIGUSR2: {3, -signal.SIGUSR2},
}  # fmt: skip
"""What a process may end with that got a signal before it was over, also before it listened; else 0."""
CLIPS_PER_TASK = 3
LONGEST = 180.0  # seconds of a round: more is a deadlock
COMPARED = ("predictions.npy", "segments.json", "events.tsv")
THREADS = ("--threads", "1")


def command(*arguments: object) -> list[str]:
    """tribe-np in a process of its own."""
    return [sys.executable, "-m", "tribe_np", *map(str, arguments)]


@dataclass
class SharedStudy:
    """A study with a cache of its own, and what befell those that worked on it."""

    folder: Path
    kills: int = 0
    stops: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def study(self) -> Study:
        """Its folder."""
        return Study(self.folder / "study")

    def plan(self, demo: Path) -> None:
        """Plans it, from the demo and two sounds that are made out of its film's sound."""
        self.folder.mkdir(parents=True)
        words, models = demo / "transcript.json", demo / "models"
        films = [demo / "clip.mp4", *sorted(demo.parent.glob("*.wav"))]
        table = self.folder / "list.tsv"
        table.write_text("stimulus\ttranscript\n" + "".join(f"{film}\t{words}\n" for film in films), encoding="utf-8")
        subprocess.run(
            command("batch", "plan", table, "--out", self.study.folder, "--clips-per-task", CLIPS_PER_TASK, "--quiet",
                    "--checkpoint", models / "encoder", "--models", models, "--cache", self.folder / "cache", *THREADS),
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def work(self, index: int, of: int) -> "Worker":
        """One process of several."""
        return Worker(index, of, self.study.folder, self.folder / f"messages{index}")

    def results(self) -> dict[str, bytes]:
        """Entries of the cache and predictions, by name; tables of events name the folder, which does not count."""
        cache = self.folder / "cache" / "features"
        found = {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}
        here = os.fsencode(self.folder)
        for path in (self.study.folder / "predictions").rglob("*"):
            if path.name in COMPARED:
                found[str(path.relative_to(self.study.folder))] = path.read_bytes().replace(here, b"")
        return found

    def left(self) -> list[str]:
        """What should not be there in the end."""
        claims = self.folder / "cache" / "claims"
        return [str(p) for p in self.folder.rglob("*") if is_passing_name(p.name) or ".parts" in p.suffixes] + [
            str(path) for path in claims.rglob("*.json")
        ]

    def check_reports(self) -> None:
        """Notes tasks that did not end well, or were begun, or died, more often than they can have been."""
        reports = list(self.study.reports())
        self.wrong += [f"{r.key} is {r.state}: {r.error}" for r in reports if r.state != "done"]
        again, deaths = sum(r.attempts - 1 for r in reports), sum(r.deaths for r in reports)
        if again > self.kills + self.stops:
            self.wrong.append(f"{again} tasks begun again, by {self.kills} kills and {self.stops} stops")
        if deaths > self.kills:
            self.wrong.append(f"{deaths} deaths, of {self.kills} processes")


@dataclass
class Worker:
    """A process of a study."""

    index: int
    of: int
    study: Path
    messages: Path
    number: signal.Signals | None = None

    def __post_init__(self) -> None:
        with self.messages.open("wb") as messages:
            self.process = subprocess.Popen(
                command("batch", "work", self.study, "--index", self.index, "--of", self.of),
                stdout=messages, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def send(self, number: signal.Signals) -> bool:
        """Sends a signal if the process still runs and has none yet."""
        if self.process.poll() is not None or self.number is not None:
            return False
        self.number = number
        self.process.send_signal(number)
        return True

    def complaint(self) -> str | None:
        """What is wrong with how it ended."""
        said = self.messages.read_text(encoding="utf-8", errors="replace")
        allowed = {0} if self.number is None else {0, *CODES[self.number]}
        if self.process.returncode in allowed and "Traceback" not in said and "error" not in said:
            return None
        name = "no signal" if self.number is None else self.number.name
        return f"exit code {self.process.returncode} after {name}: {said.splitlines()[-1:]}"


def shared_round(shared: SharedStudy, workers: int, kills: int, chance: random.Random) -> None:
    """One study done by several processes, of which so many are killed or stopped."""
    running = [shared.work(index, workers) for index in range(workers)]
    end, left = time.monotonic() + LONGEST, kills
    while running and time.monotonic() < end:
        time.sleep(chance.uniform(0.0, 2.0))
        if left and running and chance.choice(running).send(number := chance.choice(SIGNALS)):
            left -= 1
            shared.kills += number == signal.SIGKILL
            shared.stops += number != signal.SIGKILL
        for worker in [worker for worker in running if worker.process.poll() is not None]:
            running.remove(worker)
            if (complaint := worker.complaint()) is not None:
                shared.wrong.append(complaint)
            if worker.number is not None:
                running.append(shared.work(worker.index, workers))
    for worker in running:
        shared.wrong.append(f"process {worker.index} of {workers} does not end")
        worker.process.kill()
        worker.process.wait()


def ask(shared: SharedStudy) -> None:
    """Notes what `status` says of the end if it is not that all is done."""
    asked = subprocess.run(
        command("batch", "status", shared.study.folder, "--json"), capture_output=True, check=False, text=True
    )
    if asked.returncode != 0:
        shared.wrong.append(f"status {asked.returncode}: {asked.stdout[:200]} {asked.stderr}")
    elif (tasks := json.loads(asked.stdout)["tasks"])["done"] != sum(tasks.values()):
        shared.wrong.append(f"status: {tasks}")


def rounds(options: argparse.Namespace) -> list[str]:
    """Everything that is wrong."""
    from tests.batch.small_studies import noise

    chance, demo = random.Random(options.seed), options.work / "demo"
    subprocess.run(command("demo", "--out", demo, "--seconds", 6, *THREADS), check=True, stdout=subprocess.DEVNULL)
    for seed in (1, 2):
        noise(options.work / f"noise{seed}.wav", seed, 6.0)
    serial = SharedStudy(options.work / "serial")
    serial.plan(demo)
    serial.work(0, 1).process.wait()
    whole, wrong = serial.results(), list(serial.left())
    for n in range(options.rounds):
        shared = SharedStudy(options.work / f"round{n}")
        shared.plan(demo)
        shared_round(shared, options.workers, chance.randint(1, options.kills), chance)
        ask(shared)
        shared.check_reports()
        shared.wrong += [f"left {path}" for path in shared.left()]
        found = shared.results()
        shared.wrong += [
            f"{name}: other bytes" for name in sorted(whole.keys() | found.keys()) if whole.get(name) != found.get(name)
        ]
        print(f"round {n}: {shared.kills} kills, {shared.stops} stops: {shared.wrong or 'well'}", flush=True)
        wrong += [f"round {n}: {each}" for each in shared.wrong]
        if not shared.wrong:
            shutil.rmtree(shared.folder)
    return wrong


def main() -> int:
    """Runs the rounds and prints what is wrong."""
    parser = argparse.ArgumentParser(description="kill processes that share a study and compare the end")
    parser.add_argument("--work", type=Path, required=True, help="folder to make")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=6, help="at most so many in a round (default: 6)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work = options.work.resolve()
    return 1 if rounds(options) else 0


if __name__ == "__main__":
    sys.exit(main())
