"""What laboratories give by mistake: what is said of it, and that no digit is lost of what is unusual but right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr

from tests.analysis.evaluation.made_series import slow_noise
from tribe_np.analysis import evaluate
from tribe_np.analysis.evaluation.evaluation_maps import evaluation_maps
from tribe_np.analysis.evaluation.evaluation_record import evaluation_record
from tribe_np.analysis.evaluation.evaluation_tables import summary_table
from tribe_np.analysis.evaluation.evaluation_text import evaluation_lines
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import OF_FREESURFER, OF_NILEARN
from tribe_np.errors import MeasurementError
from tribe_np.outputs import export

V, R, OFFSET = 1284, 60, 5


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((R, V)).astype(np.float32)


@pytest.fixture
def prediction(values: np.ndarray) -> SurfaceSeries:
    return SurfaceSeries(values, "fsaverage3", np.arange(float(R)), 1.0, float(OFFSET))


@pytest.fixture
def bold(values: np.ndarray) -> np.ndarray:
    """Measured in scan time: what is predicted, 5 s later, and noise."""
    made = np.random.default_rng(1).standard_normal((R + 8, V))
    made[OFFSET : OFFSET + R] += values
    return made


def said(prediction: SurfaceSeries, truth: object, words: str, **options: object) -> list[str]:
    made = evaluate(prediction, truth, parcellation=False, **options)
    return [warning for warning in made.warnings if words in warning]


@pytest.mark.parametrize("start", [0.0, 0.25])
@pytest.mark.parametrize("level", [0, 10**9])
def test_no_digit_is_lost_of_what_float32_cannot_hold(prediction, bold, values, level: int, start: float) -> None:
    whole = np.round(bold * 100).astype(np.int64) + level
    for truth in (whole, whole.astype(np.float64)):
        options = {"null": "phases", "surrogates": 20, "parcellation": False, "start": start}
        made = evaluate(prediction, truth, **options)
        for vertex in (0, V - 1):
            course = (whole[:, vertex] - level).astype(float)
            measured = np.interp(np.arange(R) + OFFSET + start, np.arange(len(course)), course)
            expected = pearsonr(values[:, vertex].astype(float), measured).statistic
            assert made.r[vertex] == pytest.approx(expected, abs=1e-9)
            assert made.null.found.r[vertex] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("truth", [{}, {"s": []}, [], None, [np.zeros((9, V))] * 2, object()])
def test_what_is_no_run_is_refused(prediction, truth: object) -> None:
    with pytest.raises(MeasurementError, match=r"holds no run|expected one file or folder, the files of two hemisph"):
        evaluate(prediction, truth)


@pytest.mark.parametrize(
    ("change", "words"),
    [(np.transpose, "the other way round: transpose it"), (lambda bold: bold[:, : V // 2], "that is one hemisphere")],
)
def test_a_likely_mistake_of_shape_is_named(prediction, bold, change, words: str) -> None:
    with pytest.raises(MeasurementError, match=words):
        evaluate(prediction, change(bold))


def test_swapped_hemispheres_are_seen(prediction, bold) -> None:
    words = "with the hemispheres of the truth swapped"
    assert len(said(prediction, np.roll(bold, V // 2, axis=1), words)) == 1
    assert said(prediction, bold, words) == []
    for seed in range(20):
        noise = np.random.default_rng(seed).standard_normal(bold.shape)
        assert said(prediction, noise, words) == []


def test_rows_of_padding_and_before_steady_state_are_said(prediction, bold) -> None:
    assert said(prediction, bold, "at every vertex") == []
    assert said(prediction, bold, "far from all others") == []
    padded = bold.copy()
    padded[-8:] = 0
    [warning] = said(prediction, padded, "0 at every vertex")
    assert warning.startswith("the truth: 5 of 60 rows are 0 at every vertex"), "of the rows that are used"
    early = bold + 1000
    early[:OFFSET] += 4000  # rows that the prediction does not have say nothing
    assert said(prediction, early, "far from all others") == []
    early[OFFSET : OFFSET + 2] += [[400], [100]]
    [warning] = said(prediction, early, "far from all others")
    assert "2 of 60 rows" in warning
    assert "second 0 of the stimulus" in warning


def test_what_cannot_be_told_of_one_subject_is_said(prediction, bold) -> None:
    lines = evaluation_lines(evaluate(prediction, bold, parcellation=False))
    assert "no group predictivity: that takes two subjects or more" in lines
    assert "no ceiling: that takes a stimulus that one subject saw twice or more" in lines


def test_a_scan_of_one_lag(prediction, bold) -> None:
    made = evaluate(prediction, bold, reach=0.5, parcellation=False)
    assert made.lags.lags.tolist() == [0.0]
    assert made.lags.is_expected


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (OF_NILEARN, OF_NILEARN, None),
        (None, None, None),
        (OF_NILEARN, None, "taken to be numbered as the prediction's"),
        (None, OF_FREESURFER, "taken to be numbered as the prediction's"),
    ],
)
def test_the_two_numberings_of_fsaverage3_are_told_apart(prediction, bold, ours, theirs, words) -> None:
    mine = replace(prediction, numbering=ours)
    truth = SurfaceSeries(bold, "fsaverage3", np.arange(len(bold)), 1.0, run={"time_axis": "scan"}, numbering=theirs)
    assert len(said(mine, truth, words or "numbered")) == (words is not None)
    other = replace(truth, numbering=OF_NILEARN if ours == OF_FREESURFER else OF_FREESURFER)
    if ours:
        with pytest.raises(MeasurementError, match="resample both with the same files"):
            evaluate(mine, other)


def test_a_table_of_bids_names(tmp_path: Path, prediction, bold) -> None:
    """The left file names the right one beside it; blanks at the end of a cell are none of the name."""
    series = SurfaceSeries(bold.astype(np.float32), "fsaverage3", np.arange(len(bold)), 1.0, run={"time_axis": "scan"})
    names = []
    for run in (1, 2):
        export(series, "gifti", tmp_path / str(run))
        for side, letter in (("lh", "L"), ("rh", "R")):
            [made] = (tmp_path / str(run)).glob(f"{side}.*.gii")
            made.rename(tmp_path / f"sub-01_task-x_run-{run}_hemi-{letter}_space-fsaverage3_bold.func.gii")
        (tmp_path / f"sub-01_task-x_run-{run}_space-fsaverage3_bold.json").write_text('{"RepetitionTime": 1.0}')
        names.append(f"sub-01_task-x_run-{run}_hemi-L_space-fsaverage3_bold.func.gii")
    table = tmp_path / "truth.tsv"
    table.write_text(f"subject\trun\tfile\nsub-01 \t1\t{names[0]}\nsub-01\t2\t{names[1]} \n")
    made = evaluate(prediction, table, parcellation=False)
    assert [(one.subject, len(one.runs)) for one in made.subjects] == [("sub-01", 2)]
    assert made.r == pytest.approx(evaluate(prediction, bold, parcellation=False).r, abs=1e-6)
    mixed = [tmp_path / names[0], tmp_path / names[1].replace("hemi-L", "hemi-R")]
    assert len(said(prediction, mixed, "differ in more than the hemisphere")) == 1
    table.write_text(f"subject\trun\tfile\ns\t1\t{names[0]}\ns\t1\t{names[1]}\n")
    with pytest.raises(MeasurementError, match="is there twice; repetitions are runs with names of their own"):
        evaluate(prediction, table)


def test_two_arrays_of_one_hemisphere_are_refused(tmp_path: Path, prediction, bold) -> None:
    for name, half in zip(("lh.npy", "rh.npy"), np.hsplit(bold, 2), strict=True):
        np.save(tmp_path / name, half)
    with pytest.raises(MeasurementError, match=r"lh.npy: expected one array of both hemispheres, the left one first"):
        evaluate(prediction, [tmp_path / "lh.npy", tmp_path / "rh.npy"])
    with pytest.raises(MeasurementError, match="got 3 of them; several runs stand in a table"):
        evaluate(prediction, [tmp_path / "lh.npy"] * 3)


def test_what_all_subjects_have_is_said_once(prediction, bold) -> None:
    truth = {f"s{i}": bold * 50 * (i + 1) for i in range(5)}
    [warning] = said(prediction, truth, "not z-scored")
    assert warning.startswith(
        "s0, s1, s2 and 2 more: the truth is not z-scored (standard deviation 69.6 to 348 at a median"
    )


def test_each_subject_has_a_null_beside_the_groups(prediction, bold) -> None:
    noise = np.random.default_rng(3).standard_normal(bold.shape)
    options = {"null": "phases", "surrogates": 39, "parcellation": False}
    made = evaluate(prediction, {"s1": bold, "s2": noise}, **options)
    alone = evaluate(prediction, {"s2": noise}, **options)
    assert [one.of for one in made.nulls] == [
        "the prediction and s1", "the prediction and s2", "the prediction and the mean of 2 z-scored subjects",
    ]  # fmt: skip
    assert made.null is made.nulls[-1]
    assert alone.null is alone.nulls[0]
    np.testing.assert_array_equal(made.nulls[1].found.p, alone.null.found.p)
    maps = evaluation_maps(made)
    np.testing.assert_array_equal(maps["p_s1"].values, made.nulls[0].found.p)
    np.testing.assert_array_equal(maps["q"].values, made.nulls[2].found.q)
    header, *lines = summary_table(made)
    found = [line[header.index("p_of_mean_r")] for line in lines]
    assert found == [repr(one.found.p_of_mean) for one in made.nulls]
    assert float(found[0]) == 1 / 40 < float(found[1])
    assert [one["p_of_mean_r"] for one in evaluation_record(made)["nulls"]] == [float(p) for p in found]
    assert sum(line.startswith("null: 39 phases of the prediction and") for line in evaluation_lines(made)) == 3


def test_subjects_of_other_timelines_have_nulls_of_their_own(prediction, bold) -> None:
    two = replace(
        prediction, values=np.concatenate([prediction.values, prediction.values]), run={"x": 1},
        starts=np.tile(prediction.starts, 2), timelines=np.repeat(["a", "b"], R),
    )  # fmt: skip
    made = evaluate(two, {"s1": {"a": bold}, "s2": {"b": bold}}, null="phases", surrogates=20, parcellation=False)
    assert (len(made.nulls), made.null) == (2, None)
    assert any("no null of the group: the subjects have no timeline in common" in one for one in made.warnings)
    assert set(evaluation_maps(made)) >= {"p_s1", "q_s2"}
    assert not set(evaluation_maps(made)) & {"p", "q"}


def test_a_subject_called_group_replaces_no_map(prediction, bold) -> None:
    made = evaluate(prediction, {"group": bold, "s2": bold[:, ::-1]}, parcellation=False)
    maps = evaluation_maps(made)
    np.testing.assert_array_equal(maps["r_group"].values, made.group.found.r_group)
    np.testing.assert_array_equal(maps["r_group-2"].values, made.subjects[0].scores.r)


def test_repetitions_of_what_the_prediction_does_not_know_are_no_finding() -> None:
    """Four repetitions that share a signal: surrogates that move each by itself find it at a fifth of the vertices."""
    rng = np.random.default_rng(0)
    told, evoked = (slow_noise(rng, 200, V).astype(np.float32) for _ in range(2))
    repeats = [evoked + 0.1 * rng.standard_normal(evoked.shape) for _ in range(4)]
    prediction = SurfaceSeries(told, "fsaverage3", np.arange(200.0), 1.0, float(OFFSET))
    options = {"null": "phases", "surrogates": 39, "aligned": True, "parcellation": False, "reach": 0}
    made = evaluate(prediction, {"s": repeats}, **options)
    assert made.null.of == "the prediction and the mean of the z-scored repetitions of s"
    assert 0.03 < (made.null.found.p <= 0.05).mean() < 0.07
    np.testing.assert_allclose(made.null.found.r, made.ceilings[0].r_of_mean, atol=1e-12)
