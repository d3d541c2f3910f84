"""Every format of `export`, read back: the values to the bit, the times, what the vertices are."""

import gzip
import io
import json
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.outputs.exports.export_case import CHOSEN, N_ROWS, PER_SIDE, RUN, halves, predictions_folder, values_of
from tribe_np.errors import OutputError
from tribe_np.outputs import export
from tribe_np.outputs.exports import cifti_files, hdf5_files
from tribe_np.outputs.exports.export_formats import find_format
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return predictions_folder(tmp_path / "whole")


@pytest.fixture
def some(tmp_path: Path) -> Path:
    return predictions_folder(tmp_path / "some", vertices=CHOSEN)


def sidecar(path: Path) -> dict[str, Any]:
    """A file of JSON; NaN is not JSON."""
    return json.loads(path.read_text(), parse_constant=lambda text: pytest.fail(f"{path} holds {text}"))


def full(values: np.ndarray, vertices: list[int] = CHOSEN) -> np.ndarray:
    """The values of a selection among NaN."""
    out = np.full((len(values), 2 * PER_SIDE), np.nan, np.float32)
    out[:, vertices] = values
    return out


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_a_record_bears_the_name_it_is_found_by(name: str) -> None:
    assert find_format(name).name == name


def test_gifti(whole: Path, some: Path, tmp_path: Path) -> None:
    for folder, values in ((whole, values_of(whole)), (some, full(values_of(some)))):
        out = tmp_path / f"gifti-{folder.name}"
        done = export(folder, "gifti", out)
        assert sorted(path.relative_to(out) for path in done.files) == sorted(
            path.relative_to(out) for path in out.iterdir() if path.name != ".tribe-np.json"
        )
        for side, structure, part in (
            ("lh", "CortexLeft", values[:, :PER_SIDE]),
            ("rh", "CortexRight", values[:, PER_SIDE:]),
        ):
            image = nibabel.load(out / f"{side}.predictions.fsaverage3.func.gii")
            assert image.meta["AnatomicalStructurePrimary"] == structure
            assert float(image.meta["TimeStep"]) == 1000  # ms
            assert [array.meta["Name"] for array in image.darrays] == ["0 s", "1 s", "2 s", "3 s"]
            assert {float(array.meta["TimeStep"]) for array in image.darrays} == {1000}
            assert {array.intent for array in image.darrays} == {
                nibabel.nifti1.intent_codes["NIFTI_INTENT_TIME_SERIES"]
            }
            np.testing.assert_array_equal(np.stack([array.data for array in image.darrays]), part)


def test_cifti_holds_the_computed_vertices(whole: Path, some: Path, tmp_path: Path) -> None:
    for folder, left, right in ((whole, range(PER_SIDE), range(PER_SIDE)), (some, [3, 5, 641], [0, 58])):
        out = tmp_path / f"cifti-{folder.name}"
        export(folder, "cifti", out, times="bold")
        image = nibabel.load(out / "predictions.fsaverage3.dtseries.nii")
        series, models = (image.header.get_axis(number) for number in (0, 1))
        assert (series.start, series.step, series.size, series.unit) == (5.0, 1.0, N_ROWS, "SECOND")
        assert image.nifti_header["intent_code"] == 3002
        found = {name: list(model.vertex) for name, _, model in models.iter_structures()}
        assert found == {"CIFTI_STRUCTURE_CORTEX_LEFT": list(left), "CIFTI_STRUCTURE_CORTEX_RIGHT": list(right)}
        assert set(models.nvertices.values()) == {PER_SIDE}
        np.testing.assert_array_equal(np.asarray(image.dataobj), values_of(folder))
        assert image.get_data_dtype() == np.float32


def test_cifti_of_one_hemisphere_and_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifti_files, "BLOCK_VALUES", 3 * N_ROWS)
    folder = predictions_folder(tmp_path / "left", vertices=[0, 2, 3, 9, 11, 12, 13])
    export(folder, "cifti", tmp_path / "out")
    image = nibabel.load(tmp_path / "out" / "predictions.fsaverage3.dtseries.nii")
    assert [name for name, _, _ in image.header.get_axis(1).iter_structures()] == ["CIFTI_STRUCTURE_CORTEX_LEFT"]
    np.testing.assert_array_equal(np.asarray(image.dataobj), values_of(folder))


def test_cifti_without_the_medial_wall(whole: Path, tmp_path: Path) -> None:
    done = export(whole, "cifti", tmp_path / "out", mask_medial_wall=True, parcellation=halves())
    image = nibabel.load(done.files[0])
    kept = halves().region_of >= 0
    assert image.shape == (N_ROWS, 2 * (PER_SIDE - 60))
    np.testing.assert_array_equal(np.asarray(image.dataobj), values_of(whole)[:, kept])
    assert (image.header.get_axis(1).vertex >= 60).all()
    facts = sidecar(done.files[1])
    assert (facts["VerticesOfMedialWall"], facts["VerticesMasked"]) == (120, 120)
    assert "halves" in facts["MedialWall"]


@pytest.mark.parametrize("ending", ["mgh", "mgz"])
def test_mgh(whole: Path, some: Path, tmp_path: Path, ending: str) -> None:
    for folder, values in ((whole, values_of(whole)), (some, full(values_of(some)))):
        export(folder, ending, tmp_path / f"{folder.name}-out")
        for side, part in (("lh", values[:, :PER_SIDE]), ("rh", values[:, PER_SIDE:])):
            image = nibabel.load(tmp_path / f"{folder.name}-out" / f"{side}.predictions.fsaverage3.{ending}")
            assert image.shape == (PER_SIDE, 1, 1, N_ROWS)
            assert image.header["tr"] == 1000
            assert image.get_data_dtype() == np.dtype(">f4")
            np.testing.assert_array_equal(np.asarray(image.dataobj)[:, 0, 0].T, part)


def test_mz3_is_as_surf_ice_specifies_it(some: Path, tmp_path: Path) -> None:
    export(some, "mz3", tmp_path / "out")
    content = gzip.decompress((tmp_path / "out" / "rh.predictions.fsaverage3.mz3").read_bytes())
    assert struct.unpack_from("<HHIII", content) == (0x5A4D, 8, 0, PER_SIDE, 0)
    values = np.frombuffer(content, "<f4", offset=16).reshape(N_ROWS, PER_SIDE)
    np.testing.assert_array_equal(values, full(values_of(some))[:, PER_SIDE:])
    assert sidecar(tmp_path / "out" / "rh.predictions.fsaverage3.json")["VerticesNotComputed"] == PER_SIDE - 2


def test_stc_holds_the_computed_vertices_and_milliseconds(some: Path, tmp_path: Path) -> None:
    export(some, "stc", tmp_path / "out", times="bold")
    content = (tmp_path / "out" / "predictions.fsaverage3-lh.stc").read_bytes()
    assert struct.unpack_from(">ff4II", content) == (5000.0, 1000.0, 3, 3, 5, 641, N_ROWS)
    values = np.frombuffer(content, ">f4", offset=28).reshape(N_ROWS, 3)
    np.testing.assert_array_equal(values, values_of(some)[:, :3])


def test_npz(some: Path, tmp_path: Path) -> None:
    export(some, "npz", tmp_path / "out", times="bold")
    with np.load(tmp_path / "out" / "predictions.npz") as found:
        np.testing.assert_array_equal(found["predictions"], values_of(some))
        np.testing.assert_array_equal(found["vertices"], CHOSEN)
        np.testing.assert_array_equal(found["starts"], [0, 1, 2, 3])
        np.testing.assert_array_equal(found["times"], [5, 6, 7, 8])
        assert (str(found["mesh"]), str(found["times_are"]), float(found["hemodynamic_offset"])) == (
            "fsaverage3",
            "bold",
            5,
        )
        assert json.loads(str(found["run"]))["options"]["vertices"] == CHOSEN


def test_raw_is_the_rust_ports_layout(some: Path, tmp_path: Path) -> None:
    export(some, "raw", tmp_path / "out")
    values = np.fromfile(tmp_path / "out" / "predictions.bin", "<f4").reshape(N_ROWS, 2 * PER_SIDE)
    np.testing.assert_array_equal(values, full(values_of(some)))
    rows = json.loads((tmp_path / "out" / "segments.json").read_text())
    assert rows[2] == {"timestep_index": 2, "start": 2.0, "duration": 1.0}


def test_csv(whole: Path, tmp_path: Path) -> None:
    done = export(whole, "csv", tmp_path / "out", parcellation=halves())
    lines = done.files[0].read_text().splitlines()
    assert lines[0] == "start,bold_time,front,back"
    table = np.array([line.split(",") for line in lines[1:]], float)
    np.testing.assert_array_equal(table[:, :2], [[0, 5], [1, 6], [2, 7], [3, 8]])
    np.testing.assert_allclose(table[:, 2], values_of(whole)[:, halves().region_of == 0].mean(axis=1), rtol=1e-5)
    assert sidecar(done.files[1])["VerticesOfRegions"] == {"front": 600, "back": 564}


@pytest.mark.parametrize("name", [name for name in EXPORT_FORMATS if name not in ("hdf5", "nifti")])
def test_every_sidecar_says_what_the_file_is(some: Path, tmp_path: Path, name: str) -> None:
    options = {"parcellation": halves()} if name == "csv" else {}
    done = export(some, name, tmp_path / "out", times="bold", **options)
    sidecars = [path for path in done.files if path.suffix == ".json" and path.name != "segments.json"]
    assert sidecars
    for path in sidecars:
        facts = sidecar(path)
        assert (facts["RepetitionTime"], facts["StartTime"], facts["HemodynamicOffset"]) == (1.0, 5.0, 5.0)
        assert facts["TimeAxis"] == "bold"
        assert facts["RowTimes"] == [5, 6, 7, 8]
        assert "MNI305, not MNI152" in facts["Space"]
        assert facts["Run"]["checkpoint"] == RUN["checkpoint"]
        assert facts["Run"]["options"] == {"regions": ["V1"], "vertices": CHOSEN}
        assert facts["Vertices"] == CHOSEN
        assert facts["Units"] == RUN["units"]
        assert facts["Warnings"][0] == "the film is short"
        fate = "NaN" if name in ("gifti", "mgh", "mgz", "mz3", "raw") else "left out"
        assert facts["Warnings"][1] == f"1279 of 1284 vertices were not computed and are {fate}"
        assert facts["NotComputedAre"] == fate
        assert facts["VerticesComputed"] + facts["VerticesNotComputed"] in (PER_SIDE, 2 * PER_SIDE)
    assert "1279 of 1284" in done.warnings[0]


@pytest.mark.extras
def test_hdf5(some: Path, tmp_path: Path) -> None:
    import h5py

    export(some, "hdf5", tmp_path / "out", times="bold")
    with h5py.File(tmp_path / "out" / "predictions.h5") as file:
        np.testing.assert_array_equal(file["predictions"], values_of(some))
        np.testing.assert_array_equal(file["times"], [5, 6, 7, 8])
        np.testing.assert_array_equal(file["vertices"], CHOSEN)
        assert file["predictions"].dims[0].label == "row"
        np.testing.assert_array_equal(file["predictions"].dims[1][0], CHOSEN)
        assert file["predictions"].chunks == (N_ROWS, len(CHOSEN))
        assert file.attrs["mesh"] == "fsaverage3"
        assert file.attrs["times_are"] == "bold"
        assert json.loads(file["run"][()])["checkpoint"] == RUN["checkpoint"]


@pytest.mark.extras
def test_hdf5_of_two_timelines(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    folder = predictions_folder(tmp_path / "two", starts=[0, 1, 0, 1], timelines=["film", "film", "ton", "tön"])
    with h5py.File(export(folder, "hdf5", tmp_path / "out").files[0]) as file:
        assert [name.decode() for name in file["timelines"]] == ["film", "film", "ton", "tön"]


@pytest.mark.extras
def test_nilearn_opens_gifti_and_mgz(whole: Path, tmp_path: Path) -> None:
    from nilearn.surface import load_surf_data

    for name, ending in (("gifti", "func.gii"), ("mgz", "mgz")):
        export(whole, name, tmp_path / name)
        values = load_surf_data(tmp_path / name / f"rh.predictions.fsaverage3.{ending}")
        np.testing.assert_array_equal(values.T, values_of(whole)[:, PER_SIDE:])


@pytest.mark.extras
def test_mz3_with_its_surface(tmp_path: Path) -> None:
    from tribe_np.cortex import load_surface

    values = np.random.default_rng(0).normal(size=(2, 20484)).astype(np.float32)
    done = export(values, "mz3", tmp_path / "out", surface="inflated")
    coordinates, faces = load_surface("fsaverage5", "inflated").hemisphere("right")
    content = gzip.decompress((tmp_path / "out" / "rh.predictions.fsaverage5.mz3").read_bytes())
    assert struct.unpack_from("<HHIII", content) == (0x5A4D, 11, len(faces), 10242, 0)
    np.testing.assert_array_equal(np.frombuffer(content, "<i4", faces.size, 16).reshape(-1, 3), faces)
    shown = np.frombuffer(content, "<f4", coordinates.size, 16 + 4 * faces.size).reshape(-1, 3)
    np.testing.assert_array_equal(shown, coordinates)
    assert len(content) == 16 + 4 * (faces.size + coordinates.size + 2 * 10242)
    assert sidecar(done.files[1])["Surface"] == "inflated"


@pytest.mark.atlas
def test_mne_opens_source_estimates(some: Path, tmp_path: Path) -> None:
    import mne

    left = predictions_folder(tmp_path / "left", vertices=[1, 2])
    for folder, vertices in ((some, [[3, 5, 641], [0, 58]]), (left, [[1, 2], []])):
        export(folder, "stc", tmp_path / f"{folder.name}-stc", times="bold")
        estimate = mne.read_source_estimate(tmp_path / f"{folder.name}-stc" / "predictions.fsaverage3")
        assert (estimate.tmin, estimate.tstep) == (5.0, 1.0)
        assert [list(found) for found in estimate.vertices] == vertices
        np.testing.assert_array_equal(estimate.data.T, values_of(folder))


@pytest.mark.atlas
def test_the_real_parcellation_gives_areas_and_the_medial_wall(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(2, 20484)).astype(np.float32)
    done = export(values, "csv", tmp_path / "csv", parcellation="hcp-mmp1")
    names = done.files[0].read_text().splitlines()[0].split(",")
    assert (len(names), names[:3]) == (182, ["start", "bold_time", "V1"])
    done = export(values, "cifti", tmp_path / "cifti", mask_medial_wall=True, parcellation="hcp-mmp1")
    facts = sidecar(done.files[1])
    assert 1600 < facts["VerticesMasked"] == facts["VerticesOfMedialWall"] < 1900
    assert all(len(file["sha256"]) == 64 for file in facts["MedialWallFiles"])
    assert nibabel.load(done.files[0]).shape == (2, 20484 - facts["VerticesMasked"])


@pytest.mark.extras
@pytest.mark.parametrize("room", [0, 700, 5000])
def test_hdf5_on_a_full_disk_ends_without_a_traceback(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], room: int
) -> None:
    class SmallDisk(io.FileIO):
        def write(self, data: Any) -> int:
            if self.tell() + len(data) > room:
                raise OSError(28, "No space left on device")
            return super().write(data)

    small = type("SmallFile", (hdf5_files._LateFailure, SmallDisk), {})
    monkeypatch.setattr(hdf5_files, "_LateFailure", small)
    (tmp_path / "place").mkdir()
    with pytest.raises(OutputError, match="disk is full"):
        export(whole, "hdf5", tmp_path / "place" / "out")
    assert not list((tmp_path / "place").iterdir())
    assert capfd.readouterr().err == ""
