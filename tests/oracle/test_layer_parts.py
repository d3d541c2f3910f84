"""Some layers alone compute what they compute in the whole model, bit for bit."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tribe_np.errors import ConfigError
from tribe_np.oracle.generator import TensorRecipe, generate
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits import lazy_tensors
from tribe_np.oracle.kits.kit import Kit, make_kit, only_layers, planned_kit, with_expected
from tribe_np.oracle.layer_parts import STREAM

WITH_LAYERS = [model for model in MODELS if kit_model(model).layers is not None]


def part_of(whole: Kit, first: int, stop: int) -> Kit:
    """Some layers of a kit, on the stream that they read in the whole."""
    kit = only_layers(replace(whole), first, stop)
    names = kit_model(kit.model).layers
    assert names is not None
    if first == 0:
        return with_expected(kit)
    before = names.stream if first == 0 else f"{names.taps}{first * names.step - 1}.output"
    return with_expected(replace(kit, inputs={**kit.inputs, STREAM: whole.expected[before]}))


@pytest.mark.parametrize("model", WITH_LAYERS)
def test_layers_alone_compute_what_they_do_in_the_whole(model: str) -> None:
    whole = make_kit(model)
    names = kit_model(model).layers
    assert names is not None
    n_layers = names.number(whole.config)
    for first, stop in ((0, 1), (n_layers - 1, n_layers), (0, n_layers)):
        part = part_of(whole, first, stop)
        assert part.expected.names()
        for name in part.expected.names():
            np.testing.assert_array_equal(part.expected[name], whole.expected[name], err_msg=name)
        ends = part.expected.names()[-1] if stop == n_layers else f"{names.taps}{stop * names.step - 1}.output"
        assert part.expected.names()[-1] == ends
        assert (STREAM in part.inputs) == (first > 0)
        assert all(part.recipe.weights[i].name in part.weights for i in range(len(part.recipe.weights)))
    assert set(whole.expected.names()) == set(part.expected.names())


@pytest.mark.parametrize("model", WITH_LAYERS)
def test_lazy_weights_give_the_same_bits_and_are_made_once(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, record = make_kit(model), kit_model(model)
    lazy = planned_kit(model, whole.config, whole.sizes, seed=0, lazy=True)
    made: Counter[str] = Counter()

    def counted(recipe: TensorRecipe, seed: int) -> np.ndarray:
        made[recipe.name] += 1
        return generate(recipe, seed)

    monkeypatch.setattr(lazy_tensors, "generate", counted)
    found = with_expected(lazy).expected
    assert found.names() == whole.expected.names()
    for name in found.names():
        np.testing.assert_array_equal(found[name], whole.expected[name], err_msg=name)
    assert record.layers is not None
    assert {count for name, count in made.items() if name.startswith(record.layers.weights)} == {1}


def test_a_part_holds_only_what_its_layers_need() -> None:
    part = only_layers(make_kit("llama"), 1, 2)
    assert {name.split(".")[2] for name in part.weights} == {"1"}
    assert list(part.inputs) == [STREAM]
    assert part.inputs[STREAM].shape == (2, 13, 48)
    last = only_layers(make_kit("llama"), 2, 3)
    assert "model.norm.weight" in last.weights


def test_edits_and_given_taps_bear_the_names_of_the_whole_model() -> None:
    part = with_expected(only_layers(make_kit("llama"), 1, 3))
    zero = replace(part.setup, edits=(("llama.layers.2.mlp.output", lambda name, array: array * 0),))
    run = run_setup(zero)
    assert not run.taps["llama.layers.2.mlp.output"].any()
    assert run.taps["llama.layers.1.mlp.output"].any()
    given = {"llama.layers.1.output": part.expected["llama.layers.1.output"] * 2}
    assert run_setup(part.setup, given=given, until="llama.layers.2.input_layernorm.output").taps.names()[-1] == (
        "llama.layers.2.input_layernorm.output"
    )


def test_layers_that_are_not_there_are_refused() -> None:
    kit = planned_kit("llama", kit_model("llama").tiny, {"batch": 1, "tokens": 3}, seed=0)
    for first, stop in ((0, 4), (2, 2), (-1, 1)):
        with pytest.raises(ConfigError, match="must lie within 0:3"):
            only_layers(kit, first, stop)
