"""Maps of modalities as names, one limit for all colours, and what the record says."""

import json

import numpy as np
import pytest

from tests.analysis.contributions.test_modality_maps import THREE, R, V, made
from tests.analysis.contributions.test_truth_maps import aligned_run, maps_of, measured, predictions_of
from tribe_np.analysis.contributions.modality_maps import ModalityMaps
from tribe_np.analysis.contributions.modality_record import (
    coloured_maps,
    modality_lines,
    modality_record,
    named_maps,
    shared_limit,
    truth_lines,
)
from tribe_np.analysis.contributions.predicted_subsets import modalities
from tribe_np.errors import ConfigError


def with_truth() -> ModalityMaps:
    from dataclasses import replace

    predictions = predictions_of()
    full = predictions[frozenset(THREE)]
    truth = maps_of(predictions, [aligned_run(measured(full, 1.0))], {"film": np.arange(len(full))})
    return replace(modalities(predictions), truth=truth)


def test_one_percentile_of_all_maps_together() -> None:
    rng = np.random.default_rng(0)
    maps = {m: rng.normal(size=50) * (k + 1) for k, m in enumerate(THREE)}
    maps["text"][3] = np.nan
    together = np.concatenate(list(maps.values()))
    above = together[together > 0]
    assert shared_limit(maps, 95) == pytest.approx(np.percentile(above, 95))
    assert shared_limit(maps, 100) == above.max()
    assert shared_limit({m: -np.ones(4) for m in THREE}, 95) is None
    for wrong in (50, 100.1, float("nan")):
        with pytest.raises(ConfigError, match="must be above 50 and at most 100"):
            shared_limit(maps, wrong)


def test_every_map_has_a_name_and_says_what_it_is() -> None:
    plain, beside = modalities(made()[0]), with_truth()
    assert len(named_maps(plain)) == 6 * 3 + 1
    named = named_maps(beside)
    assert len(named) == 6 * 3 + 1 + 8 + 3 * 3 + 4 + 7
    assert named["split_text+audio"][1].startswith("text+audio: of r |r|: what exactly these modalities have in common")
    assert named["shapley_text"][2] == "z-scored BOLD without a physical unit"
    assert named["r_shapley_text"][2] == named["share_text"][2] == "none"
    np.testing.assert_array_equal(named["r_none"][0], beside.truth.r[frozenset()])  # type: ignore[union-attr]


def test_colours_are_of_r_where_there_is_truth() -> None:
    plain, beside = modalities(made()[0]), with_truth()
    assert (coloured_maps(plain).name, coloured_maps(beside).name) == ("shapley", "r_shapley")
    assert coloured_maps(plain).values is plain.shapley
    assert coloured_maps(beside).means == "Shapley value of r with the BOLD of one subject"


def test_the_record_is_json_and_tells_what_has_no_number() -> None:
    predictions, *_ = made()
    for rows in predictions.values():
        rows[:, 2] = 1
    maps = modalities(predictions)
    record = json.loads(json.dumps(modality_record(maps), allow_nan=False))
    assert (record["n_rows"], record["n_columns"], record["truth"]) == (R, V, None)
    text = record["means_over_columns"]["text"]
    assert text["n_without_r"] == 1
    assert text["share"] == pytest.approx(np.nanmean(maps.share["text"]))
    assert sum(each["n_strongest"] for each in record["means_over_columns"].values()) == V
    beside = json.loads(json.dumps(modality_record(with_truth()), allow_nan=False))["truth"]
    means = beside["means_over_columns"]
    total = means["r_text+audio+video"] - means["r_none"]
    assert sum(means[f"r_shapley_{m}"] for m in THREE) == pytest.approx(total, abs=1e-9)


def test_lines_for_people() -> None:
    plain, beside = modalities(made()[0]), with_truth()
    assert [line.split()[0] for line in modality_lines(plain)] == list(THREE)
    assert truth_lines(plain) == []
    assert len(truth_lines(beside)) == 4
