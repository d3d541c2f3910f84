"""A selection of vertices beside the whole: `python -m tools.bench.selection`, at the released sizes.

The brain encoder on eight windows of 100 s, for all 20,484 vertices and for as many as V1 has (523, 2.6 %; --vertices),
spread over both hemispheres. Processes take turns; figures are medians over all timed calls of the rounds. The columns
that both compute are compared too.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.models import DEPTHS, model_folder
from tools.bench.rounds import read_through, start
from tribe_np.cli.common import at_least_one, path
from tribe_np.files.home import user_cache_folder

N_VERTICES, V1, CALLS = 20484, 523, 3


def spread(n_vertices: int) -> np.ndarray:
    """So many vertices, the first and the last among them."""
    return np.linspace(0, N_VERTICES - 1, n_vertices).astype(int)


def measure(folder: Path, columns: np.ndarray, *, threads: int, rounds: int, kept: Path) -> dict[str, Any]:
    """Medians of calls, loading and peak memory by "all" and "some"; how far the columns are apart, over the RMS."""
    read_through(folder)
    found: dict[str, list[dict[str, Any]]] = {"all": [], "some": []}
    for number in range(rounds):
        for name, chosen in (("all", None), ("some", columns.tolist())):
            job = {
                "case": "encoder-8", "folder": str(folder), "options": {"columns": chosen}, "repeats": CALLS,
                "save": str(kept / f"{name}.npy") if number == 0 else "",
            }  # fmt: skip
            found[name].append(start(sys.executable, "ours", job, threads))
    whole, part = (np.load(kept / f"{name}.npy") for name in ("all", "some"))
    apart = np.abs(whole[:, columns] - part) / np.sqrt(np.mean(np.square(whole, dtype=float)))
    difference = {"largest": float(apart.max()), "rms": float(np.sqrt(np.mean(np.square(apart))))}
    sides = {
        name: {
            "seconds": statistics.median(s for result in results for s in result["seconds"]),
            "loading": statistics.median(result["loading"] for result in results),
            "peak_bytes": max(result["peak"] for result in results),
        }
        for name, results in found.items()
    }
    ratios = {key: sides["some"][key] / sides["all"][key] for key in ("seconds", "loading", "peak_bytes")}
    return {"threads": threads, "vertices": len(columns), **sides, "ratios": ratios, "difference": difference}


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(prog="bench.selection", description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("--work", type=path, default=user_cache_folder() / "bench", metavar="DIR")
    parser.add_argument("--vertices", type=at_least_one, default=V1, metavar="N")
    parser.add_argument("--threads", type=at_least_one, default=2, metavar="N")
    parser.add_argument("--rounds", type=at_least_one, default=3, metavar="N")
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    folder = model_folder(args.work.resolve(), "encoder", DEPTHS["encoder"])
    with tempfile.TemporaryDirectory() as kept:
        found = measure(
            folder, spread(args.vertices), threads=args.threads, rounds=args.rounds, kept=Path(kept)
        )  # fmt: skip
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
