"""Ridge and banded ridge by scikit-learn and himalaya, on made rows of three runs with features of three kinds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools.reference.measure import Row, write_golden
from tribe_np.analysis.fitting.banded_ridge import banded_ridge
from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold, contiguous_folds
from tribe_np.analysis.fitting.fir_features import delayed_kernel
from tribe_np.analysis.fitting.kernel_ridge import kernel_ridge
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.ridge import ridge
from tribe_np.oracle import relative_error

NAME = "linear_fits"
LENGTHS = (70, 50, 83)
PENALTIES = np.logspace(-1, 6, 8)
PEERS = {"sklearn": "scikit-learn 1.9.1 Ridge", **dict.fromkeys(("ridge", "banded", "kernel"), "himalaya 0.4.11")}
KERNEL_PENALTIES = np.logspace(2, 7, 6)  # products of rows leave errors of 2e-16 x largest eigenvalue / penalty
DELAYS = (-3, -1, 1, 3)
N_COLUMNS = 24
CASES: dict[str, dict[str, Any]] = {  # how penalties are chosen
    "blocks": {"n_folds": 5, "by": "blocks", "gap": 0, "score": "r2"},
    "runs": {"n_folds": 3, "by": "runs", "gap": 0, "score": "r"},
    "gap": {"n_folds": 4, "by": "blocks", "gap": 6, "score": "r2"},
}


@dataclass(frozen=True, eq=False)
class MadeRows:
    """Features of each band (R, F), and measured rows (R, V) float32 that they explain in part, far from 0."""

    bands: tuple[np.ndarray, ...]
    measured: np.ndarray

    def split(self, rows: np.ndarray) -> list[np.ndarray]:
        """The rows of each run."""
        return np.split(rows, np.cumsum(LENGTHS)[:-1])

    def runs(self, predictors: np.ndarray | None = None) -> list[FitRun]:
        """The runs of a fit; predictors are the bands beside each other."""
        whole = np.concatenate(self.bands, axis=1) if predictors is None else predictors
        pairs = zip(self.split(whole), self.split(self.measured), strict=True)
        return [FitRun(f"run-{i}", x, y) for i, (x, y) in enumerate(pairs, 1)]


def made_rows(widths: Sequence[int], seed: int = 0) -> MadeRows:
    """Bands of different size and spread; noise differs from column to column by two orders of magnitude."""
    random = np.random.default_rng(seed)
    n = sum(LENGTHS)
    spreads = (1.0, 5.0, 0.3)
    bands = tuple(s * (random.normal(size=(n, f)) + 1) for f, s in zip(widths, spreads, strict=True))
    signal = sum(band @ random.normal(size=(band.shape[1], N_COLUMNS)) / band.std() for band in bands)
    noise = random.normal(size=(n, N_COLUMNS)) * np.geomspace(0.3, 30, N_COLUMNS)
    return MadeRows(bands, (signal + noise + 1000).astype(np.float32))


NARROW, WIDE = (8, 5, 7), (60, 45, 30)  # with four delays WIDE has more columns than rows


def folds_of(case: str) -> tuple[ContiguousFold, ...]:
    """The folds of one of CASES."""
    chosen = CASES[case]
    return contiguous_folds(LENGTHS, chosen["n_folds"], by=chosen["by"], gap=chosen["gap"])


def shares_tried() -> np.ndarray:
    """Equal shares and eight others, (9, 3)."""
    random = np.random.default_rng(5)
    return np.array([[1 / 3] * 3, *random.dirichlet([0.5] * 3, size=8)])


def lagged(band: np.ndarray) -> np.ndarray:
    """A band with its delays beside each other, row by row: the definition, without our code."""
    found = np.zeros((len(band), len(DELAYS), band.shape[1]))
    first = 0
    for length in LENGTHS:
        for row in range(length):
            for i, delay in enumerate(DELAYS):
                if 0 <= row - delay < length:
                    found[first + row, i] = band[first + row - delay]
        first += length
    return found.reshape(len(band), -1)


def theirs(seed: int = 0) -> dict[str, np.ndarray]:
    """Everything that the two libraries make of the rows."""
    from sklearn.linear_model import Ridge

    narrow, wide = made_rows(NARROW, seed), made_rows(WIDE, seed + 1)
    x, y = np.concatenate(narrow.bands, axis=1), narrow.measured.astype(np.float64)
    made = {}
    for i, penalty in enumerate(PENALTIES):
        fitted = Ridge(alpha=penalty, solver="svd").fit(x, y)
        made[f"sklearn.{i}.weights"], made[f"sklearn.{i}.intercept"] = fitted.coef_.T.copy(), fitted.intercept_
    for case in CASES:
        made |= _himalaya(case, narrow, wide)
    return made


def _himalaya(case: str, narrow: MadeRows, wide: MadeRows) -> dict[str, np.ndarray]:
    from himalaya.kernel_ridge import solve_multiple_kernel_ridge_random_search
    from himalaya.ridge import solve_group_ridge_random_search, solve_ridge_cv_svd
    from himalaya.scoring import correlation_score, r2_score

    options: dict[str, Any] = {
        "alphas": PENALTIES, "fit_intercept": True, "cv": [fold.rows(LENGTHS) for fold in folds_of(case)],
        "score_func": {"r": correlation_score, "r2": r2_score}[CASES[case]["score"]],
    }  # fmt: skip
    x, y = np.concatenate(narrow.bands, axis=1), narrow.measured.astype(np.float64)
    alphas, weights, scores, intercept = solve_ridge_cv_svd(x, y, warn=False, **options)
    made = {"ridge.penalty": alphas, "ridge.weights": weights, "ridge.score": scores[0], "ridge.intercept": intercept}
    search: dict[str, Any] = {**options, "n_iter": shares_tried(), "progress_bar": False}
    deltas, weights, scores, intercept = solve_group_ridge_random_search(
        list(narrow.bands), y, return_weights=True, **search
    )
    made |= {"banded.deltas": deltas, "banded.weights": weights, "banded.score": scores.max(axis=0)}
    made["banded.intercept"] = intercept
    kernels = np.stack([rows @ rows.T for rows in map(lagged, wide.bands)])
    deltas, dual, scores, intercept = solve_multiple_kernel_ridge_random_search(
        kernels, wide.measured.astype(np.float64), return_weights="dual", **search | {"alphas": KERNEL_PENALTIES}
    )
    made |= {"kernel.deltas": deltas, "kernel.dual": dual, "kernel.score": scores.max(axis=0)}
    made["kernel.intercept"] = intercept
    return {f"{case}.{name}": np.ascontiguousarray(array) for name, array in made.items()}


def ours(seed: int = 0) -> dict[str, np.ndarray]:
    """Weights, intercepts, and penalties that were chosen, under the same names."""
    narrow, wide = made_rows(NARROW, seed), made_rows(WIDE, seed + 1)
    made = {}
    for i, penalty in enumerate(PENALTIES):
        fit = ridge(narrow.runs(), folds_of("blocks"), penalties=penalty)
        made[f"sklearn.{i}.weights"], made[f"sklearn.{i}.intercept"] = fit.weights, fit.intercept
    kernels = [delayed_kernel(wide.split(band), None, DELAYS) for band in wide.bands]
    for case, chosen in CASES.items():
        folds, score = folds_of(case), chosen["score"]
        plain = ridge(narrow.runs(), folds, penalties=PENALTIES, score=score)
        banded = banded_ridge(
            narrow.runs(), folds, NARROW, shares=shares_tried(), penalties=PENALTIES, score=score
        )  # fmt: skip
        dual = kernel_ridge(
            kernels, wide.split(wide.measured), folds, shares=shares_tried(), penalties=KERNEL_PENALTIES, score=score
        )  # fmt: skip
        found: dict[str, tuple[Any, np.ndarray, np.ndarray]] = {
            "ridge": (plain, plain.penalty, plain.weights),
            "banded": (banded, np.log(banded.shares / banded.penalty), banded.weights),
            "kernel": (dual, np.log(dual.shares / dual.penalty), dual.dual * dual.penalty),
        }
        for name, (fit, penalty, weights) in found.items():
            kinds = "penalty" if name == "ridge" else "deltas", "dual" if name == "kernel" else "weights"
            made |= {f"{case}.{name}.{kind}": x for kind, x in zip(kinds, (penalty, weights), strict=True)}
            made[f"{case}.{name}.intercept"] = fit.intercept
    return made


def compare(seed: int) -> list[Row]:
    """Other rows, live, in float64 on both sides; the worst of the weights, the intercepts and what was chosen."""
    found, expected = ours(seed), theirs(seed)
    if {name for name in expected if not name.endswith("score")} != set(found):
        raise AssertionError(f"names differ: {sorted(set(found) ^ set(expected))}")
    rows = []
    for kind, peer in PEERS.items():
        errors = [relative_error(x, expected[name]) for name, x in found.items() if kind in name]
        rows.append(Row(f"{NAME}/{kind}", peer, f"seed {seed}", max(errors), 0.0, max(errors), False, 1e-9))
    return rows


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes what the libraries found."""
    about = {"from": "scikit-learn linear_model.Ridge; himalaya ridge and kernel_ridge"}
    write_golden(folder, NAME, theirs(), about)
    return [f"{NAME}.safetensors"]
