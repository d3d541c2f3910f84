"""The whole real pipeline: tribev2's TribeModel where a checkout is given, else its parts from the package index.

`real_numbers` makes transformers load local folders in one precision; in float64 it also widens what neuralset and
tribev2 narrow to float32 (features of sound and film, the encoder's input) and the float32 islands of the models.
"""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.encoder_cases import Case as EncoderCase
from tools.reference.encoder_peer import composed, default_dtype, run_peer
from tools.reference.llama_peer import patched
from tools.reference.predictions_cases import Models
from tools.reference.torch_setup import skip_torchvision_operators
from tools.reference.triggers import with_triggers
from tools.reference.words import _blank_english
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.safetensors import read_header
from tribe_np.timeline.events import Events

Stages = dict[str, np.ndarray]


class _Shim:
    """A module with some names replaced."""

    def __init__(self, module: Any, **names: Any) -> None:
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@contextlib.contextmanager
def real_numbers(*, double: bool) -> Iterator[None]:
    """Local model folders, loaded on the CPU in float32 or float64; words in their order, nothing printed."""
    skip_torchvision_operators()
    import torch
    from neuralset.extractors import audio, base, video
    from transformers.modeling_utils import PreTrainedModel

    dtype = torch.float64 if double else torch.float32
    real_load = PreTrainedModel.from_pretrained.__func__

    def widen(_module: Any, args: Any, options: Any) -> Any:
        def turn(x: Any) -> Any:
            return x.to(dtype) if isinstance(x, torch.Tensor) and x.is_floating_point() else x

        return tuple(map(turn, args)), {k: turn(v) for k, v in options.items()}

    def load(cls: Any, name: Any, *args: Any, **options: Any) -> Any:
        options.pop("torch_dtype", None)
        model = real_load(cls, name, *args, **options | {"dtype": dtype})
        model.register_forward_pre_hook(widen, with_kwargs=True)
        return model

    with contextlib.ExitStack() as stack:
        stack.enter_context(patched(double))
        stack.enter_context(patch.object(PreTrainedModel, "from_pretrained", classmethod(load)))
        stack.enter_context(patch.object(base.HuggingFaceMixin, "repo_exists", lambda self: True))
        stack.enter_context(patch.object(np.random, "shuffle", lambda items: None))
        if double:
            stack.enter_context(
                patch.object(torch.Tensor, "float", lambda x: x if x.dtype == dtype else x.to(torch.float32))
            )
            stack.enter_context(patch.object(audio, "torch", _Shim(torch, Tensor=torch.as_tensor)))
            stack.enter_context(patch.object(video, "np", _Shim(np, float32=np.float64)))
        stack.enter_context(quiet())
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, warnings or log lines of the reference packages; spaCy's blank English."""
    from transformers import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
        _blank_english(),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


# -- tribev2 itself ----------------------------------------------------------------------------------------------


def write_checkpoint(encoder: Path) -> Path:
    """best.ckpt beside the encoder's safetensors, as Lightning writes it."""
    import torch

    entries, _ = read_header(encoder / "model.safetensors")
    build_args = json.loads((encoder / "build_args.json").read_text())
    build_args["feature_dims"] = {m: d and tuple(d) for m, d in build_args["feature_dims"].items()}
    state = {f"model.{name}": torch.from_numpy(np.array(entry.read())) for name, entry in entries.items()}
    torch.save({"state_dict": state, "model_build_args": build_args}, encoder / "best.ckpt")
    return encoder / "best.ckpt"


def upstream_model(models: Models, update: Mapping[str, Any]) -> Any:
    """TribeModel.from_pretrained on our folders; tribev2 must be importable."""
    from tribev2.demo_utils import TribeModel

    write_checkpoint(models.encoder)
    names = {
        "data.text_feature.model_name": str(models.extractors["text"]),
        "data.audio_feature.model_name": str(models.extractors["audio"]),
        "data.video_feature.image.model_name": str(models.extractors["video"]),
    }
    return TribeModel.from_pretrained(
        models.encoder, device="cpu", config_update=names | {"data.num_workers": 0} | dict(update)
    )


def run_upstream(models: Models, update: Mapping[str, Any], events: Any, *, double: bool) -> tuple[Stages, list[Any]]:
    """Features of every window and the predictions of tribev2's own `predict`, and its segments."""
    with real_numbers(double=double):
        model = upstream_model(models, update)
        stages: dict[str, list[np.ndarray]] = {}
        if double:
            widen_encoder(model._model)

        def keep(_module: Any, args: tuple[Any, ...]) -> None:
            for name, x in args[0].data.items():
                if name != "subject_id":
                    stages.setdefault(f"features.{name}", []).append(x.numpy().copy())

        model._model.register_forward_pre_hook(keep)
        forward = model._model.forward

        def in_precision(*args: Any, **options: Any) -> Any:
            with default_dtype(double):
                return forward(*args, **options)

        model._model.forward = in_precision
        predictions, segments = model.predict(events, verbose=False)
    return {name: np.concatenate(parts) for name, parts in stages.items()} | {"output": predictions}, segments


def widen_encoder(model: Any) -> None:
    """float64 for the encoder and its softmax."""
    import torch

    model.double()
    for module in model.modules():
        if hasattr(module, "attn_fn"):
            module.attn_fn = partial(torch.nn.functional.softmax, dtype=torch.float64)


# -- from the package index ----------------------------------------------------------------------------------------


def peer_events(path: Path, kind: str, words: Sequence[Mapping[str, Any]]) -> Any:
    """The table of a stimulus below 90 s by neuralset's transforms; words as tribev2 adds them."""
    import pandas
    from neuralset.events import transforms
    from neuralset.events.utils import standardize_events

    row = {"type": kind, "filepath": str(path), "start": 0, "timeline": "default", "subject": "default"}
    with quiet():
        table = transforms.ExtractAudioFromVideo()(standardize_events(pandas.DataFrame([row])))
        for kind in ("Audio", "Video"):
            chunk = transforms.ChunkEvents(event_type_to_chunk=kind, max_duration=60, min_duration=30)
            table = chunk(table) if kind in set(table.type) else table
        if words:
            extra = {"type": "Word", "language": "english", "timeline": "default", "subject": "default"}
            table = pandas.concat([table, pandas.DataFrame([extra | dict(word) for word in words])], ignore_index=True)
            for transform in (
                transforms.AddText(),
                transforms.AddSentenceToWords(max_unmatched_ratio=0.05),
                transforms.AddContextToWords(sentence_only=False, max_context_len=1024, split_field=""),
                transforms.RemoveMissing(),
            ):
                table = transform(standardize_events(table))
        return standardize_events(table)


def run_composed(models: Models, events: Any, *, double: bool) -> tuple[Stages, list[Any]]:
    """The same from neuralset's extractors, segments and dataset, and the encoder from live parts."""
    checkpoint = open_checkpoint(models.encoder, checkpoint_name="none", dtype=np.float32, place=lambda array: array)
    data, brain = checkpoint.config["data"], checkpoint.config["brain_model_config"]
    with real_numbers(double=double):
        windows, segments, kept = peer_windows(peer_extractors(models, data), data, events)
    subjects = brain["subject_layers"] | {"average_subjects": True, "n_subjects": 0}  # as from_pretrained forces
    brain = brain | {"subject_layers": subjects}
    entries, _ = read_header(models.encoder / "model.safetensors")
    weights = {name: np.array(entry.read()) for name, entry in entries.items()}
    case = EncoderCase("predictions", brain, dict(checkpoint.build_args), weights, windows, None)
    output = run_peer(case, composed, double=double)["output"]
    rows = output.transpose(0, 2, 1).reshape(-1, output.shape[1])[kept]
    return {f"features.{m}": x for m, x in windows.items()} | {"output": rows}, segments


def peer_windows(
    extractors: Mapping[str, Any], data: Mapping[str, Any], events: Any
) -> tuple[Stages, list[Any], list[bool]]:
    """Features of all windows, kept segments of one TR, and which rows they are; as tribev2 composes neuralset."""
    from neuralset.dataloader import SegmentDataset
    from neuralset.events.utils import standardize_events
    from neuralset.segments import list_segments

    table = with_triggers(standardize_events(events))
    extractors = {m: e for m, e in extractors.items() if e.event_types in set(table.type)}
    for extractor in extractors.values():
        extractor.prepare(table)
    tr = 1 / data["neuro"]["frequency"]
    width, stride = data["duration_trs"] * tr, (data["duration_trs"] - data["overlap_trs_train"]) * tr
    segments = list_segments(
        table, triggers=table.type == "CategoricalEvent", stride=stride, duration=width,
        stride_drop_incomplete=data["stride_drop_incomplete"],
    )  # fmt: skip
    parts = [s.copy(offset=t, duration=tr) for s in segments for t in np.arange(0, s.duration - 1e-2, tr)]
    kept = [len(part.ns_events) > 0 for part in parts]
    items = [item.data for item in SegmentDataset(extractors, segments)]
    windows = {m: np.concatenate([item[m].numpy() for item in items]) for m in extractors}
    return windows, [part for part, keep in zip(parts, kept, strict=True) if keep], kept


def peer_extractors(models: Models, data: Mapping[str, Any]) -> dict[str, Any]:
    """The extractors of config.yaml on local folders, in the checkpoint's order; `data` reaches into them as in Data.

    Source   tribev2 main.Data.model_post_init
    """
    from neuralset.extractors.base import BaseExtractor

    layers = data["layers_to_use"]
    if data["n_layers_to_use"] is not None:
        layers = np.linspace(0, 1, data["n_layers_to_use"]).tolist()
    made = {}
    for modality in data["features_to_use"]:
        config = {k: v for k, v in data[f"{modality}_feature"].items() if k != "infra"}
        model = config
        if modality in ("video", "image"):
            model = config["image"] = {**config["image"], "infra": {"keep_in_ram": False}}
        model |= {"model_name": str(models.extractors[modality]), "layer_aggregation": data["layer_aggregation"]}
        if layers is not None:
            model["layers"] = layers
        kind = BaseExtractor._CLASSES[config.pop("name")]
        made[modality] = kind(**config | {"frequency": data["frequency"]})
    return made


def as_events(table: Any) -> Events:
    """The peer's table as ours."""
    return Events.from_dataframe(table)
