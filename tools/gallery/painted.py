"""A prediction folder whose values are painted, so that its pictures can be judged by who knows a brain.

The released weights could not be had, and random weights look like noise. Here visual areas follow the light
and the cuts of the film, auditory areas its loudness, language areas its words, and a few areas of the default mode
network go the other way. The areas are the real ones of HCP-MMP1; the time courses are made up, and run.json says so.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.stats import rankdata

from tribe_np.cortex import Parcellation, SurfaceSeries, as_series, load_parcellation, load_surface
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run

VISUAL = {"V1": 1.6, "V2": 1.4, "V3": 1.2, "V4": 1.0, "V3A": 0.8, "V3B": 0.8, "LO1": 0.8, "LO2": 0.8, "LO3": 0.6}
MOVING = {"MT": 1.6, "MST": 1.4, "V6": 1.0, "V6A": 0.8, "V7": 0.7, "IPS1": 0.6, "FFC": 0.9, "VMV1": 0.6, "PIT": 0.7}
HEARD = {"A1": 1.7, "MBelt": 1.5, "LBelt": 1.5, "PBelt": 1.4, "RI": 1.0, "A4": 1.2, "A5": 1.0, "TA2": 0.7}
SPOKEN = {"44": 1.2, "45": 1.1, "IFSp": 0.8, "55b": 1.0, "STSdp": 1.4, "STSda": 1.4, "STSvp": 1.1, "STSva": 1.1,
          "TE1a": 1.0, "TPOJ1": 1.0, "PSL": 0.9, "SFL": 0.8, "TGd": 0.7}  # fmt: skip
RESTING = {"7m": -0.9, "31pv": -0.8, "31pd": -0.8, "v23ab": -0.9, "d23ab": -0.8, "PGs": -0.9, "PGi": -0.6, "10r": -0.7,
           "10d": -0.7, "9m": -0.6, "8Ad": -0.5}  # fmt: skip
ROUNDS = 6  # of averaging over neighbours: areas blend into each other, as they do in data
NOISE = 0.12
NOTE = "painted, not predicted: real HCP-MMP1 areas follow the film's light, sound and words; nothing was measured"


def paint(
    folder: Path, out: Path, parcellation: Sequence[str] | str | None, *, has_words: bool = True, seed: int = 0
) -> None:
    """Copies a prediction folder to `out` with painted values in the place of the predicted ones.

    Without words, no area follows them: what a prediction with `--no-speech` would lack.
    """
    series = as_series(folder)
    regions = load_parcellation(parcellation, len(series.columns))
    values = _smooth(_painted(series, regions, stimulus_of_run(folder), has_words), series.mesh)
    rng = np.random.default_rng(seed)
    values += NOISE * _smooth(rng.standard_normal(values.shape) * ROUNDS**0.5, series.mesh)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("segments.json", "events.tsv"):
        (out / name).write_bytes((folder / name).read_bytes())
    np.save(out / "predictions.npy", values.astype(np.float32))
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run |= {"command": "python -m tools.gallery", "note": NOTE, "warnings": [NOTE], "random_weights": []}
    (out / "run.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _painted(series: SurfaceSeries, regions: Parcellation, stimulus: RunStimulus, has_words: bool) -> np.ndarray:
    """Every area with its own time course, (R, 2 V)."""
    light, moves, sound, words = drives(series.starts, series.tr, stimulus)
    words = words * has_words
    courses = ((VISUAL, light), (MOVING, moves), (HEARD, sound), (SPOKEN, words), (RESTING, light + words))
    values = np.zeros((len(series.starts), len(regions.region_of)))
    for gains, course in courses:
        for region, gain in gains.items():
            values[:, regions.vertices(region)] += gain * course[:, None]
    return values


def drives(starts: np.ndarray, tr: float, stimulus: RunStimulus) -> tuple[np.ndarray, ...]:
    """Light, change, loudness and words a second of the stimulus at each row, as z-scored ranks, (R,) each."""
    pictures = [stimulus.picture_at(max(0.0, t + tr / 2), 160, 90).astype(float) for t in starts]
    light = np.array([picture.mean() for picture in pictures])
    moves = np.array([0.0, *(np.abs(b - a).mean() for a, b in pairwise(pictures))])
    sound = np.array([stimulus.sound_envelope(max(0.0, t), max(0.0, t) + tr, 20).mean() for t in starts])
    words = np.array([len(stimulus.words_between(t, t + tr)) for t in starts], float)
    return tuple(_spread(drive) for drive in (light, moves, sound, words))


def _spread(course: np.ndarray) -> np.ndarray:
    """The rank of each second among all, z-scored: a film that hardly changes still moves its areas."""
    ranks = rankdata(course)
    centred = ranks - ranks.mean()
    return np.asarray(centred / (centred.std() or 1.0))


def _smooth(values: np.ndarray, mesh: str) -> np.ndarray:
    """Each vertex averaged with its neighbours, ROUNDS times."""
    faces = load_surface(mesh, "pial").faces
    a, b = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    n = values.shape[1]
    near = sparse.csr_array((np.ones(len(a)), (a, b)), shape=(n, n)) + sparse.eye_array(n)
    near = sparse.diags_array(1 / near.sum(axis=1)) @ near
    for _ in range(ROUNDS):
        values = (near @ values.T).T
    return values
