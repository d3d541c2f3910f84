"""BERG's calls with nothing of BERG: selections, responses, metadata, and what is refused."""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.berg.conftest import vertices_of, write_areas
from tribe_np import TribeModel
from tribe_np.berg import BERG, MODEL_IDS, EncodingModel
from tribe_np.berg.choice import checked_selection
from tribe_np.berg.model_card import N_VERTICES, areas, model_card
from tribe_np.errors import CheckpointError, ConfigError, MediaError, ParcellationError, TribeError
from tribe_np.pipeline.demo import DemoPaths

NAME = MODEL_IDS[0]


def binary(*vertices: int, dtype: Any = np.int64) -> np.ndarray:
    array = np.zeros(N_VERTICES, dtype)
    array[list(vertices)] = 1
    return array


# -- metadata --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODEL_IDS)
def test_metadata_has_bergs_nesting(annotation: Path, name: str) -> None:
    found = BERG("anywhere").get_model_metadata(name, parcellation=annotation, subject="average")
    assert found["fmri"] == {
        "subject_id": "average", "n_vertices": 20484, "n_vertices_lh": 10242, "n_vertices_rh": 10242,
        "surface_mesh": "fsaverage5", "output_frequency_hz": 1.0,
    }  # fmt: skip
    roi = found["roi"]
    assert set(roi) == {"parcellation", "roi_labels", "roi_assignments", "roi_index"}
    assert roi["parcellation"] == "Glasser_HCP-MMP1.0"
    assert roi["roi_labels"].shape == (180,)
    assert roi["roi_labels"].tolist() == list(areas())
    assert roi["roi_assignments"].shape == (20484,)
    for area in ("V1", "FFC", "TE1a", "1", "p24"):
        assert np.flatnonzero(roi["roi_assignments"] == roi["roi_index"][area]).tolist() == vertices_of(area)
        assert roi["roi_labels"][roi["roi_index"][area]] == area
    nowhere = np.flatnonzero(roi["roi_assignments"] == -1)
    assert nowhere.tolist() == [v for v in range(20484) if v % 10242 % 181 == 0]
    files = found["tribe_np"]["parcellation"]["files"]
    assert [Path(file["path"]).parent for file in files] == [annotation] * 2


def test_metadata_opens_no_model_and_no_pytorch(annotation: Path) -> None:
    code = (
        "import sys; from tribe_np.berg import BERG; "
        f"BERG().get_model_metadata({NAME!r}, parcellation={str(annotation)!r}); "
        "print([n for n in sys.modules if n.split('.')[0] in ('torch', 'berg', 'extractors') "
        "or n.startswith(('tribe_np.pipeline', 'tribe_np.encoder', 'tribe_np.formats.weights'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.extras
def test_a_models_own_metadata_are_those_of_its_annotation(annotation: Path, options: dict[str, Any]) -> None:
    def folders(metadata: dict[str, Any]) -> set[Path]:
        return {Path(file["path"]).parent for file in metadata["tribe_np"]["parcellation"]["files"]}

    given = options | {"parcellation": annotation}
    assert folders(EncodingModel(**given).get_metadata()) == {annotation}, "without loading"
    model = BERG().get_encoding_model(NAME, selection={"vertices": binary(5)}, **given)
    found = model.get_metadata()
    assert folders(found) == {annotation}
    assert found["tribe_np"]["selected_vertices"].tolist() == [5]
    assert set(EncodingModel.get_metadata(parcellation=annotation)["tribe_np"]) == {"parcellation"}


@pytest.mark.extras
def test_without_the_annotation_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: DemoPaths, options: dict[str, Any]
) -> None:
    for name in ("TRIBE_NP_PARCELLATION", "SUBJECTS_DIR", "FREESURFER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("tribe_np.cortex.parcellations.parcellation_sources.PACKAGE", "no-such-package-here")
    with pytest.raises(ParcellationError, match=r"hcp-mmp1 was not found.*tribe-np download hcp-mmp1"):
        BERG().get_model_metadata(NAME)
    model = BERG().get_encoding_model(NAME, **options | {"parcellation": None})
    with pytest.raises(ParcellationError, match="was not found"):  # before the run, whose responses would be lost
        BERG().encode(model, demo.clip, return_metadata=True)
    assert model.segments == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["V1", "V2"], "lacks the area '1'.*has 2 regions, 2 of them those"),
        ([*areas(), "V99"], "has a region 'V99'.*has 181 regions, 180 of them those"),
    ],
)
def test_another_parcellation_is_not_called_glassers(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(ParcellationError, match=message):
        BERG().get_model_metadata(NAME, parcellation=write_areas(tmp_path, names))


# -- selections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"rois": ["V1"]}, "unknown key 'rois'; known are roi and vertices"),
        ({"parcellation": "x"}, "unknown key 'parcellation'"),
        ([["V1"]], "must be a mapping"),
        ({"roi": "V1"}, r"must be a list of areas such as \['V1', 'FFC'\], got 'V1'"),
        ({"roi": []}, "must be a list of areas"),
        ({"roi": ["V*"]}, "'V\\*' is not one of the 180 areas"),
        ({"roi": ["?"]}, "is not one of the 180 areas"),
        ({"roi": ["V1", "TE1A"]}, "'TE1A' is not one of the 180 areas of HCP-MMP1; near it are TE1a,"),
        ({"roi": ["L_V1_ROI"]}, "is not one of the 180 areas"),
        ({"roi": [1]}, "1 is not one of the 180 areas"),
        ({"vertices": [3, 4]}, r"binary array of exactly 20484 numbers .*got int64 of shape \(2,\)"),
        ({"vertices": np.ones(20483)}, r"got float64 of shape \(20483,\)"),
        ({"vertices": np.ones((20484, 1))}, "of shape"),
        ({"vertices": np.full(20484, "1")}, "binary array"),
        ({"vertices": np.arange(20484)}, "nothing but 0 and 1"),
        ({"vertices": np.full(20484, np.nan)}, "nothing but 0 and 1"),
        ({"vertices": np.full(20484, 0.5)}, "nothing but 0 and 1"),
        ({"vertices": np.zeros(20484)}, "no vertex is selected"),
        ({"vertices": [[1], [1, 2]]}, "binary array"),
    ],
)
def test_selections_that_are_refused_before_any_file_is_opened(selection: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        EncodingModel(selection=selection, checkpoint="nowhere", models="nowhere")
    assert isinstance(caught.value, TribeError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("selection", [None, {}, {"roi": None}, {"vertices": None, "roi": None}])
def test_nothing_given_means_all(selection: Any) -> None:
    assert checked_selection(selection) is None


@pytest.mark.parametrize("name", ["fmri-dascoli_2026-tribe_v1", "", None, 3, "fmri-nsd-fwrf", ["x"]])
def test_an_unknown_model_names_both_spellings(name: Any) -> None:
    for call in (BERG().get_encoding_model, BERG().get_model_metadata, BERG().describe):
        with pytest.raises(ConfigError, match=f"{MODEL_IDS[0]} or {MODEL_IDS[1]}"):
            call(name)


# -- responses -------------------------------------------------------------------------------------------------------


@pytest.mark.extras
def test_a_script_of_bergs_gets_the_columns_of_the_whole(demo: DemoPaths, options: dict[str, Any]) -> None:
    toolkit = BERG(berg_dir="berg")
    chosen = {"roi": ["FFC", "V1"], "vertices": binary(7, 20483)}
    model = toolkit.get_encoding_model(MODEL_IDS[1], selection=chosen, **options)
    given = {"transcript": demo.transcript, "show_progress": False}
    responses, metadata = toolkit.encode(model, str(demo.clip), return_metadata=True, **given)
    expected = sorted({*vertices_of("FFC", "V1"), 7, 20483})
    assert model.selected_vertices.tolist() == expected
    assert responses.shape == (len(model.segments), len(expected))
    assert responses.dtype == np.float32
    assert metadata["fmri"]["subject_id"] == "average"
    assert metadata["tribe_np"]["selected_vertices"].tolist() == expected
    assert metadata["tribe_np"]["row_starts_s"].tolist() == [s.start for s in model.segments]
    assert metadata["tribe_np"]["hemodynamic_offset_s"] == 5.0
    with toolkit.get_encoding_model(NAME, "cpu", **{k: v for k, v in options.items() if k != "device"}) as whole:
        full = toolkit.encode(whole, demo.clip, **given)
    assert full.shape == (len(responses), N_VERTICES)
    rms = np.sqrt(np.mean(np.square(full, dtype=float)))
    assert np.abs(full[:, expected] - responses).max() <= 1e-6 * rms
    reference = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=options["cache_folder"], device="cpu"
    )
    events = reference.get_events(video_path=demo.clip, transcript=demo.transcript)
    np.testing.assert_array_equal(full, reference.predict(events, verbose=False)[0])
    with pytest.raises(ConfigError, match="not loaded"):  # after the with
        whole.generate_response(demo.clip)


@pytest.mark.extras
def test_progress_is_shown_and_warnings_are_issued(
    demo: DemoPaths, options: dict[str, Any], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = BERG().get_encoding_model(NAME, selection={"vertices": binary(5).tolist()}, **options)
    for shows in (False, True):
        BERG().encode(model, demo.clip, speech=False, show_progress=shows)
        out, err = capfd.readouterr()
        assert out == ""
        assert ("brain encoder" in err) == shows
    entries = list((Path(options["cache_folder"]) / "features").rglob("audio-features-*"))
    assert entries
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-7])
    with pytest.warns(UserWarning, match="recomputed"):
        model.generate_response(demo.clip, show_progress=False, speech=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.generate_response(demo.clip, show_progress=False, speech=False)


@pytest.mark.extras
@pytest.mark.parametrize("stimulus", [["a.mp4", "b.mp4"], ("a.mp4",), np.zeros((1, 3, 8, 8)), None, 3, b"a.mp4"])
def test_anything_but_one_path_is_refused(options: dict[str, Any], stimulus: Any) -> None:
    model = BERG().get_encoding_model(NAME, **options)
    with pytest.raises(ConfigError, match="exactly one path"):
        BERG().encode(model, stimulus)


@pytest.mark.extras
def test_files_that_are_no_stimulus(options: dict[str, Any], tmp_path: Path) -> None:
    model = BERG().get_encoding_model(NAME, **options)
    (tmp_path / "sheet.ods").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"must end with one of .*\.avi"):
        BERG().encode(model, tmp_path / "sheet.ods")
    with pytest.raises(MediaError, match="no such file"):
        BERG().encode(model, tmp_path / "gone.mp4")


def test_a_model_of_another_mesh_and_another_subject(tmp_path: Path) -> None:
    from tribe_np.encoder.random import write_random

    write_random(
        tmp_path, seed=3, feature_dims={"text": (2, 5)}, n_outputs=11, n_output_timesteps=4, heads=6, max_seq_len=8
    )
    with pytest.raises(CheckpointError, match="predicts 11 vertices; BERG's TRIBE v2, 20484"):
        BERG().get_encoding_model(NAME, "cpu", checkpoint=tmp_path, cache_folder=False)
    with pytest.raises(ConfigError, match="subject 'sub-01': BERG's TRIBE v2 predicts the average subject"):
        EncodingModel(subject="sub-01")


# -- the card --------------------------------------------------------------------------------------------------------


def test_the_card_lists_areas_and_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(set(areas())) == 180
    assert areas()[:3] == ("V1", "MST", "V6")
    assert BERG().list_models() == list(MODEL_IDS)
    assert BERG().get_model_catalog() == {"fMRI": ["dascoli_2026"]}
    assert set(BERG().get_model_catalog(print_format=True)) == {"fMRI"}
    assert BERG().describe(NAME) == model_card()
    assert "average subject" in capsys.readouterr().out
    assert EncodingModel().describe() == model_card()
    parameters = EncodingModel().get_supported_parameters()
    assert {"selection", "device", "stimulus", "return_metadata", "show_progress"} <= set(parameters)
    assert EncodingModel.get_model_id() == NAME


@pytest.mark.atlas
def test_the_real_annotation_has_bergs_areas_in_bergs_order() -> None:
    found = BERG().get_model_metadata(NAME)
    counts = np.bincount(found["roi"]["roi_assignments"] + 1)
    assert len(counts) == 181
    assert counts.min() > 0
    assert 1500 < counts[0] < 2000, "the medial wall of fsaverage5"
    from tribe_np.cortex.parcellations.parcellation_files import load_parcellation

    assert load_parcellation("hcp-mmp1", N_VERTICES).regions == areas()
