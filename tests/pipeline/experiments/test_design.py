"""Reading a design: what is wrong with it is said with its line."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tribe_np.errors import TribeError
from tribe_np.pipeline.experiments.design import read_design


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", np.zeros(16000), 16000)
    (tmp_path / "a.png").write_bytes(b"not read here")
    (tmp_path / "a.xyz").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def write(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "d.tsv"
    path.write_text("\n".join([header, *rows]).replace("|", "\t") + "\n", encoding="utf-8")
    return path


HEADER = "onset|duration|trial_type|stim_file|words|run|volume|background|beside"


def test_columns_and_defaults(folder: Path) -> None:
    path = write(folder, HEADER + "|note", "1.5|n/a|tone|a.wav|n/a|n/a|0.5|||loud", "3|2|word||the dog|2||||n/a")
    tone, word = read_design(path)
    assert (tone.onset, tone.duration, tone.run, tone.volume, tone.kind) == (1.5, None, "run-1", 0.5, "audio")
    assert tone.stimulus is not None
    assert tone.stimulus.path == folder / "a.wav"
    assert (word.words, word.run, word.kind) == ("the dog", "2", "words")
    assert (tone.extra, word.extra) == ({"note": "loud"}, {"note": "n/a"})


def test_files_of_a_dataset_lie_in_its_stimuli(folder: Path) -> None:
    below = folder / "sub-1" / "func"
    below.mkdir(parents=True)
    (folder / "dataset_description.json").write_text("{}")
    (folder / "stimuli").mkdir()
    (folder / "a.wav").rename(folder / "stimuli" / "b.wav")
    (trial,) = read_design(write(below, "onset|duration|trial_type|stim_file", "0|1|t|b.wav"))
    assert trial.stimulus is not None
    assert trial.stimulus.path == folder / "stimuli" / "b.wav"


def test_onsets_are_not_needed_with_a_gap(folder: Path) -> None:
    path = write(folder, "duration|trial_type|stim_file", "1|t|a.wav")
    assert read_design(path, needs_onsets=False).rows[0].onset is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("-1|1|t|a.wav||||", "line 2: onset is '-1'"),
        ("nan|1|t|a.wav||||", "line 2: onset is 'nan'"),
        ("n/a|1|t|a.wav||||", "line 2: onset is missing"),
        ("inf|1|t|a.wav||||", "line 2: onset is 'inf'"),
        ("0,5|1|t|a.wav||||", "line 2: onset is '0,5', expected seconds from 0 on; write 0.5"),
        ("1_0|1|t|a.wav||||", "line 2: onset is '1_0'"),
        ("0|1|t|folder.png||||", "is a folder, expected a file"),
        ("0|1|t|sub\\\\a.wav||||", "; write / between folders"),
        ("0|0|t|a.wav||||", "line 2: duration is '0'"),
        ("0|x|t|a.wav||||", "line 2: duration is 'x'"),
        ("0|1|n/a|a.wav||||", "line 2: trial_type is missing"),
        ("0|1|t|gone.wav||||", "line 2: stim_file 'gone.wav': no such file"),
        ("0|1|t|a.xyz||||", "line 2: stim_file: "),
        ("0|1|t|d.tsv||||", "is a table"),
        ("0|1|t|a.wav|dog|||", "line 2: has both"),
        ("0|1|t|n/a|  |||", "are empty; nothing is shown"),
        ("0|1|t|a.wav||r\x07un||", "line 2: run is"),
        ("0|1|t|a.wav|||-1|", "line 2: volume is '-1'"),
        ("0|1|t|a.png||||pink", "line 2: background is 'pink'"),
        ("0|1|t|a.wav||||", "beside is for a picture"),
    ],
)
def test_a_wrong_cell_is_named(folder: Path, row: str, said: str) -> None:
    cells = row + ("|a.png" if said.startswith("beside") else "|")
    with pytest.raises(TribeError) as found:
        read_design(write(folder, HEADER, cells))
    assert said in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["onset|duration|trial_type|stim_file"], "holds no trials"),
        (["onset|duration|stim_file", "0|1|a.wav"], "'trial_type' is missing"),
        (["duration|trial_type|stim_file", "1|a|a.wav"], "'onset' is missing.*; with --isi it needs no onsets"),
        (["onset,duration,trial_type,stim_file", "0,1,a,a.wav"], "separated by commas, and must be by tabs"),
        (["onset|duration|trial_type", "0|1|t"], "neither column"),
        (["onset|onset|duration|trial_type|stim_file", "0|0|1|t|a.wav"], "more than once"),
        ([""], "empty"),
        (["onset;duration;trial_type;stim_file", "0;1;t;a.wav"], "separated by semicolons, and must be by tabs"),
        (["Onset|duration|trial_type|stim_file", "0|1|t|a.wav"], "it has 'Onset': names are in small letters"),
        (["onset |duration|trial_type|stim_file", "0|1|t|a.wav"], "it has 'onset ': names"),
        (["type|start|duration|timeline|filepath", "Audio|0|1|t|a.wav"], "table of events, which `tribe-np predict`"),
    ],
)
def test_a_wrong_table_is_named(folder: Path, lines: list[str], said: str) -> None:
    with pytest.raises(TribeError, match=said):
        read_design(write(folder, *lines))
