"""compare: its numbers against scipy and NumPy, alignment, baselines, what it refuses and what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.prediction_folders import write_folder
from tests.strategies import normal, seeds
from tribe_np.analysis import Comparison
from tribe_np.analysis import compare as compare_all
from tribe_np.analysis.comparisons.compared_items import ComparedItem, short_names
from tribe_np.analysis.comparisons.comparison_tables import comparison_record
from tribe_np.analysis.comparisons.similarities import correlation_over_time, map_similarity, rsa_matrix
from tribe_np.analysis.comparisons.time_alignment import interpolated, shared_grid
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.random_weights import RANDOM
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, OutputError, ShapeError

N = 2 * 642  # fsaverage3
RUN: dict[str, Any] = {
    "tribe_np": "0.1.0",
    "mesh": "fsaverage3",
    "checkpoint": {"path": "best", "sha256": "a" * 64},
    "models": {"text": {"path": "t", "sha256": "1" * 64}, "video": {"path": "v", "sha256": "2" * 64}},
    "options": {"vertices": None, "compat": [], "context": "exact", "context_stride": 256, "video_stride": 1,
                "precision": "float32", "only": None},
    "subject": {"kind": "average"},
    "window": {"seconds": 100.0, "stride": 100.0},
    "units": "z-scored BOLD",
    "features_version": 5,
}  # fmt: skip


def compare(sources: Any, **options: Any) -> Comparison:
    return compare_all(sources, **{"parcellation": False, **options})


def folder(path: Path, rows: int = 6, seed: int = 0, **changes: Any) -> Path:
    run = {**RUN, **changes, "options": {**RUN["options"], **changes.get("options", {})}}
    chosen = run["options"]["vertices"]
    return write_folder(path, normal(seed, rows, N if chosen is None else len(chosen)), run)


def maps(*n_rows: int, seed: int = 0) -> list[np.ndarray]:
    return [normal(seed + place, rows, N, dtype=np.float32) for place, rows in enumerate(n_rows)]


def test_maps_and_levels_are_those_of_raw_values() -> None:
    a, b, c = maps(7, 9, 5)
    b += 3
    made = compare([a, b, c])
    means = np.stack([x.astype(float).mean(axis=0) for x in (a, b, c)])
    np.testing.assert_allclose(made.maps, means, atol=1e-12)
    courses = [x.astype(float).mean(axis=1) for x in (a, b, c)]
    np.testing.assert_allclose(made.means[:, 0], [x.mean() for x in courses], atol=1e-9)
    np.testing.assert_allclose(made.lows[:, 0], [x.min() for x in courses], atol=1e-9)
    np.testing.assert_allclose(made.highs[:, 0], [x.max() for x in courses], atol=1e-9)
    assert made.differences(1, 0)[0] == pytest.approx(courses[1].mean() - courses[0].mean(), abs=1e-9)
    assert made.entries == ("cortex", "left hemisphere", "right hemisphere")
    np.testing.assert_allclose(made.means[:, 1], [x[:, : N // 2].mean() for x in (a, b, c)], atol=1e-6)
    np.testing.assert_allclose(made.similarity, np.corrcoef(means), atol=1e-6)
    assert made.correlations[0, 0, 1] == pytest.approx(stats.pearsonr(courses[0][:5], courses[1][:5])[0], abs=1e-6)


def test_cosine_and_rsa_are_scipys() -> None:
    from scipy.spatial.distance import cosine, pdist

    a, b, c = maps(7, 9, 6)
    made = compare([a, b, c], metric="cosine", rsa=True)
    assert made.similarity[0, 1] == pytest.approx(1 - cosine(made.maps[0], made.maps[1]), abs=1e-6)
    assert made.rsa is not None
    unlike = [pdist(x[:6].astype(float), "correlation") for x in (a, b, c)]
    for one in range(3):
        for other in range(3):
            wanted = stats.spearmanr(unlike[one], unlike[other])[0]
            assert made.rsa[one, other] == pytest.approx(wanted, abs=1e-6)


def test_ties_have_their_mean_rank_and_what_is_flat_has_no_correlation() -> None:
    unlike = np.array([[1.0, 1, 2, 3, 3, 3], [2, 1, 2, 2, 5, 0], [1, 1, 1, 1, 1, 1]])
    found = rsa_matrix(unlike)
    assert found[0, 1] == pytest.approx(stats.spearmanr(unlike[0], unlike[1])[0], abs=1e-12)
    assert np.isnan(found[2]).all()
    flat = np.full((5, 3), 0.1)
    assert np.isnan(map_similarity(flat, "pearson")).all()
    assert np.isnan(map_similarity(np.zeros((2, 3)), "cosine")).all()
    assert np.isnan(correlation_over_time(np.full((2, 9, 1), 0.3))).all()


@given(seeds, st.integers(3, 9), st.sampled_from(["seconds", "share"]), st.sampled_from(["pearson", "cosine"]))
def test_a_thing_and_itself(seed: int, rows: int, align: str, metric: str) -> None:
    a = normal(seed, rows, N)
    made = compare([a, a], align=align, metric=metric, rsa=True)
    np.testing.assert_array_equal(made.differences(0, 1), 0)
    assert made.rsa is not None
    for alike in (made.similarity, made.correlations, made.rsa):
        np.testing.assert_allclose(alike, 1, atol=1e-12)


@given(seeds, st.integers(3, 12), st.integers(2, 4))
def test_by_share_a_slowed_copy_has_the_same_course(seed: int, rows: int, times: int) -> None:
    a = normal(seed, rows, N)
    slow = np.repeat(a, times, axis=0)
    made = compare([a, slow], align="share", rsa=True)
    np.testing.assert_allclose(made.correlations[:, 0, 1], 1, atol=1e-9)
    np.testing.assert_allclose(made.similarity, 1, atol=1e-9)
    assert made.rsa is not None
    np.testing.assert_allclose(made.rsa, 1, atol=1e-9)


@given(seeds, st.integers(1, 9), st.integers(1, 9), st.floats(-50, 50))
def test_by_seconds_rows_are_taken_from_each_start(seed: int, rows: int, others: int, start: float) -> None:
    series = [
        SurfaceSeries(normal(seed + n, n, N), "fsaverage3", first + np.arange(n), 1.0)
        for first, n in ((start, rows), (0.0, others))
    ]
    items = [ComparedItem(name, one) for name, one in zip("ab", series, strict=True)]
    grid, _ = shared_grid(items, "seconds")
    for item in items:
        np.testing.assert_array_equal(grid.aligned(item, item.series.values), item.series.values[: min(rows, others)])


@given(seeds, st.integers(1, 9))
def test_interpolation_is_numpys(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    places, points = np.arange(rows) + 0.3 * rng.random(rows), np.linspace(-1, rows + 1, 23)
    values = rng.standard_normal((rows, 2))
    wanted = np.stack([np.interp(points, places, values[:, k]) for k in range(2)], axis=1)
    np.testing.assert_allclose(interpolated(places, values, points), wanted, atol=1e-4)


def test_a_baseline_is_a_mean_map_taken_from_every_row() -> None:
    a, b, base = maps(7, 9, 4)
    flat = base.astype(float).mean(axis=0)
    made, plain = compare([a, b], baseline=base, rsa=True), compare([a - flat, b - flat], rsa=True)
    for name in ("maps", "means", "lows", "highs", "similarity", "rsa"):
        np.testing.assert_allclose(getattr(made, name), getattr(plain, name), atol=1e-9)
    raw = compare([a, b])
    np.testing.assert_allclose(made.correlations, raw.correlations, atol=1e-9)  # a map has no course
    np.testing.assert_allclose(made.differences(0, 1), raw.differences(0, 1), atol=1e-9)


def test_the_mean_of_the_set_weighs_each_stimulus_the_same() -> None:
    a, b, c = maps(3, 9, 5)
    made = compare([a, b, c], baseline="mean")
    np.testing.assert_allclose(made.maps.sum(axis=0), 0, atol=1e-9)
    two = compare([a, b], baseline="mean")
    assert two.similarity[0, 1] == pytest.approx(-1)
    assert any("-1 by arithmetic" in text for text in two.warnings)


def test_regions_are_means_of_their_vertices() -> None:
    region_of = np.arange(N) % 3 - 1
    parcels = Parcellation("thirds", ("one", "two"), region_of)
    a, b = maps(6, 6)
    made = compare([a, b], parcellation=parcels)
    assert made.entries[3:] == ("one", "two")
    assert made.n_vertices.tolist() == [N, N // 2, N // 2, *np.bincount(region_of + 1)[1:]]
    one = [x[:, region_of == 0].astype(float).mean(axis=1) for x in (a, b)]
    assert made.means[0, 3] == pytest.approx(one[0].mean(), abs=1e-9)
    assert made.correlations[3, 0, 1] == pytest.approx(stats.pearsonr(*one)[0], abs=1e-6)


def test_nearest_neighbours() -> None:
    a, b, c = maps(4, 4, 4)
    made = compare({"a": a, "noisy a": a + 0.1 * b, "c": c}, nearest=1)
    assert made.nearest[:2] == ((1,), (0,))
    assert len(compare([a, b, c], nearest=9).nearest[0]) == 2


def test_what_is_not_finite_counts_in_no_stimulus() -> None:
    a, b = maps(6, 8)
    a[2, :10] = np.nan
    b[4] = np.nan
    made = compare([a, b])
    kept = np.delete(b[:, 10:].astype(float), 4, axis=0)
    assert made.means[1, 0] == pytest.approx(kept.mean(), abs=1e-9)
    assert made.vertices.tolist() == list(range(10, N))
    said = " ".join(made.warnings)
    assert "1 of 8 rows are NaN" in said
    assert f"10 of {N} vertices are NaN" in said
    with pytest.raises(ConfigError, match="every value is NaN"):
        compare([a, np.full_like(b, np.nan)])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"checkpoint": {"sha256": "b" * 64}}, "the checkpoint: aaaaaaaaaaaa and bbbbbbbbbbbb"),
        ({"models": {"text": {"sha256": "9" * 64}}}, "the text model"),
        ({"options": {"compat": ["duplicate_words"]}}, 'the option "compat"'),
        ({"options": {"video_stride": 4}}, 'the option "video_stride"'),
        ({"options": {"context": "anchored"}}, 'the option "context"'),
        ({"options": {"only": ["video"]}}, 'the option "only": not given and video'),
        ({"subject": {"kind": "one", "index": 3, "name": "s"}}, "the subject"),
        ({"features_version": 4}, "the version of their features: 5 and 4"),
        ({"units": "percent"}, "units"),
        ({"resampled": {"from": "fsaverage5", "to": "fsaverage3"}}, "how they were brought onto their mesh"),
        ({"options": {"vertices": [1, 5, 700]}}, f"their vertices: {N} and 3, 3 of them shared"),
    ],
)
def test_what_differs_beside_the_stimulus_is_refused(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    sources = [folder(tmp_path / "a"), folder(tmp_path / "b", seed=1, **changes)]
    with pytest.raises(ConfigError, match=rf"^a and b differ in {what}.*--anyway") as error:
        compare(sources)
    assert "\n" not in str(error.value)
    made = compare(sources, anyway=True)
    assert any(f"differ in {what}" in text and "anyway" in text for text in made.warnings)
    with pytest.raises(ConfigError, match="the baseline differ"):
        compare([sources[0], sources[0]], baseline=sources[1])


def test_what_changes_last_digits_only_is_no_difference(tmp_path: Path) -> None:
    sources = [folder(tmp_path / "a"), folder(tmp_path / "b", options={"precision": "float64"})]
    models = {"text": RUN["models"]["text"]}
    made = compare([*sources, folder(tmp_path / "c", models=models)])
    assert any("no video features in 1 of 3 predictions (c)" in text for text in made.warnings)


def test_a_run_json_that_says_less_is_not_taken_for_the_same(tmp_path: Path) -> None:
    whole = folder(tmp_path / "whole")
    bare = write_folder(tmp_path / "bare", normal(1, 6, N), {"mesh": "fsaverage3", "window": RUN["window"]})
    wordless = folder(tmp_path / "wordless", models={"video": RUN["models"]["video"]})
    said = compare([whole, bare, wordless]).warnings
    assert [text for text in said if "does not say" in text] == [
        "bare: run.json does not say units, the checkpoint, the version of their features and 7 more; whether that "
        "is the same was not checked"
    ]
    others = [folder(tmp_path / name, checkpoint={"sha256": "b" * 64}) for name in ("b", "c")]
    assert any("(2 of 3 have another than whole)" in text for text in compare([whole, *others], anyway=True).warnings)


def test_what_is_flat_is_named_where_its_likeness_is_missing(tmp_path: Path) -> None:
    a, b = maps(5, 6)
    still = np.full_like(a, 0.25)
    made = compare({"a": a, "still": still})
    assert np.isnan(made.similarity[0, 1])
    assert np.isnan(made.correlations[0, 0, 1])
    assert any(text.startswith("the mean map of still is flat") for text in made.warnings)
    assert any(text.startswith("the course of the cortex's mean in still is flat") for text in made.warnings)
    own = compare({"a": a, "b": b}, baseline=a)
    assert any(text.startswith("the mean map of a, less the baseline, is flat") for text in own.warnings)


def test_the_baseline_counts_where_predictions_are_counted(tmp_path: Path) -> None:
    long = [folder(tmp_path / name, 60, seed) for seed, name in enumerate("ab")]
    made = compare(long, baseline=folder(tmp_path / "rest", 2))
    assert any(text.startswith("1 of 3 stimuli fill") and "the baseline 2 s, 98%" in text for text in made.warnings)
    assert len(made.paddings) == 2
    base = comparison_record(made)["baseline_prediction"]
    assert (base["source"], base["n_rows"]) == (str(tmp_path / "rest"), 2)
    assert comparison_record(compare(long))["baseline_prediction"] is None


def test_random_weights_are_said(tmp_path: Path) -> None:
    real, made_up = folder(tmp_path / "a"), folder(tmp_path / "b", seed=1, command="demo --seconds 8")
    assert RANDOM not in compare([real, real]).warnings
    assert RANDOM in compare([real, made_up]).warnings
    assert RANDOM in compare([real, real], baseline=made_up).warnings


def test_the_last_window_and_short_stimuli(tmp_path: Path) -> None:
    lengths = (2, 5, 9, 60, 205)
    made = compare([folder(tmp_path / str(n), n) for n in lengths])
    paddings = [padding.padding for padding in made.paddings if padding is not None]
    assert paddings == pytest.approx([0.98, 0.95, 0.91, 0.4, 0.95])
    (short,) = (text for text in made.warnings if "fill less than half" in text)
    assert short.startswith("3 of 5 stimuli")
    assert "2 s, 98%" in short
    assert any("its last 5 s, 95%" in text for text in made.warnings)
    assert any(text.startswith("2 has 2 rows to compare over time") for text in made.warnings)
    assert np.isnan(made.correlations).all(), "two points always correlate by 1 or -1"
    without = {key: value for key, value in RUN.items() if key != "window"}
    old = write_folder(tmp_path / "old", normal(1, 4, N), without)
    assert any("does not say the window" in text for text in compare([old, tmp_path / "60"]).warnings)


def test_timelines_are_stimuli_of_their_own(tmp_path: Path) -> None:
    values = normal(0, 7, N)
    names = ["run-1"] * 3 + ["run-2"] * 4
    path = write_folder(tmp_path / "e", values, RUN, starts=[0, 1, 2, 0, 1, 2, 3], timelines=names)
    made = compare([path])
    assert made.names == ("e::run-1", "e::run-2")
    assert [len(item.series.values) for item in made.items] == [3, 4]
    assert any("has 2 timelines" in text for text in made.warnings)
    one = compare([f"{path}::run-2", f"{path}::run-1"])
    np.testing.assert_array_equal(one.maps, made.maps[::-1])
    with pytest.raises(ConfigError, match=r"has no timeline 'run-3'; it has run-1, run-2; did you mean run-"):
        compare([f"{path}::run-3", path])


def test_names_are_short_and_unique(tmp_path: Path) -> None:
    paths = [folder(tmp_path / name / "predictions") for name in ("x", "y")]
    made = compare([*paths, paths[0]])
    assert made.names == ("x", "y", "x (2)")
    assert any("is given 2 times" in text for text in made.warnings)
    assert compare(paths, names=["faces", "places"]).names == ("faces", "places")
    with pytest.raises(ConfigError, match="3 names are given for 2"):
        compare(paths, names=["a", "b", "c"])
    with pytest.raises(ConfigError, match="each name must be there once"):
        compare(paths, names=["a", "a"])
    assert short_names(["q/a/p", "q/b/p", "r/b/p"]) == ["q/a", "q/b", "r/b"]


def test_arrays_files_and_folders_together(tmp_path: Path) -> None:
    a, b = maps(5, 6)
    np.save(tmp_path / "b.npy", b)
    made = compare([a, tmp_path / "b.npy", folder(tmp_path / "c"), a.mean(axis=0)])
    assert made.names == ("array 1", "b", "c", "array 4")
    assert any("was not checked" in text for text in made.warnings)
    (tmp_path / "bad.npy").write_bytes(b"no")
    with pytest.raises(OutputError, match=r"bad\.npy: cannot be read"):
        compare([a, tmp_path / "bad.npy"])


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    a, b = maps(5, 6)
    empty = folder(tmp_path / "none", 0)
    for given_sources, options, error, text in [
        ([a], {}, ConfigError, "at least two stimuli, beside a baseline, got 1"),
        (a, {}, ConfigError, "a list of predictions"),
        ([a, empty], {}, ConfigError, "none: has no rows"),
        ([a, np.zeros((5, 20484))], {}, ShapeError, "resample brings"),
        ([a, b], {"align": "rows"}, ConfigError, "align must be one of"),
        ([a, b], {"metric": "dot"}, ConfigError, "metric must be one of"),
        ([a, b], {"nearest": 0}, ConfigError, "nearest must be"),
        ([a, b[:2]], {"rsa": True}, ConfigError, "rsa needs 3 moments"),
        ([a, tmp_path / "gone"], {}, OutputError, "gone: not a prediction folder"),
    ]:
        with pytest.raises(error, match=text):
            compare(given_sources, **options)
    apart = [folder(tmp_path / "l", options={"vertices": [1, 2]}), folder(tmp_path / "r", options={"vertices": [5]})]
    with pytest.raises(ConfigError, match="no vertex that was computed in all"):
        compare(apart, anyway=True)
