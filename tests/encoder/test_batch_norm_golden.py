"""`norm_layer: batch` from a file that torch wrote, with its counter of batches in int64."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import CheckpointError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.weights import WeightTree
from tribe_np.oracle import trace

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint folder around the golden file."""
    about = json.loads(read_header(GOLDEN / "batch_norm.safetensors")[1]["about"])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"brain_model_config": about["brain"]}))
    (tmp_path / "best.ckpt").write_bytes((GOLDEN / "batch_norm.ckpt").read_bytes())
    return tmp_path


def test_torchs_file_loads_and_gives_torchs_values(folder: Path) -> None:
    entries, _ = read_header(GOLDEN / "batch_norm.safetensors")
    counters = [e for e in open_checkpoint(folder).entries if e.name.endswith("num_batches_tracked")]
    assert [(e.dtype, e.shape, e.read().item()) for e in counters] == [("I64", (), 2)]
    encoder = FmriEncoder.from_pretrained(folder)
    with trace() as recording:
        encoder({"text": entries["input"].read().transpose(0, 2, 1)}, np.array([0, 1]))
    found = recording["encoder.projectors.text.output"]
    np.testing.assert_allclose(found, entries["output"].read(), rtol=0, atol=1e-6)


def test_a_counter_must_be_there_and_a_scalar() -> None:
    for arrays in ({}, {"num_batches_tracked": np.zeros(3, np.int64)}):
        with pytest.raises(CheckpointError, match=r"num_batches_tracked (is missing|has shape)"):
            WeightTree(arrays, origin="here").skip("num_batches_tracked", ())
