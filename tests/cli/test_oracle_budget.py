"""tribe-np oracle budget: measured, beside the bounds, written, and what it refuses."""

import json
from pathlib import Path

import pytest

from tribe_np.cli.main import main
from tribe_np.oracle.budget import bound_sets
from tribe_np.oracle.budget.bounds import MeasuredTap
from tribe_np.oracle.budget.tap_errors import TapError


def test_a_table_for_each_case(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "measured.json"
    command = ["oracle", "budget", "--model", "llama", "--case", "one_token", "--seeds", "1", "--write", str(out)]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert text.startswith("llama, one_token, float32, 1 seeds\ntap ")
    assert "llama.layers.{i}.self_attn.query" in text
    assert text.endswith("every error is within its bound\n")
    content = json.loads(out.read_text("utf-8"))
    assert content["made"]["seeds"] == [0]
    assert set(content["sets"]) == {"llama/one_token/float32"}
    assert main([*command, "--json", "--quiet"]) == 0
    result = json.loads(capsys.readouterr().out)
    rows = result["taps"]["llama/one_token"]
    assert all(row["exceeds"] == [] and row["accumulated"]["bound_rms"] > 0 for row in rows)


def test_a_machine_beyond_the_bounds_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = MeasuredTap({0: TapError(1e-7, 1e-6), 2: TapError(1e-2, 1e-1)}, TapError(1e-7, 1e-7), "numba", "numba")
    monkeypatch.setattr(bound_sets, "measured_case", lambda *_, **__: {"llama.layers.{i}.output": bad})
    assert main(["oracle", "budget", "--model", "llama", "--quiet"]) == 3
    text = capsys.readouterr().out
    assert "EXCEEDS (accumulated)" in text
    assert text.endswith("1 errors exceed their bounds; the first is llama.layers.{i}.output\n")


def test_repeats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oracle", "budget", "--model", "llama", "--determinism", "--quiet"]) == 0
    assert "run again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "llama", "--case", "nothing"], "llama has no case 'nothing'"),
        (["--seeds", "0"], "argument --seeds"),
        (["--precision", "float8"], "argument --precision"),
        (["--write", "FOLDER"], "is a folder, expected the name of a file"),
        (["--determinism", "--write", "mine.json", "--seeds", "2"], "writes nothing; leave out --write, --seeds"),
    ],
)
def test_bad_input(words: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = [str(tmp_path) if word == "FOLDER" else word for word in words]
    assert main(["oracle", "budget", "--quiet", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
