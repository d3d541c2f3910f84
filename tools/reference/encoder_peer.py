"""The brain encoder of the real libraries, composed from neuraltrain's and x-transformers' own parts, and its stages.

tribev2 itself is not on the package index; its `FmriEncoderModel` has the same submodule names, so `capture` reads
the stages of either.
"""

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools.reference.encoder_beside import capture_beside
from tools.reference.encoder_cases import Case
from tools.reference.hooks import Change, keep_inputs, keep_output, keep_tensor, split_heads
from tools.reference.torch_setup import skip_torchvision_operators


def composed(case: Case) -> Any:
    """The encoder from live parts, without tribev2: upstream's steps in their order, in our words."""
    skip_torchvision_operators()
    import torch

    class Peer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            _add_parts(self, case)

        def aggregate_features(self, batch: Any) -> Any:
            return _aggregate(self, case, batch)

        def forward(self, batch: Any, pool_outputs: bool = True) -> Any:
            x, subject = self.aggregate_features(batch), batch.data.get("subject_id")
            if hasattr(self, "temporal_smoothing"):
                x = self.temporal_smoothing(x.transpose(1, 2)).transpose(1, 2)
            if hasattr(self, "encoder"):
                x = self.combiner(x)
                if hasattr(self, "time_pos_embed"):
                    x = x + self.time_pos_embed[:, : x.shape[1]]
                x = self.encoder(x)
            if hasattr(self, "low_rank_head"):
                x = self.low_rank_head(x)
            x = self.predictor(x.transpose(1, 2), subject)
            return self.pooler(x) if pool_outputs else x

    return Peer()


def _build(part: Mapping[str, Any], *sizes: int) -> Any:
    """One of neuraltrain's parts, by its configuration."""
    from neuraltrain.models.common import Mlp, SubjectLayers
    from neuraltrain.models.transformer import TransformerEncoder

    classes = {"Mlp": Mlp, "SubjectLayers": SubjectLayers, "TransformerEncoder": TransformerEncoder}
    values = dict(part)
    return classes[values.pop("name")](**values).build(*sizes)


def _with_dropout(part: Mapping[str, Any], config: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The part with the model's own dropout in place of its own, as in upstream's FmriEncoder."""
    return {**part, **{key: config["dropout"] for key in keys if key in part}}


def _add_parts(peer: Any, case: Case) -> None:
    import torch

    c, dims = case.config, case.build_args["feature_dims"]
    n, hidden = len(dims), c["hidden"]
    out = hidden // n if c["extractor_aggregation"] == "cat" else hidden
    projectors = {}
    for modality, pair in dims.items():
        if pair is not None:
            n_in = pair[0] * pair[1] if c["layer_aggregation"] == "cat" else pair[1]
            projectors[modality] = _build(_with_dropout(c["projector"], c, "dropout"), n_in, out)
    peer.projectors = torch.nn.ModuleDict(projectors)
    width = out * n if c["extractor_aggregation"] == "cat" else out
    peer.combiner = _build(c["combiner"], width, hidden) if c["combiner"] else torch.nn.Identity()
    rank = c["low_rank_head"]
    if rank is not None:
        peer.low_rank_head = torch.nn.Linear(hidden, rank, bias=False)
    peer.predictor = _build(c["subject_layers"], rank or hidden, case.build_args["n_outputs"])
    smoothing = c["temporal_smoothing"]
    if smoothing is not None:
        size = smoothing["kernel_size"]
        peer.temporal_smoothing = torch.nn.Conv1d(hidden, hidden, size, padding=size // 2, bias=False, groups=hidden)
    if not c["linear_baseline"]:
        if c["time_pos_embedding"]:
            peer.time_pos_embed = torch.nn.Parameter(torch.zeros(1, c["max_seq_len"], hidden))
        encoder = _with_dropout(c["encoder"], c, "attn_dropout", "ff_dropout", "layer_dropout")
        peer.encoder = _build(encoder, hidden)
    peer.pooler = torch.nn.AdaptiveAvgPool1d(case.build_args["n_output_timesteps"])


def _aggregate(peer: Any, case: Case, batch: Any) -> Any:
    import torch

    c, dims = case.config, case.build_args["feature_dims"]
    first = next(iter(batch.data[m] for m in batch.data if m in dims))
    parts = []
    for modality in dims:
        if modality not in peer.projectors or modality not in batch.data:
            parts.append(torch.zeros(first.shape[0], first.shape[-1], c["hidden"] // len(dims)))
            continue
        x = batch.data[modality]
        x = x[:, None] if x.ndim == 3 else x
        x = x.mean(1) if c["layer_aggregation"] == "mean" else x.flatten(1, 2)
        projector = peer.projectors[modality]
        if c["projector"]["name"] == "SubjectLayers":
            x = projector(x, batch.data["subject_id"]).transpose(1, 2)
        else:
            x = projector(x.transpose(1, 2))
        parts.append(_dropped(x, c["modality_dropout"] if peer.training else 0))
    if c["extractor_aggregation"] == "sum":
        return torch.stack(parts).sum(0)
    joined = torch.cat(parts, dim=1 if c["extractor_aggregation"] == "stack" else -1)
    return _dropped(joined.flatten(0, 1), c["temporal_dropout"] if peer.training else 0).view_as(joined)


def _dropped(x: Any, share: float) -> Any:
    """Zeros in some rows of the first axis, each with the probability `share`."""
    import torch

    return torch.where((torch.rand(len(x)) < share).view(-1, *[1] * (x.ndim - 1)), 0, x) if share else x


def upstream_model(case: Case) -> Any:
    """The real FmriEncoderModel; tribev2 must be importable."""
    skip_torchvision_operators()
    from tribev2.model import FmriEncoder

    dims = {m: None if pair is None else tuple(pair) for m, pair in case.build_args["feature_dims"].items()}
    return FmriEncoder(**case.config).build(dims, case.build_args["n_outputs"], case.build_args["n_output_timesteps"])


def run_peer(case: Case, build: Any, *, double: bool) -> dict[str, np.ndarray]:
    """Every stage of the peer in float32, or in float64 with its float32 islands (softmax, tables) in float64."""
    import torch

    model, features = loaded(case, build, double=double)
    stages: dict[str, np.ndarray] = {}
    with torch.no_grad(), default_dtype(double), capture(model, stages, case):
        out = model(SimpleNamespace(data=features), pool_outputs=case.pool_outputs)
    stages["output"] = out.numpy()
    return stages


def run_peer_gradients(case: Case, build: Any, direction: np.ndarray, *, double: bool = True) -> dict[str, np.ndarray]:
    """Gradients of (output * direction).sum() by autograd: of each stage, `feature/`s and `weight/`s."""
    model, features = loaded(case, build, double=double)
    given = {m: features[m].requires_grad_() for m in case.features}
    found: dict[str, np.ndarray] = {}
    import torch

    with default_dtype(double), capture(model, found, case, gradients=True):
        out = model(SimpleNamespace(data=features), pool_outputs=case.pool_outputs)
        (out * torch.from_numpy(direction).to(out.dtype)).sum().backward()
    found["output"] = direction
    for prefix, tensors in (("feature/", given.items()), ("weight/", model.named_parameters())):
        found |= {f"{prefix}{name}": t.grad.numpy() for name, t in tensors if t.grad is not None}
    return found


def loaded(case: Case, build: Any, *, double: bool) -> tuple[Any, dict[str, Any]]:
    """The model with the case's weights in eval mode, and its batch."""
    model = build(case)
    import torch

    model.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in case.state_dict.items()}, strict=True)
    model.eval()
    features = {m: torch.from_numpy(x) for m, x in case.features.items()}
    if double:
        model.double()
        features = {m: x.double() for m, x in features.items()}
        for module in model.modules():
            if hasattr(module, "attn_fn"):
                module.attn_fn = partial(torch.nn.functional.softmax, dtype=torch.float64)
    if case.subject_index is not None:
        features["subject_id"] = torch.from_numpy(case.subject_index)[:, None]
    return model, features


@contextlib.contextmanager
def default_dtype(double: bool) -> Iterator[None]:
    """New buffers and tribev2's casts to float32 in float64."""
    import sys

    import torch

    upstream = sys.modules.get("tribev2.model")

    class WideTorch:
        float32 = torch.float64

        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

    torch.set_default_dtype(torch.float64 if double else torch.float32)
    if upstream is not None and double:
        upstream.torch = WideTorch()
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        if upstream is not None:
            upstream.torch = torch


@contextlib.contextmanager
def capture(model: Any, stages: dict[str, np.ndarray], case: Case, *, gradients: bool = False) -> Iterator[None]:
    """Stores the stages of a forward pass under our names, or what flows back through them."""
    hooks = []

    def after(module: Any, name: str, change: Change | None = None) -> None:
        hooks.append(keep_output(module, stages, name, change, gradients=gradients))

    def before(module: Any, *names: str) -> None:
        hooks.append(keep_inputs(module, stages, *names, gradients=gradients))

    _capture_parts(model, case, after, before)
    if not gradients:
        hooks += capture_beside(model, case, stages)
    aggregate = model.aggregate_features

    def aggregate_and_keep(batch: Any) -> Any:
        x = aggregate(batch)
        keep_tensor(x, stages, "modalities", gradients=gradients)
        return x

    model.aggregate_features = aggregate_and_keep
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        del model.aggregate_features


def _capture_parts(model: Any, case: Case, after: Any, before: Any) -> None:
    def turn(x: Any) -> Any:
        return x.transpose(1, 2)

    subject_projector = case.config["projector"]["name"] == "SubjectLayers"
    for modality, projector in model.projectors.items():
        after(projector, f"projectors.{modality}.output", turn if subject_projector else None)
        _capture_mlp(projector, f"projectors.{modality}", after)
    after(model.predictor, "predictor.output")
    for name in ("temporal_smoothing", "low_rank_head"):
        if hasattr(model, name):
            after(getattr(model, name), f"{name}.output", turn if name == "temporal_smoothing" else None)
    if hasattr(model, "encoder"):
        if case.config["combiner"] is not None:
            after(model.combiner, "combiner.output")
            _capture_mlp(model.combiner, "combiner", after)
        if hasattr(model, "time_pos_embed"):
            before(model.encoder, "time_pos_embed.output")
        after(model.encoder.final_norm, "final_norm.output")
        _capture_layers(model.encoder, after, before)


def _capture_mlp(module: Any, prefix: str, after: Any) -> None:
    import torch

    if not isinstance(module, torch.nn.Sequential):
        return
    linears = [i for i, part in enumerate(module) if isinstance(part, torch.nn.Linear)]
    for j, (start, stop) in enumerate(pairwise(linears)):
        after(module[start], f"{prefix}.hidden.{j}.linear.output")
        after(module[stop - 1], f"{prefix}.hidden.{j}.activated")  # the dropout behind the activation


def _capture_layers(encoder: Any, after: Any, before: Any) -> None:
    for i, (norms, block, residual) in enumerate(encoder.layers):
        path = f"layers.{i}"
        after(norms[0], f"{path}.norm.output")
        after(block, f"{path}.branch")
        after(residual, f"{path}.output")
        if i % 2:
            after(block.ff[0][0], f"{path}.hidden")
            after(block.ff[0], f"{path}.activated")
            continue
        for name, linear in (("query", block.to_q), ("key", block.to_k), ("value", block.to_v)):
            after(linear, f"{path}.{name}", split_heads(block.heads))
        if encoder.rotary_pos_emb is not None:
            before(block.attend, f"{path}.query_rotated", f"{path}.key_rotated")
        before(block.to_out, f"{path}.mixed")
