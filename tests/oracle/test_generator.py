"""The generator: its numbers on every machine, blocks, rows, recipes as JSON; and C and Rust give the same bits."""

import hashlib
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.compilers import compiled
from tribe_np.errors import ConfigError
from tribe_np.oracle.generator import BLOCK, TensorRecipe, exponent_for, generate, generate_blocks
from tribe_np.oracle.kits.lazy_tensors import BlankTensor, GeneratedTensor
from tribe_np.oracle.reference import SOURCES, source_text

RECIPES = {
    "normal": TensorRecipe("a.weight", (7, 11), exponent=19),
    "normal, scaled rows": TensorRecipe("embed", (96, 5), exponent=15, scaled=(0, 7, 95), shift=-9),
    "normal, scaled in the middle": TensorRecipe("pixels", (2, 3, 8, 4), axis=2, scaled=(0, 1), shift=5),
    "gain": TensorRecipe("norm.g", (300,), "gain"),
    "gain, scaled": TensorRecipe("norm.weight", (5, 6), "gain", axis=1, scaled=(2, 4), shift=3),
    "uniform": TensorRecipe("wave", (999,), "uniform", exponent=15),
    "integer": TensorRecipe("token_ids", (2, 13), "integer", high=128256, dtype="int64"),
    "integer, negative, of any bit": TensorRecipe("i", (50,), "integer", low=-(1 << 31), high=1 << 31, dtype="int64"),
    "integer, bytes": TensorRecipe("frames", (3, 5, 2), "integer", high=256, dtype="uint8"),
    "integer, as floats": TensorRecipe("mask", (40,), "integer", high=2),
    "zeros": TensorRecipe("silent", (3, 4), axis=1, scaled=(0, 1), shift=-300),
    "no numbers": TensorRecipe("none", (0, 4)),
    "one number": TensorRecipe("scalar", ()),
    "a name that is not ASCII": TensorRecipe("gewölbe.β", (9,)),
    "longer than a block": TensorRecipe("long", (BLOCK + 3,)),
}
SEEDS = (0, 1, 12345678901234567890, (1 << 64) - 1, (1 << 63) + 1)
FIRST_NORMALS = [1.333282470703125, 0.1663818359375, -1.0068359375, 0.6982421875]
PINNED = {
    "normal": "37038c08a20f",
    "normal, scaled rows": "6ac8f2322018",
    "normal, scaled in the middle": "d41a79390e59",
    "gain": "0817b5223029",
    "gain, scaled": "987385cf4520",
    "uniform": "c774c96384a4",
    "integer": "f7c1c187ccd9",
    "integer, negative, of any bit": "aaad8f71311e",
    "integer, bytes": "db7873e922b4",
    "integer, as floats": "f754ec3dccfa",
    "zeros": "13a1744f69f6",
    "no numbers": "e3b0c44298fc",
    "one number": "f34518063560",
    "a name that is not ASCII": "e1935acb6fca",
    "longer than a block": "dc742875ea80",
}


def test_numbers_are_those_of_every_machine() -> None:
    found = {name: hashlib.sha256(generate(recipe, 3).tobytes()).hexdigest()[:12] for name, recipe in RECIPES.items()}
    assert found == PINNED
    assert generate(TensorRecipe("x", (4,)), 0).tolist() == FIRST_NORMALS


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_each_number_has_its_place_and_is_exact(recipe: TensorRecipe) -> None:
    whole = generate(recipe, 5)
    assert whole.shape == recipe.shape
    assert whole.dtype == recipe.dtype
    flat = whole.reshape(-1)
    some = [block for _, block in generate_blocks(recipe, 5, 2, min(7, flat.size))]
    np.testing.assert_array_equal(np.concatenate(some) if some else flat[:0], flat[2:7])
    if whole.dtype == np.float32:  # 18 bits and a power of two
        mantissa, _ = np.frexp(whole.astype(np.float64))
        np.testing.assert_array_equal(mantissa * 2**24 % 2**6, 0)


@given(st.text(min_size=1, max_size=20), st.integers(0, (1 << 64) - 1), st.integers(0, 1 << 40))
def test_words_are_spread(name: str, seed: int, place: int) -> None:
    recipe = TensorRecipe(name, (1 << 41,))
    (_, block), *_ = generate_blocks(recipe, seed, place, place + 4096)
    assert abs(float(block.mean())) < 0.15  # 8 standard errors
    assert 1.0 < float(block.std()) < 1.3


def test_the_size_of_sums_stays() -> None:
    for n_inputs in (1, 48, 1152, 8192):
        spread = float(generate(TensorRecipe("w", (4096,), exponent=exponent_for(n_inputs)), 0).std()) * n_inputs**0.5
        assert 0.8 < spread < 1.7


def test_lazy_tensors_are_arrays_when_asked() -> None:
    recipe = RECIPES["normal, scaled rows"]
    lazy, whole = GeneratedTensor.of(recipe, 9), generate(recipe, 9)
    assert (lazy.shape, lazy.dtype, lazy.nbytes) == (whole.shape, whole.dtype, whole.nbytes)
    np.testing.assert_array_equal(np.asarray(lazy, np.float64), whole)
    indices = np.array([[3, 95], [3, 0]])
    np.testing.assert_array_equal(lazy[indices], whole[indices])
    np.testing.assert_array_equal(lazy[..., np.array([1, 4])], whole[..., [1, 4]])
    np.testing.assert_array_equal(np.concatenate(list(lazy.blocks())), whole.reshape(-1))
    blank = np.asarray(BlankTensor((1 << 20, 1 << 20), np.dtype(np.float32)), np.float64)
    assert blank.shape == (1 << 20, 1 << 20)
    assert not blank[0].any()


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_survives_json(recipe: TensorRecipe) -> None:
    assert TensorRecipe.from_json(recipe.as_json()) == recipe


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "cosine"}, "kind"), ({"shape": [2, -1]}, "shape"), ({"shape": "2"}, "shape"),
        ({"shape": [1e3]}, "shape"), ({"axis": 2}, "axis"), ({"scaled": [2]}, "scaled"), ({"dtype": "object"}, "dtype"),
        ({"exponent": "15"}, "exponent"), ({"kind": "integer"}, "high"), ({"shift": True}, "shift"),
        ({"kind": "integer", "high": (1 << 32) + 1}, "high"), ({"other": 1}, "unknown"), ({"name": 3}, "name"),
        ({"exponent": 400}, "exponent"), ({"dtype": "int64"}, "dtype"), ({"axis": -1}, "axis"),
        ({"shape": [], "scaled": [0]}, "no axis"),
    ],
)  # fmt: skip
def test_a_damaged_recipe_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TensorRecipe.from_json({"name": "w", "shape": [2, 3], "kind": "normal", **changed})


@pytest.mark.parametrize("value", [3, [], None, "w"])
def test_a_recipe_is_an_object(value: Any) -> None:
    with pytest.raises(ConfigError, match="must be an object"):
        TensorRecipe.from_json(value)


def test_a_seed_has_64_bits() -> None:
    for seed in (-1, 1 << 64):
        with pytest.raises(ConfigError, match="seed must lie in 0 to"):
            generate(TensorRecipe("x", (1,)), seed)


@pytest.fixture(scope="module", params=SOURCES)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generator in another language, compiled."""
    folder = tmp_path_factory.mktemp("generator")
    source = folder / request.param
    source.write_text(source_text(request.param), encoding="utf-8")
    return compiled(source, folder / "generator")


def run_program(program: Path, recipe: TensorRecipe, seed: int, *places: int) -> bytes:
    """What the program writes of a recipe."""

    def joined(values: tuple[int, ...]) -> str:
        return ",".join(map(str, values)) or "-"

    words = [
        program, seed, recipe.name, recipe.kind, recipe.exponent, recipe.low, recipe.high, recipe.dtype,
        joined(recipe.shape), recipe.axis, joined(recipe.scaled), recipe.shift, *places,
    ]  # fmt: skip
    done = subprocess.run(list(map(str, words)), capture_output=True, check=True, timeout=60)
    return done.stdout


@pytest.mark.compilers
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_another_language_gives_the_same_bits(program: Path, recipe: TensorRecipe) -> None:
    for seed in SEEDS:
        assert run_program(program, recipe, seed) == generate(recipe, seed).tobytes()


@pytest.mark.compilers
def test_another_language_gives_the_same_bits_far_away(program: Path) -> None:
    table = TensorRecipe("model.embed_tokens.weight", (128256, 3072), scaled=tuple(range(0, 128256, 7)), shift=-9)
    for recipe, start in ((table, 128254 * 3072 + 5), (TensorRecipe("vast", (1 << 62,)), (1 << 62) - 40)):
        blocks = [block for _, block in generate_blocks(recipe, SEEDS[2], start, start + 40)]
        assert run_program(program, recipe, SEEDS[2], start, start + 40) == np.concatenate(blocks).tobytes()


@pytest.mark.compilers
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_another_language_gives_the_same_bits_of_any_recipe(program: Path, data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    axis = data.draw(st.integers(0, len(shape) - 1))
    scaled = data.draw(st.sets(st.integers(0, shape[axis] - 1)))
    low = data.draw(st.integers(-(1 << 40), 1 << 40))
    kind = data.draw(st.sampled_from(("normal", "gain", "uniform", "integer")))
    recipe = TensorRecipe(
        data.draw(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)),
        shape, kind, data.draw(st.integers(0, 40)), low, low + data.draw(st.integers(1, 1 << 32)),
        "int64" if kind == "integer" else "float32", axis, tuple(sorted(scaled)), data.draw(st.integers(-20, 20)),
    )  # fmt: skip
    seed = data.draw(st.integers(0, (1 << 64) - 1))
    assert run_program(program, recipe, seed) == generate(recipe, seed).tobytes()


def test_sources_are_package_data() -> None:
    assert all((files("tribe_np.oracle.reference") / name).is_file() for name in SOURCES)
