"""STIMULI of a study: what is taken, what is left out and said, and what is refused."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.lists.stimulus_list import list_stimuli
from tribe_np.errors import TribeError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "films"
    place.mkdir()
    monkeypatch.chdir(tmp_path)
    return place


def put(folder: Path, *names: str, text: str = "x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def names(given: Sequence[str | Path] | str | Path) -> list[str]:
    return [one.name for one in listed(given)]


def listed(given: Sequence[str | Path] | str | Path) -> list[ListedStimulus]:
    return list_stimuli([given] if isinstance(given, (str, Path)) else given)[0]


def notes(given: Sequence[str | Path] | str | Path) -> str:
    return "\n".join(list_stimuli([given] if isinstance(given, (str, Path)) else given)[1])


def refused(given: Sequence[str | Path] | str | Path) -> str:
    with pytest.raises(TribeError) as caught:
        listed(given)
    return str(caught.value)


def test_a_folder_is_listed_in_natural_order(folder: Path) -> None:
    put(folder, "clip10.mp4", "clip2.mp4", "b/say.wav", "story.txt", "B.webm")
    assert names(folder) == ["say", "B", "clip2", "clip10", "story"]
    assert all(one.path.is_absolute() and one.table is None for one in listed("films"))
    assert "1 text among other stimuli, to be spoken" in notes(folder)


def test_what_a_folder_holds_beside_is_told_with_a_count(folder: Path) -> None:
    put(folder, "a.mp4", "a.txt", "a.srt", "a.tsv", "b.wav", "b.txt", "p.png", "q.jpg", "x.json", "y.json", "z.md")
    put(folder, "README.txt", "story.txt")
    put(folder, "e.tsv", text="type\tstart\n")
    put(folder, "l.txt", text="a.mp4\n/x/b.mov\n")
    told = notes(folder)
    assert names(folder) == ["a", "b", "story"]
    for said in (
        "1 table of the same name as a stimulus beside, read as its words (",
        "left out 2 texts of the same name as a stimulus beside (",
        "left out 1 file of the same name",
        "left out 2 pictures",
        "left out 1 table of events",
        "left out 1 text of paths",
        "left out 1 text about the folder",
        "left out 3 files of other kinds (2 .json, 1 .md)",
    ):
        assert said in told


def test_what_systems_leave_is_not_spoken_of(folder: Path) -> None:
    put(folder, "a.mp4", "._a.mp4", ".DS_Store", "Thumbs.db", "@eaDir/a.mp4", ".git/b.mp4", "c.mp4~")
    put(folder, "earlier/predictions.npy", "earlier/brain.mp4")
    assert list_stimuli([folder])[1] == []
    assert names(folder) == ["a"]


def test_the_study_is_not_looked_into(folder: Path) -> None:
    put(folder, "a.mp4", "study/b.mp4")
    found, _ = list_stimuli([folder], study=folder / "study")
    assert [one.name for one in found] == ["a"]


def test_links_are_followed_and_a_loop_ends(folder: Path) -> None:
    put(folder, "a/x.mp4", "elsewhere/y.mp4")
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "0").symlink_to(folder / "a")
    (folder / "z.mp4").symlink_to(folder / "a" / "x.mp4")
    assert [one.path.relative_to(folder).as_posix() for one in listed(folder)] == [
        "a/x.mp4",
        "elsewhere/y.mp4",
        "z.mp4",
    ]
    assert len(listed("films/**/*.mp4")) == 3


def test_a_link_that_leads_nowhere_is_an_error(folder: Path) -> None:
    put(folder, "a.mp4")
    (folder / "b.mp4").symlink_to(".git/annex/objects/b.mp4")
    (folder / "b.md").symlink_to("nothing.md")
    for given in (folder, "films/*.mp4", "films/b.mp4"):
        said = refused(given)
        assert "b.mp4: no such file; a link that leads nowhere" in said
        assert "git annex get" in said


def test_a_glob_names_pictures_and_tables_of_events(folder: Path) -> None:
    put(folder, "a.mp4", "a.txt", "p.png", "n.md", ".h.mp4", "s/b.mp4", "s/q.png")
    put(folder, "e.tsv", text="start\ttype\n")
    assert names("films/*") == ["a", "e", "p", "b"]  # q.png is of a folder
    assert names("films/**/*.png") == ["p", "q"]
    assert "left out 1 picture, since" in notes("films/*")
    assert "left out 1 file of other kinds (1 .md)" in notes("films/*")
    assert names("films/.*.mp4") == ["h"]
    assert "matches no film, sound, text or picture" in refused("films/*.zip")
    assert "left out 1 file of other kinds (1 .md)" in refused("films/*.md")


def test_a_file_whose_name_is_like_a_glob_is_taken_as_it_is(folder: Path) -> None:
    put(folder, "take [1].mp4", "take 1.mp4")
    assert names("films/take [1].mp4") == ["take [1]"]


def test_an_impossible_pattern_is_refused(folder: Path) -> None:
    assert "is no pattern of files" in refused("films/**.mp4") or sys.version_info >= (3, 13)


def test_several_arguments_may_be_what_a_shell_made_of_a_glob(folder: Path) -> None:
    put(folder, "a.mp4", "a.txt", "a.tsv", "b.txt", "p.png", "sub/c.mp4")
    everything = [f"films/{name}" for name in ("a.mp4", "a.tsv", "a.txt", "b.txt", "p.png", "sub")]
    assert names(everything) == ["a", "b", "p", "c"]
    assert "left out 1 text of the same name" in notes(everything)
    assert names("films/a.txt") == ["a"]  # alone it is what is wished for
    put(folder, "n.md", "m.md")
    said = refused([*everything, "films/n.md", "films/m.md"])
    assert said.startswith("2 files are no stimuli: films/n.md, films/m.md") or "2 files are no stimuli: " in said
    assert "a glob in quotes" in said


def test_the_stimuli_of_a_bids_dataset(folder: Path) -> None:
    put(folder, "dataset_description.json", "sub-01/func/sub-01_task-x_bold.mp4")
    assert "BIDS dataset without a folder stimuli" in refused(folder)
    put(folder, "stimuli/stimuli.tsv", text="stimulus_id\ttype\n")
    put(folder, "stimuli/stim-a_video.mp4", "stimuli/stim-a_video.json", "stimuli/stim-a_annot-x_events.tsv")
    put(folder, "stimuli/faces/stim-b_image.png", "stimuli/tones/stim-c_audio.wav")
    assert names(folder) == ["stim-a_video", "stim-c_audio"]
    told = notes(folder)
    assert "1 BIDS dataset, of which the folder stimuli is taken" in told
    assert "left out 2 files of other kinds (2 .tsv)" in told
    assert "left out 1 file of the same name as a stimulus beside (" in told
    assert "this looks like BIDS' table of stimuli" in refused(folder / "stimuli" / "stimuli.tsv")


def test_a_list_has_a_path_a_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "a.mp4", "b.mp4", "p.png", "s/c.wav")
    put(folder, "few.txt", text="\ufeff# mine\r\na.mp4\r\n\r\nfilms/b.mp4\r\np.png\r\ns\r\n")
    assert names("@films/few.txt") == ["a", "b", "p", "c"]
    told = notes("@films/few.txt")
    assert "1 of its 4 paths are taken from the working folder" in told
    assert "1 line with # at the start left out" in told
    for content in (b"films/a.mp4\nfilms/b.mp4", b"films/a.mp4\0films/b.mp4\0"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert names("-") == ["a", "b"]
    put(folder, "wrong.lst", text="".join(f"no{i}.mp4\n" for i in range(5)))
    said = refused("@films/wrong.lst")
    assert said.startswith("5 files are not there: ")
    assert "no0.mp4 (wrong.lst, line 1)" in said
    assert "and 2 more" in said
    put(folder, "none.lst", text="\n# x\n")
    assert "holds no path" in refused("@films/none.lst")
    assert "gone.lst: cannot be read" in refused("@gone.lst")


def test_a_text_of_paths_is_not_spoken(folder: Path) -> None:
    put(folder, "a.mp4")
    put(folder, "few.txt", text="a.mp4\nb.mp4\n" * 1000)
    put(folder, "t.csv", text="stimulus\nfew.txt\n")
    assert "as a list of stimuli, give it as @few.txt" in refused("films/few.txt")
    assert "(t.csv, line 2)" in refused("films/t.csv")
    put(folder, "said.txt", text="We saw a.mp4\nand b.mp4\n")
    assert names("films/said.txt") == ["said"]


def test_files_that_are_not_there_are_told_together(folder: Path) -> None:
    put(folder, "a.mp4", "n.md")
    assert refused("films/x.mp4") == "films/x.mp4: no such file"
    assert refused(["films/x.mp4", "films/a.mp4", "y.mp4"]) == "2 files are not there: films/x.mp4, y.mp4"
    assert "write / between folders" in refused("films\\a.mp4")
    assert "is to be fetched first" in refused("https://example.org/a.mp4")
    assert "must end with one of" in refused("films/n.md")
    put(folder, "t.xlsx")
    assert "saved as .csv" in refused("films/t.xlsx")


@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_name_is_not_the_working_folder(folder: Path, given: str) -> None:
    assert "an empty name" in refused([given])
    assert "no stimuli are given" in refused([])
    assert refused(folder) == f"{folder}: holds no film, sound or text"


def test_a_name_that_is_no_text_is_refused(folder: Path) -> None:
    path = folder / "a\udcff.mp4"
    try:
        path.write_text("x")
    except (OSError, UnicodeEncodeError):
        pytest.skip("this disk takes no such name")
    assert "is not valid UTF-8" in refused(folder)


def test_an_argument_twice_is_one_work_and_two_predictions(folder: Path) -> None:
    put(folder, "a.mp4")
    assert names(["films/a.mp4", folder]) == ["a", "a_2"]
    assert "1 stimulus is listed more than once: computed once, and predicted under each name (a, a_2)" in notes(
        ["films/a.mp4", folder]
    )


def test_the_study_itself_holds_no_stimuli(tmp_path: Path) -> None:
    """--out films, the folder of the films: it was said to hold none."""
    (tmp_path / "a.mp4").write_text("x")
    with pytest.raises(TribeError, match="is the study's own folder, which holds no stimuli; give another --out"):
        list_stimuli([tmp_path], study=tmp_path)
    assert [one.name for one in list_stimuli([tmp_path], study=tmp_path / "new")[0]] == ["a"]
