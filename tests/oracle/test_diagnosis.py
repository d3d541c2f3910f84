"""Mistakes planted in a copy of a model are named, at their stage; a right port is never accused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.oracle.planted_mistakes import kits_with, numbers_of, output_of, planted, the_kit
from tribe_np.oracle.budget.honest_variants import HELD_OUT, HONEST, HonestVariant
from tribe_np.oracle.budget.tap_errors import generic_tap
from tribe_np.oracle.diagnose import diagnosing
from tribe_np.oracle.diagnose.diagnosing import diagnose
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import planned_kit, with_expected

UNSEEN_IN_THE_OUTPUT = {"rotary-from-one": "scores depend on the distance of two tokens alone"}
HONEST_SOME = [variant for variant in (*HONEST, *HELD_OUT) if variant.name in ("reference", "reversed", "8 lanes")]
OF_THE_PIPELINE = [name for name, mistake in MISTAKES.items() if mistake.models == ("pipeline",)]
QUICK = [name for name in MISTAKES if name not in OF_THE_PIPELINE[2:]]
SLOW = [pytest.param(name, marks=pytest.mark.oracle) for name in OF_THE_PIPELINE[2:]]
PAIRS = (
    ("llama", "gelu-for-silu", "rotary-adjacent"),
    ("llama", "scale-missing", "causal-sees-next"),  # at one stage: neither alone explains it
    ("llama", "gain-plus-one", "rotary-scaling-missing"),
    ("llama", "heads-not-transposed", "gate-for-up"),
    ("llama", "groups-tiled", "final-norm-missing"),
    ("encoder", "modalities-sorted", "gelu-tanh"),
    ("encoder", "residual-scale-missing", "rotary-whole-head"),
    ("encoder", "time-table-missing", "predictor-transposed"),
    ("encoder", "scale-norm-root", "softmax-over-queries"),
    ("wav2vec_bert", "feed-forward-whole", "conv-reversed"),
    ("wav2vec_bert", "distances-sign", "glu-halves"),
    ("vjepa2", "vjepa-rotary-corrected", "variance-unbiased"),
    ("vjepa2", "patches-column-major", "gelu-sigmoid"),
    ("dinov2", "layer-scale-missing", "class-position-missing"),
)


@pytest.mark.parametrize("name", [*QUICK, *SLOW])
def test_a_planted_mistake_is_named_from_all_taps(name: str) -> None:
    for kit in kits_with(MISTAKES[name]):
        right, wrong = run_setup(kit.setup).taps, run_setup(planted(kit, name)).taps
        found = diagnose(kit, numbers_of(planted(kit, name)))
        if not found.findings:  # too small to be seen in this kit: in another one it must be
            continue
        assert found.named == (name,), str(found)
        assert found.unexplained == ()
        stage = found.findings[0].tap
        before = kit.expected.names()[: kit.expected.names().index(stage)]
        moved = [tap for tap in before if tap in wrong and not is_part_of(wrong[tap], right[tap])]
        assert moved == [], f"{name} moves stages before {stage}"
        return
    pytest.fail(f"no kit shows {name}")


def is_part_of(theirs: np.ndarray, right: np.ndarray) -> bool:
    """Whether they are the same numbers; theirs may lack windows at the end."""
    if theirs.shape[1:] == right.shape[1:]:
        right = right[: len(theirs)] if theirs.ndim else right
    return theirs.shape == right.shape and np.allclose(theirs, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gelu-for-silu", "eps-missing", "groups-tiled", "rotary-from-one"])
def test_a_planted_mistake_is_named_from_the_output_alone(name: str) -> None:
    """Of all: test_all_planted."""
    kit = the_kit("llama")
    found = diagnose(kit, output_of(kit, numbers_of(planted(kit, name))))
    assert found.named == (() if name in UNSEEN_IN_THE_OUTPUT else (name,)), str(found)


@pytest.mark.parametrize(("model", "one", "other"), PAIRS)
def test_two_mistakes_are_both_named_from_all_taps(model: str, one: str, other: str) -> None:
    kit = the_kit(model)
    found = diagnose(kit, numbers_of(planted(kit, one, other)))
    assert set(found.named) == {one, other}, str(found)
    assert found.unexplained == ()


@pytest.mark.parametrize(("model", "one", "other"), PAIRS[:1])
def test_two_mistakes_are_both_named_from_the_output_alone(model: str, one: str, other: str) -> None:
    kit = the_kit(model)
    found = diagnose(kit, output_of(kit, numbers_of(planted(kit, one, other))))
    assert set(found.named) == {one, other}, str(found)


def test_three_mistakes_are_named() -> None:
    kit = the_kit("encoder")
    three = ("modalities-sorted", "rotary-missing", "final-norm-missing")
    assert set(diagnose(kit, numbers_of(planted(kit, *three))).named) == set(three)


@pytest.mark.parametrize("variant", HONEST_SOME, ids=lambda variant: variant.name)
def test_a_right_port_is_never_accused(variant: HonestVariant) -> None:
    """Of all models, by all honest variants: test_all_planted."""
    kit = the_kit("llama")
    with variant.around():
        theirs = dict(run_setup(variant(kit.setup)).taps.arrays)
    streams = {name: theirs[name] for name in theirs if name.endswith(".output")}
    for numbers in (theirs, streams, output_of(kit, theirs)):
        found = diagnose(kit, numbers)
        assert found.findings == (), str(found)


def test_a_mistake_in_one_layer_is_said_to_be_in_that_layer() -> None:
    kit = the_kit("encoder")
    name = "encoder.layers.1.2.residual_scale"
    theirs = numbers_of(replace(kit.setup, weights={**kit.weights, name: np.ones_like(kit.weights[name])}))
    found = diagnose(kit, theirs)
    assert found.named == ("residual-scale-missing",)
    assert found.findings[0].where == "in layer 1 only"
    everywhere = diagnose(kit, numbers_of(planted(kit, "residual-scale-missing")))
    assert everywhere.findings[0].where == "in every layer"


def test_a_missing_tensor_is_named() -> None:
    kit = the_kit("llama")
    name = "model.layers.1.mlp.down_proj.weight"
    setup = replace(kit.setup, weights={**kit.weights, name: np.zeros_like(kit.weights[name])})
    for numbers in (numbers_of(setup), output_of(kit, numbers_of(setup))):
        found = diagnose(kit, numbers)
        assert found.named == (f"missing:{name}",)
        assert f"{name} is missing, and zeros stand for it" in str(found)


def test_taps_that_are_left_out_hide_no_mistake() -> None:
    kit = the_kit("vjepa2")
    theirs = numbers_of(planted(kit, "vjepa-rotary-corrected"))
    few = {name: theirs[name] for name in theirs if generic_tap(name)[0].endswith("layer.{i}.output")}
    found = diagnose(kit, few)
    assert found.named == ("vjepa-rotary-corrected",)
    assert found.findings[0].tap == "vjepa2.encoder.layer.0.output"


def test_what_no_known_mistake_explains_is_said_so() -> None:
    kit = the_kit("llama")
    theirs = numbers_of(kit.setup)
    theirs["llama.layers.1.mlp.gated"] = np.sin(37 * theirs["llama.layers.1.mlp.gated"])
    found = diagnose(kit, theirs)
    assert found.named == ()
    assert found.findings[0].tap == "llama.layers.1.mlp.gated"
    assert "no known mistake explains it" in str(found)
    assert found.as_json()["findings"][0]["named"] is False
    assert found.unexplained[0] == "llama.layers.1.mlp.gated"


def test_mistakes_that_are_the_same_are_told_in_one_line() -> None:
    kit = the_kit("dinov2")
    name = "embeddings.patch_embeddings.projection.bias"
    setup = replace(kit.setup, weights={**kit.weights, name: np.zeros_like(kit.weights[name])})
    found = diagnose(kit, numbers_of(setup))
    assert found.findings[0].is_named
    assert found.named == ("first-biases-missing",)
    assert f"(or, the same here: {name} is missing" in str(found)


def test_a_kit_of_one_layer_is_diagnosed_within_it() -> None:
    whole = the_kit("llama")
    kit = with_expected(planned_kit("llama", whole.config, whole.sizes, seed=0, layers=(1, 2)))
    for name in ("rotary-adjacent", "post-norm", "scale-missing"):
        found = diagnose(kit, numbers_of(planted(kit, name)))
        assert found.named == (name,), str(found)


def test_of_a_large_kit_less_is_tried_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = the_kit("llama")
    two = numbers_of(planted(kit, "scale-missing", "causal-sees-next"))
    monkeypatch.setattr(diagnosing, "MEDIUM", 0)
    assert "only single mistakes were tried" in str(diagnose(kit, two))
    monkeypatch.setattr(diagnosing, "LARGE", 0)
    assert "too many to try mistakes" in str(diagnose(kit, two))


def test_theirs_may_lie_in_a_file(tmp_path: Path) -> None:
    kit = the_kit("encoder")
    theirs = numbers_of(planted(kit, "heads-number"))  # their queries have another shape
    np.savez(tmp_path / "theirs.npz", **theirs)
    assert diagnose(kit, tmp_path / "theirs.npz").named == ("heads-number",)


@pytest.mark.parametrize("wrong", [lambda a: a * np.nan, lambda a: -a, lambda a: a * 1e30])
def test_numbers_of_no_known_mistake_accuse_nobody(wrong: Callable[[np.ndarray], np.ndarray]) -> None:
    kit = the_kit("dinov2")
    found = diagnose(kit, {name: wrong(array) for name, array in output_of(kit, numbers_of(kit.setup)).items()})
    assert found.named == ()
    assert "no known mistake explains it" in str(found)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_coarse_numbers_are_told_by_their_bits_and_hide_no_mistake(kind: str) -> None:
    kit = the_kit("llama")
    theirs = numbers_of(planted(kit, f"everything-{kind}", "rotary-adjacent"))
    assert set(diagnose(kit, theirs).named) == {f"everything-{kind}", "rotary-adjacent"}


def test_tensors_that_are_missing_in_every_layer_are_one_mistake() -> None:
    kit = the_kit("vjepa2")
    kind = "encoder.layer.*.attention.proj.bias"
    zeros = {name: np.zeros_like(w) for name, w in kit.weights.items() if name.endswith(".attention.proj.bias")}
    theirs = numbers_of(replace(kit.setup, weights={**kit.weights, **zeros}))
    for numbers in (theirs, output_of(kit, theirs)):
        found = diagnose(kit, numbers)
        assert found.named == (f"missing:{kind}",), str(found)
        assert f"{kind} are missing, and zeros stand for them" in str(found)


def test_norms_that_are_missing_are_no_pair_of_others() -> None:
    """The pair post-norm and residual-after-norm computes the same."""
    kit = the_kit("encoder")
    assert diagnose(kit, output_of(kit, numbers_of(planted(kit, "norms-missing")))).named == ("norms-missing",)


def test_a_mistake_in_one_word_of_a_pipeline_is_said_to_be_there() -> None:
    kit = the_kit("pipeline")

    def one_before(name: str, span: np.ndarray) -> np.ndarray:
        return span - np.array([1, 0], span.dtype)

    theirs = numbers_of(replace(kit.setup, edits=(*kit.setup.edits, ("pipeline.text.3.span", one_before))))
    found = diagnose(kit, theirs)
    assert found.named == ("span-by-one",)
    assert found.findings[0].where == "at pipeline.text.3.span only"
