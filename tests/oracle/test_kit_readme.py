"""The page of a kit: its C reads the files, its formulas name every tap, its numbers are the kit's."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.oracle.compilers import compiled
from tribe_np.oracle.generator import generate
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kits.kit import Kit, make_kit
from tribe_np.oracle.kits.kit_readme import computation, example, readme_of
from tribe_np.oracle.kits.kit_writing import fill_kit

MAIN = """
int main(int argc, char **argv) {
    void *numbers = argc == 4 ? tensor(argv[1], argv[2]) : NULL;
    return numbers && fwrite(numbers, 1, strtoul(argv[3], NULL, 10), stdout) ? 0 : 1;
}
"""


@pytest.fixture(scope="module")
def kit() -> Kit:
    """A kit."""
    return make_kit("encoder")


@pytest.mark.compilers
def test_the_c_of_the_page_reads_the_files(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    fill_kit(tmp_path / "kit", kit)
    blocks = re.findall(r"```c\n(.*?)```", (tmp_path / "kit/README.md").read_text(), re.DOTALL)
    (tmp_path / "reader.c").write_text("".join(blocks) + MAIN)
    program = compiled(tmp_path / "reader.c", tmp_path / "reader")
    for file, arrays in (("weights", kit.weights), ("inputs", kit.inputs), ("expected", kit.expected.arrays)):
        for name, array in arrays.items():
            command = [program, tmp_path / "kit" / f"{file}.safetensors", name, array.nbytes]
            done = subprocess.run(list(map(str, command)), capture_output=True, check=True, timeout=60)
            assert done.stdout == array.tobytes(), name
    absent = subprocess.run([program, tmp_path / "kit/inputs.safetensors", "absent", "1"], check=False, timeout=60)
    assert absent.returncode == 1


@pytest.mark.parametrize("model", MODELS)
def test_the_formulas_name_every_tap(model: str) -> None:
    text = computation(model)
    names = {name for case in kit_model(model).cases for name in make_kit(model, case.name).expected.names()}
    leaves = {re.sub(r"(\.\d+)+$", "", name).rpartition(".")[2] for name in names}
    assert not {leaf for leaf in leaves if not re.search(rf"[`.]{leaf}[`.]", text)}


@pytest.mark.parametrize("model", MODELS)
def test_the_page_is_whole(model: str) -> None:
    made = make_kit(model, seed=7)
    for with_weights in (True, False):
        page = readme_of(made, with_weights=with_weights)
        assert not re.search(r"\{\w+\}", page.replace("{i}", "").partition("### The taps")[0])
        assert all(f"`{name}`" in page for name in made.expected.names())
        assert f"The seed of this kit is {made.seed}." in page
    assert "weights.safetensors" not in readme_of(replace(made, weights={}), with_weights=False).partition("## How")[0]


@pytest.mark.parametrize("model", MODELS)
def test_the_numbers_to_test_a_generator_with_are_the_first_ones(model: str) -> None:
    made = make_kit(model)
    name, numbers = example(made)
    recipes = {tensor.name: tensor for tensor in (*made.recipe.weights, *made.recipe.inputs)}
    if name in recipes:
        flat = generate(recipes[name], made.seed).reshape(-1)
        np.testing.assert_array_equal(np.array([float(n) for n in numbers.split(", ")], np.float32), flat[:3])
