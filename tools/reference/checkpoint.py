"""Checkpoints that torch.save writes, beside our reader that knows no torch; and tribev2's own model saved and loaded.

Tensors hold random bits (NaN patterns among them), so that only bytes can be compared: every row must be equal.
Golden files: `checkpoint_layouts.ckpt`, a best.ckpt of all dtypes and layouts, with its bytes beside it, and
`checkpoint_upstream.ckpt`, tribev2's FmriEncoderModel with the weights of the golden encoder case of the same name.
"""

import json
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tools.reference.measure import Row, write_golden
from tribe_np.formats.checkpoint import read_lightning
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.torch_zip import open_torch
from tribe_np.pipeline.convert import convert_checkpoint
from tribe_np.pipeline.progress import Silent

PEER = "torch.save, torch.load"
DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
STORED = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
UPSTREAM_CASE = "tiny_tokens_scale"


def random_tensors(seed: int) -> "OrderedDict[str, Any]":
    """Every dtype in every layout: dense, transposed, sliced, shared, repeated, scalar, empty, a parameter."""
    import torch

    rng = np.random.default_rng(seed)
    tensors: OrderedDict[str, Any] = OrderedDict()
    for name in DTYPES:
        dtype = getattr(torch, name)
        rows, columns = (int(n) for n in rng.integers(2, 5, 2))
        count = rows * columns
        if dtype == torch.bool:
            base = torch.from_numpy(rng.integers(0, 2, count).astype(bool))
        else:
            raw = rng.integers(0, 256, count * torch.empty(0, dtype=dtype).element_size(), dtype=np.uint8)
            base = torch.from_numpy(raw).view(dtype)
        grid = base.reshape(rows, columns)
        made = {
            "dense": grid, "transposed": grid.t(), "sliced": grid[1:, ::2],
            "permuted": grid[None].permute(2, 0, 1), "repeated": grid[:1].expand(3, columns), "scalar": base[-1],
            "empty": torch.empty((0, columns), dtype=dtype), "apart": grid.clone(),
        }  # fmt: skip
        if dtype.is_floating_point:
            made["parameter"] = torch.nn.Parameter(grid.clone(), requires_grad=bool(rng.integers(2)))
        tensors |= {f"model.{name}.{layout}": tensor for layout, tensor in made.items()}
    return tensors


def build_arguments(seed: int) -> dict[str, Any]:
    """Nested arguments in an order that is not the alphabet's."""
    order = np.random.default_rng(seed).permutation(["text", "audio", "video"])
    dims = {str(m): None if i == 1 else (2, 3 + i) for i, m in enumerate(order)}
    return {"feature_dims": dims, "n_outputs": 20484, "n_output_timesteps": 100}


def save_checkpoint(path: Path, seed: int) -> "OrderedDict[str, Any]":
    """A best.ckpt as Lightning leaves it, with an optimizer's state, its tensors said to lie on a GPU; the weights."""
    import torch

    tensors = random_tensors(seed)
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    top = {
        "epoch": 3, "global_step": 2**40, "pytorch-lightning_version": "2.5.1",
        "loops": {"fit_loop": {"x": [1, None, 2.5]}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val/pearson'}": {"best_model_score": torch.tensor(0.25)}},
        "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [{"base_lrs": [1e-4]}],
        "state_dict": tensors, "model_build_args": build_arguments(seed),
    }  # fmt: skip
    if seed % 2:
        holder = torch.nn.Module()  # whose own state_dict has _metadata
        holder.model = torch.nn.ParameterDict(
            {k.removeprefix("model.").replace(".", "_"): v for k, v in tensors.items() if v.dtype.is_floating_point}
        )
        tensors = holder.state_dict()
        top["state_dict"] = tensors
    with mock.patch.object(torch.serialization, "location_tag", return_value="cuda:1"):
        torch.save(top, path, pickle_protocol=2 + seed // 2 % 2)  # what torch.load reads
    return tensors


def raw_bytes(tensor: Any) -> bytes:
    """A torch tensor's elements in C order."""
    import torch

    dense = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).reshape(-1)
    raw: bytes = dense.view(torch.uint8).numpy().tobytes() if dense.numel() else b""
    return raw


def agrees(entry: TensorEntry, tensor: Any) -> bool:
    """Whether dtype, shape and bits are the same."""
    same = entry.dtype == STORED[str(tensor.dtype).removeprefix("torch.")] and entry.shape == tuple(tensor.shape)
    return same and np.ascontiguousarray(entry.stored()).tobytes() == raw_bytes(tensor)


def compare(seed: int) -> list[Row]:
    """One row per dtype, one for the build arguments, and one for the converted file as safetensors.torch reads it."""
    import torch
    from safetensors.torch import load_file

    case = f"seed {seed}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.ckpt"
        save_checkpoint(path, seed)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        entries, build_args = read_lightning(open_torch(path))
        convert_checkpoint(path, Path(folder) / "out", progress=Silent())
        converted = load_file(Path(folder) / "out" / "model.safetensors")
        results: dict[str, bool] = {}
        for name, tensor in loaded["state_dict"].items():
            stage = f"checkpoint/{str(tensor.dtype).removeprefix('torch.')}"
            ours = converted[name.removeprefix("model.")]
            results[stage] = results.get(stage, True) and agrees(entries[name], tensor)
            same = ours.dtype == tensor.dtype and ours.shape == tensor.shape and raw_bytes(ours) == raw_bytes(tensor)
            results["checkpoint/converted"] = results.get("checkpoint/converted", True) and same
        results["checkpoint/names"] = list(entries) == list(loaded["state_dict"]) and len(converted) == len(entries)
        expected = json.dumps(loaded["model_build_args"])  # with its order
        results["checkpoint/build_args"] = json.dumps(build_args) == expected
    return [Row(stage, PEER, case, 0.0 if good else 1.0, 0.0, floor=0.0) for stage, good in results.items()]


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the golden checkpoints; tribev2's own only with a checkout of it."""
    path = folder / "checkpoint_layouts.ckpt"
    tensors = save_checkpoint(path, 0)
    about = {
        "dtype": {name: STORED[str(t.dtype).removeprefix("torch.")] for name, t in tensors.items()},
        "shape": {name: list(t.shape) for name, t in tensors.items()}, "build_args": build_arguments(0),
    }  # fmt: skip
    arrays = {name: np.frombuffer(raw_bytes(tensor), np.uint8) for name, tensor in tensors.items()}
    write_golden(folder, "checkpoint_layouts", arrays, about)
    names = [path.name, "checkpoint_layouts.safetensors"]
    if upstream is None:
        return names
    sys.path.insert(0, str(upstream))
    save_upstream(folder / "checkpoint_upstream.ckpt")
    return [*names, "checkpoint_upstream.ckpt"]


def save_upstream(path: Path) -> None:
    """Saves tribev2's own model as its training does, and checks that it loads what we convert, strictly."""
    import torch
    from safetensors.torch import load_file

    from tools.reference.encoder import quantised
    from tools.reference.encoder_cases import golden_cases
    from tools.reference.encoder_peer import upstream_model

    case = quantised(next(case for case in golden_cases() if case.name == UPSTREAM_CASE))
    model = upstream_model(case)
    model.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in case.state_dict.items()}, strict=True)
    state = OrderedDict((f"model.{name}", tensor) for name, tensor in model.state_dict().items())
    torch.save({"state_dict": state, "model_build_args": dict(case.build_args)}, path)
    with tempfile.TemporaryDirectory() as folder:
        convert_checkpoint(path, Path(folder) / "out", progress=Silent())
        again = upstream_model(case)
        again.load_state_dict(load_file(Path(folder) / "out" / "model.safetensors"), strict=True)
    for name, tensor in again.state_dict().items():
        if not torch.equal(tensor, model.state_dict()[name]):
            raise AssertionError(f"{name} changed on its way through the converted file")
