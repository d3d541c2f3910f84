"""Kits that hold summaries, and ports that write them: what can be said all in all, and all of it with --steps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.oracle.conformance.ports import Arrays, generous, kit_of, port_of, scaled
from tribe_np.errors import ConfigError, KitError
from tribe_np.oracle import Recording, SummaryRecording
from tribe_np.oracle.conformance.comparing_kits import compare_kit, suggested_names
from tribe_np.oracle.conformance.comparison_page import comparison_page
from tribe_np.oracle.conformance.comparison_text import comparison_lines
from tribe_np.oracle.conformance.conformance_record import conformance_record
from tribe_np.oracle.conformance.kit_comparison import KitComparison, verdict
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.summaries import Summary

WRONG = ("llama.layers.1.mlp.gated", scaled(1.1))


def short_kit(model: str = "llama") -> Kit:
    """A kit as it is kept where the model is large."""
    kit = kit_of(model)
    return replace(kit, expected=Recording(), summary=kit.expected.summary())


def first_out(found: KitComparison) -> str | None:
    return None if found.first_out is None else found.first_out.name


@pytest.mark.parametrize("model", ["encoder", "llama", "wav2vec_bert", "vjepa2", "dinov2"])
def test_whole_arrays_of_a_right_port_pass_and_are_turned(model: str) -> None:
    arrays = port_of(kit_of(model))
    theirs = {name: x.swapaxes(1, 2) if x.ndim == 4 else x for name, x in arrays.items()}
    found = compare_kit(short_kit(model), theirs, bounds=generous, steps=False)
    assert found.conforms, verdict(found)
    assert any("theirs is (" in note for row in found.rows for note in row.notes)
    assert found.local_error is not None
    assert found.local_error.startswith("the kit holds summaries; --steps computes all numbers of its taps (0.0")
    assert found.given == {}


def test_what_is_wrong_is_told_all_in_all() -> None:
    arrays = port_of(kit_of("llama"), WRONG)
    found = compare_kit(short_kit(), arrays, bounds=generous, steps=False)
    assert first_out(found) == WRONG[0]
    assert found.first_locally_out is None
    assert f"{WRONG[0]} is the first tap out of bounds" in verdict(found)
    whole = compare_kit(kit_of("llama"), arrays, bounds=generous)
    for row, truth in zip(found.rows, whole.rows, strict=True):
        assert row.accumulated is not None
        assert truth.accumulated is not None
        assert row.accumulated.largest <= truth.accumulated.largest * (1 + 1e-9)
        assert row.is_out == truth.is_out
        assert len(row.accumulated.worst) == len(kit_of("llama").expected[row.name].shape)
    assert "steps could not be checked one by one" in "\n".join(comparison_lines(found))
    assert conformance_record(found)["local_errors_unknown"]
    assert comparison_page(found).count('<tr id="tap-') == len(found.rows)


@pytest.mark.parametrize("steps", [None, True])
def test_every_number_is_computed_anew(steps: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = port_of(kit_of("llama"), WRONG)
    found = compare_kit(short_kit(), theirs, steps=steps)
    assert [row.name for row in found.locally_out] == [WRONG[0]]
    assert found.local_error is None
    kit = short_kit()
    other = replace(kit, weights={**kit.weights, "model.norm.weight": kit.weights["model.norm.weight"] * 2})
    with pytest.raises(KitError, match="is not what the kit holds of it"):
        compare_kit(other, theirs, steps=steps)
    monkeypatch.setattr("tribe_np.oracle.conformance.comparing_kits.MOST_TAPS", 1000)
    found = compare_kit(short_kit(), theirs, steps=steps)
    assert (found.local_error is None) == bool(steps), "large ones only where they are asked for"


def test_weights_that_the_kit_lacks_are_told() -> None:
    theirs = port_of(kit_of("llama"))
    foreign = replace(short_kit(), weights={}, weight_files={"model.safetensors": "0" * 64})
    found = compare_kit(foreign, theirs)
    assert found.local_error is not None
    assert "does not hold the weights of model.safetensors" in found.local_error
    with pytest.raises(ConfigError, match="does not hold the weights"):
        compare_kit(foreign, theirs, steps=True)


@pytest.mark.parametrize("kit", [short_kit(), kit_of("llama")], ids=["summaries", "whole"])
def test_ports_may_write_summaries(kit: Kit, tmp_path: Path) -> None:
    arrays: Arrays = port_of(kit_of("llama"))
    theirs = Recording(arrays).summary()
    theirs.save(tmp_path / "t.safetensors")
    for given in (theirs, theirs.summaries, tmp_path / "t.safetensors"):
        found = compare_kit(kit, given, bounds=generous)
        assert found.conforms, verdict(found)
        assert found.missing == ()
    assert isinstance(SummaryRecording.load(tmp_path / "t.safetensors")["llama.norm.output"], Summary)
    wrong = Recording(port_of(kit_of("llama"), WRONG)).summary()
    assert first_out(compare_kit(kit, wrong, bounds=generous)) == WRONG[0]


def test_other_shapes_masks_and_numbers_that_are_not_finite() -> None:
    kit, arrays = short_kit(), port_of(kit_of("llama"))
    name = "llama.norm.output"
    found = compare_kit(kit, {name: arrays[name][:, :5]}, bounds=generous, steps=False)
    assert found.row(name).fault == "theirs has shape (2, 5, 48), the kit's is (2, 13, 48)"
    found = compare_kit(kit, {name: Summary.of(arrays[name][0])}, bounds=generous)
    assert found.row(name).fault == "theirs has shape (13, 48), the kit's is (2, 13, 48)"
    spoilt = arrays[name].copy()
    spoilt[1, 2] = np.nan
    row = compare_kit(kit, {name: spoilt}, bounds=generous, steps=False).row(name)
    assert row.is_out
    assert row.accumulated is not None
    assert row.accumulated.n_not_finite == 48
    logits = "llama.layers.0.self_attn.logits"
    masked = np.where(np.isfinite(arrays[logits]), arrays[logits], -1e9)
    assert compare_kit(kit, {logits: masked}, bounds=generous, steps=False).conforms


def test_names_of_summaries_are_suggested_and_mapped() -> None:
    kit, theirs = short_kit(), {"layers_0_mlp_gated_": Summary.of(port_of(kit_of("llama"))["llama.layers.0.mlp.gated"])}
    theirs["gate0"] = theirs.pop("layers_0_mlp_gated_")
    assert compare_kit(kit, theirs, names={"gate0": "llama.layers.0.mlp.gated"}, bounds=generous).conforms
    with pytest.raises(ConfigError, match="theirs is a summary: turn it before"):
        compare_kit(kit, theirs, names={"gate0": {"tap": "llama.layers.0.mlp.gated", "axes": [2, 1, 0]}})
    found = suggested_names(kit, {"layer.0.mlp.gate_out": np.ones((2, 13, 80))})
    assert found["layer.0.mlp.gate_out"].tap == "llama.layers.0.mlp.gated"
