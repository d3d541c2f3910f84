"""The real libraries on conformance kits: what transformers, x-transformers and neuraltrain compute from a kit's files.

`peer_recording(kit, "float32")` is the library as it is shipped. In "float64" its float32 islands (softmax, norms,
angles, resizing) run in float64, while rotary frequencies stay the float32 tables that it builds itself: what a kit
expects. Names are our taps'; those that a library does not show are left out.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.hooks import Stages
from tools.reference.kit_scores import keeping_scores
from tools.reference.torch_setup import skip_torchvision_operators
from tribe_np.encoder.random import full_brain_config
from tribe_np.formats.safetensors import write_safetensors
from tribe_np.oracle.kits.kit import Kit

N_AXES = 3  # depth, row and column of a patch
PEERS: Mapping[str, str] = {
    "encoder": "neuraltrain + x-transformers", "llama": "transformers LlamaModel",
    "wav2vec_bert": "transformers Wav2Vec2BertModel", "vjepa2": "transformers VJEPA2Model",
    "dinov2": "transformers Dinov2Model",
}  # fmt: skip
"""Which library stands for each model of the catalogue."""


def peer_recording(kit: Kit, precision: str) -> dict[str, np.ndarray]:
    """What the real library computes from the kit's weights and inputs, by our taps' names.

    precision   "float32" as it is shipped, or "float64" with its float32 islands in float64
    """
    run: dict[str, Callable[[Kit, str], Stages]] = {
        "encoder": encoder_stages, "llama": llama_stages, "wav2vec_bert": wav2vec_bert_stages,
        "vjepa2": vjepa2_stages, "dinov2": dinov2_stages,
    }  # fmt: skip
    return {name: np.asarray(array) for name, array in run[kit.model](kit, precision).items()}


@contextmanager
def kit_folder(kit: Kit) -> Iterator[Path]:
    """The kit's model as the library reads it from a folder."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.json").write_text(json.dumps(dict(kit.config)), encoding="utf-8")
        write_safetensors(folder / "model.safetensors", kit.weights, metadata={"format": "pt"})
        yield folder


def encoder_stages(kit: Kit, precision: str) -> Stages:
    """neuraltrain's and x-transformers' live parts, put together as upstream does."""
    from tools.reference.encoder_cases import Case
    from tools.reference.encoder_peer import composed, run_peer

    features = {n.partition(".")[2]: x for n, x in kit.inputs.items() if n.startswith("features.")}
    case = Case(
        kit.case, full_brain_config(kit.config["brain_model_config"]), dict(kit.config["model_build_args"]),
        dict(kit.weights), features, kit.inputs.get("subject_index"),
    )  # fmt: skip
    return {f"encoder.{n}": x for n, x in run_peer(case, composed, double=precision == "float64").items()}


def llama_stages(kit: Kit, precision: str) -> Stages:
    """transformers' LlamaModel."""
    from tools.reference.llama_peer import run_model

    scores: Stages = {}
    with kit_folder(kit) as folder, keeping_scores(scores, "llama.layers.{i}.self_attn"):
        found = run_model(folder, kit.inputs["token_ids"], kit.inputs.get("attention_mask"), precision)
    return {f"llama.{n}": x for n, x in found.items() if not n.startswith("hidden_states.")} | scores


def wav2vec_bert_stages(kit: Kit, precision: str) -> Stages:
    """transformers' Wav2Vec2BertModel."""
    from tools.reference.audio_peer import peer_model

    scores: Stages = {}
    with kit_folder(kit) as folder, keeping_scores(scores, "wav2vec_bert.encoder.layers.{i}.self_attn"):
        found = peer_model(folder, kit.inputs["input_features"], double=precision == "float64")
    return {n: x for n, x in found.items() if n != "hidden_states"} | scores


def vjepa2_stages(kit: Kit, precision: str) -> Stages:
    """transformers' VJEPA2Model without its predictor."""
    from tools.reference.video import run_peer

    seen: Stages = {}
    with (
        kit_folder(kit) as folder,
        keeping_scores(seen, "vjepa2.encoder.layer.{i}.attention", rotated=True),
        float32_omega(seen, double=precision == "float64"),
    ):
        found = run_peer(str(folder), kit.inputs["pixel_values"], precision)
    stages = {n: x for n, x in found.items() if n.startswith("vjepa2.")} | seen
    return stages | {"vjepa2.encoder.layernorm.output": found["last_hidden_state"]}


@contextmanager
def float32_omega(seen: Stages, *, double: bool) -> Iterator[None]:
    """V-JEPA 2's rotary frequencies as a float32 pass builds them, its angles in float64, where `double`.

    Cosines and sines are had from the library's own turning of heads that are 1 in every other channel.
    """
    skip_torchvision_operators()
    from transformers.models.vjepa2 import modeling_vjepa2 as source

    real, tables = source.rotate_queries_or_keys, []

    def turned(x: Any, pos: Any) -> Any:
        with float32_steps(source) if double else nullcontext():
            pos = pos.double() if double else pos
            if len(tables) < N_AXES:
                tables.append(tables_of(x, lambda units: real(units, pos)))
            return real(x, pos)

    with patch.object(source, "rotate_queries_or_keys", turned):
        yield
    seen["vjepa2.encoder.rotary.inv_freq"] = omega_of(source, tables[0][0].shape[-1])
    cos, sin = zip(*tables, strict=True)
    seen |= {f"vjepa2.encoder.rotary.{n}": np.concatenate(t, axis=-1) for n, t in (("cos", cos), ("sin", sin))}


@contextmanager
def float32_steps(source: Any) -> Iterator[None]:
    """Ranges of a module of transformers' count in float32, and what is computed from them is float32."""
    import torch

    class Float32Steps:
        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

        @staticmethod
        def arange(*limits: Any, **options: Any) -> Any:
            return torch.arange(*limits, **options | {"dtype": torch.float32})

    with patch.object(source, "torch", Float32Steps()):
        yield


def library_omega(head_dim: int) -> np.ndarray:
    """V-JEPA 2's rotary frequencies as transformers' own float32 pass builds them.

    Shapes   -> (part / 2,) float32
    """
    skip_torchvision_operators()
    from transformers.models.vjepa2 import modeling_vjepa2 as source

    return omega_of(source, 2 * ((head_dim // 3) // 2))


def omega_of(source: Any, part: int) -> np.ndarray:
    """The angles by which a token at position 1 is turned, from cosines and sines in float64.

    Shapes   -> (part / 2,) float32
    """
    import torch

    with float32_steps(source):
        turn = source.rotate_queries_or_keys
        cos, sin = tables_of(torch.zeros(1, 1, 1, part).double(), lambda x: turn(x, torch.ones(1).double()))
    return np.arctan2(sin[0], cos[0])[: part // 2].astype(np.float32)


def tables_of(like: Any, turn: Callable[[Any], Any]) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines (S, part) of a turning, from what becomes of heads that are 1 in their even or odd channels."""
    import torch

    found = []
    for first in (0, 1):
        units = torch.zeros_like(like[:1, :1])
        units[..., first::2] = 1
        found.append(np.array(turn(units)).reshape(like.shape[-2:]))
    even, odd = found
    cos, sin = np.empty_like(even), np.empty_like(even)
    cos[:, ::2], cos[:, 1::2] = even[:, ::2], odd[:, 1::2]
    sin[:, ::2], sin[:, 1::2] = -odd[:, ::2], even[:, 1::2]
    return cos, sin


def dinov2_stages(kit: Kit, precision: str) -> Stages:
    """transformers' Dinov2Model, or Dinov2WithRegistersModel."""
    from tools.reference.dinov2 import run_peer

    scores: Stages = {}
    with kit_folder(kit) as folder, keeping_scores(scores, "dinov2.encoder.layer.{i}.attention"):
        found = run_peer(str(folder), kit.inputs["pixel_values"], precision)
    return {n: x for n, x in found.items() if n.startswith("dinov2.")} | scores
