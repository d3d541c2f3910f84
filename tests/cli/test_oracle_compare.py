"""tribe-np oracle compare: exit codes, reports and files; bad input in one line."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.oracle.conformance.ports import kit_of, port_of, scaled
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit_reading import read_kit
from tribe_np.oracle.kits.kit_writing import write_kits


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain kit of LLaMA, in its folder."""
    folder = tmp_path_factory.mktemp("kits") / "kit"
    write_kits(folder, {"": kit_of("llama")})
    return folder


@pytest.fixture
def port(tmp_path: Path) -> Callable[..., Path]:
    """A file of a port of LLaMA, maybe with an edit in it."""

    def made(*edits: object, prefix: str = "llama", name: str = "theirs.npz") -> Path:
        arrays = port_of(kit_of("llama"), *edits)  # type: ignore[arg-type]
        np.savez(tmp_path / name, **{prefix + tap.removeprefix("llama"): x for tap, x in arrays.items()})
        return tmp_path / name

    return made


def test_a_right_port_ends_with_0(command_here: Command, kit: Path, port: Callable[..., Path]) -> None:
    done = command_here("oracle", "compare", kit, port())
    assert done.returncode == 0, done.stderr
    assert "conforms (float32): all 56 taps that were given are within their bounds" in done.stdout


def test_a_wrong_port_ends_with_3_and_is_explained(command_here: Command, kit: Path, tmp_path: Path) -> None:
    changed = MISTAKES["gelu-for-silu"].apply(kit_of("llama").setup)
    assert changed is not None
    np.savez(tmp_path / "gelu.npz", **run_setup(changed).taps.arrays)
    page = tmp_path / "page.html"
    done = command_here("oracle", "compare", kit, tmp_path / "gelu.npz", "--all", "--html", page)
    assert done.returncode == 3, done.stderr
    assert "is the first wrong step" in done.stdout
    assert MISTAKES["gelu-for-silu"].sentence in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith(("ok ", "out ", "WRONG "))]) == 56
    assert MISTAKES["gelu-for-silu"].sentence in page.read_text("utf-8")
    as_json = command_here("oracle", "compare", kit, tmp_path / "gelu.npz", "--json")
    assert as_json.returncode == 3
    record = json.loads(as_json.stdout)
    assert record["first_wrong_step"].startswith("llama.layers.0.mlp.")
    assert record["diagnosis"]["findings"][0]["named"]


def test_the_precision_chooses_the_bounds(command_here: Command, kit: Path, port: Callable[..., Path]) -> None:
    theirs = port(("llama.norm.output", scaled(1.001)))
    asked = ("oracle", "compare", kit, theirs, "--no-diagnosis")
    assert command_here(*asked).returncode == 3
    assert command_here(*asked, "--precision", "bfloat16").returncode == 0


def test_other_names_are_suggested_and_mapped(
    command_here: Command, kit: Path, port: Callable[..., Path], tmp_path: Path
) -> None:
    theirs, names = port(prefix="model/blk"), tmp_path / "map.json"
    line = refused(command_here("oracle", "compare", kit, theirs))
    assert "none of its 56 names is a tap of the kit: 'model/blk" in line
    assert "looks like llama." in line
    assert "--suggest writes one" in line
    done = command_here("oracle", "compare", kit, theirs, "--suggest", names)
    assert done.returncode == 2
    assert "look it over, then give it as --map" in done.stderr
    assert len(json.loads(names.read_text())) > 50
    done = command_here("oracle", "compare", kit, theirs, "--map", names)
    assert done.returncode == 0, done.stdout


def test_bad_input_is_one_line(command_here: Command, kit: Path, port: Callable[..., Path], tmp_path: Path) -> None:
    theirs = port()
    assert "nowhere" in refused(command_here("oracle", "compare", tmp_path / "nowhere", theirs))
    assert "absent.npz: cannot be read" in refused(command_here("oracle", "compare", kit, tmp_path / "absent.npz"))
    assert "m.json: cannot be read" in refused(
        command_here("oracle", "compare", kit, theirs, "--map", tmp_path / "m.json")
    )
    assert "theirs.npz cannot be written" in refused(
        command_here("oracle", "compare", kit, theirs, "--html", theirs / "page.html")
    )
    assert "invalid choice: 'float8'" in refused(
        command_here("oracle", "compare", kit, theirs, "--precision", "float8")
    )
    assert json.loads(command_here("oracle", "compare", kit, tmp_path / "x.npz", "--json").stdout)["error"]


def test_a_layer_of_released_widths_is_checked_from_its_recipe(command_here: Command, tmp_path: Path) -> None:
    kit, theirs = tmp_path / "kit", tmp_path / "theirs.npz"
    made = command_here("oracle", "dump", "--model", "dinov2", "--config", "released", "--layers", "1:2", "--out", kit)
    assert made.returncode == 0, made.stderr
    setup = read_kit(kit).setup
    taps = run_setup(replace(setup, precision="float32")).taps.arrays
    np.savez(theirs, **taps)
    assert command_here("oracle", "compare", kit, theirs).returncode == 0
    value = next(name for name in taps if name.endswith(".value"))
    np.savez(theirs, **{**taps, value: taps[value] * np.float32(1.01)})
    done = command_here("oracle", "compare", kit, theirs)
    assert done.returncode == 3
    assert f"{value} is the first wrong step" in done.stdout
    assert "kits whose weights are small: try --config tiny" in done.stderr
    done = command_here("oracle", "compare", kit, theirs, "--no-steps")
    assert done.returncode == 3
    assert "the kit holds summaries; --steps computes all numbers" in done.stdout


@pytest.mark.parametrize("argument", ["--html", "--suggest"])
def test_nothing_of_a_person_is_written_over(
    argument: str, command_here: Command, kit: Path, port: Callable[..., Path], tmp_path: Path
) -> None:
    theirs, pipe, edited = port(), tmp_path / "pipe", tmp_path / "written"
    os.mkfifo(pipe)
    for there in (theirs, kit / "manifest.json"):
        before = there.read_bytes()
        assert f"{argument} {there}: exists" in refused(command_here("oracle", "compare", kit, theirs, argument, there))
        assert there.read_bytes() == before
    assert "exists" in refused(command_here("oracle", "compare", kit, theirs, argument, pipe))
    assert pipe.is_fifo()
    assert f"{argument} {kit}: is a folder" in refused(command_here("oracle", "compare", kit, theirs, argument, kit))
    for _ in range(2):  # what the command wrote it may write again
        assert command_here("oracle", "compare", kit, theirs, argument, edited).returncode == 0
    edited.write_text("looked over")
    assert "was changed" in refused(command_here("oracle", "compare", kit, theirs, argument, edited))


def test_one_file_is_not_both_page_and_map(
    command_here: Command, kit: Path, port: Callable[..., Path], tmp_path: Path
) -> None:
    both = tmp_path / "both"
    line = refused(command_here("oracle", "compare", kit, port(), "--html", both, "--suggest", both))
    assert "is the file that --suggest writes" in line
    assert not both.exists()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e308, 0.0])
def test_json_is_json_whatever_they_computed(value: float, command_here: Command, kit: Path, tmp_path: Path) -> None:
    taps = kit_of("llama").expected.arrays
    np.savez(tmp_path / "theirs.npz", **{name: np.full_like(x, value) for name, x in taps.items()})
    done = command_here("oracle", "compare", kit, tmp_path / "theirs.npz", "--json")
    assert done.returncode == 3

    def no_number(text: str) -> None:
        raise AssertionError(text)

    json.loads(done.stdout, parse_constant=no_number)
