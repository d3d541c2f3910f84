"""A projector with `norm_layer: batch` as PyTorch saves it after two steps of training: its counter is an int64.

Golden files: `batch_norm.ckpt`, a best.ckpt whose text projector is torch's own Sequential of Linear, BatchNorm1d, ELU,
Dropout and Linear, and `batch_norm.safetensors`, an input and what the Sequential makes of it in eval mode.
"""

from collections import OrderedDict
from pathlib import Path

import numpy as np

from tools.reference.measure import Row, write_golden
from tribe_np.encoder.random import random_state_dict

N_STEPS, WIDTH = 5, 8
BRAIN = {
    "projector": {"name": "Mlp", "hidden_sizes": [N_STEPS], "norm_layer": "batch", "activation_layer": "elu"},
    "combiner": None, "hidden": WIDTH, "linear_baseline": True, "time_pos_embedding": False,
    "subject_layers": {"n_subjects": 2},
}  # fmt: skip
ARGS = {"feature_dims": {"text": (1, 3)}, "n_outputs": 2, "n_output_timesteps": 5}
PLACE = "projectors.text."


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes both files."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    projector = nn.Sequential(
        nn.Linear(3, N_STEPS), nn.BatchNorm1d(N_STEPS), nn.ELU(), nn.Dropout(0.0), nn.Linear(N_STEPS, WIDTH)
    )
    for _ in range(2):
        projector(torch.randn(4, N_STEPS, 3))
    projector.eval()
    others = random_state_dict(BRAIN, ARGS, seed=0)
    state = OrderedDict((f"model.{n}", torch.from_numpy(a)) for n, a in others.items() if not n.startswith(PLACE))
    state |= {f"model.{PLACE}{name}": tensor for name, tensor in projector.state_dict().items()}
    if {name.removeprefix("model.") for name in state} != set(others):
        raise AssertionError("the projector's names are not those of the encoder")
    torch.save({"state_dict": state, "model_build_args": ARGS}, folder / "batch_norm.ckpt")
    x = torch.randn(2, N_STEPS, 3)
    with torch.no_grad():
        arrays = {"input": x.numpy(), "output": projector(x).numpy()}
    write_golden(folder, "batch_norm", {name: np.ascontiguousarray(a) for name, a in arrays.items()}, {"brain": BRAIN})
    return ["batch_norm.ckpt", "batch_norm.safetensors"]


def compare(seed: int) -> list[Row]:
    """Nothing to measure beside the encoder's own stage; tests/encoder/test_batch_norm_golden.py holds the dump."""
    return []
