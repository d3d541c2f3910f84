"""The tool that measures how fast films are made."""

from pathlib import Path
from typing import Any

import pytest

from tests.plots.films.made_runs import flash_film, run_folder, shown
from tools.film_rate import main

pytestmark = pytest.mark.extras


def test_each_part_and_the_whole_are_measured(tmp_path: Path, capsys: Any) -> None:
    clip = flash_film(tmp_path / "clip.mp4")
    run = run_folder(tmp_path / "run", shown(clip), stimulus=clip)
    assert main([str(run), "--seconds", "0.5", "--size", "480x270"]) in (0, 1)  # however busy the machine is
    lines = capsys.readouterr().out.splitlines()
    assert [line[:34].strip() for line in lines] == [
        "stimulus, decoded and scaled", "painted", "encoded", "from end to end",
    ]  # fmt: skip
    assert all("ms CPU each" in line for line in lines)


def test_a_folder_that_is_none_is_one_line(tmp_path: Path, capsys: Any) -> None:
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("film_rate: error: ")
