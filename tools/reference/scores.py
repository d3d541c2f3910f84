"""Scores of a prediction: torchmetrics' r, MSE and R2, and what neuraltrain's metrics make of upstream's validation."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.reference.measure import Row, worst, write_golden
from tools.reference.torch_setup import skip_torchvision_operators
from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.evaluation.segment_retrieval import TopkRetrieval
from tribe_np.analysis.evaluation.upstream_metrics import GroupedRows, UpstreamPearson

PEER = "torchmetrics 1.9.0, neuraltrain 0.0.2"
NAME = "scores"
CUTS = (1, 8, 30, 31)  # batches of 1, 7, 22, 1 and 33 rows
N_ROWS, N_COLUMNS, N_SEGMENTS = 64, 24, 11
SPIKE, ZERO, NOT_A_NUMBER, SHIFTED = 3, 5, 7, 9  # columns of the truth
FLOAT64_STAGES = ("scores/r", "scores/mse", "scores/r2", "scores/ranks_1", "scores/ranks_3")
Arrays = dict[str, np.ndarray]


def score_inputs(seed: int) -> Arrays:
    """A prediction and a truth, odd columns among them, groups of rows, and segments to retrieve.

    The spike is in the first row of 64: torchmetrics has no r for such a column of 3,000 rows, here one.
    """
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(N_ROWS, N_COLUMNS))
    prediction = 0.3 * truth + rng.normal(size=truth.shape) + 0.1
    truth[0, SPIKE], truth[:, ZERO], truth[20, NOT_A_NUMBER] = 40, 0, np.nan
    truth[:, SHIFTED] += 5
    segments = rng.normal(size=(N_SEGMENTS, 40))
    guesses = 0.15 * segments + rng.normal(size=segments.shape)
    guesses[6] = 0  # every score the same
    guesses[8, 3] = np.nan
    tied = np.eye(8)[
        rng.integers(0, 8, N_SEGMENTS)
    ]  # equal candidates; sums of whole numbers, equal to the bit anywhere
    made = {"prediction": prediction, "truth": truth, "segments": segments, "guesses": guesses, "tied": tied}
    made["tied_guesses"] = rng.integers(-2, 3, (N_SEGMENTS, 8)).astype(np.float64)
    made = {name: array.astype(np.float32).astype(np.float64) for name, array in made.items()}
    return made | {"groups": rng.integers(0, 3, N_ROWS), "own": rng.integers(0, N_SEGMENTS, 30)}


def spiked_inputs(rows: int = 3200) -> tuple[np.ndarray, np.ndarray]:
    """Columns without and with a spike: one of 1,000 deviations leaves torchmetrics too little spread, 100 not."""
    rng = np.random.default_rng(5)
    truth = rng.normal(size=(rows, 4))
    prediction = 0.3 * truth + rng.normal(size=truth.shape)
    truth[1500, 1:3] = 1000, 100
    prediction[1500, 3] = -1000
    return prediction.astype(np.float32), truth.astype(np.float32)


def batches(array: np.ndarray, cuts: Sequence[int] = CUTS) -> list[np.ndarray]:
    """The rows as they come."""
    return np.split(array, list(cuts))


def our_scores(a: Mapping[str, np.ndarray]) -> Arrays:
    """Every number by tribe_np."""
    n = a["truth"].shape[1]
    plain, pearson, grouped = RunningScores(n), UpstreamPearson(n), GroupedRows(lambda: UpstreamPearson(n))
    for p, t, groups in zip(*(batches(a[name]) for name in ("prediction", "truth", "groups")), strict=True):
        plain.add(p, t)
        pearson.add(p, t)
        grouped.add(p, t, groups)
    made = {"r": plain.r, "mse": plain.mse, "r2": plain.r2, "pearson": pearson.per_column}
    made |= {"pearson_mean": np.array(pearson.mean), "pearson_sum": np.array(pearson.sum)}
    made["grouped"] = np.array([score.mean for score in grouped.of.values()])
    for k in (1, 3):
        found = TopkRetrieval(k)
        found.add(a["guesses"][:7], a["segments"][:7])
        found.add(a["guesses"][7:], a["segments"][7:])
        found.add(a["segments"][a["own"]] + a["guesses"][a["own"][::-1]], a["segments"], a["own"].tolist(), range(11))
        found.add(a["tied_guesses"], a["tied"])
        made |= {f"ranks_{k}": found.ranks, f"top_{k}": np.array(found.accuracy)}
    return made


def their_scores(a: Mapping[str, np.ndarray], dtype: str) -> Arrays:
    """The same by torchmetrics and neuraltrain; R2 only where the truth varies (its rule for a constant is another)."""
    skip_torchvision_operators()
    import torch
    import torchmetrics
    from neuraltrain.metrics.metrics import GroupedMetric, OnlinePearsonCorr, TopkAcc

    t = {name: torch.tensor(array) for name, array in a.items()}
    t |= {name: t[name].to(getattr(torch, dtype)) for name in t if name not in ("groups", "own")}
    n = t["truth"].shape[1]
    rows = {
        "r": torchmetrics.PearsonCorrCoef(num_outputs=n),
        "mse": torchmetrics.MeanSquaredError(num_outputs=n),
        "r2": torchmetrics.R2Score(multioutput="raw_values"),
        "pearson": OnlinePearsonCorr(dim=0, reduction="none"),
        "pearson_mean": OnlinePearsonCorr(dim=0),
        "pearson_sum": OnlinePearsonCorr(dim=0, reduction="sum"),
    }
    for metric in rows.values():
        metric.set_dtype(getattr(torch, dtype))
    grouped = GroupedMetric("OnlinePearsonCorr", {"dim": 0})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for p, y, groups in zip(
            *(torch.tensor_split(t[name], CUTS) for name in ("prediction", "truth", "groups")), strict=True
        ):
            for metric in rows.values():
                metric.update(p, y)
            grouped.update(p, y, groups)
        made = {name: metric.compute().numpy() for name, metric in rows.items()}
        made["grouped"] = np.array(list(grouped.compute().values()))
    made["r2"][ZERO] = np.nan
    for k in (1, 3):
        topk = TopkAcc(k)
        topk.update(t["guesses"][:7], t["segments"][:7])
        topk.update(t["guesses"][7:], t["segments"][7:])
        mixed = t["segments"][t["own"]] + t["guesses"][t["own"].flip(0)]
        topk.update(mixed, t["segments"], t["own"].tolist(), list(range(11)))
        topk.update(t["tied_guesses"], t["tied"])
        made |= {f"ranks_{k}": topk.ranks.numpy(), f"top_{k}": topk.compute().numpy()}
    return {name: np.asarray(array, np.float64) for name, array in made.items()}


def their_spiked_pearson() -> np.ndarray:
    """OnlinePearsonCorr of `spiked_inputs` in batches of 800 rows, (4,)."""
    skip_torchvision_operators()
    import torch
    from neuraltrain.metrics.metrics import OnlinePearsonCorr

    metric = OnlinePearsonCorr(dim=0, reduction="none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for p, t in zip(*(torch.tensor(array).split(800) for array in spiked_inputs()), strict=True):
            metric.update(p, t)
        return np.asarray(metric.compute())


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Numbers of two seeds in float32, as upstream counts, and in float64."""
    made: Arrays = {"spiked": their_spiked_pearson()}
    for seed in (0, 1):
        for dtype in ("float32", "float64"):
            found = their_scores(score_inputs(seed), dtype)
            made |= {f"{seed}.{dtype}.{name}": np.atleast_1d(array) for name, array in found.items()}
    write_golden(folder, NAME, made, {"from": "torchmetrics, neuraltrain", "cuts": json.dumps(CUTS)})
    return [f"{NAME}.safetensors"]


def compare(seed: int) -> list[Row]:
    """Our numbers in float64 sums against both; where one has no number, both must have none."""
    a = score_inputs(seed)
    ours, theirs32, theirs64 = our_scores(a), their_scores(a, "float32"), their_scores(a, "float64")
    for name in theirs64:
        np.testing.assert_array_equal(np.isnan(ours[name]), np.isnan(theirs64[name]), err_msg=name)
    made: list[Any] = [
        {name: np.nan_to_num(np.atleast_1d(array)) for name, array in found.items()}
        for found in (ours, theirs32, theirs64)
    ]
    rows = worst(NAME, PEER, "validation", made[0], made[1], made[2], made[0], floor=1e-6)
    # neuraltrain's own states stay in float32 where its input is in float64: the count of rows, and what .item() gives
    return [replace(row, patched=row.stage in FLOAT64_STAGES) for row in rows]
