"""`modalities`: what each modality contributes, from predictions of every subset of them that are already there.

No model runs here: `tribe_np.pipeline.ablate` predicts the subsets of a stimulus, as `tribe-np modalities` does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_items import read_source
from tribe_np.analysis.contributions.modality_maps import ModalityMaps, ModalitySums
from tribe_np.analysis.contributions.subset_values import NONE, Subset, subset_name
from tribe_np.analysis.contributions.truth_maps import LaidTruth, TruthSums, lay_truth, rows_by_timeline
from tribe_np.analysis.evaluation.evaluation_warnings import guessed_offset
from tribe_np.analysis.evaluation.predicted_runs import read_predicted
from tribe_np.analysis.evaluation.truth_rows import BLOCK_OF_ROWS
from tribe_np.analysis.evaluation.truth_runs import TruthTimes, read_truth
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ShapeError

SAME_START = 1e-3  # seconds


def modalities(
    predictions: Mapping[Any, Any],
    truth: Any = None,
    *,
    tr: float | None = None,
    start: float | None = None,
    offset: float | None = None,
    aligned: bool = False,
) -> ModalityMaps:
    """How much of a prediction each modality makes, and, beside measured data, how much of r.

        maps = modalities({"none": a, "text": b, "video": c, "text+video": d})
        maps.shapley["text"]  # (V,)

    predictions   of every subset by its modalities, as "text+video" or a set of names; the empty one, "none", is not
                  zero: it is what the model predicts without any. Each is an array (R, V), a .npy file, a prediction
                  folder or a SurfaceSeries, all of the same rows; they are read some rows at a time
    truth         measured data, as `evaluate` takes them with tr, start, offset and aligned; of predictions on a mesh
    Raises   ConfigError for one prediction (`tribe_np.pipeline.ablate` makes those of a stimulus), or fewer than two
             modalities; ShapeError for a subset that is missing, other rows, or one row; NotFiniteError; as `evaluate`
    """
    sources = _by_subset(predictions)
    names = list(dict.fromkeys(name for subset in sorted(sources, key=len) for name in sorted(subset)))
    read = {subset: one if isinstance(one, np.ndarray) else read_source(one) for subset, one in sources.items()}
    _check_rows(read, names)
    values = {subset: one.values if isinstance(one, SurfaceSeries) else one for subset, one in read.items()}
    sums = ModalitySums(names, next(iter(values.values())).shape[-1] if values else 0)
    laid = None if truth is None else _laid(sources, names, truth, TruthTimes(tr, start, aligned, offset))
    sums.add(values)
    maps = sums.maps()
    if laid is None:
        return maps
    beside = TruthSums(names, laid)
    for first in range(0, maps.n_rows, BLOCK_OF_ROWS):
        beside.add(first, {subset: rows[first : first + BLOCK_OF_ROWS] for subset, rows in values.items()})
    return replace(maps, truth=beside.maps())


def _by_subset(predictions: Any) -> dict[Subset, Any]:
    if not isinstance(predictions, Mapping):
        raise ConfigError(
            'one prediction cannot be taken apart; give those of every subset, {"none": a, "text": b, ...}, or let '
            "tribe_np.pipeline.ablate(model, events) or `tribe-np modalities` predict them"
        )
    found: dict[Subset, Any] = {}
    for key, one in predictions.items():
        subset = _subset(key)
        if subset in found:
            raise ConfigError(f"the prediction of {'+'.join(sorted(subset)) or NONE} is there twice")
        found[subset] = one
    return found


def _subset(key: Any) -> Subset:
    if not isinstance(key, str):
        return Subset(key if isinstance(key, Iterable) else [str(key)])
    return Subset() if key in ("", NONE) else Subset(name.strip() for name in key.split("+"))


def _check_rows(read: Mapping[Subset, Any], names: list[str]) -> None:
    """Refuses predictions whose rows are of other moments or vertices, as far as they tell.

    Raises   ShapeError
    """
    told = [(subset, one) for subset, one in read.items() if isinstance(one, SurfaceSeries)]
    for subset, one in told[1:]:
        other = told[0][1]
        is_same = (
            one.mesh == other.mesh
            and np.array_equal(one.columns, other.columns)
            and one.starts.shape == other.starts.shape
            and np.allclose(one.starts, other.starts, rtol=0, atol=SAME_START)
            and np.array_equal(_names_of(one), _names_of(other))
        )
        if not is_same:
            raise ShapeError(
                f"{one.origin}: the prediction of {subset_name(subset, names)} has not the rows and vertices of that "
                f"of {subset_name(told[0][0], names)}, {other.origin}"
            )


def _names_of(series: SurfaceSeries) -> np.ndarray:
    return np.zeros(0) if series.timelines is None else series.timelines


def _laid(sources: Mapping[Subset, Any], names: list[str], truth: Any, times: TruthTimes) -> LaidTruth:
    """The truth on the rows of the prediction, at its offset.

    Raises   ConfigError where there is no prediction of all modalities; as `evaluate`
    """
    full = sources.get(Subset(names))
    if full is None:
        raise ConfigError(f"there is no prediction of {'+'.join(names)}, to lay the truth on")
    predicted = read_predicted(full, times.offset)
    series = replace(read_source(full), hemodynamic_offset=predicted.first.hemodynamic_offset)
    of_rows = [next(iter(predicted.timelines))] * len(series.values) if series.timelines is None else series.timelines
    timelines, rows_of = rows_by_timeline(series, of_rows, series.starts)
    runs, said = read_truth(truth, timelines, times)
    return lay_truth(runs, rows_of, [*said, *guessed_offset(predicted, runs, times.offset)])
