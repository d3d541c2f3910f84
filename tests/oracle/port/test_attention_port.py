"""A port in C of one attention block, written from a kit's README alone: it passes, and broken it fails where it is."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle.compilers import compiler
from tribe_np.cli.main import main
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.conformance.kit_comparison import KitComparison
from tribe_np.oracle.diagnose.diagnosing import diagnose
from tribe_np.oracle.kits.kit import Kit, make_kit

SOURCE = Path(__file__).parent / "attention.c"
pytestmark = pytest.mark.compilers
AT = "encoder.layers.0."
BREAKS = {
    "INTERLEAVED": (AT + "query_rotated", "rotary-adjacent"),
    "FULL_ROTARY": (AT + "query_rotated", "rotary-whole-head"),
    "NO_ROTARY": (AT + "query_rotated", "rotary-missing"),
    "NO_SCALE": (AT + "logits", "scale-missing"),
    "SOFTMAX_OVER_QUERIES": (AT + "probabilities", "softmax-over-queries"),
    "RESIDUAL_IGNORED": (AT + "residual", "residual-scale-missing"),
    "SCALE_ON_BRANCH": (AT + "output", "residual-scale-on-branch"),
    "HEADS=4": (AT + "query", "heads-number"),
    "NO_ROOT": (AT + "norm.output", "scale-norm-root"),
    "GAIN_PLUS_ONE": (AT + "norm.output", "gain-plus-one"),
    "TANH": ("encoder.layers.1.activated", "gelu-tanh"),
    "ALPHABETICAL": ("encoder.modalities", "modalities-sorted"),
}
"""Each mistake that attention.c can be compiled with: the step that is wrong then, and what the diagnosis calls it."""
QUICK = ("NO_SCALE", "TANH", "ALPHABETICAL")


@pytest.fixture(scope="session")
def kit() -> Kit:
    return make_kit("encoder")


@pytest.fixture(scope="session")
def kit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit") / "encoder"
    assert main(["oracle", "dump", "--model", "encoder", "--out", str(folder), "--json"]) == 0
    return folder


@pytest.fixture
def ported(kit_folder: Path, tmp_path: Path) -> Callable[[str], Path]:
    """What attention.c writes, compiled with a mistake or none."""

    def run(mistake: str) -> Path:
        program, out = tmp_path / "attention", tmp_path / "out"
        out.mkdir()
        planted = [f"-D{mistake}"] if mistake else []
        strict = ["-std=c99", "-Wall", "-O1"]
        command = [compiler("cc", "gcc"), *strict, *planted, "-o", str(program), str(SOURCE), "-lm"]
        subprocess.run(command, check=True)
        subprocess.run([program, kit_folder, out], check=True)
        return out

    return run


def compared(kit: Kit, folder: Path) -> KitComparison:
    return compare_kit(kit, folder)


def test_the_port_passes(kit: Kit, ported: Callable[[str], Path]) -> None:
    found = compared(kit, ported(""))
    assert found.conforms, found
    assert not found.unknown
    given = [row for row in found.rows if row.is_given]
    assert len(given) == 26
    assert {row.name.rpartition(".")[2] for row in given} > {"logits", "probabilities", "mixed", "activated"}


@pytest.mark.parametrize("mistake", BREAKS)
def test_a_broken_port_fails_at_the_broken_step(mistake: str, kit: Kit, ported: Callable[[str], Path]) -> None:
    found = compared(kit, ported(mistake))
    first = found.first_locally_out
    assert first is not None
    assert first.name == BREAKS[mistake][0]


@pytest.mark.parametrize(
    "mistake", [name if name in QUICK else pytest.param(name, marks=pytest.mark.oracle) for name in BREAKS]
)
def test_a_broken_port_is_told_its_mistake(mistake: str, kit: Kit, ported: Callable[[str], Path]) -> None:
    assert diagnose(kit, ported(mistake)).named == (BREAKS[mistake][1],)


def test_every_break_is_tested() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    assert set(re.findall(r"^#ifdef (\w+)$", text, re.MULTILINE)) == {name.partition("=")[0] for name in BREAKS}
    head = text[: text.index("*/")]
    assert not [name for name in BREAKS if name not in head]
