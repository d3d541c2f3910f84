"""Ours beside torch at the released sizes, from one command: `python tools/bench.py --peer-python PYTHON`.

Every measurement is a process of its own, ours and the peer's in turn, so that neither runs on a machine that the
other has warmed or filled. Figures are medians over all timed calls: of five rounds, or of three where a process takes
a minute or more (two with --quick). The second column, torch in bfloat16, comes after all others. Each finished round
is kept in WORK/rounds.json: a benchmark that was stopped goes on there, and --table prints what there is. The models
(random weights, 14 GB for all) lie in WORK/encoder, llama, wav2vec_bert and vjepa2; each can be deleted alone and is
written again when needed.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from tools import bench_cases, bench_rounds
from tools.bench_cases import CASES, Size
from tools.bench_models import model_folder
from tools.bench_rounds import ProcessError, Rounds, Task, n_rounds, run_round
from tools.bench_table import CLOSE, SIDES, Line, as_table
from tribe_np.cli.common import path, positive
from tribe_np.errors import ConfigError, TribeError
from tribe_np.pipeline.locate import user_cache_folder

PEER_PACKAGES = (
    "torch==2.13.0", "transformers==5.23.0", "x-transformers==1.27.20", "neuraltrain==0.0.2", "neuralset==0.0.2",
    "torchvision==0.28.0",
)  # fmt: skip
HAS_TORCH = "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ['torch', 'transformers'])))"


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """One line on standard error, exit code 2."""
        self.exit(2, f"bench: error: {message} (see --help)\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line, checked.

    Raises   ConfigError for an interpreter or a checkout that is not there
    """
    parser = Parser(prog="bench", description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument(
        "--work", type=path, default=user_cache_folder() / "bench", metavar="DIR",
        help="folder of the models and of finished rounds (default: bench in the user's cache)",
    )  # fmt: skip
    parser.add_argument("--python", default=sys.executable, help="our interpreter, with the numba extra")
    parser.add_argument("--peer-python", help="interpreter with torch and transformers (default: this one)")
    parser.add_argument("--upstream", type=path, metavar="DIR", help="checkout of tribev2: its own model is the peer")
    parser.add_argument("--quick", action="store_true", help="few layers and rounds, two threads: some five minutes")
    parser.add_argument("--layers", type=positive, help="depth of the extractors; printed as such")
    names = [case.name for case in CASES]
    parser.add_argument("--cases", nargs="+", choices=names, default=names, metavar="CASE", help=", ".join(names))
    parser.add_argument("--threads", nargs="+", type=positive, default=[2, 1], metavar="N", help="default: 2 1")
    parser.add_argument(
        "--sides", nargs="+", choices=[*SIDES, "fp64"], metavar="SIDE",
        help="ours, fp32, bf16 (all three by default), and fp64: torch in float64, once, to tell its own error; by "
        "default only for cases that differ by more than 1e-4 over RMS",
    )  # fmt: skip
    parser.add_argument("--again", action="store_true", help="forget the finished rounds of these cases and sides")
    parser.add_argument("--table", action="store_true", help="print what has been measured, and measure nothing")
    args = parser.parse_args(arguments)
    args.work = args.work.resolve()
    args.wanted = args.sides or list(SIDES)
    if not args.table:
        args.peer_python = peer_python(args.peer_python) if set(args.wanted) - {"ours"} else ""
        check_folders(args)
    return args


def check_folders(args: argparse.Namespace) -> None:
    """Refuses interpreters and checkouts that are not there.

    Raises   ConfigError
    """
    if shutil.which(args.python) is None:
        raise ConfigError(f"--python {args.python}: no such interpreter")
    if args.upstream is not None and not (args.upstream / "tribev2" / "model.py").is_file():
        raise ConfigError(f"--upstream {args.upstream}: no checkout of tribev2 (it has no tribev2/model.py)")


def peer_python(given: str | None) -> str:
    """The peer's interpreter.

    Raises   ConfigError that names the packages it needs
    """
    make = f"make it one: pip install -e . {' '.join(PEER_PACKAGES)}; or measure our side alone with --sides ours"
    if given is None:
        if find_spec("torch") is None or find_spec("transformers") is None:
            raise ConfigError(f"{sys.executable} has no torch and transformers: give --peer-python PYTHON, or {make}")
        return sys.executable
    if shutil.which(given) is None:
        raise ConfigError(f"--peer-python {given}: no such interpreter")
    if subprocess.run([given, "-c", HAS_TORCH], capture_output=True, check=False).returncode:
        raise ConfigError(f"--peer-python {given} has no torch and transformers: {make}")
    return given


def tasks_of(args: argparse.Namespace) -> list[Task]:
    """The lines of the table, the most important first."""
    return [
        Task(case, n, case.layers(threads=n, quick=args.quick, asked=args.layers), args.quick)
        for n in (args.threads[:1] if args.quick else args.threads)
        for case in CASES
        if case.name in args.cases
    ]


def measure(tasks: list[Task], args: argparse.Namespace, rounds: Rounds) -> list[str]:
    """Measures what is missing, in the order of importance; the failures, a line each.

    Ours and torch's float32 in turn, line by line; then bfloat16; then float64 where it decides or was asked for.
    """
    failures: list[str] = []
    for sides in (["ours", "fp32"], ["bf16"], ["fp64"]):
        for task in tasks:
            chosen = [side for side in sides if side in args.wanted]
            if sides == ["fp64"] and args.sides is None and not args.quick:
                is_needed = rounds.found["checks"].get(task.key, {}).get("difference", 0.0) > CLOSE
                chosen = sides if is_needed else []
            if args.quick and args.sides is None and sides == ["bf16"]:
                continue
            try:
                _in_turn(task, chosen, args, rounds)
            except ProcessError as error:
                failures.append(f"{task.key}: {error}")
                print(f"bench: error: {failures[-1]}", file=sys.stderr, flush=True)
    return failures


def _in_turn(task: Task, chosen: list[str], args: argparse.Namespace, rounds: Rounds) -> None:
    """The rounds of those sides that a line lacks, one side after the other."""
    sides = rounds.of(task)
    while True:
        missing = [side for side in chosen if len(sides.get(side, [])) < n_rounds(task, sides, side)]
        if not missing:
            return
        side = min(missing, key=lambda name: (len(sides.get(name, [])), chosen.index(name)))
        number = len(sides.get(side, [])) + 1
        print(f"{time.strftime('%H:%M:%S')} {task.key}: {side}, round {number}", file=sys.stderr, flush=True)
        folder = model_folder(args.work, task.case.model, task.layers)
        python = args.python if side == "ours" else args.peer_python
        run_round(task, side, python, folder, rounds, str(args.upstream or ""))


def describe_machine(tasks: Iterable[Task], args: argparse.Namespace, rounds: Rounds) -> None:
    """Versions, the fastest matrix product of either side, and our models' matrix products, by threads."""
    rounds.found["machine"] |= {"system": platform.platform(), "cpu": cpu_name()}
    for threads in dict.fromkeys(task.threads for task in tasks):
        known = rounds.found["threads"].setdefault(str(threads), {"gflops": {}, "products": {}})
        wanted = [shape for task in tasks if task.threads == threads for shape in products(task)]
        for side, python in (("ours", args.python), ("fp32", args.peer_python)):
            is_wanted = "ours" in args.wanted if side == "ours" else bool(set(args.wanted) - {"ours"})
            shapes = [shape for shape in dict.fromkeys(wanted) if " x ".join(map(str, shape)) not in known["products"]]
            if not is_wanted or (side in known["gflops"] and not (side == "ours" and shapes)):
                continue
            job = {"case": "machine", "options": {"shapes": shapes}}
            found = bench_rounds.start(python, side, job, threads)
            known["gflops"][side] = found["gflops"]
            known["products"] |= found["products"]
            rounds.found["machine"] |= found["about"]
            rounds.save()


def products(task: Task) -> list[tuple[int, int, int]]:
    """The shapes of a line's matrix products."""
    return [(m, k, n) for _, m, k, n in task.case.products(size_of(task))]


def size_of(task: Task) -> Size:
    """How much of a case a line runs."""
    return Size(task.layers, bench_cases.text_sizes(quick=task.quick)[0])


def line_of(task: Task, rounds: Rounds) -> Line | None:
    """The medians of a line, or None before its first round; the peer's seconds of the text are integrated."""
    found = {side: results for side, results in rounds.of(task).items() if results and side in SIDES}
    if not found:
        return None
    n_words, contexts = bench_cases.text_sizes(quick=task.quick)
    seconds = {side: bench_rounds.median_of(results) for side, results in found.items()}
    if task.case.estimated:
        seconds |= {
            side: statistics.median(bench_cases.integrated(contexts, r["detail"], n_words) for r in results)
            for side, results in found.items()
            if side != "ours"
        }
    machine = rounds.found["threads"][str(task.threads)]
    bare = [
        (count, machine["products"].get(f"{m} x {k} x {n}")) for count, m, k, n in task.case.products(size_of(task))
    ]
    return Line(
        case=task.case,
        threads=task.threads,
        size=size_of(task),
        n_rounds={side: len(results) for side, results in found.items()},
        seconds=seconds,
        peak={side: max(r["peak"] for r in results) for side, results in found.items()},
        load=max(r["load"] for results in found.values() for r in results),
        check=rounds.found["checks"].get(task.key, {}),
        sgemm=max(machine["gflops"].values()),
        products=None if any(s is None for _, s in bare) else sum(count * (s or 0.0) for count, s in bare),
    )


def write_table(tasks: list[Task], rounds: Rounds) -> str:
    """The table of what there is, printed and, as JSON, kept."""
    lines = [line for line in (line_of(task, rounds) for task in tasks) if line is not None]
    peaks = {n: found["gflops"] for n, found in rounds.found["threads"].items()}
    table = {"machine": rounds.found["machine"], "gflops": peaks, "lines": [line.as_dict() for line in lines]}
    (rounds.work / "table.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return as_table(rounds.found["machine"], peaks, lines)


def cpu_name(source: str = "/proc/cpuinfo") -> str:
    """The processor as the system calls it, with the number of cores it shows."""
    try:
        lines = Path(source).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{name}, {os.cpu_count()} cores"


def main(arguments: list[str] | None = None) -> int:
    """Measures what is missing and prints the table; the same as JSON is in WORK/table.json.

    Exit codes: 0 done; 1 a process failed (the table has the rest); 2 bad usage; 130 interrupted, after the table.
    """
    try:
        args = parse(arguments)
        args.work.mkdir(parents=True, exist_ok=True)
        rounds, tasks, code = Rounds.open(args.work), tasks_of(args), 0
        try:
            if not args.table:
                for task in tasks if args.again else []:
                    rounds.forget(task, args.wanted)
                describe_machine(tasks, args, rounds)
                code = 1 if measure(tasks, args, rounds) else 0
        except KeyboardInterrupt:
            code = 130
        print(write_table(tasks, rounds))
    except TribeError as error:
        print(f"bench: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"bench: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return code
