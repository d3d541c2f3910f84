"""Ours beside torch at the released sizes: `python -m tools.bench --work FOLDER --peer-python PYTHON`.

Every measurement is a process of its own, ours and the peer's in turn, so that neither runs on a machine that the
other has warmed or filled. Figures are medians over all timed calls: of five rounds where a case takes under 60 s,
of three otherwise (and with --quick). Each finished round is kept in FOLDER/rounds.json: a benchmark that was
stopped goes on there. The models (random weights, 14 GB for all) lie in FOLDER/encoder, llama, wav2vec_bert and
vjepa2; each can be deleted alone and is written again when needed.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools import bench_cases
from tools.bench_cases import CASES, Case
from tools.bench_models import model_folder
from tools.bench_table import Line, as_table, relative_difference

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("ours", "fp32", "bf16")
SHORT_CASE, MANY, FEW = 60.0, 5, 3  # seconds, rounds, rounds
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass
class Rounds:
    """What has been measured, kept in a file after every process."""

    path: Path
    found: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> "Rounds":
        """The rounds in that file, or none."""
        return cls(path, json.loads(path.read_text(encoding="utf-8")) if path.exists() else {})

    def of(self, key: str) -> dict[str, list[dict[str, Any]]]:
        """The rounds of each side of one line."""
        sides: dict[str, list[dict[str, Any]]] = self.found.setdefault(key, {side: [] for side in SIDES})
        return sides

    def save(self) -> None:
        """Writes the file in one step."""
        building = self.path.with_suffix(".part")
        building.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")
        building.replace(self.path)


def n_rounds(sides: dict[str, list[dict[str, Any]]], *, quick: bool) -> int:
    """How many rounds a line needs, once every side has its first."""
    first = [statistics.median(rounds[0]["seconds"]) for rounds in sides.values() if rounds]
    return FEW if quick or (first and max(first) >= SHORT_CASE) else MANY


def start(python: str, side: str, job: dict[str, Any], threads: int) -> dict[str, Any]:
    """The result of one process.

    Raises   SystemExit with the last line it said, when it fails
    """
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)) | {"PYTHONPATH": str(ROOT)}
    command = [python, "-m", "tools.bench_side", "ours" if side == "ours" else "peer", json.dumps(job)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise SystemExit(f"bench: error: {side} of {job['case']}: {said}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def measure(case: Case, threads: int, args: argparse.Namespace, rounds: Rounds) -> Line:
    """One line of the table, measured as far as it is not in the file."""
    layers = case.layers(threads=threads, quick=args.quick, asked=args.layers)
    key = f"{case.name}, {layers} layers, {threads} threads" + (", quick" if args.quick else "")
    sides, wanted = rounds.of(key), [side for side in SIDES if side in args.sides]
    turn = 0
    while turn < n_rounds({side: sides[side] for side in wanted}, quick=args.quick):
        for side in wanted:
            if len(sides[side]) > turn or (args.quick and side == "bf16" and turn > 0):
                continue
            print(f"{key}: {side}, round {turn + 1}", file=sys.stderr, flush=True)
            options = {"quick": args.quick, "threads": threads, "bf16": side == "bf16", "upstream": args.upstream}
            job = {
                "case": case.name, "folder": str(model_folder(args.work, case.model, layers)), "options": options,
                "repeats": case.repeats,
                "save": str(args.work / f"{key}, {side}.npy") if turn == 0 and side != "bf16" else "",
            }  # fmt: skip
            load = os.getloadavg()[0]
            result = start(args.python if side == "ours" else args.peer_python, side, job, threads)
            sides[side].append(result | {"load": load})
            rounds.save()
        if turn == 0:
            compare(case, key, wanted, args.work, rounds)
        turn += 1
    return line_of(case, key, threads, layers, rounds, quick=args.quick)


def compare(case: Case, key: str, wanted: list[str], work: Path, rounds: Rounds) -> None:
    """Keeps the difference of the outputs of the first round, once."""
    name = key + ", difference"
    if case.estimated or name in rounds.found or not {"ours", "fp32"} <= set(wanted):
        return
    saved = [work / f"{key}, {side}.npy" for side in ("ours", "fp32")]
    if all(path.exists() for path in saved):
        rounds.found[name] = relative_difference(*(np.load(path) for path in saved))
        rounds.save()
    for path in saved:
        path.unlink(missing_ok=True)


def line_of(case: Case, key: str, threads: int, layers: int, rounds: Rounds, *, quick: bool) -> Line:
    """The medians of a line; the peer's seconds of the text case are integrated over the transcript."""
    n_words, contexts = bench_cases.text_sizes({"quick": quick})
    seconds: dict[str, list[float]] = {}
    for side, results in rounds.of(key).items():
        seconds[side] = [s for result in results for s in result["seconds"]]
        if case.estimated and side != "ours":
            seconds[side] = [bench_cases.integrated(contexts, result["detail"], n_words) for result in results]
    return Line(
        case=case,
        threads=threads,
        layers=layers,
        n_rounds={side: len(results) for side, results in rounds.of(key).items()},
        seconds={side: statistics.median(found) for side, found in seconds.items() if found},
        peak={s: max(r["peak"] for r in results) for s, results in rounds.of(key).items() if results},
        load=max((r["load"] for results in rounds.of(key).values() for r in results), default=0.0),
        difference=rounds.found.get(key + ", difference"),
        sgemm=rounds.found["machine"][str(threads)],
        n_words=n_words if case.name == "text" else None,
    )


def describe_machine(args: argparse.Namespace, rounds: Rounds) -> None:
    """Versions and the fastest matrix product of either side, per number of threads."""
    machine = rounds.found.setdefault("machine", {"system": platform.platform(), "cpu": cpu_name()})
    for threads in args.threads:
        if str(threads) in machine:
            continue
        both = {}
        for side, python in (("ours", args.python), ("fp32", args.peer_python)):
            if side in args.sides:
                both[side] = start(python, side, {"case": "machine"}, threads)
        machine[str(threads)] = max(found.pop("gflops") for found in both.values())
        machine |= {name: value for found in both.values() for name, value in found.items()}
        rounds.save()


def cpu_name(path: str = "/proc/cpuinfo") -> str:
    """The processor as the system calls it, with the number of cores it shows."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{name}, {os.cpu_count()} cores"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of the models and of finished rounds")
    parser.add_argument("--python", default=sys.executable, help="our interpreter (with the numba extra)")
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter with torch and transformers")
    parser.add_argument("--upstream", default="", help="checkout of tribev2: its own FmriEncoderModel is the peer")
    parser.add_argument("--quick", action="store_true", help="few layers and rounds: about five minutes")
    parser.add_argument("--layers", type=int, help="depth of the extractors; printed as such")
    names = [case.name for case in CASES]
    parser.add_argument("--cases", nargs="+", choices=names, default=names)
    parser.add_argument("--threads", nargs="+", type=int, default=[2, 1])
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measures what is missing and prints the table; the same as JSON is in FOLDER/table.json."""
    args = parse(arguments)
    args.work = args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    rounds = Rounds.open(args.work / "rounds.json")
    describe_machine(args, rounds)
    threads = args.threads[:1] if args.quick else args.threads
    lines = [measure(case, n, args, rounds) for n in threads for case in CASES if case.name in args.cases]
    table = {"machine": rounds.found["machine"], "lines": [line.as_dict() for line in lines]}
    (args.work / "table.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(as_table(rounds.found["machine"], lines))


if __name__ == "__main__":
    main()
