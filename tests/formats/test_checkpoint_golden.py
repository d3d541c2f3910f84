"""A best.ckpt that torch 2.13 wrote, and one of tribev2's own model, read without torch."""

import json
from pathlib import Path

import numpy as np

from tests.encoder import golden_case
from tribe_np.encoder.model import FmriEncoder
from tribe_np.formats.checkpoint import read_lightning
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.torch_zip import open_torch

GOLDEN = Path(__file__).parents[1] / "golden"


def test_every_dtype_and_layout_bit_for_bit() -> None:
    expected, metadata = read_header(GOLDEN / "checkpoint_layouts.safetensors")
    about = json.loads(metadata["about"])
    opened = open_torch(GOLDEN / "checkpoint_layouts.ckpt")
    opened.check()
    entries, build_args = read_lightning(opened)
    assert list(entries) == list(about["shape"])
    assert json.dumps(build_args) == json.dumps(about["build_args"])  # with its order
    for name, entry in entries.items():
        assert entry.dtype == about["dtype"][name]
        assert list(entry.shape) == about["shape"][name]
        assert np.ascontiguousarray(entry.stored()).tobytes() == expected[name].stored().tobytes(), name
    layouts = {name.rpartition(".")[2] for name in entries}
    assert layouts == {
        "dense", "transposed", "sliced", "permuted", "repeated", "scalar", "empty", "apart", "parameter",
    }  # fmt: skip


def test_tensors_of_one_storage_share_its_bytes() -> None:
    entries, _ = read_lightning(open_torch(GOLDEN / "checkpoint_layouts.ckpt"))
    assert entries["model.float32.dense"].offset == entries["model.float32.transposed"].offset
    assert entries["model.float32.dense"].offset != entries["model.float32.apart"].offset


def test_the_model_that_tribev2_saved() -> None:
    case = golden_case.load("tiny_tokens_scale")
    opened = open_torch(GOLDEN / "checkpoint_upstream.ckpt")
    stored, build_args = read_lightning(opened)
    assert all(name.startswith("model.") for name in stored)
    weights = {name.removeprefix("model."): entry.read() for name, entry in stored.items()}
    assert weights.keys() == case.state_dict.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(array, case.state_dict[name])
    encoder = FmriEncoder.from_state_dict(case.config, build_args, weights)
    ours = encoder(case.features, case.subject_index)
    np.testing.assert_array_equal(ours, case.encoder()(case.features, case.subject_index))
