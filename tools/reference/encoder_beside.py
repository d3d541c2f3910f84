"""Stages of the real encoder that no gradient is shown of: inputs, tables, norms within, scores of every pair."""

from itertools import pairwise
from typing import Any

import numpy as np

from tools.reference.encoder_cases import Case
from tools.reference.hooks import Stages, keep_inputs, keep_output

UNSEEN = -1e30  # x-transformers masks with the smallest number of the dtype, ours with minus infinity


def capture_beside(model: Any, case: Case, stages: Stages) -> list[Any]:
    """Stores these stages of a forward pass under our names; returns the handles that remove the hooks."""
    hooks: list[Any] = []
    by_subject = case.config["projector"]["name"] == "SubjectLayers"
    for modality, projector in model.projectors.items():
        change = (lambda x: x.transpose(1, 2)) if by_subject else None
        hooks.append(keep_inputs(projector, stages, f"projectors.{modality}.joined", change=change))
        hooks += _norms(projector, f"projectors.{modality}", stages)
    if not hasattr(model, "encoder"):
        return hooks
    if case.config["combiner"] is not None:
        hooks += _norms(model.combiner, "combiner", stages)
    if hasattr(model, "time_pos_embed"):
        rows = model.time_pos_embed.detach()
        hooks.append(keep_inputs(model.encoder, stages, "time_pos_embed.rows", change=lambda x: rows[:, : x.shape[1]]))
    hooks += _positions(model.encoder, stages)
    for i, (_, block, residual) in enumerate(model.encoder.layers):
        if residual.residual_scale is not None:
            hooks.append(residual.register_forward_pre_hook(_scaled(stages, f"layers.{i}.residual")))
        if i % 2 == 0:
            _keep_scores(block.attend, stages, f"layers.{i}")
    return hooks


def _norms(module: Any, prefix: str, stages: Stages) -> list[Any]:
    import torch

    if not isinstance(module, torch.nn.Sequential):
        return []
    linears = [i for i, part in enumerate(module) if isinstance(part, torch.nn.Linear)]
    starts = [start for start, stop in pairwise(linears) if stop - start == 4]
    return [
        keep_output(module[start + 1], stages, f"{prefix}.hidden.{linears.index(start)}.norm.output")
        for start in starts
    ]  # fmt: skip


def _scaled(stages: Stages, name: str) -> Any:
    def hook(module: Any, inputs: tuple[Any, ...]) -> None:
        stages[name] = np.array((inputs[1] * module.residual_scale).detach())

    return hook


def _positions(encoder: Any, stages: Stages) -> list[Any]:
    """Rotary frequencies and tables, and the bias of each pair of tokens."""
    hooks: list[Any] = []
    rotary, relative = encoder.rotary_pos_emb, encoder.rel_pos
    if rotary is not None:
        stages["rotary_pos_emb.inv_freq"] = np.array(rotary.inv_freq)
        if rotary.scale is not None:
            stages["rotary_pos_emb.scale"] = np.array(rotary.scale)
        hooks.append(rotary.register_forward_hook(_tables(stages)))
    if relative is not None:
        hooks.append(keep_output(relative, stages, "rel_pos.bias"))
        if hasattr(relative, "_relative_position_bucket"):
            _keep_buckets(relative, stages)
        if hasattr(relative, "slopes"):
            stages["rel_pos.slopes"] = np.array(relative.slopes).reshape(-1)
    return hooks


def _keep_buckets(relative: Any, stages: Stages) -> None:
    """Wraps T5's choice of buckets, as `_keep_scores` does the softmax."""
    choose = relative._relative_position_bucket

    def chosen(*args: Any, **options: Any) -> Any:
        found = choose(*args, **options)
        stages["rel_pos.buckets"] = np.array(found)
        return found

    relative._relative_position_bucket = chosen


def _tables(stages: Stages) -> Any:
    def hook(module: Any, _inputs: Any, output: Any) -> None:
        angles, lengths = output
        parts = {"cos": angles.cos(), "sin": angles.sin()}
        if module.scale is None:
            found = parts
        else:
            found = {f"query_{leaf}": x * lengths for leaf, x in parts.items()}
            found |= {f"key_{leaf}": x / lengths for leaf, x in parts.items()}
        for leaf, x in found.items():
            stages[f"rotary_pos_emb.{leaf}"] = np.array(x.detach()).reshape(-1, x.shape[-1])

    return hook


def _keep_scores(attend: Any, stages: Stages, path: str) -> None:
    """Wraps the softmax of a block; the model is built for one run, so that nothing has to be taken back."""
    softmax = attend.attn_fn

    def seen(x: Any, *args: Any, **options: Any) -> Any:
        weights = softmax(x, *args, **options)
        logits = np.array(x.detach())
        stages[f"{path}.logits"] = np.where(logits < UNSEEN, -np.inf, logits)
        stages[f"{path}.probabilities"] = np.array(weights.detach())
        return weights

    attend.attn_fn = seen
