"""A selection of vertices gives the columns of the whole run, computes only those, and is written down."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import nibabel.freesurfer.io
import numpy as np
import pytest

from tests.cli.conftest import Command, command_here, refused
from tribe_np import TribeModel
from tribe_np.cortex import as_series
from tribe_np.cortex.parcellations.parcellation import Parcellation, ParcellationFile
from tribe_np.encoder.random import write_random
from tribe_np.encoder.readout import TILE
from tribe_np.errors import ConfigError
from tribe_np.pipeline import vertices
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.dry_run import dry_run_of
from tribe_np.pipeline.run import predict_to_folder
from tribe_np.pipeline.stimuli.stimulus import WordSource
from tribe_np.pipeline.vertices import chosen_vertices

__all__ = ["command_here"]  # a fixture of the commands' own tests
V = 20484
AREAS = ("V1", "V2", "FFC", "TE1a")
ODD = {
    "one": [12345],
    "the last": [V - 1],
    "seven": [0, 5, 10241, 10242, 10243, 15000, V - 1],
    "a tile and more": np.arange(37) * 17,
    "all but one": np.arange(V) != 77,
    "a side": np.arange(V) >= V // 2,
}
BOUND = 1e-6  # of the RMS of the whole run


def parcellation_of(n_vertices: int = V, files: tuple[ParcellationFile, ...] = ()) -> Parcellation:
    """Four areas that come again and again along the vertices of both sides, and vertices without one."""
    region_of = np.tile(np.arange(n_vertices // 2) % 50, 2)
    return Parcellation("made up", (*AREAS, "none"), np.where(region_of < len(AREAS), region_of, -1), files)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Parcellation:
    """What every source of a parcellation gives."""
    files = (ParcellationFile(Path("lh.made_up.annot"), "0" * 64), ParcellationFile(Path("rh.made_up.annot"), "1" * 64))
    found = parcellation_of(files=files)
    monkeypatch.setattr(vertices, "load_parcellation", lambda source, n_vertices: found)
    return found


def columns_of(chosen: Any) -> np.ndarray:
    """The vertices of one of ODD."""
    array = np.asarray(chosen)
    return np.flatnonzero(array) if array.dtype == bool else array


def within(part: np.ndarray, whole: np.ndarray, columns: np.ndarray) -> float:
    """The largest difference from the sliced whole, over the whole's RMS."""
    assert part.dtype == whole.dtype
    assert part.shape == (len(whole), len(columns))
    return float(np.abs(part - whole[:, columns]).max() / np.sqrt(np.mean(np.square(whole, dtype=float))))


# -- the choice ------------------------------------------------------------------------------------------------------


def test_the_union_comes_in_vertex_order(made_up: Parcellation) -> None:
    mask = np.zeros(V)
    mask[[20000, 4, 9]] = 1
    chosen = chosen_vertices({"roi": ["FFC", "V1", "FFC"], "vertices": mask}, V)
    assert chosen is not None
    expected = {4, 9, 20000, *made_up.vertices("V1"), *made_up.vertices("FFC")}
    assert chosen.vertices.tolist() == sorted(expected)
    assert chosen.names == ("FFC", "V1", "FFC")
    assert chosen.regions == ("FFC", "V1")
    for names in ("V*", ("V1", "V2"), np.array(["V1", "V2"]), np.array("V*")):
        only_region = chosen_vertices({"roi": names}, V)
        assert only_region is not None
        assert only_region.regions == ("V1", "V2")
    every = chosen_vertices({"vertices": np.arange(V)[::-1]}, V)
    assert every is not None
    assert len(every.vertices) == V
    assert only_region.regions == ("V1", "V2")
    assert only_region.as_dict() == {
        "name": "made up", "regions": ["V1", "V2"],
        "files": [{"path": f"{h}.made_up.annot", "sha256": str(n) * 64} for n, h in enumerate(("lh", "rh"))],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"vertices": [0, 1] * 10}, r"mask must have shape \(20484,\), got \(20,\)"),
        ({"vertices": np.zeros(V - 1, int)}, "mask must have shape"),
        ({"vertices": np.ones(V + 1)}, "mask must have shape"),
        ({"vertices": np.zeros((2, V))}, "indices or a boolean mask"),
        ({"vertices": np.arange(V) / 7}, "indices or a boolean mask"),
        ({"vertices": np.zeros(V)}, "empty"),
        ({"vertices": np.where(np.arange(V) == 5, np.nan, 1.0)}, "indices or a boolean mask"),
        ({"vertices": np.where(np.arange(V) == 5, -1, 1)}, "must be in 0..20483, got -1..1"),
        ({"vertices": np.where(np.arange(V) == 5, 255, 0)}, "20484 numbers, one a vertex, .* must be 0 or 1; .* 255"),
        ({"vertices": np.arange(V) % 181}, "must be 0 or 1; some are others, such as 2"),
        ({"roi": {"V1"}}, r"roi must be a list of names such as \['V1'\], got \{'V1'\}"),
        ({"roi": np.array([["V1"]])}, "roi must be a list of names"),
        ({"roi": ["none"]}, "region 'none' of made up has no vertex"),
        ({"roi": ["V9"]}, "region 'V9' is not an area"),
        ({"roi": []}, "no vertex is selected"),
        ({"areas": ["V1"]}, "unknown key 'areas'; known are roi, vertices"),
        ({5: 1, "roi": ["V1"]}, "unknown key '5'"),
    ],
)
def test_choices_that_are_refused(made_up: Parcellation, selection: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        chosen_vertices(selection, V)


# -- the numbers -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints of every read-out."""
    average = {"subject_layers": {"n_subjects": 0, "subject_dropout": 0.1}}
    shapes: dict[str, dict[str, Any]] = {
        "composed": {"low_rank_head": 200, **average},
        "pair": {"low_rank_head": 2, **average},
        "no head": {"low_rank_head": None, **average},
        "subjects": {"low_rank_head": 200, "subject_layers": {"n_subjects": 3, "subject_dropout": 0.1}},
    }
    folder = tmp_path_factory.mktemp("read-outs")
    for name, brain in shapes.items():
        write_random(
            folder / name, seed=3, feature_dims={"text": (2, 5), "audio": (1, 4)}, n_outputs=V, n_output_timesteps=4,
            heads=6, max_seq_len=8, brain=brain,
        )  # fmt: skip
    return {name: folder / name for name in shapes}


def _encoder(folder: Path, **options: Any) -> Any:
    from tribe_np.encoder.model import FmriEncoder

    return FmriEncoder.from_pretrained(folder, **options)


@pytest.mark.parametrize("exact_order", [False, True])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_read_out_gives_the_sliced_columns(places: dict[str, Path], precision: str, exact_order: bool) -> None:
    kinds = set()
    rng = np.random.default_rng(5)
    features = {"text": rng.standard_normal((1, 2, 5, 8)), "audio": rng.standard_normal((1, 1, 4, 8))}
    inputs = {m: x.astype(precision) for m, x in features.items()}
    for name, place in places.items():
        encoder = partial(_encoder, place, precision=precision, exact_order=exact_order)
        subjects = [None] if name != "subjects" else [None, [1]]
        full = encoder()
        wholes = {repr(subject): full(inputs, subject)[0].T for subject in subjects}
        kinds.add((name, full.read_out.composed is not None))
        for chosen in ODD.values():
            part = encoder(selection=chosen)
            columns = columns_of(chosen)
            for subject in subjects:
                some = part(inputs, subject)[0].T
                assert within(some, wholes[repr(subject)], columns) <= (BOUND if precision == "float32" else 1e-14), (
                    name
                )
    assert kinds == {(name, name == "composed" and not exact_order) for name, _ in kinds}


@pytest.mark.extras
@pytest.mark.parametrize(
    "options", [{"precision": "float64"}, {"config_update": {"tribe_np.kernels": "reference"}}, {}]
)
def test_the_demos_models_give_the_sliced_columns(model: TribeModel, demo: DemoPaths, options: Any) -> None:
    def opened(selection: Any = None) -> TribeModel:
        return TribeModel.from_pretrained(
            demo.models / "encoder", models=demo.models, cache_folder=model.space.media.parent, device="cpu",
            selection=selection, **options,
        )  # fmt: skip

    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    whole, segments = opened().predict(events, verbose=False)
    for chosen in ODD.values():
        part, same = opened({"vertices": chosen}).predict(events, verbose=False)
        columns = columns_of(chosen)
        assert within(part, whole, columns) <= BOUND
        assert [s.start for s in same] == [s.start for s in segments]


def test_only_the_chosen_columns_are_kept_and_multiplied(places: dict[str, Path]) -> None:
    for name, place in places.items():
        encoder = partial(_encoder, place)
        assert encoder(selection=[5]).n_subjects == (3 if name == "subjects" else 0)
        for n, n_filled in ((1, TILE), (TILE, TILE), (TILE + 8, 2 * TILE), (100, 112)):  # by whole tiles of BLAS
            read_out = encoder(selection=np.arange(n) * 200).read_out
            predictor = read_out.composed or read_out.pair.predictor
            assert predictor.weights.shape[2] == predictor.bias.shape[1] == n_filled, name
        assert predictor.weights.base is None, "a view would keep the whole table in memory"


# -- a run -----------------------------------------------------------------------------------------------------------


@pytest.mark.extras
def test_a_run_says_what_was_selected_and_tools_read_it(
    model: TribeModel, demo: DemoPaths, made_up: Parcellation, tmp_path: Path
) -> None:
    cache = model.space.media.parent

    def run(out: Path, selection: Any) -> dict[str, Any]:
        load = lambda: TribeModel.from_pretrained(  # noqa: E731
            demo.models / "encoder", models=demo.models, cache_folder=cache, device="cpu", selection=selection
        )
        return predict_to_folder(demo.clip, out, load=load, words=WordSource(demo.transcript))

    whole = run(tmp_path / "whole", None)
    kept = {path: path.stat().st_mtime_ns for path in (cache / "features").rglob("*.safetensors")}
    part = run(tmp_path / "part", {"roi": ["V1", "FF*"], "vertices": [20483]})
    after = {path: path.stat().st_mtime_ns for path in (cache / "features").rglob("*.safetensors")}
    assert after == kept != {}, "the cache serves both"
    assert part["shape"][1] == len(part["options"]["vertices"])
    assert part["options"]["regions"] == ["V1", "FF*"]
    assert part["options"]["parcellation"] == {
        "name": "made up", "regions": ["V1", "FFC"],
        "files": [{"path": str(f.path), "sha256": f.sha256} for f in made_up.files],
    }  # fmt: skip
    assert whole["options"]["parcellation"] is None
    assert whole["options"]["vertices"] is None
    assert json.loads((tmp_path / "part" / "run.json").read_text()) == part
    series, full = as_series(tmp_path / "part"), as_series(tmp_path / "whole")
    expected = sorted({*made_up.vertices("V1"), *made_up.vertices("FFC"), 20483})
    assert series.columns.tolist() == expected
    assert within(series.values, np.asarray(full.values), series.columns) <= BOUND
    assert np.isnan(series.full()).sum() == len(series.values) * (V - len(expected))


@pytest.mark.extras
def test_a_dry_run_counts_the_chosen_vertices(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    def planned(selection: Any) -> Any:
        load = lambda: TribeModel.from_pretrained(  # noqa: E731
            demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu", selection=selection
        )
        return dry_run_of(demo.clip, tmp_path / "out", load=load, words=WordSource(demo.transcript)).stages[-1]

    whole, part = planned(None), planned({"vertices": [5]})
    assert part.n_bytes < whole.n_bytes
    assert part.amount == f"{whole.amount}, 1 of 20484 vertices"


@pytest.mark.extras
def test_the_command_names_regions_of_files(
    command_here: Command, demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.zeros(V // 2, int)
    labels[10:15] = 1
    (tmp_path / "atlas").mkdir()
    paths = [tmp_path / "atlas" / f"{side}.HCP-MMP1.annot" for side in ("lh", "rh")]
    for path in paths:
        names = ["???", f"{path.name[0].upper()}_V1_ROI"]
        nibabel.freesurfer.io.write_annot(str(path), labels, np.array([[0] * 4, [9, 0, 0, 0]]), names, fill_ctab=True)
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(tmp_path / "atlas"))
    given = ["predict", demo.clip, "--models", demo.models, "--no-speech", "--cache", "none", "--roi", "V1", "--json"]
    assert command_here(*given, "--out", tmp_path / "dry", "--dry-run").returncode == 0
    done = command_here(*given, "--out", tmp_path / "out", "--quiet")
    assert done.returncode == 0, done.stderr
    options = json.loads(done.stdout)["options"]
    assert options["vertices"] == [*range(10, 15), *range(V // 2 + 10, V // 2 + 15)]
    assert options["parcellation"]["regions"] == ["V1"]
    refused_names = command_here(*given[:-2], "V9", "--out", tmp_path / "no", "--dry-run")
    assert "region 'V9'" in refused(refused_names)
    assert not (tmp_path / "no").exists()
