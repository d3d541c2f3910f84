"""transformers' models with the weights put into place tensor by tensor: no second copy, no time for random numbers.

`from_pretrained` in float32 holds a bfloat16 file and the widened weights side by side (19 GB for LLaMA-3.2-3B, 13 GB
of which stay); the benchmark does not count that against torch.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def peer_model(cls: Any, folder: Path, dtype: str) -> Any:
    """The model of that folder in "float32", "bfloat16" or "float64", ready to run.

    Parameters that no file holds (V-JEPA's predictor) are random: their results are thrown away upstream.
    Raises   SystemExit for a tensor that the model does not know, or one it misses outside the predictor
    """
    import torch
    from transformers import AutoConfig
    from transformers.initialization import no_init_weights

    with default_dtype(getattr(torch, dtype)), no_init_weights():
        model = cls(AutoConfig.from_pretrained(folder)).eval()
    missing = dict(model.named_parameters())
    for name, tensor in stored_tensors(folder):
        own = name if name in missing else name.removeprefix("model.")
        if own not in missing:
            raise SystemExit(f"{folder}: {cls.__name__} has no parameter for {name}")
        missing.pop(own).data.copy_(tensor)
    for name, parameter in missing.items():
        if not name.startswith("predictor."):
            raise SystemExit(f"{folder}: no file holds {name} of {cls.__name__}")
        torch.nn.init.normal_(parameter, std=0.02)
    return model


@contextmanager
def default_dtype(dtype: Any) -> Iterator[None]:
    """New parameters have that dtype."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def stored_tensors(folder: Path) -> Iterator[tuple[str, Any]]:
    """Every tensor of the folder's files, one in memory at a time."""
    from safetensors import safe_open

    index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
    for file in sorted(set(index["weight_map"].values())):
        with safe_open(folder / file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118 (a file, no mapping)
                yield name, opened.get_tensor(name)


@contextmanager
def layers_in_turn(layers: Any, resting: Any, working: Any) -> Iterator[None]:
    """Each layer has the dtype `working` while it runs and `resting` otherwise, so that a wide model fits in memory.

    Exact when the weights came from `resting`: they are widened, used, and narrowed again.
    """

    def widen(layer: Any, *_: Any) -> None:
        layer.to(working)

    def narrow(layer: Any, *_: Any) -> None:
        layer.to(resting)

    hooks = [layer.register_forward_pre_hook(widen) for layer in layers]
    hooks += [layer.register_forward_hook(narrow) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
