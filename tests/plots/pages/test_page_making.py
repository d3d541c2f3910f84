"""The page from a prediction folder: what was packed is what was predicted, in time, and odd things are said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plots.pages.conftest import MakeRun, V
from tests.plots.pages.unpacked import ReadPage, read_page
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, OutputError, ParcellationError, ShapeError, TribeError
from tribe_np.plots import page
from tribe_np.plots.stimulus.file_finding import without_folders

pytestmark = pytest.mark.extras


@pytest.fixture
def made(tmp_path: Path, subjects: Path) -> Any:
    """Writes a page and reads it again."""

    def make(source: Any, **options: Any) -> ReadPage:
        written = page(source, tmp_path / "page.html", **{"subjects_dir": subjects, **options})
        assert written.n_bytes == (tmp_path / "page.html").stat().st_size
        read = read_page(tmp_path / "page.html")
        assert read.facts["notes"] == [without_folders(note) for note in written.notes]
        return read

    return make


def test_values_times_and_words_are_the_predictions(made: Any, make_run: MakeRun, values: np.ndarray) -> None:
    read = made(make_run(starts=[0, 1, 2, 4, 5, 6], words=("<script>alert(1)</script>", "two")))
    layer = read.facts["layers"][0]
    assert np.abs(read.values() - values).max() <= layer["step"] * 0.51
    assert layer["starts"] == [0, 1, 2, 4, 5, 6]
    assert (layer["tr"], layer["hemodynamic_offset"], layer["is_static"]) == (1, 5, False)
    assert layer["limits"] == pytest.approx([-np.percentile(np.abs(values), 99), np.percentile(np.abs(values), 99)])
    assert read.facts["time"]["duration"] == 7
    words = read.facts["stimuli"][0]["words"]
    assert words[0] == {"text": "<script>alert(1)</script>", "start": 0.5, "duration": 0.4}
    assert "<script>alert" not in read.text


def test_the_same_input_gives_the_same_bytes(made: Any, make_run: MakeRun, film: Path) -> None:
    folder = make_run(media=film)
    assert made(folder).text == made(folder).text


def test_regions_are_packed_by_vertex(made: Any, make_run: MakeRun, regions: list[str]) -> None:
    read = made(make_run(), parcellation=regions, regions=["MadeUp2", "MadeUp*"])
    facts = read.facts["parcellation"]
    assert facts["default_regions"] == ["MadeUp2", "MadeUp1", "MadeUp3"]
    names = np.array([*facts["regions"], None], object)
    region_of = read.array("region_of", "<u2").astype(int)
    found = names[np.where(region_of == 65535, -1, region_of)]
    assert found[[0, 1, 2, 3, V + 1]].tolist() == [None, "MadeUp1", "MadeUp2", "MadeUp3", "MadeUp1"]


def test_without_the_default_regions_the_page_says_so(made: Any, make_run: MakeRun) -> None:
    read = made(make_run())
    assert read.facts["parcellation"] is None
    assert any("no named regions" in note for note in read.facts["notes"])


def test_vertices_that_were_not_computed_are_bare(made: Any, make_run: MakeRun, values: np.ndarray) -> None:
    chosen = [3, 4, V + 5]
    read = made(make_run(values=values[:, chosen], run={"options": {"vertices": chosen}}))
    assert np.flatnonzero(np.isfinite(read.values()[0])).tolist() == chosen
    assert any(f"{2 * V - 3} of {2 * V} vertices were not computed" in note for note in read.facts["notes"])


def test_odd_values_are_counted(made: Any, make_run: MakeRun, values: np.ndarray) -> None:
    odd = values.copy()
    odd[2], odd[3, 5], odd[4, 6], odd[4, 7] = np.nan, np.nan, np.inf, 900
    notes = " ".join(made(make_run(values=odd)).facts["notes"])
    assert "1 of 6 rows have no value at all" in notes
    assert "2 values are not finite" in notes
    assert "1 values beyond" in notes


def test_a_constant_map_is_said_and_shown(made: Any) -> None:
    read = made(np.full((3, 2 * V), 2.0))
    assert "prediction: every value is 2: the map is constant" in read.facts["notes"]
    np.testing.assert_array_equal(read.values(), 2)
    low, high = read.facts["layers"][0]["limits"]
    assert low < high


def test_a_part_of_the_time_begins_at_zero(made: Any, make_run: MakeRun, values: np.ndarray) -> None:
    read = made(make_run(starts=[row - 1e-6 for row in range(6)]), start=2, stop=4)
    assert read.facts["layers"][0]["starts"] == pytest.approx([0, 1], abs=1e-5)
    assert np.abs(read.values() - values[2:4]).max() < 0.05
    assert read.facts["time"]["origin"] == 2
    assert any("shown is 2 s to 4 s of the stimulus" in note for note in read.facts["notes"])
    assert read.facts["stimuli"][0]["words"] == []


def test_layers_keep_their_times(made: Any, make_run: MakeRun, values: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "map.npy", values[0])
    folder = make_run(starts=[0, 1, 2, 4, 5, 6])
    read = made(folder, layers={"one map": tmp_path / "map.npy", "negative": -values, "short": values[:3]})
    layers = {layer["name"]: layer for layer in read.facts["layers"]}
    assert list(layers) == ["prediction", "one map", "negative", "short"]
    assert layers["one map"]["is_static"]
    assert layers["negative"]["starts"] == [0, 1, 2, 4, 5, 6]
    assert layers["short"]["starts"] == [0, 1, 2]
    assert np.abs(read.values(2) + values).max() < 0.05
    assert any("short: 3 rows without times" in note for note in read.facts["notes"])


def test_two_films_have_a_stimulus_each_and_one_film_has_one(made: Any, make_run: MakeRun, tmp_path: Path) -> None:
    run = {"stimulus": {"path": "a.mp4", "kind": "video"}}
    first, same = make_run("first", run=run), make_run("same", run=run)
    other = make_run("other", run={"stimulus": {"path": "b.mp4", "kind": "video"}})
    read = made([first, same])
    assert [layer["stimulus"] for layer in read.facts["layers"]] == [0, 0]
    assert [layer["name"] for layer in read.facts["layers"]] == ["first", "same"]
    read = made([first, other])
    assert [layer["stimulus"] for layer in read.facts["layers"]] == [0, 1]
    assert [layer["name"] for layer in read.facts["layers"]] == ["a.mp4", "b.mp4"]
    assert len(read.facts["stimuli"]) == 2


def test_one_of_several_timelines_is_asked_for(made: Any, make_run: MakeRun, values: np.ndarray) -> None:
    folder = make_run(timelines=["a", "a", "a", "b", "b", "b"], starts=[0, 1, 2, 0, 1, 2], words=())
    with pytest.raises(ConfigError, match="--timeline must name one: a, b"):
        made(folder)
    assert np.abs(made(folder, timeline="b").values() - values[3:]).max() < 0.05


def test_predictions_of_random_weights_say_so(made: Any, make_run: MakeRun) -> None:
    facts = made(make_run(run={"command": "demo --out demo"})).facts
    assert "random weights" in facts["notes"][0]
    assert facts["title"].endswith("(random weights)")
    assert not any("random" in note for note in made(make_run("b")).facts["notes"])


def test_still_pictures_are_told_in_words(made: Any, make_run: MakeRun) -> None:
    text = made(make_run(values=np.full((6, 2 * V), 1.5, np.float32))).text
    assert text.count('<figure class="still">') == 4
    assert 'alt="prediction at 0:00; left hemisphere from outside' in text
    assert "values from 1.50 to 1.50" in text


def test_a_page_that_is_too_large_names_what_to_do(made: Any, make_run: MakeRun) -> None:
    with pytest.raises(OutputError, match=r"MB without its stimulus .* --start and --stop"):
        made(make_run(), max_mb=0.1)
    noise = np.random.default_rng(1).normal(size=(1000, 2 * V))
    with pytest.raises(OutputError, match=r"about [1-9]\d\d s would fit: choose them with --start"):
        made(SurfaceSeries(noise, "fsaverage3", np.arange(1000.0)), max_mb=1.0)


def test_hours_are_refused_before_they_are_packed(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tribe_np.plots.pages.page_assembly._without_stimuli", None)  # which packs
    noise = np.random.default_rng(1).standard_normal((4000, 2 * V), np.float32)
    with pytest.raises(OutputError, match=r"about [67]\.\d MB .*about [56]\d\d s would fit: choose them with --start"):
        made(SurfaceSeries(noise, "fsaverage3", np.arange(4000.0)), max_mb=1)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"max_mb": 0}, ConfigError, "--max-mb"),
        ({"max_mb": float("nan")}, ConfigError, "--max-mb"),
        ({"start": 50}, ConfigError, "has no rows from second 50"),
        ({"start": 3, "stop": 2}, ConfigError, "--stop must come after"),
        ({"percentile": 40}, ConfigError, "percentile"),
        ({"parcellation": "no-such"}, ParcellationError, "no-such"),
        ({"regions": ["V1"]}, ParcellationError, "hcp-mmp1"),
        ({"layers": {"x": np.zeros((3, 20484))}}, ShapeError, "one mesh"),
        ({"layers": {"x": np.zeros((3, 77))}}, ShapeError, "77"),
        ({"layers": {"x": Path("no-such.npy")}}, OutputError, "no-such.npy"),
        ({"layers": {"prediction": np.zeros((3, 2 * V))}}, ConfigError, "two layers"),
        ({"layers": {"x": np.full((2, 2 * V), np.nan)}}, ConfigError, "nothing to draw"),
        ({"stimulus": Path("no-such.mp4")}, TribeError, "no-such.mp4"),
    ],
)
def test_bad_input_is_named(
    made: Any, make_run: MakeRun, tmp_path: Path, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        made(make_run(), **options)
    assert not (tmp_path / "page.html").exists()


def test_voxels_are_refused_with_what_works(made: Any, make_run: MakeRun) -> None:
    space = {"kind": "mask", "mask": "subcortical", "resolution": 2, "n_outputs": 2 * V}
    with pytest.raises(OutputError, match=r"voxels of a mask.*export --to nifti"):
        made(make_run(run={"space": space}))


def test_a_full_disk_leaves_nothing(
    made: Any, make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="the disk is full"):
        made(make_run())
    assert not list(tmp_path.glob("page*"))


def test_the_page_does_not_replace_its_input(make_run: MakeRun, subjects: Path) -> None:
    folder = make_run()
    with pytest.raises(OutputError, match=r"exists|predictions"):
        page(folder, folder / "run.json", subjects_dir=subjects)
    assert json.loads((folder / "run.json").read_text())
