"""Names follow the checkpoint: prefix, the path of a module without indices of a Sequential, leaf."""

import re

import pytest

from tribe_np.encoder.random import merged
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kits.kit import planned_kit
from tribe_np.oracle.taps import tap_table

OWN_WORDS = {
    "encoder": {"projectors.{m}.hidden.{j}.linear", "projectors.{m}.hidden.{j}.norm", "projectors.{m}.hidden.{j}",
                "combiner.hidden.{j}.linear", "combiner.hidden.{j}.norm", "combiner.hidden.{j}", "layers.{i}.norm"},
    "llama": {"forest", "rotary_emb"},
    "vjepa2": {"encoder.rotary"},
    "dinov2": {"encoder.layer.{i}.mlp.gate_proj", "encoder.layer.{i}.mlp.up_proj"},
}  # fmt: skip
"""Paths that no checkpoint has: docs/taps.md tells them."""
STORED_PREFIX = {"llama": "model.", "encoder": "encoder."}


def modules_of(model: str, name: str) -> list[str]:
    """A weight's modules, the innermost first, as the names of taps write them."""
    path = re.sub(r"^projectors\.\w+", "projectors.{m}", name.removeprefix(STORED_PREFIX.get(model, "")))
    parts = [part for part in re.sub(r"(layers?)\.\d+", r"\1.{i}", path).split(".") if not part.isdigit()]
    return [".".join(parts[:n]) for n in range(len(parts), -1, -1)]


@pytest.mark.parametrize("model", [model for model in MODELS if model != "pipeline"])
def test_paths_are_the_checkpoints(model: str) -> None:
    kits = kit_model(model)
    names = {
        name
        for case in kits.cases
        for name in planned_kit(model, merged(kits.tiny, case.config), case.sizes, seed=0).weights
    }
    known = {path for name in names for path in modules_of(model, name)}
    tapped = {row.name.partition(".")[2].rpartition(".")[0] for row in tap_table(model).rows}
    assert tapped - known == OWN_WORDS.get(model, set())
    unused = {"masked_spec_embed", "layernorm.weight", "layernorm.bias"}  # of training; DINOv2's norm is not applied
    silent = [n for n in names - unused if not any(path in tapped for path in modules_of(model, n)[:-1])]
    whole = {row.name for row in tap_table(model).rows}  # such as encoder.output: what a module at the top returns
    assert [n for n in silent if f"{model}.{modules_of(model, n)[-2]}.output" not in whole] == []
