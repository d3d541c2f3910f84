"""What the benchmark has measured, in a file that is written after every process, and the processes themselves."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench import cases as bench_cases
from tools.bench.cases import CASES, Case, Products, Size
from tools.bench.table import finite, relative_difference
from tools.places import ROOT
from tribe_np.errors import ConfigError, TribeError
from tribe_np.machine.threads import VARIABLES, blas_variables

FORMAT = 2  # of the file
DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp64": "float64"}
LONG, MANY, FEW, HURRIED = 60.0, 5, 3, 2  # seconds of a call, rounds, rounds, rounds


class ProcessError(TribeError):
    """A process of the benchmark failed."""


@dataclass(frozen=True)
class Task:
    """One line of the table, to be measured."""

    case: Case
    threads: int
    layers: int
    quick: bool

    @property
    def key(self) -> str:
        """Its name in the file."""
        quick = ", quick" if self.quick else ""
        return f"{self.case.name}, {self.layers} layers, {self.threads} threads{quick}"

    @classmethod
    def of_key(cls, key: str) -> "Task | None":
        """The line of that name; None for a case that is not known."""
        found = re.fullmatch(r"(.+), (\d+) layers, (\d+) threads(, quick)?", key)
        case = next((case for case in CASES if found is not None and case.name == found[1]), None)
        if found is None or case is None:
            return None
        return cls(case, int(found[3]), int(found[2]), found[4] is not None)

    @property
    def size(self) -> Size:
        """How much of the case runs."""
        return Size(self.layers, bench_cases.text_sizes(quick=self.quick)[0])

    @property
    def products(self) -> Products:
        """Our matrix products."""
        return self.case.products(self.size)


@dataclass
class Rounds:
    """Finished rounds by line and side, checks of the outputs by line, and the machine."""

    work: Path
    found: dict[str, Any]

    @classmethod
    def open(cls, work: Path) -> "Rounds":
        """What the folder holds, or nothing.

        Raises   ConfigError when another version wrote it
        """
        path = work / "rounds.json"
        empty = {"format": FORMAT, "machine": {}, "threads": {}, "lines": {}, "checks": {}}
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty
        except ValueError as error:
            raise ConfigError(f"{path} is no JSON: {error}; delete it to measure again") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ConfigError(f"{path} was written by another version of the benchmark; delete it to measure again")
        return cls(work, found)

    def of(self, task: Task) -> dict[str, list[dict[str, Any]]]:
        """The rounds of each side of one line."""
        sides: dict[str, list[dict[str, Any]]] = self.found["lines"].setdefault(task.key, {})
        return sides

    def tasks(self) -> list[Task]:
        """Every line of the file that belongs to a known case, in the order of the table; quick ones come last."""
        found = [task for key in self.found["lines"] if (task := Task.of_key(key)) is not None]
        return sorted(found, key=lambda task: (task.quick, -task.threads, CASES.index(task.case), -task.layers))

    def save(self) -> None:
        """Writes the file in one step."""
        building = self.work / "rounds.part"
        building.write_text(json.dumps(finite(self.found), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        building.replace(self.work / "rounds.json")

    def output(self, task: Task, side: str) -> Path:
        """Where the output of a side's first round lies."""
        return self.work / "outputs" / f"{task.key}, {side}.npy"

    def forget(self, task: Task, sides: Iterable[str]) -> None:
        """Those sides of a line are measured again, and so are the machine's own figures with that many threads."""
        for side in sides:
            self.of(task).pop(side, None)
            self.output(task, side).unlink(missing_ok=True)
        self.found["checks"].pop(task.key, None)
        self.found["threads"].pop(str(task.threads), None)

    def check_peer(self, task: Task, upstream: str, forgotten: Iterable[str] = ()) -> None:
        """Refuses to mix rounds of upstream's own encoder with rounds of the composed one; old files do not say which.

        Raises   ConfigError when a round of the other kind is there that is not about to be forgotten
        """
        kind, sides = peer_kind(upstream), self.of(task)
        others = [side for side in sides if any(one.get("peer", kind) != kind for one in sides[side])]
        if task.case.model == "encoder" and set(others) - set(forgotten):
            raise ConfigError(
                f"{task.key}: the rounds of {', '.join(others)} are of another peer than {kind}: "
                f"{'leave out' if upstream else 'give'} --upstream, or measure them again with --again --sides "
                f"{' '.join(others)}"
            )

    def check(self, task: Task) -> None:
        """Compares the outputs that are there: ours with torch's, and torch's with its own in float64."""
        found = {side: self.output(task, side) for side in ("ours", "fp32", "fp64")}
        outputs = {side: np.load(path) for side, path in found.items() if path.exists()}
        check: dict[str, Any] = self.found["checks"].setdefault(task.key, {})
        for name, (one, other) in {
            "difference": ("ours", "fp32"), "peer_error": ("fp32", "fp64"), "our_error": ("ours", "fp64"),
        }.items():  # fmt: skip
            if {one, other} <= set(outputs):
                check[name] = relative_difference(outputs[one], outputs[other])
        self.save()


def peer_kind(upstream: str) -> str:
    """Whose encoder the peer is: upstream's own, from its checkout, or the same modules put together here."""
    return "upstream" if upstream else "composed"


def n_rounds(task: Task, sides: dict[str, list[dict[str, Any]]], side: str) -> int:
    """How many rounds a side of a line needs, once ours and torch's float32 have their first.

    Five, or three where a timed call of either takes a minute or more; bfloat16 three, or one; two in a hurry. Of the
    estimated text it is the calls that were run that count, and loading never does.
    """
    first = [max(sides[name][0]["seconds"]) for name in ("ours", "fp32") if sides.get(name)]
    is_long = max(first, default=0.0) >= LONG
    if side == "fp64":
        return 1
    if task.quick:
        return HURRIED
    return (1 if is_long else FEW) if side == "bf16" else FEW if is_long else MANY


def start(python: str, side: str, job: dict[str, Any], threads: int) -> dict[str, Any]:
    """The result of one process and the seconds it took with loading; ours gets what the command line gives itself.

    Raises   ProcessError with the last line it said, when it fails
    """
    environment = os.environ | dict.fromkeys(VARIABLES, str(threads)) | {"PYTHONPATH": str(ROOT)}
    if side == "ours":
        environment |= blas_variables(os.environ)
    command = [python, "-m", "tools.bench.side", "ours" if side == "ours" else "peer", json.dumps(job)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ProcessError(f"{side} of {job['case']}: {said}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result | {"took": time.perf_counter() - began}


def run_round(task: Task, side: str, python: str, folder: Path, rounds: Rounds, upstream: str) -> None:
    """One more round of a side of a line, kept."""
    sides = rounds.of(task)
    options = {"quick": task.quick, "threads": task.threads, "dtype": DTYPES.get(side, ""), "upstream": upstream}
    is_first = not sides.get(side)
    output = rounds.output(task, side)
    output.parent.mkdir(parents=True, exist_ok=True)
    job = {
        "case": task.case.name, "folder": str(folder), "options": options,
        "repeats": 1 if side == "fp64" else task.case.repeats,
        "save": str(output) if is_first and side != "bf16" else "",
    }  # fmt: skip
    if side == "ours":
        read_through(folder)
    load = os.getloadavg()[0]
    result = start(python, side, job, task.threads)
    kind = {"peer": peer_kind(upstream)} if side != "ours" and task.case.model == "encoder" else {}
    sides.setdefault(side, []).append(result | {"load": load} | kind)
    rounds.save()
    if is_first and side != "bf16":
        rounds.check(task)


def read_through(folder: Path) -> None:
    """Reads a model's files once, so that they lie in the system's memory: the disk is not what is measured.

    Torch has loaded its weights before the clock starts; a streamed layer of ours is read while it runs.
    """
    block = bytearray(1 << 24)
    for path in folder.iterdir():
        with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
            while file.readinto(block):
                pass


def median_of(rounds: Iterable[dict[str, Any]]) -> float:
    """The median over all timed calls of some rounds."""
    return statistics.median([seconds for found in rounds for seconds in found["seconds"]])
