"""How often a contrast finds something where nothing is: the share of p < 0.05 in noise, by kind of test.

    python -m tools.false_alarms [--trials 24] [--seconds 4] [--gap 4] [--orders 20]

A run of trials of two conditions in random order, predictions that are noise whose rows share something with the row
before (AR(1)), and the contrast of the two, over vertices and orders. Rows of one trial are alike: a GLM that takes
them for independent alarms too often. Of the means of trials, how often the interval of Hedges' g holds 0 is told too.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tribe_np.analysis import Contrast, contrast

MESH, N_VERTICES = "fsaverage3", 2 * 642
CORRELATIONS = (0.0, 0.5, 0.8)
LEVEL = 0.05
TESTS = {"ols": {"glm": True, "noise": "ols"}, "ar1": {"glm": True, "noise": "ar1"}, "means of trials": {}}
HEADING = f"| correlation of neighbouring rows | {' | '.join(TESTS)} | g's interval holds 0 |\n|{'---|' * 5}"


def noise(rng: np.random.Generator, n_rows: int, correlation: float) -> np.ndarray:
    """Rows of variance 1, each sharing `correlation` with the one before.

    Shapes   -> (n_rows, V) float32
    """
    rows = rng.normal(size=(n_rows, N_VERTICES))
    for row in range(1, n_rows):
        rows[row] = correlation * rows[row - 1] + np.sqrt(1 - correlation**2) * rows[row]
    return rows.astype(np.float32)


def write_run(folder: Path, predictions: np.ndarray, order: Sequence[str], seconds: float, gap: float) -> Path:
    """An experiment's folder of one run, its trials in that order."""
    folder.mkdir()
    np.save(folder / "predictions.npy", predictions)
    run = {"tr": 1.0, "hemodynamic_offset": 5.0, "space": {"kind": "surface", "mesh": MESH, "n_outputs": N_VERTICES}}
    (folder / "run.json").write_text(json.dumps(run))
    rows = [{"row": t, "start": t, "duration": 1.0, "timeline": "run-1"} for t in range(len(predictions))]
    (folder / "segments.json").write_text(json.dumps(rows))
    (folder / "events.tsv").write_text("type\tstart\ttimeline\n")
    lines = [f"{gap + k * (seconds + gap)}\t{seconds}\t{name}\trun-1" for k, name in enumerate(order)]
    (folder / "trials.tsv").write_text("\n".join(["onset\tduration\ttrial_type\trun", *lines]) + "\n")
    return folder


def measure(correlation: float, *, n_trials: int, seconds: float, gap: float, n_orders: int) -> list[float]:
    """The share of p < 0.05 by each test, and that of intervals of g that hold 0."""
    rng = np.random.default_rng(0)
    n_rows = int(np.ceil(gap + n_trials * (seconds + gap)))
    found = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(n_orders):
            order = rng.permutation(["a", "b"] * (n_trials // 2)).tolist()
            values = noise(rng, n_rows, correlation)
            folder = write_run(Path(name) / str(number), values, order, seconds, gap)
            made = [contrast(folder, "a - b", **options) for options in TESTS.values()]
            found.append([*(_alarms(one) for one in made), _holds_zero(made[-1])])
    return [float(share) for share in np.mean(found, axis=0)]


def _alarms(result: Contrast) -> float:
    assert result.maps.p is not None
    return float(np.mean(result.maps.p < LEVEL))


def _holds_zero(result: Contrast) -> float:
    assert result.maps.g_low is not None
    assert result.maps.g_high is not None
    return float(np.mean((result.maps.g_low <= 0) & (result.maps.g_high >= 0)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, value in (("trials", int, 24), ("seconds", float, 4.0), ("gap", float, 4.0), ("orders", int, 20)):
        parser.add_argument(f"--{name}", type=kind, default=value)
    options = parser.parse_args(arguments)
    print(
        f"{options.orders} random orders of {options.trials} trials of {options.seconds:g} s, {options.gap:g} s apart\n"
    )
    print(HEADING)
    for correlation in CORRELATIONS:
        shares = measure(
            correlation, n_trials=options.trials, seconds=options.seconds, gap=options.gap, n_orders=options.orders
        )
        print(f"| {correlation:g} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |")


if __name__ == "__main__":
    main()
