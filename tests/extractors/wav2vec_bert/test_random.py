"""The writer of tiny models: the real layout, labelled, the same bytes for the same seed."""

import json
from pathlib import Path

from extractors.wav2vec_bert.random import write_random


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first, second, other = (write_random(tmp_path / n, seed=s) for n, s in (("a", 0), ("b", 0), ("c", 1)))
    names = sorted(path.name for path in first.iterdir())
    assert names == ["config.json", "model.safetensors", "preprocessor_config.json"]
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_labelled_as_random_and_overridable(tmp_path: Path) -> None:
    folder = write_random(tmp_path, seed=0, layer_norm_eps=1e-3)
    config = json.loads((folder / "config.json").read_text())
    assert "random weights" in config["_note"]
    assert config["layer_norm_eps"] == 1e-3
    assert config["model_type"] == "wav2vec2-bert"
