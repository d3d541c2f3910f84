"""Ours beside torch at the released sizes, from one command: `python -m tools.bench --peer-python PYTHON`.

Every measurement is a process of its own, ours and the peer's in turn, so that neither runs on a machine that the
other has warmed or filled. Figures are medians over all timed calls: of five rounds, or of three where a call takes a
minute or more (two with --quick). The second column, torch in bfloat16, comes after all others. Each finished round
is kept in WORK/rounds.json: a benchmark that was stopped continues there, and --table prints every line there is. The
models (random weights, 14 GB for all) lie in WORK/encoder, llama, wav2vec_bert and vjepa2; each can be deleted alone
and is written again when needed.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import NoReturn

from tools.bench import cases as bench_cases
from tools.bench import rounds as bench_rounds
from tools.bench.cases import CASES
from tools.bench.machine import describe_machine, failure
from tools.bench.models import model_folder
from tools.bench.rounds import Rounds, Task, n_rounds, run_round
from tools.bench.table import CLOSE, SIDES, Line, as_table, finite
from tribe_np.cli.common import at_least_one, path
from tribe_np.errors import ConfigError, TribeError
from tribe_np.files.home import user_cache_folder

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
    parser.add_argument("--layers", type=at_least_one, help="depth of the extractors; printed as such")
    names = [case.name for case in CASES]
    parser.add_argument("--cases", nargs="+", choices=names, default=names, metavar="CASE", help=", ".join(names))
    parser.add_argument("--threads", nargs="+", type=at_least_one, default=[2, 1], metavar="N", help="default: 2 1")
    parser.add_argument(
        "--sides", nargs="+", choices=[*SIDES, "fp64"], metavar="SIDE",
        help="ours, fp32, bf16 (all three by default), and fp64: torch in float64, once, to tell its own error; by "
        "default only for cases that differ by more than 1e-4 over RMS",
    )  # fmt: skip
    parser.add_argument("--again", action="store_true", help="forget the finished rounds of these cases and sides")
    parser.add_argument(
        "--table", action="store_true", help="print every line that has been measured, and measure nothing"
    )
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


def measure_all(tasks: list[Task], args: argparse.Namespace, rounds: Rounds) -> list[str]:
    """Forgets what shall be measured again, describes the machine, and measures; the failures, a line each.

    Raises   ConfigError when rounds of the encoder are there against another peer
    """
    forgotten = args.wanted if args.again else []
    for task in tasks if set(args.wanted) - {"ours"} else []:
        rounds.check_peer(task, str(args.upstream or ""), forgotten)
    for task in tasks if forgotten else []:
        rounds.forget(task, forgotten)
    return [*describe_machine(tasks, args, rounds), *measure(tasks, args, rounds)]


def measure(tasks: list[Task], args: argparse.Namespace, rounds: Rounds) -> list[str]:
    """Measures what is missing, in the order of importance; the failures, a line each.

    Ours and torch's float32 in turn, line by line; then bfloat16; then float64 where it decides or was asked for.
    """
    failures: list[str] = []
    for sides in (["ours", "fp32"], ["bf16"], ["fp64"]):
        for task in tasks:
            chosen = [side for side in sides if side in args.wanted]
            if sides == ["fp64"] and args.sides is None and not args.quick:
                chosen = sides if needs_float64(rounds.found["checks"].get(task.key, {})) else []
            if args.quick and args.sides is None and sides == ["bf16"]:
                continue
            try:
                _in_turn(task, chosen, args, rounds)
            except TribeError as error:
                failures.append(failure(task.key, error))
    return failures


def needs_float64(check: dict[str, float | None]) -> bool:
    """Whether torch in float64 decides: ours and torch differ, and both are finite."""
    difference = check.get("difference")
    return difference is not None and CLOSE < difference < math.inf


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
    machine = rounds.found["threads"].get(str(task.threads), {"gflops": {}, "products": {}})
    bare = [(count, machine["products"].get(f"{m} x {k} x {n}")) for count, m, k, n in task.products]
    peers = {one.get("peer") for side, results in found.items() if side != "ours" for one in results}
    return Line(
        case=task.case,
        threads=task.threads,
        size=task.size,
        n_rounds={side: len(results) for side, results in found.items()},
        seconds=seconds,
        peak={side: max(r["peak"] for r in results) for side, results in found.items()},
        load=max(r["load"] for results in found.values() for r in results),
        check=rounds.found["checks"].get(task.key, {}),
        sgemm=max(machine["gflops"].values(), default=None),
        products=None if any(s is None for _, s in bare) else sum(count * (s or 0.0) for count, s in bare),
        is_composed="composed" in peers,
        is_quick=task.quick,
    )


def write_table(tasks: list[Task], rounds: Rounds) -> str:
    """The table of what there is, printed and, as JSON, kept."""
    lines = [line for line in (line_of(task, rounds) for task in tasks) if line is not None]
    peaks = {n: found["gflops"] for n, found in rounds.found["threads"].items() if found["gflops"]}
    table = {"machine": rounds.found["machine"], "gflops": peaks, "lines": [line.as_dict() for line in lines]}
    text = json.dumps(finite(table), indent=1, allow_nan=False)
    (rounds.work / "table.json").write_text(text + "\n", encoding="utf-8")
    return as_table(rounds.found["machine"], peaks, lines)


def main(arguments: list[str] | None = None) -> int:
    """Measures what is missing and prints the table; the same as JSON is in WORK/table.json.

    Exit codes: 0 done; 1 a process failed (the table has the rest); 2 bad usage; 130 interrupted, after the table.
    """
    try:
        args = parse(arguments)
        args.work.mkdir(parents=True, exist_ok=True)
        rounds, code = Rounds.open(args.work), 0
        tasks = rounds.tasks() if args.table else tasks_of(args)
        try:
            if not args.table:
                code = 1 if measure_all(tasks, args, rounds) else 0
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
