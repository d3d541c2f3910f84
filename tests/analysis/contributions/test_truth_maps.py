"""What modalities add to r: known truth, however it lies in time and in however many runs and blocks."""

from collections.abc import Mapping

import numpy as np
import pytest

from tribe_np.analysis.contributions.subset_values import NONE, Subset, subsets_of
from tribe_np.analysis.contributions.truth_maps import TruthMaps, TruthSums, lay_truth, rows_by_timeline
from tribe_np.analysis.evaluation.truth_rows import TruthRun
from tribe_np.analysis.evaluation.truth_runs import PairedRun, TruthTimes, read_truth
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import MeasurementError

THREE = ("text", "audio", "video")
V, R, OFFSET = 1284, 60, 5  # vertices of fsaverage3
FULL, NOTHING = Subset(THREE), Subset()


def predictions_of(seed: int = 0, n_rows: int = R) -> dict[Subset, np.ndarray]:
    rng = np.random.default_rng(seed)
    own = {m: rng.normal(size=(n_rows, V)) * (k + 1) for k, m in enumerate(THREE)}
    both, always = rng.normal(size=(n_rows, V)), rng.normal(size=(n_rows, V))
    return {
        s: (always + sum(own[m] for m in s) + both * ({"text", "video"} <= s)).astype(np.float32)
        for s in subsets_of(THREE)
    }


def series_of(n_rows: int, timeline: str = "film") -> SurfaceSeries:
    values = np.broadcast_to(np.float32(0), (n_rows, V))
    return SurfaceSeries(values, "fsaverage3", np.arange(n_rows) * 1.0, 1.0, OFFSET, run={"timeline": timeline})


def measured(predicted: np.ndarray, noise: float, seed: int = 1) -> np.ndarray:
    return (predicted + noise * np.random.default_rng(seed).normal(size=predicted.shape)).astype(np.float32)


def maps_of(
    predictions: Mapping[Subset, np.ndarray], runs: list[PairedRun], rows_of: dict[str, np.ndarray], size: int = 17
) -> TruthMaps:
    sums = TruthSums(THREE, lay_truth(runs, rows_of))
    for first in range(0, len(predictions[FULL]), size):
        sums.add(first, {s: rows[first : first + size] for s, rows in predictions.items()})
    return sums.maps()


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = one.astype(float), other.astype(float)
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(one.T, other.T, strict=True)])


def aligned_run(truth: np.ndarray) -> PairedRun:
    return PairedRun(TruthRun("s1", "run-1", truth, 1.0, is_aligned=True), series_of(len(truth)), "film")


def test_r_of_every_subset_is_numpys_and_blocks_do_not_matter() -> None:
    predictions = predictions_of()
    truth = measured(predictions[FULL], 2.0)
    everything = {"film": np.arange(R)}
    found = maps_of(predictions, [aligned_run(truth)], everything)
    whole = maps_of(predictions, [aligned_run(truth)], everything, size=R)
    for subset, rows in predictions.items():
        np.testing.assert_allclose(found.r[subset], correlations(rows, truth), atol=1e-10)
        np.testing.assert_allclose(found.r[subset], whole.r[subset], atol=1e-12)
    r = found.r
    for m in THREE:
        np.testing.assert_array_equal(found.lost[m], r[FULL] - r[FULL - {m}])
        np.testing.assert_array_equal(found.gained[m], r[Subset({m})] - r[NOTHING])
    first = r[Subset({"text"})] - r[NOTHING]
    last = r[FULL] - r[FULL - {"text"}]
    second = r[Subset({"text", "audio"})] - r[Subset({"audio"})] + r[Subset({"text", "video"})] - r[Subset({"video"})]
    np.testing.assert_allclose(found.shapley["text"], first / 3 + last / 3 + second / 6, atol=1e-14)
    assert (found.subjects, found.dropped) == ({"s1": R}, (0, 0))


def test_everything_adds_up() -> None:
    predictions = predictions_of(2)
    found = maps_of(predictions, [aligned_run(measured(predictions[FULL], 3.0))], {"film": np.arange(R)})
    r = found.r
    np.testing.assert_allclose(sum(found.shapley.values()), r[FULL] - r[NOTHING], atol=1e-13)
    np.testing.assert_allclose(sum(found.part.values()), r[FULL], atol=1e-13)
    signed = {s: np.abs(r[s]) * r[s] for s in r}
    np.testing.assert_allclose(sum(found.split.values()), signed[FULL] - signed[NOTHING], atol=1e-13)
    np.testing.assert_allclose(found.split[Subset({"audio"})], signed[FULL] - signed[FULL - {"audio"}], atol=1e-13)
    assert list(found.part) == [*THREE, NONE]


def test_parts_are_those_of_himalaya() -> None:
    # himalaya 0.4.11 scoring.correlation_score_split(truth, parts), float64, of the three columns made here
    expected = [
        [0.1484827, 0.32205477, 0.35442422], [-0.05940012, 0.05775181, -0.09416407],
        [0.14893324, 0.15009623, 0.19466141], [-0.01604704, 0.05349189, -0.10580516],
    ]  # fmt: skip
    rng = np.random.default_rng(7)
    parts = rng.normal(size=(4, 40, 3))
    truth = parts[0] + 0.5 * parts[2] + rng.normal(size=(40, 3))
    wide = np.zeros((5, 40, V))
    wide[:4, :, :3], wide[4, :, :3] = parts, truth
    wide[:, :, 3:] = rng.normal(size=(5, 40, V - 3))
    own = dict(zip(THREE, wide[:3], strict=True))
    predictions = {s: wide[3] + sum(own[m] for m in s) for s in subsets_of(THREE)}
    run = PairedRun(TruthRun("s1", "run-1", wide[4], 1.0, is_aligned=True), series_of(40), "film")
    found = maps_of(predictions, [run], {"film": np.arange(40)})
    for name, row in zip((*THREE, NONE), expected, strict=True):
        np.testing.assert_allclose(found.part[name][:3], row, atol=2e-7)  # truth is read as float32


@pytest.mark.parametrize("is_aligned", [False, True])
def test_truth_is_shifted_once_by_the_offset_or_not_at_all(is_aligned: bool) -> None:
    predictions = predictions_of(3)
    impulse = np.zeros((R, V), np.float32)
    impulse[20] = 1
    predictions = {s: impulse * (len(s) + 1) for s in predictions}
    scan = np.zeros((R + OFFSET, V), np.float32)
    scan[20 + (0 if is_aligned else OFFSET)] = 1
    runs, _ = read_truth(scan, {"film": series_of(R)}, TruthTimes(tr=1.0, is_aligned=is_aligned))
    found = maps_of(predictions, runs, {"film": np.arange(R)})
    np.testing.assert_allclose(found.r[FULL], 1, atol=1e-9)
    wrong, _ = read_truth(scan, {"film": series_of(R)}, TruthTimes(tr=1.0, is_aligned=not is_aligned))
    assert np.abs(maps_of(predictions, wrong, {"film": np.arange(R)}).r[FULL]).max() < 0.1


def test_runs_of_a_subject_are_one_and_subjects_are_averaged() -> None:
    predictions = predictions_of(4, 2 * R)
    rows_of = {"a": np.arange(R), "b": np.arange(R, 2 * R)}
    truth = measured(predictions[FULL], 2.0)
    other = measured(predictions[FULL], 5.0, seed=9)

    def run(subject: str, timeline: str, values: np.ndarray) -> PairedRun:
        run = TruthRun(subject, timeline, values, 1.0, is_aligned=True)
        return PairedRun(run, series_of(R, timeline), timeline)

    runs = [run("s1", "a", truth[:R]), run("s1", "b", truth[R:]), run("s2", "b", other[R:])]
    found = maps_of(predictions, runs, rows_of, size=50)  # a block holds rows of both
    expected = (correlations(predictions[FULL], truth) + correlations(predictions[FULL][R:], other[R:])) / 2
    np.testing.assert_allclose(found.r[FULL], expected, atol=1e-10)
    assert found.subjects == {"s1": 2 * R, "s2": R}


def test_a_prediction_that_never_changes_tells_nothing_and_truth_that_does_not_has_no_r() -> None:
    predictions = predictions_of(5)
    truth = measured(predictions[FULL], 1.0)
    predictions[NOTHING][:] = 0.1
    truth[:, 3], truth[4, 7] = 2.5, np.nan
    found = maps_of(predictions, [aligned_run(truth)], {"film": np.arange(R)})
    bare = {3, 7}
    assert set(np.flatnonzero(found.r[NOTHING] != 0)) == bare
    for name, maps in (("r", found.r), ("shapley", found.shapley), ("part", found.part), ("split", found.split)):
        for key, values in maps.items():
            assert set(np.flatnonzero(np.isnan(values))) == bare, (name, key)
    assert found.counts == {
        "columns": V, "constant_truth": 1, "truth_not_finite": 1, "constant_prediction_of_a_subset": V,
    }  # fmt: skip
    assert found.warnings == (
        f"the truth is NaN or infinite in some row at 1 of {V} vertices; they are NaN in the maps of r",
        f"the truth does not change at 1 of {V} vertices; they are NaN in the maps of r",
    )


def test_rows_without_a_partner_are_left_out_and_counted() -> None:
    predictions = predictions_of(6)
    scan = np.full((R, V), np.nan, np.float32)  # R - 5 rows answer the prediction
    scan[OFFSET:] = measured(predictions[FULL], 1.0)[: R - OFFSET]
    scan[:OFFSET] = 100
    runs, _ = read_truth(scan, {"film": series_of(R)}, TruthTimes(tr=1.0))
    found = maps_of(predictions, runs, {"film": np.arange(R)})
    expected = correlations(predictions[FULL][: R - OFFSET], scan[OFFSET:])
    np.testing.assert_allclose(found.r[FULL], expected, atol=1e-10)
    assert found.dropped == (OFFSET, OFFSET)
    assert any("55 rows are also the prediction's; 5 of the prediction and 5 of the truth" in s for s in found.warnings)
    short = PairedRun(TruthRun("s1", "r", scan[:2], 1.0, is_aligned=True), series_of(R), "film")
    with pytest.raises(MeasurementError, match="s1 has 2 rows that the prediction has too, expected at least 3"):
        lay_truth([short], {"film": np.arange(R)})


def test_timelines_are_told_apart_and_overlaps_are_taken_once() -> None:
    series = SurfaceSeries(np.zeros((1, 1284), np.float32), "fsaverage3", np.zeros(1), 1.0, 5.0)
    starts = {"b": [0, 1, 2, 2, 3], "a": [0, 1]}
    names = [name for name, each in starts.items() for _ in each]
    timelines, rows_of = rows_by_timeline(series, names, np.concatenate(list(starts.values())))
    assert {name: rows.tolist() for name, rows in rows_of.items()} == {"b": [0, 1, 2, 4], "a": [5, 6]}
    assert list(timelines) == ["b", "a"]
    assert timelines["b"].starts.tolist() == [0, 1, 2, 3]
    assert timelines["b"].values.shape == (4, 1284)
    assert timelines["b"].values.strides == (0, 0)
    assert timelines["a"].hemodynamic_offset == 5.0
