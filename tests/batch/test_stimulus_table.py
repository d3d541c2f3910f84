"""Tables of stimuli: cells by column, in the ways spreadsheets write them; what is wrong is said with its line."""

from pathlib import Path

import pytest

from tribe_np.batch.lists.stimulus_list import list_stimuli
from tribe_np.batch.lists.stimulus_table import read_stimulus_table
from tribe_np.errors import TribeError


def write(folder: Path, text: str, name: str = "t.tsv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.replace("|", "\t").encode(encoding))
    return path


HEADER = "stimulus|transcript|language|subject|name|session\n"


def test_cells_and_empty_cells(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "a/b.mp4|b.srt|fr|sub-01|film|2\nc.wav|n/a|N/A||| n/a \n")
    (film, sound), notes = read_stimulus_table(path)
    assert (film.path, film.transcript) == (tmp_path / "a" / "b.mp4", tmp_path / "b.srt")
    assert (film.name, film.language, film.subject, film.line) == ("film", "fr", "sub-01", 2)
    assert film.at == f"{path}, line 2"
    assert (sound.name, sound.transcript, sound.language, sound.subject) == ("", None, None, None)
    assert (film.columns, sound.columns) == ({"session": "2"}, {"session": "n/a"})
    assert notes == [f"{path}: column kept as text: session"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.tsv", 'stimulus\tnote\r\n\r\n# c\r\nä b.mp4\t"x\r\ny"\r\n\t\r\n'),
        ("t.csv", 'stimulus,note\nä b.mp4,"x\r\ny"\n,\n# "c'),
        ("t.csv", 'sep=;\r\nstimulus;note\r\n# c, with, commas\r\n"ä b.mp4";"x\r\ny"\r\n'),
        ("t.CSV", '# c\nnote;stimulus\n"x\r\ny";ä b.mp4\n'),
        ("t.csv", 'stimulus\tnote\n# c\nä b.mp4\t"x\r\ny"'),
    ],
)
def test_dialects(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    ((one,), notes) = read_stimulus_table(write(tmp_path, text, name, encoding))
    assert one.path == tmp_path / "ä b.mp4"
    assert one.columns == {"note": "x\r\ny"}
    assert any("1 line with # at the start left out" in note for note in notes)


def test_a_row_is_named_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, '# c\nstimulus,note\n\n"a.mp4","two\nlines"\nb.mp4,x\n', "t.csv")
    assert [one.line for one in read_stimulus_table(path)[0]] == [4, 6]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("stimulus|name\n", "holds no stimuli"),
        ("path|name\na|b\n", "column 'stimulus' is missing"),
        ("stimuli|name\na|b\n", "; rename the column 'stimuli' if it is meant"),
        ("Stimulus|name\na|b\n", "; rename the column 'Stimulus' if it is meant"),
        ("stimulus,name\na,b\n", "its columns are separated by commas, and must be by tabs"),
        ("onset|duration|trial_type\n0|1|a\n", "which `tribe-np experiment` takes"),
        ("text|start|duration\na|0|1\n", "this looks like words with times"),
        ("stimulus|type|start\na|Video|0\n", "rename one of them"),
        ("stimulus|name|name\na|b|c\n", "the column 'name' is there more than once"),
        ("stimulus|name\na.mp4|b\nb.mp4\n", "line 3: 1 cell, expected 2"),
        ("stimulus|name\na.mp4|b|c\n", "line 2: 3 cells, expected 2"),
        ("stimulus|name\n|b\n", "line 2: the cell of the column 'stimulus' is empty"),
        ("stimulus|language\na.mp4|klingonish\n", "line 2: language 'klingonish' is not known"),
        ('stimulus|name\n"a.mp4|b\n', "line 2: "),
        ('stimulus|name\n"a"b.mp4|b\n', "line 2: "),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TribeError) as caught:
        read_stimulus_table(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_other_encodings_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "stimulus\nä.mp4\n", encoding="latin-1")
    with pytest.raises(TribeError, match=r"not UTF-8 text \(byte 9, in line 2\)"):
        read_stimulus_table(path)


def test_columns_that_look_like_ours_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "stimulus|langauge||rating\na.mp4|fr|7|1\n")
    ((one,), notes) = read_stimulus_table(path)
    assert one.columns == {"langauge": "fr", "rating": "1"}
    assert any("'langauge' is kept as it is and has no effect; did you mean language?" in note for note in notes)
    assert any("a column without a name is left out" in note for note in notes)


def test_files_are_relative_to_the_table_and_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "a.mp4").write_text("x")
    path = write(tmp_path, "stimulus|transcript\na.mp4|\n" + "".join(f"no{i}.mp4|no.srt\n" for i in range(3)))
    with pytest.raises(TribeError) as caught:
        list_stimuli([path])
    assert str(caught.value).startswith(f"6 files are not there: {tmp_path}/no0.mp4 (t.tsv, line 3), ")
    assert str(caught.value).endswith("and 3 more")


def test_unfit_files_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "d.mp4").mkdir()
    with pytest.raises(TribeError, match=r"t.tsv, line 2: .*a\.md: stimulus must end with"):
        list_stimuli([write(tmp_path, "stimulus\na.md\n")])
    with pytest.raises(TribeError, match=r"d\.mp4 \(t.tsv, line 2\): no such file; a folder is there"):
        list_stimuli([write(tmp_path, "stimulus\nd.mp4\n")])


def test_a_table_of_events_is_a_stimulus(tmp_path: Path) -> None:
    path = write(tmp_path, "type|start|filepath\nVideo|0|a.mp4\n", "seen.tsv")
    ((one,), _) = list_stimuli([path])
    assert (one.name, one.path, one.table) == ("seen", path, None)


def test_names_that_are_asked_for(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_text("x")
    found, _ = list_stimuli([write(tmp_path, "stimulus|name\nb.mp4|a\na.mp4|\nc.mp4|my film\n")])
    assert [one.name for one in found][::2] == ["a", "my film"]
    assert found[1].name.startswith("a_")
    for rows, said in (
        ("a.mp4|x\nb.mp4|y\nc.mp4|x\n", "line 4: the name 'x' is that of line 2 too"),
        (
            "a.mp4|Film\nb.mp4|film\n",
            "line 3: the name 'film' and 'Film' of line 2 are one folder on some disks; a name",
        ),
        ("a.mp4|a/b\n", "line 2: the name 'a/b' cannot be a folder's on every disk; 'a_b' can"),
        ("a.mp4|..\n", "'stimulus' can"),
    ):
        with pytest.raises(TribeError) as caught:
            list_stimuli([write(tmp_path, "stimulus|name\n" + rows)])
        assert said in str(caught.value)
