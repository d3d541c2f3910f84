"""A study whose truth is known: BOLD of subjects that hear a prediction, share more, and are noisy.

    python -m tools.made_study PRED --out DIR [--subjects 4] [--repetitions 2] [--noise 2] [--late 5] [--tr 1]
    python -m tools.made_study PRED --heads --alike 0.5 --out DIR    (see tools.made_heads)

At each vertex, in scan time: BOLD = signal x what the subject hears, z-scored, `late` seconds later, + shared x what
all subjects have in common and no prediction knows + noise x noise of its own; the last two remember the row before.
All hear the prediction, or, with `--heads`, what a head of their own makes of the encoder's states. `silent` of the
vertices have noise alone. DIR holds a folder for each run as `project` writes it, truth.tsv and a table for each
subject, and study.json with the numbers that `evaluate` should find where rows are as far apart as the prediction's.
"""

import argparse
import json
from collections.abc import Callable, Sequence
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
             the last two; alike: share of the signal's variance that is the same in all; late, tr: seconds, a tr of 0
             is the prediction's; silent: share of the vertices
    """

    subjects: int = 4
    repetitions: int = 2
    signal: float = 1.0
    shared: float = 0.5
    noise: float = 2.0
    memory: float = 0.5
    alike: float = 1.0
    late: float = 5.0
    tr: float = 0.0
    silent: float = 0.2
    seed: int = 0

    def expected(self) -> dict[str, float]:
        """What an evaluation should find at a vertex that is not silent, up to sampling.

        Each is r of sums of independent parts: the square root of the variance that is in common over all of it. The
        prediction is of the subject; r_of_average is of the prediction that all have in common, and so is r_group.
        """
        heard, own, n = self.signal**2, self.noise**2, self.subjects
        common, ceiling = self.alike * heard, heard + self.shared**2
        of_mean, single = ceiling + own / self.repetitions, (1 - self.alike) * heard + own / self.repetitions
        everywhere = common + self.shared**2
        return {
            "r": (heard / (ceiling + own)) ** 0.5,
            "r_of_average": (common / (ceiling + own)) ** 0.5,
            "r_of_another": self.alike * (heard / (ceiling + own)) ** 0.5,
            "pairwise_r": ceiling / (ceiling + own),
            "reliability": ceiling / of_mean,
            "r_of_mean": (heard / of_mean) ** 0.5,
            "r_normalised": (heard / ceiling) ** 0.5,
            "r_group": (common / (everywhere + single / n)) ** 0.5,
            "r_leave_one_out": everywhere / (of_mean * (everywhere + single / max(n - 1, 1))) ** 0.5,
            "lag": self.late,
        }


def make_study(prediction: Any, out: Path, plan: StudyPlan) -> Path:
    """Writes the study of a prediction of one timeline, which all subjects hear; gives the table of its truth.

    Raises   ConfigError for a prediction of several timelines, or whose rows are not one TR apart
    """
    series = as_series(prediction)
    if plan.alike != 1:
        raise ConfigError("subjects that all hear one prediction are alike; give them heads of their own (--heads)")
    return write_study(series, out, plan, lambda subject: series.values)


def write_study(series: SurfaceSeries, out: Path, plan: StudyPlan, heard: Callable[[int], np.ndarray]) -> Path:
    """Writes the study; `series` says where and when, `heard` gives what a subject, counted from 1, hears, (R, n).

    Raises   ConfigError as `make_study`
    """
    late = plan.late / (plan.tr or series.tr)
    if series.timelines is not None or not np.allclose(np.diff(series.starts), series.tr, atol=1e-3) or late < 0:
        raise ConfigError("a study needs a prediction of one timeline, a row every TR, and a delay of 0 or more")
    if late % 1 and not plan.tr:
        raise ConfigError("a study needs a delay of whole rows")
    rng = np.random.default_rng(plan.seed)
    n_columns = series.values.shape[1]
    is_silent = rng.random(n_columns) < plan.silent
    common = _remembering(rng, _scan_rows(series, plan), n_columns, plan.memory)
    tables: dict[str, list[str]] = {}
    for number in range(1, plan.subjects + 1):
        signal, lines = heard(number), tables.setdefault(f"sub-{number:02}", [])
        for run in range(1, plan.repetitions + 1):
            name = f"sub-{number:02}_run-{run}"
            _write(out / name, _scan(signal, series, common, is_silent, plan, rng), series, plan)
            lines.append(f"sub-{number:02}\trun-{run}\t{name}\n")
    everybody = [line for lines in tables.values() for line in lines]
    for name, listed in {**tables, "truth": everybody}.items():
        (out / f"{name}.tsv").write_text("subject\trun\tfile\n" + "".join(listed), encoding="utf-8")
    np.save(out / "silent.npy", is_silent)
    write_json_file(out / "study.json", {"plan": asdict(plan), "expected": plan.expected()})
    return out / "truth.tsv"


def _scan_rows(series: SurfaceSeries, plan: StudyPlan) -> int:
    seconds = (len(series.values) + AFTER) * series.tr + plan.late
    return int(seconds / (plan.tr or series.tr))


def _scan(
    signal: np.ndarray, series: SurfaceSeries, common: np.ndarray, is_silent: np.ndarray, plan: StudyPlan, rng: Any
) -> np.ndarray:
    """One run in scan time, which begins where the stimulus' first row stands, (rows, n) float32."""
    made = plan.noise * _remembering(rng, *common.shape, plan.memory)
    places = (np.arange(len(made)) * (plan.tr or series.tr) - plan.late) / series.tr
    told = np.flatnonzero((places >= 0) & (places <= len(signal) - 1))
    before, share = np.divmod(places[told], 1)
    before = before.astype(int)
    after = np.minimum(before + 1, len(signal) - 1)
    for first in range(0, signal.shape[1], BLOCK_COLUMNS):
        part = slice(first, first + BLOCK_COLUMNS)
        z = np.asarray(signal[:, part], np.float64)
        z = (z - z.mean(axis=0)) / np.maximum(z.std(axis=0), 1e-12)
        z = z[before] * (1 - share[:, None]) + z[after] * share[:, None]
        made[told, part] += (plan.signal * z + plan.shared * common[told, part]) * ~is_silent[part]
    return made


def _remembering(rng: Any, n_rows: int, n_columns: int, memory: float) -> np.ndarray:
    """Noise of variance 1 whose neighbouring rows correlate by `memory`, (n_rows, n_columns) float32."""
    fresh = rng.standard_normal((n_rows, n_columns), np.float32) * np.float32((1 - memory**2) ** 0.5)
    fresh[0] /= np.float32((1 - memory**2) ** 0.5)
    return np.asarray(lfilter([1.0], [1.0, -memory], fresh, axis=0), np.float32)


def _write(folder: Path, values: np.ndarray, series: SurfaceSeries, plan: StudyPlan) -> None:
    """A run as `project` writes it, every vertex of the mesh."""
    folder.mkdir(parents=True)
    whole = values
    if series.vertices is not None:
        whole = np.full((len(values), 2 * series.per_hemisphere), np.nan, np.float32)
        whole[:, series.vertices] = values
    write_array_file(folder / "bold.npy", whole)
    tr = plan.tr or series.tr
    told = {"kind": "measured", "time_axis": "scan", "start": float(series.starts[0]), "tr": tr}
    write_json_file(folder / "run.json", {**told, "hemodynamic_offset": 0.0, "mesh": series.mesh, "units": "made up"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes a study and says what an evaluation of it should find."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prediction", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--heads", action="store_true", help="a head of their own for each subject; see tools.made_heads"
    )
    for name, value in asdict(StudyPlan()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    plan = StudyPlan(**{name: given[name] for name in asdict(StudyPlan())})
    if given["out"].exists():
        parser.error(f"{given['out']} is there already")
    if given["heads"]:
        from tools.made_heads import make_study_of_heads

        table, seen = make_study_of_heads(given["prediction"], given["out"], plan), "PREDICTION"
    else:
        table, seen = make_study(given["prediction"], given["out"], plan), given["prediction"]
    print(f"tribe-np evaluate {seen} {table} --out ...\n{json.dumps(plan.expected(), indent=1)}")


if __name__ == "__main__":
    main()
