"""Kills runs at random moments and starts them again: the end must be the same bytes, and nothing else may be left.

    python -m tools.kill_runs --work FOLDER --kills 20 --seed 0

`demo`, `predict` and `features` run once to the end; then each is started again, killed again and again by SIGKILL,
SIGHUP, SIGTERM and SIGINT in turn when a random number of things have happened (a file has appeared, a line was
printed) and a moment more, and at last left alone. Compared are all results; looked for are files of the user beside
them that changed, hidden names, temporary folders and results that are not whole, and, in the end, parts of unfinished
cache entries.
Exit codes: 0 all as it should be; 1 not; 2 bad usage.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tribe_np.files.leftovers import is_passing_name
from tribe_np.pipeline.store.cache import PARTS_SUFFIX

SIGNALS = (signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}
CHANGING = {"run.json", ".tribe-np.json"}  # hold times
LOOK = 0.004  # seconds between two looks
MINE = {"notes.txt": b"mine", ".hidden": b"mine too", "results/table.csv": b"1,2"}


@dataclass(frozen=True)
class Trial:
    """One command with a folder of its own: what it makes lies in `out`, what a user has beside it."""

    command: str
    folder: Path
    demo: Path | None  # with the film and the models, for the commands that need some
    seconds: int = 3

    @property
    def out(self) -> Path:
        """The result."""
        return self.folder / "out"

    def start(self) -> subprocess.Popen[bytes]:
        """The command as a process, its messages in a file."""
        passing = self.folder / "tmp"
        passing.mkdir(parents=True, exist_ok=True)
        arguments = [sys.executable, "-m", "tribe_np", self.command, "--out", str(self.out), "--threads", "1"]
        if self.demo is None:
            arguments += ["--seconds", str(self.seconds)]
        else:
            models = self.demo / "models"
            arguments += [str(self.demo / "clip.mp4"), "--transcript", str(self.demo / "transcript.json")]
            arguments += ["--checkpoint", str(models / "encoder"), "--models", str(models)]
            arguments += ["--cache", str(self.folder / "cache")]
        with (self.folder / "messages").open("wb") as messages:
            return subprocess.Popen(
                arguments, stdout=subprocess.DEVNULL, stderr=messages, env=os.environ | {"TMPDIR": str(passing)},
                start_new_session=True,
            )  # fmt: skip

    def run(self) -> int:
        """To the end: how many things happened.

        Raises   RuntimeError when it fails
        """
        process, seen = self.start(), Seen(self.folder)
        while process.poll() is None:
            seen.look()
            time.sleep(LOOK)
        if process.returncode != 0:
            raise RuntimeError(f"{self.command}: exit code {process.returncode}: {self.messages()[-1:]}")
        return seen.count

    def kill(self, number: signal.Signals, after: int, moment: float) -> int:
        """The exit code of a run that gets a signal when `after` things have happened, and a moment more."""
        process, seen = self.start(), Seen(self.folder)
        while process.poll() is None and seen.count < after:
            seen.look()
            time.sleep(LOOK)
        time.sleep(moment)
        process.send_signal(number)
        return process.wait(timeout=120)

    def messages(self) -> list[str]:
        """What the last run said."""
        return (self.folder / "messages").read_text(encoding="utf-8", errors="replace").splitlines()

    def results(self) -> dict[str, str]:
        """The digest of every result by name; tables of events hold the folder's name, which does not count."""
        found = (p for p in sorted(self.out.rglob("*")) if p.is_file() and p.name not in CHANGING)
        here = str(self.folder.resolve()).encode(), str(self.folder).encode()
        content = {
            str(p.relative_to(self.out)): p.read_bytes().replace(here[0], b"").replace(here[1], b"") for p in found
        }
        return {name: hashlib.sha256(each).hexdigest() for name, each in content.items()}

    def left(self) -> list[str]:
        """Hidden names of files that were being written, temporary folders, and results that are not whole."""
        hidden = [str(p) for p in self.folder.rglob("*") if is_passing_name(p.name)]
        return hidden + [str(p) for p in (self.folder / "tmp").glob("*")]


class Seen:
    """What has happened since a run began: names that appeared in its folder, lines that it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = self._now()
        self.count = 0

    def look(self) -> None:
        """Counts what is new."""
        names = self._now()
        lines = (self.folder / "messages").read_bytes().count(b"\n")
        self.names, new = self.names | names, len(names - self.names)
        self.count += new
        self.count = max(self.count, lines)

    def _now(self) -> set[str]:
        """Everything in the folder; what goes while we look does not matter (it would to rglob)."""
        return {f"{place}/{name}" for place, folders, files in os.walk(self.folder) for name in (*folders, *files)}


def killed_again_and_again(trial: Trial, n_things: int, kills: int, chance: random.Random) -> list[str]:
    """Kills a trial so many times, lets it end, and gives what is wrong."""
    wrong = []
    for name, content in MINE.items():
        (trial.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (trial.folder / name).write_bytes(content)
    for n in range(kills):
        number, before = SIGNALS[n % len(SIGNALS)], trial.left()  # of a SIGKILL, if the run stops before it tidies up
        code = trial.kill(number, chance.randint(1, n_things), chance.uniform(0, 0.2))
        said = [line for line in trial.messages() if "error" in line or "Traceback" in line]
        if code not in (0, CODES[number]) or said:
            wrong.append(f"{trial.command}: {number.name}: exit code {code}: {said[:1]}")
        left = [name for name in trial.left() if name not in before]
        if number != signal.SIGKILL and code != 0 and left:
            wrong.append(f"{trial.command}: {number.name} left {left[0]}")
    trial.run()
    wrong += [f"{trial.command}: left {name}" for name in [*trial.left(), *trial.folder.rglob(f"*{PARTS_SUFFIX}")]]
    wrong += [f"{trial.command}: {name} of the user changed" for name, content in MINE.items()
              if (trial.folder / name).read_bytes() != content]  # fmt: skip
    return wrong


def trials(work: Path, commands: Sequence[str], kills: int, chance: random.Random, seconds: int = 3) -> list[str]:
    """Everything that is wrong after the kills of each command."""
    demo = Trial("demo", work / "demo-whole", None, seconds)
    things, wrong = demo.run(), []
    for command in commands:
        given = None if command == "demo" else demo.out
        whole = demo if command == "demo" else Trial(command, work / f"{command}-whole", given)
        n_things = things if command == "demo" else whole.run()
        broken = Trial(command, work / f"{command}-killed", given, seconds)
        broken.folder.mkdir(parents=True)
        wrong += killed_again_and_again(broken, n_things, kills, chance)
        if broken.results() != whole.results():
            wrong.append(f"{command}: other bytes than a run that was left alone")
    return wrong


def main() -> int:
    """Runs the trials and prints what is wrong."""
    parser = argparse.ArgumentParser(description="kill runs at random moments and compare their ends")
    parser.add_argument("--work", type=Path, required=True, help="folder to make")
    parser.add_argument("--kills", type=int, default=20, help="of each command (default: 20)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", nargs="+", default=["demo", "predict", "features"])
    options = parser.parse_args()
    wrong = trials(options.work, options.commands, options.kills, random.Random(options.seed))
    print(
        "\n".join(wrong) or f"{options.kills} kills of each of {', '.join(options.commands)}: the same bytes, no trace"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
