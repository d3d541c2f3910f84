"""The machine that the benchmark runs on: what it is, how fast its matrix products are, and which code is measured."""

import argparse
import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.bench import rounds as bench_rounds
from tools.bench.rounds import Rounds, Task
from tools.places import ROOT
from tribe_np import __version__
from tribe_np.errors import TribeError

PACKAGES = ("tribe_np", "extractors")


def describe_machine(tasks: list[Task], args: argparse.Namespace, rounds: Rounds) -> list[str]:
    """Versions, and what is not known yet of the products of either side, by threads; the failures, a line each.

    Products are those of the tasks and of every line of ours in the file: what was forgotten for one line is
    measured again for all.
    """
    note_code(rounds)
    rounds.found["machine"] |= {"system": system_name(), "cpu": cpu_name()}
    rounds.save()
    known = [task for task in rounds.tasks() if rounds.of(task).get("ours")]
    wanted = {"ours" if side == "ours" else "fp32" for side in args.wanted}
    failures: list[str] = []
    for threads in dict.fromkeys(task.threads for task in tasks):
        lines = [task for task in (*tasks, *known) if task.threads == threads]
        for side, python in (("ours", args.python), ("fp32", args.peer_python)):
            if side not in wanted:
                continue
            try:
                _measure(side, python, threads, lines, rounds)
            except TribeError as error:
                failures.append(failure(f"machine, {threads} threads", error))
    return failures


def _measure(side: str, python: str, threads: int, lines: Iterable[Task], rounds: Rounds) -> None:
    """The fastest product of one side and, of ours, the products of those lines, as far as they are missing."""
    known = rounds.found["threads"].setdefault(str(threads), {"gflops": {}, "products": {}})
    wanted = dict.fromkeys((m, k, n) for task in lines for _, m, k, n in task.products)
    shapes = [shape for shape in wanted if " x ".join(map(str, shape)) not in known["products"]]
    if side in known["gflops"] and not (side == "ours" and shapes):
        return
    found = bench_rounds.start(python, side, {"case": "machine", "options": {"shapes": shapes}}, threads)
    known["gflops"][side] = found["gflops"]
    known["products"] |= found["products"]
    rounds.found["machine"] |= found["about"]
    rounds.save()


def failure(what: str, error: TribeError) -> str:
    """What went wrong, in one line that is printed at once, while the benchmark continues."""
    line = " ".join(f"{what}: {error}".split())
    print(f"bench: error: {line}", file=sys.stderr, flush=True)
    return line


def note_code(rounds: Rounds) -> None:
    """Writes down which code is measured, and says so where finished rounds of ours are of another.

    Both are named in the file then. A file that names none is taken to be of the present code.
    """
    machine, present = rounds.found["machine"], code_version()
    stored = machine.get("code", present)
    if stored == present or not any(sides.get("ours") for sides in rounds.found["lines"].values()):
        machine["code"] = present
        return
    print(
        f"bench: warning: finished rounds are of other code ({stored}; now {present}): --again measures them again",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    machine["code"] = stored if present in stored.split(", ") else f"{stored}, {present}"


def code_version(root: Path = ROOT) -> str:
    """The package's version and the start of a digest over its source, which tells changes that are in no version."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:10]}"


def system_name() -> str:
    """The operating system, its version without the name of a build, and the processor's kind."""
    return f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}"


def cpu_name(source: str = "/proc/cpuinfo") -> str:
    """The processor as the system calls it, with the number of cores it shows."""
    return f"{cpu_model(source) or 'unknown'}, {os.cpu_count()} cores"


def cpu_model(source: str = "/proc/cpuinfo") -> str | None:
    """The processor as the system calls it; None where it does not."""
    try:
        lines = Path(source).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
