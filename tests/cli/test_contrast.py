"""tribe-np contrast: its folder, what it prints, and what it refuses in one line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.analysis.contrasts.made_experiments import N, blocks, noise, with_effect, write_experiment, write_trials
from tools.reference.subcortex import write_atlas
from tribe_np.cli.main import main
from tribe_np.cortex.subcortex.harvard_oxford import read_atlas, subcortical_mask

FORMULA = "a - b"


@pytest.fixture(autouse=True)
def without_atlas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    for name in ("TRIBE_NP_PARCELLATION", "SUBJECTS_DIR", "FREESURFER_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_experiment(tmp_path / "made", with_effect(noise(64), np.s_[:100]), blocks())


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    return write_parcels(tmp_path / "parcels.csv", N)


def write_parcels(path: Path, n: int) -> Path:
    """Two regions of both hemispheres: the first 100 vertices of the left one, and the rest."""
    path.write_text("\n".join(["region"] + ["one"] * 100 + ["two"] * (n - 100)) + "\n")
    return path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in ("contrast", *arguments)])


def test_the_folder(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(made, FORMULA, "--out", out, "--permute", 50, "--seed", 3) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "a - b: Welch's t, trials: a 6, b 6"
    assert "  across stimuli of one model, not across people" in printed
    record = json.loads((out / "contrast.json").read_text())
    assert record["across"] == "across stimuli of one model, not across people"
    assert record["weights"] == {"a": 1, "b": -1}
    assert record["trials"] == {"a": 6, "b": 6}
    assert record["permutations"] == {"n": 50, "exact": False, "smallest_p": pytest.approx(1 / 51)}
    assert record["seed"] == 3
    assert record["n_q_below_level"] >= 100
    assert len(record["inputs"]["predictions"][0]["sha256"]) == 64
    values = np.load(made / "predictions.npy").astype(float)
    a, b = (np.stack([values[int(t[0]) : int(t[0]) + 2].mean(axis=0) for t in blocks() if t[2] == c]) for c in "ab")
    expected = stats.ttest_ind(a, b, equal_var=False)
    np.testing.assert_allclose(np.load(out / "npy" / "t.npy"), expected.statistic, rtol=1e-6)
    np.testing.assert_allclose(np.load(out / "npy" / "p.npy"), expected.pvalue, rtol=1e-6)
    names = {"effect", "t", "df", "z", "p", "q", "g", "g_low", "g_high", "p_permuted", "p_familywise"}
    assert {path.stem for path in (out / "npy").glob("*.npy")} == names


def test_a_map_has_no_time(made: Path, tmp_path: Path) -> None:
    import nibabel

    out = tmp_path / "out"
    assert run(made, FORMULA, "--out", out, "--to", "gifti", "cifti", "npz", "mgh", "raw") == 0
    image = nibabel.load(out / "gifti" / "lh.t.fsaverage3.func.gii")
    assert image.darrays[0].meta["Name"] == "t"
    assert image.darrays[0].intent == 0
    sidecar = json.loads((out / "gifti" / "lh.t.fsaverage3.json").read_text())
    assert sidecar["Description"] == "Welch's t of a - b, across stimuli of one model, not across people"
    assert not {"RepetitionTime", "TimeAxis", "HemodynamicOffset"} & set(sidecar)
    scalar = nibabel.load(out / "cifti" / "q.fsaverage3.dscalar.nii")
    assert scalar.header.get_axis(0).name.tolist() == ["q"]
    assert scalar.nifti_header.get_intent()[0] == "ConnDenseScalar"
    assert np.load(out / "npz" / "effect.npz")["effect"].shape == (1, N)


def test_regions_and_time_courses(made: Path, parcels: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(made, FORMULA, "--out", out, "--parcellation", parcels, "--fir", 2) == 0
    rows = [line.split("\t") for line in (out / "regions.tsv").read_text().splitlines()]
    best = dict(zip(rows[0], rows[1], strict=True))
    assert (best["region"], best["hemisphere"], best["n_vertices"]) == ("one", "left", "100")
    assert float(best["effect"]) == pytest.approx(6, abs=0.5)
    assert float(best["share_q<0.05"]) == 1
    values = np.load(made / "predictions.npy").astype(float)[:, :100].mean(axis=1)
    a, b = ([values[int(t[0]) : int(t[0]) + 2].mean() for t in blocks() if t[2] == c] for c in "ab")
    assert float(best["t"]) == pytest.approx(stats.ttest_ind(a, b, equal_var=False).statistic, rel=1e-6)
    courses = [line.split("\t") for line in (out / "fir.tsv").read_text().splitlines()]
    assert courses[0] == ["condition", "region", "hemisphere", "offset", "n", "mean", "sem", "across"]
    at = {tuple(row[:4]): float(row[5]) for row in courses[1:]}
    assert at["a", "one", "left", "0"] > 2 > at["a", "one", "left", "-2"]


def test_several_formulas_have_a_folder_each(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(made, FORMULA, "b - a", "--out", out, "--to", "npy", "--json") == 0
    found = json.loads(capsys.readouterr().out)["contrasts"]
    assert [each["formula"] for each in found] == ["a - b", "b - a"]
    one, other = (np.load(out / name / "npy" / "t.npy") for name in ("a-b", "b-a"))
    np.testing.assert_allclose(one, -other)


def test_one_trial_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = write_experiment(tmp_path / "made", noise(20), [(1, 2, "a", "run-1", ""), (9, 2, "b", "run-1", "")])
    assert run(made, FORMULA, "--out", tmp_path / "out", "--permute") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[:2] == [
        "a - b: effect only, trials: a 1, b 1", "  one observation in a condition, so that nothing can be tested",
    ]  # fmt: skip
    assert "the effect only, since nothing tells how it would vary" in said.err
    assert "--permute: nothing to relabel" in said.err
    record = json.loads((tmp_path / "out" / "contrast.json").read_text())
    assert (record["method"], record["effect_only"], record["permutations"]) == ("effect only", True, None)
    assert "Welch" not in said.out + said.err + json.dumps(record)
    assert {path.name for path in (tmp_path / "out" / "npy").iterdir()} == {"effect.npy", "maps.json"}
    assert not (tmp_path / "out" / "clusters.tsv").exists()


def test_random_weights_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = tmp_path / "encoder"
    models.mkdir()
    (models / "config.yaml").write_text("# random weights: the predictions mean nothing about any brain (seed 0)\n")
    checkpoint = {"checkpoint": {"path": str(models), "sha256": "a" * 64}}
    made = write_experiment(tmp_path / "made", noise(64), blocks(), run=checkpoint)
    assert run(made, FORMULA, "--out", tmp_path / "out", "--to", "npy") == 0
    assert "warning: random weights: the numbers mean nothing about any brain" in capsys.readouterr().err


def test_an_earlier_contrast_is_replaced_and_nothing_else(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, before = tmp_path / "out", sorted(path.name for path in made.iterdir())
    assert run(made, FORMULA, "--out", out, "--to", "npy") == 0
    assert run(made, FORMULA, "--out", out, "--to", "npy") == 0
    (out / "mine.txt").write_text("mine")
    assert run(made, FORMULA, "--out", out, "--to", "npy") == 2
    assert "holds other files (mine.txt)" in capsys.readouterr().err
    assert run(made, FORMULA, "--out", made) == 2
    assert "holds other files" in capsys.readouterr().err
    assert run(made, FORMULA, "--out", made / "contrast") == 2
    assert f"is inside the predictions {made}" in capsys.readouterr().err
    assert sorted(path.name for path in made.iterdir()) == before


def cut_table(folder: Path, head: str, rows: list[tuple[object, ...]]) -> Path:
    write_trials(folder / "trials.tsv", rows, head=head)
    return folder


def beside(folder: Path, rows: list[list[object]], head: str = "prediction\ttrial_type") -> Path:
    return write_trials(folder.parent / "table.tsv", rows, head=head)


def other_model(folder: Path) -> Path:
    models = {"models": {"video": {"sha256": "c" * 64}}}
    write_experiment(folder.parent / "other", noise(9), [(0, 1, "b", "run-1", "")], run=models)
    return beside(folder, [["made", "a"], ["other", "b"]])


def one_branch(folder: Path) -> Path:
    for name, only in (("one", None), ("other", ["video"])):
        run = {"options": {"only": only}}
        write_experiment(folder.parent / name, noise(9), [(0, 1, "b", "run-1", "")], run=run)
    return beside(folder, [["one", "a"], ["other", "b"]])


def other_mesh(folder: Path) -> Path:
    space = {"kind": "surface", "mesh": "fsaverage4", "n_outputs": 5124}
    write_experiment(
        folder.parent / "other", np.zeros((3, 5124)), [(0, 1, "b", "run-1", "")],
        run={"mesh": "fsaverage4", "space": space},
    )  # fmt: skip
    return beside(folder, [["made", "a"], ["other", "b"]])


def without_trials(folder: Path) -> Path:
    (folder / "trials.tsv").unlink()
    return folder


REFUSED: list[tuple[str, Callable[[Path], Path], list[str], str]] = [
    ("unknown condition", lambda f: f, ["a - bb"], "names the condition 'bb', but the trials of"),
    ("does not parse", lambda f: f, ["a - * b"], "does not parse at character 5 ('*')"),
    ("no condition", lambda f: f, ["0*a"], "gives every condition the weight 0"),
    ("no trials.tsv", without_trials, [FORMULA], "is a prediction without trials.tsv"),
    ("no experiment", lambda f: f.parent, [FORMULA], "not an experiment's folder: predictions lie in "),
    ("not there", lambda f: f / "none", [FORMULA], "is not there; expected an experiment's folder or a table"),
    ("no trial", lambda f: cut_table(f, "onset\tduration\ttrial_type", []), [FORMULA], "has no trials"),
    (
        "no onset", lambda f: cut_table(f, "duration\ttrial_type", [(1, "a")]), [FORMULA],
        "trials.tsv: column 'onset' is missing",
    ),
    (
        "negative", lambda f: cut_table(f, "onset\tduration\ttrial_type", [(-1, 1, "a")]), [FORMULA],
        "trials.tsv, line 2: onset is '-1'",
    ),
    (
        "outside", lambda f: cut_table(f, "onset\tduration\ttrial_type", [(1, 1, "a"), (90, 2, "b")]), [FORMULA],
        "trials.tsv, line 3: no row covers this trial of b (90 to 92 s)",
    ),
    (
        "run", lambda f: cut_table(f, "onset\tduration\ttrial_type\trun", [(1, 1, "a", "run-2")]), ["a"],
        "line 2: the run 'run-2' is no timeline of",
    ),
    ("table column", lambda f: beside(f, [["made"]], "predictions"), [FORMULA], "column 'prediction' is missing"),
    ("table place", lambda f: beside(f, [["mad", "a"]]), ["a"], "line 2: the prediction 'mad' is not there"),
    (
        "half times", lambda f: beside(f, [["made", "a", 1]], "prediction\ttrial_type\tonset"), ["a"],
        "column 'duration' is missing beside onset",
    ),
    ("models", other_model, [FORMULA], "differ in the video model: "),
    ("one branch", one_branch, [FORMULA], 'differ in the option "only": not given and video'),
    ("meshes", other_mesh, [FORMULA, "--anyway"], "on fsaverage3"),
    ("pairs", lambda f: cut_table(f, "onset\tduration\ttrial_type", [(1, 1, "a"), (3, 1, "b")]),
     [FORMULA, "--pair"], "no pair has trials of a and b"),
    ("hrf", lambda f: f, [FORMULA, "--hrf", "spm"], "--hrf is for a model over rows; give --glm too"),
    ("glm and labels", lambda f: f, [FORMULA, "--glm", "--permute"], "--permute is for trials"),
    ("few ways", lambda f: f, [FORMULA, "--permute", "19"], "--permute must be a whole number of relabellings from 20"),
    ("many ways", lambda f: f, [FORMULA, "--permute", "10000001"], "from 20 to 10,000,000, got 10000001"),
    ("seed", lambda f: f, [FORMULA, "--permute", "--seed", "-1"], "--seed must be a whole number from 0 on, got -1"),
    ("fir", lambda f: f, [FORMULA, "--fir", "65"], "--fir 65: reaches farther than the longest run, which has 64 s"),
    ("delay", lambda f: f, [FORMULA, "--delay", "nan"], "--delay is a number of seconds, got nan"),
    ("format", lambda f: f, [FORMULA, "--to", "giftii"], "invalid choice: 'giftii'"),
    ("mask", lambda f: f, [FORMULA, "--mask", "x.nii"], "regions are found by --parcellation"),
    ("atlas", lambda f: f, [FORMULA, "--parcellation", "nowhere.annot"], "nowhere.annot"),
    ("permutations of one", lambda f: f, ["a", "--permute"], "permutations of labels need weights that add up to 0"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "asked", "message"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_is_refused_in_one_line(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], source: Callable[[Path], Path], asked: list[str],
    message: str,
) -> None:  # fmt: skip
    assert run(source(made), *asked, "--out", tmp_path / "out") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(lines) == 1
    assert message in lines[0]
    assert not (tmp_path / "out").exists()


def test_other_models_anyway(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(other_model(made), FORMULA, "--anyway", "--out", tmp_path / "out", "--to", "npy") == 0
    said = capsys.readouterr().err
    assert "differ in the video model" in said
    assert "taken together anyway" in said


@pytest.mark.extras
def test_confounds_are_a_line_for_each_row(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_trials(tmp_path / "few.tsv", [[0.0]] * 63, head="x")
    assert run(made, FORMULA, "--glm", "--confounds", table, "--out", tmp_path / "out") == 2
    assert "has 63 lines of values, but the predictions have 64 rows" in capsys.readouterr().err
    table = write_trials(tmp_path / "holes.tsv", [[0.0]] * 63 + [["n/a"]], head="x")
    assert run(made, FORMULA, "--glm", "--confounds", table, "--out", tmp_path / "out") == 2
    assert "line 65: x is 'n/a', expected a number" in capsys.readouterr().err


@pytest.mark.extras
def test_a_response_is_warned_of(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(made, FORMULA, "--glm", "--hrf", "glover", "--out", tmp_path / "out", "--to", "npy") == 0
    assert "--hrf glover: the model has already learned the delay of BOLD" in capsys.readouterr().err


@pytest.mark.extras
def test_pictures_and_clusters(tmp_path: Path) -> None:
    values = with_effect(np.tile(noise(64), 16)[:, :20484], np.s_[:100])
    mesh = {"mesh": "fsaverage5", "space": {"kind": "surface", "mesh": "fsaverage5", "n_outputs": 20484}}
    made, out = write_experiment(tmp_path / "made", values, blocks(), run=mesh), tmp_path / "out"
    parcels = write_parcels(tmp_path / "parcels.csv", 20484)
    assert run(made, FORMULA, "--out", out, "--parcellation", parcels, "--fir", 2, "--to", "npy") == 0
    for name in ("figure.png", "fir.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    rows = [line.split("\t") for line in (out / "clusters.tsv").read_text().splitlines()]
    assert rows[0][:5] == ["hemisphere", "sign", "n_vertices", "area_mm2", "peak_z"]
    record = json.loads((out / "contrast.json").read_text())
    assert sum(int(row[2]) for row in rows[1:]) == record["n_q_below_level"]
    assert record["strongest_region"]["hemisphere"] == "left"


@pytest.mark.extras
def test_without_a_mesh_there_is_still_the_rest(
    made: Path, parcels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tribe_np.errors import MeshError

    def refuse(*_: object, **__: object) -> None:
        raise MeshError("no such surface")

    for module in ("tribe_np.analysis.statistics.surface_clusters", "tribe_np.plots.figures.brains"):
        monkeypatch.setattr(f"{module}.load_surface", refuse)
    out = tmp_path / "out"
    assert run(made, FORMULA, "--out", out, "--parcellation", parcels, "--fir", 2, "--to", "npy") == 0
    said = capsys.readouterr().err
    assert "no table of clusters: no such surface" in said
    assert "no figure.png: no such surface" in said
    assert {path.name for path in out.iterdir()} == {
        ".tribe-np.json", "npy", "regions.tsv", "fir.tsv", "fir.png", "contrast.json",
    }  # fmt: skip


def test_voxels_of_a_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import nibabel

    atlas = write_atlas(tmp_path / "fsl")
    mask = subcortical_mask(read_atlas(atlas))
    monkeypatch.setenv("FSLDIR", str(atlas))
    tiled = np.tile(noise(64), -(-mask.n_voxels // N))[:, : mask.n_voxels]
    values = with_effect(tiled, mask.voxels_of("Left Thalamus"))
    space = {"kind": "mask", "mask": "subcortical", "resolution": 2, "n_outputs": mask.n_voxels}
    made, out = (
        write_experiment(tmp_path / "made", values, blocks(), run={"space": space, "mesh": None}),
        tmp_path / "o",
    )
    assert run(made, FORMULA, "--out", out) == 0
    said = capsys.readouterr()
    assert "strongest region: Thalamus (left)" in said.out
    assert f"of {mask.n_voxels} voxels have q < 0.05" in said.out
    assert "no table of clusters: voxels have no mesh" in said.err
    assert "no figure.png: a contrast of voxels has no figure" in said.err
    t = np.load(out / "npy" / "t.npy")
    image = nibabel.load(out / "nifti" / f"t.subcortical.{mask.space}.nii.gz")
    np.testing.assert_allclose(np.asarray(image.dataobj)[mask.inside].ravel(), t, rtol=1e-6)
