"""A study whose truth is known: BOLD of subjects that hear a prediction, share more, and are noisy; for `evaluate`.

    python -m tools.made_study PRED --out DIR [--subjects 4] [--repetitions 2] [--noise 2] [--late 5]

At each vertex, in scan time: BOLD = signal x z-scored prediction, `late` seconds later, + shared x what all subjects
have in common and the prediction does not know + noise x noise of its own; the last two remember the row before.
`silent` of the vertices have noise alone. DIR holds a folder for each run as `project` writes it, truth.tsv, and
study.json with the numbers that an evaluation should find.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import lfilter

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.errors import ConfigError
from tribe_np.outputs.folder import write_array_file, write_json_file

AFTER = 12  # rows of the scan after the last one that the prediction has
BLOCK_COLUMNS = 2048


@dataclass(frozen=True)
class StudyPlan:
    """How a study is made.

    Units    signal, shared, noise: standard deviations of a vertex's parts; memory: correlation of neighbouring rows of
             the last two; late: seconds; silent: share of the vertices
    """

    subjects: int = 4
    repetitions: int = 2
    signal: float = 1.0
    shared: float = 0.5
    noise: float = 2.0
    memory: float = 0.5
    late: float = 5.0
    silent: float = 0.2
    seed: int = 0

    def expected(self) -> dict[str, float]:
        """What an evaluation should find at a vertex that is not silent, up to sampling.

        Each is r of sums of independent parts: the square root of the variance that is in common over all of it.
        """
        known, group, own = self.signal**2, self.signal**2 + self.shared**2, self.noise**2
        of_mean = group + own / self.repetitions
        others = group + own / (self.repetitions * max(self.subjects - 1, 1))
        return {
            "r": (known / (group + own)) ** 0.5,
            "pairwise_r": group / (group + own),
            "reliability": group / of_mean,
            "r_of_mean": (known / of_mean) ** 0.5,
            "r_normalised": (known / group) ** 0.5,
            "r_group": (known / (group + own / (self.repetitions * self.subjects))) ** 0.5,
            "r_leave_one_out": group / (of_mean * others) ** 0.5,
            "lag": self.late,
        }


def make_study(prediction: Any, out: Path, plan: StudyPlan) -> Path:
    """Writes the study of a prediction of one timeline; gives the table of its truth.

    Raises   ConfigError for a prediction of several timelines, or whose rows are not one TR apart
    """
    series = as_series(prediction)
    late = plan.late / series.tr
    steps = np.diff(series.starts)
    if series.timelines is not None or not np.allclose(steps, series.tr, atol=1e-3) or late < 0 or late % 1:
        raise ConfigError(
            "a study needs a prediction of one timeline, a row every TR, and a delay of whole rows from 0"
        )
    rng = np.random.default_rng(plan.seed)
    n_rows, n_columns = series.values.shape
    is_silent = rng.random(n_columns) < plan.silent
    common = _remembering(rng, n_rows, n_columns, plan.memory)
    lines = ["subject\trun\tfile"]
    for subject in range(1, plan.subjects + 1):
        for run in range(1, plan.repetitions + 1):
            name = f"sub-{subject:02}_run-{run}"
            values = _scan(series, common, is_silent, plan, int(late), rng)
            _write(out / name, values, series)
            lines.append(f"sub-{subject:02}\trun-{run}\t{name}")
    table = out / "truth.tsv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.save(out / "silent.npy", is_silent)
    write_json_file(out / "study.json", {"plan": asdict(plan), "expected": plan.expected()})
    return table


def _scan(
    series: SurfaceSeries, common: np.ndarray, is_silent: np.ndarray, plan: StudyPlan, late: int, rng: Any
) -> np.ndarray:
    """One run in scan time, (rows, n) float32."""
    n_rows, n_columns = series.values.shape
    made = plan.noise * _remembering(rng, n_rows + late + AFTER, n_columns, plan.memory)
    for first in range(0, n_columns, BLOCK_COLUMNS):
        part = slice(first, first + BLOCK_COLUMNS)
        told = np.asarray(series.values[:, part], np.float64)
        told -= told.mean(axis=0)
        told /= np.maximum(told.std(axis=0), 1e-12)
        speaks = ~is_silent[part]
        made[late : late + n_rows, part] += (plan.signal * told + plan.shared * common[:, part]) * speaks
    return made


def _remembering(rng: Any, n_rows: int, n_columns: int, memory: float) -> np.ndarray:
    """Noise of variance 1 whose neighbouring rows correlate by `memory`, (n_rows, n_columns) float32."""
    fresh = rng.standard_normal((n_rows, n_columns), np.float32) * np.float32((1 - memory**2) ** 0.5)
    fresh[0] /= np.float32((1 - memory**2) ** 0.5)
    return np.asarray(lfilter([1.0], [1.0, -memory], fresh, axis=0), np.float32)


def _write(folder: Path, values: np.ndarray, series: SurfaceSeries) -> None:
    """A run as `project` writes it, every vertex of the mesh."""
    folder.mkdir(parents=True)
    whole = values
    if series.vertices is not None:
        whole = np.full((len(values), 2 * series.per_hemisphere), np.nan, np.float32)
        whole[:, series.vertices] = values
    write_array_file(folder / "bold.npy", whole)
    told = {"kind": "measured", "time_axis": "scan", "start": float(series.starts[0]), "tr": series.tr}
    write_json_file(folder / "run.json", {**told, "hemodynamic_offset": 0.0, "mesh": series.mesh, "units": "made up"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes a study and says what an evaluation of it should find."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prediction", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    for name, value in asdict(StudyPlan()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    plan = StudyPlan(**{name: given[name] for name in asdict(StudyPlan())})
    table = make_study(given["prediction"], given["out"], plan)
    print(f"tribe-np evaluate {given['prediction']} {table} --out ...\n{json.dumps(plan.expected(), indent=1)}")


if __name__ == "__main__":
    main()
