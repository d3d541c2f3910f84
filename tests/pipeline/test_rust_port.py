"""A converted checkpoint has what the Rust port (eugenehp/tribev2-rs, commit 5b00f948) takes, and nothing beside it.

The table is written from reading its loader, which leaves a tensor that it does not find at zero and says nothing.
On 2026-11-21 its loader and its forward pass were also built and run on a folder like this one: all 36 tensors equal
to the bit, none left over, output within 1e-5 of ours (docs/differences.md has the one thing to know).
"""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.formats import torch_writer as writer
from tribe_np.cli.main import main
from tribe_np.encoder.random import write_random
from tribe_np.formats.safetensors import TensorEntry, read_header

DIMS = {"text": (2, 8), "audio": (2, 6), "video": (2, 5)}
HIDDEN, DEPTH, RANK, OUTPUTS, BINS, STEPS, MLP = 384, 2, 64, 40, 7, 64, 4
ROTARY = 48  # half of the head width of 96, at least 32
DTYPES = {"F32", "F16", "BF16"}  # the port stops at any other


def wanted() -> dict[str, tuple[int, ...]]:
    """Every key that the port asks for with the released options, and the shape it then computes with."""
    D, F = HIDDEN, HIDDEN * MLP
    shapes: dict[str, tuple[int, ...]] = {
        "time_pos_embed": (1, STEPS, D), "low_rank_head.weight": (RANK, D), "encoder.final_norm.g": (1,),
        "predictor.weights": (1, RANK, OUTPUTS), "predictor.bias": (1, OUTPUTS),
        "encoder.rotary_pos_emb.inv_freq": (ROTARY // 2,),
    }  # fmt: skip
    for modality, (groups, width) in DIMS.items():
        shapes[f"projectors.{modality}.weight"] = (D // len(DIMS), groups * width)
        shapes[f"projectors.{modality}.bias"] = (D // len(DIMS),)
    for i in range(2 * DEPTH):
        layer = f"encoder.layers.{i}"
        shapes |= {f"{layer}.0.0.g": (1,), f"{layer}.2.residual_scale": (D,)}
        if i % 2 == 0:
            shapes |= {f"{layer}.1.to_{leaf}.weight": (D, D) for leaf in ("q", "k", "v", "out")}
        else:
            shapes |= {f"{layer}.1.ff.0.0.weight": (F, D), f"{layer}.1.ff.0.0.bias": (F,)}
            shapes |= {f"{layer}.1.ff.2.weight": (D, F), f"{layer}.1.ff.2.bias": (D,)}
    return shapes


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    """A folder with the released options, through best.ckpt and the command."""
    made, training = tmp_path / "made", tmp_path / "training"
    sizes = {"hidden": HIDDEN, "depth": DEPTH, "heads": 4, "low_rank_head": RANK, "max_seq_len": STEPS}
    write_random(made, seed=3, feature_dims=DIMS, n_outputs=OUTPUTS, n_output_timesteps=BINS, **sizes)
    arrays = {name: np.array(entry.read()) for name, entry in read_header(made / "model.safetensors")[0].items()}
    build_args = {"feature_dims": DIMS, "n_outputs": OUTPUTS, "n_output_timesteps": BINS}
    training.mkdir()
    (made / "config.yaml").rename(training / "config.yaml")
    writer.write(training / "best.ckpt", *writer.lightning(arrays, build_args))
    assert main(["convert", str(training), str(tmp_path / "out"), "--quiet"]) == 0
    return tmp_path / "out"


def test_every_key_with_its_shape_and_a_dtype_it_reads(converted: Path) -> None:
    entries: dict[str, TensorEntry] = read_header(converted / "model.safetensors")[0]
    assert {name: entry.shape for name, entry in entries.items()} == wanted()
    assert {entry.dtype for entry in entries.values()} <= DTYPES


def test_the_files_beside_it(converted: Path) -> None:
    build_args = json.loads((converted / "build_args.json").read_text())
    assert set(build_args) == {"feature_dims", "n_outputs", "n_output_timesteps"}
    assert {name: tuple(pair) for name, pair in build_args["feature_dims"].items()} == DIMS
    assert (converted / "config.yaml").is_file()
