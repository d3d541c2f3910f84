"""DINOv2 and its processor against transformers, and whole files through neuralset's extractor."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from extractors import DinoV2Model
from extractors.common.layer_groups import LayerSelection
from extractors.dinov2.config import WITH_REGISTERS
from extractors.dinov2.extract import image_features
from extractors.dinov2.preprocess import PictureProcessor
from extractors.dinov2.random import write_random
from tools.reference.hooks import keep_inputs, keep_layer, keep_output
from tools.reference.measure import Row, our_kernels, worst, write_golden
from tools.reference.torch_setup import skip_torchvision_operators
from tools.reference.video_files import make_video
from tribe_np.media.film.video import still_frames
from tribe_np.ops.resize import resize_bicubic
from tribe_np.oracle import trace

PEER = "transformers 5.23.0"
HOOKS = {
    "norm1": "norm1.output", "norm2": "norm2.output", "attention.q_proj": "attention.query",
    "attention.k_proj": "attention.key", "attention.v_proj": "attention.value", "attention": "attention.output",
    "layer_scale1": "layer_scale1.output", "mlp": "mlp.output", "layer_scale2": "layer_scale2.output", "": "output",
}  # fmt: skip
"""transformers' module inside a layer -> our tap."""
PLAIN = {"mlp.fc1": "mlp.hidden", "mlp.activation_fn": "mlp.activated"}
GATED = {"mlp.gate_proj": "mlp.gate_proj.output", "mlp.up_proj": "mlp.up_proj.output"}
REGISTERS = {"model_type": WITH_REGISTERS, "num_register_tokens": 4}
VARIANTS: tuple[dict[str, Any], ...] = ({}, {"use_swiglu_ffn": True}, REGISTERS, REGISTERS | {"use_swiglu_ffn": True})
"""dinov2-large and its like, dinov2-giant, dinov2-with-registers-large, dinov2-with-registers-giant."""
RUNS = ((0.0, 3.96, None, 0), (1.0, 2.0, None, 0), (1.0, 2.0, 6, 0), (1.0, 2.0, None, 1), (1.0, 2.0, 6, 3))
"""(offset, duration, cache_n_layers, variant) of whole-extractor runs."""


def compare(seed: int) -> list[Row]:
    """Live: model and processor for every seed, the whole extractor for the first ones."""
    rows = [*compare_model(seed), *compare_processor(seed)]
    return [*rows, *compare_pipeline(*RUNS[seed])] if seed < len(RUNS) else rows


def compare_model(seed: int) -> list[Row]:
    """Every state and named intermediate of one random model; pictures on and off the table's grid, square and not."""
    rng = np.random.default_rng(seed)
    n_heads, head_dim = int(rng.integers(1, 4)), int(rng.choice([8, 12, 32]))
    config: dict[str, Any] = {
        "hidden_size": n_heads * head_dim, "num_attention_heads": n_heads, "num_hidden_layers": int(rng.integers(1, 4)),
        "mlp_ratio": int(rng.integers(2, 5)), "image_size": 28, "patch_size": int(rng.choice([4, 7])),
        "qkv_bias": bool(rng.integers(0, 2)), "layer_norm_eps": float(rng.choice([1e-6, 1e-5])),
    }  # fmt: skip
    config |= VARIANTS[(seed + seed // 4) % 4]
    shape = [(28, 28), (16, 16), (40, 33), (21, 56)][seed % 4]
    pixels = rng.normal(0, 1, (2, 3, *shape)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        write_random(folder, seed=seed, hub_spelling=bool(seed % 2), **config)
        ours = {p: run_ours(folder, pixels, p) for p in ("float32", "float64")}
        peer = {p: run_peer(folder, pixels, p) for p in ("float32", "float64")}
    case = f"seed {seed}: {json.dumps(config)} {shape}"
    return worst("dinov2", PEER, case, ours["float32"], peer["float32"], peer["float64"], ours["float64"])


def run_ours(folder: str, pixels: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """Taps and states of our model."""
    with trace() as recording:
        states = DinoV2Model.from_pretrained(folder, precision=precision, kernels=our_kernels()).hidden_states(pixels)
    return {**recording.arrays, **{f"state {i}": state for i, state in enumerate(states)}}


def run_peer(folder: str, pixels: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """The same of transformers' model, whose one float32 island (resizing positions) is widened for float64."""
    import torch

    skip_torchvision_operators()
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).eval().to(getattr(torch, precision))
    seen: dict[str, np.ndarray] = {}
    _keep_embeddings(model.embeddings, seen)
    for i, layer in enumerate(model.encoder.layer):
        path, gated = f"dinov2.encoder.layer.{i}", model.config.use_swiglu_ffn
        keep_layer(layer, HOOKS | (GATED if gated else PLAIN), seen, path, model.config.num_attention_heads)
        keep_inputs(layer.norm2, seen, f"{path}.attention.stream")
        if gated:
            keep_inputs(layer.mlp.down_proj, seen, f"{path}.mlp.gated")
    with torch.no_grad(), _wide_positions(model.dtype):
        out = model(torch.tensor(pixels, dtype=model.dtype), output_hidden_states=True)
    return {**seen, **{f"state {i}": state.numpy() for i, state in enumerate(out.hidden_states)}}


def _keep_embeddings(module: Any, seen: dict[str, np.ndarray]) -> None:
    keep_output(module.patch_embeddings, seen, "dinov2.embeddings.patch_embeddings.projection.output")
    keep_output(module, seen, "dinov2.embeddings.output")
    resize = module.interpolate_pos_encoding

    def positions(*arguments: Any) -> Any:
        found = resize(*arguments)
        seen["dinov2.embeddings.positions"] = np.array(found.detach())
        return found

    module.interpolate_pos_encoding = positions


@contextmanager
def _wide_positions(dtype: Any) -> Iterator[None]:
    """The position table resized in the model's dtype; its float32 cast before loses nothing of float32 weights."""
    from torch.nn import functional

    real = functional.interpolate
    with patch.object(functional, "interpolate", lambda x, **options: real(x.to(dtype), **options)):
        yield


def compare_processor(seed: int) -> list[Row]:
    """The processor on one random shape; the peer's float64 is its own resize on doubles."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(20, 150, 2))
    edge = int(rng.choice([32, 64]))
    values = {"size": {"shortest_edge": edge}, "crop_size": {"height": edge - 8, "width": edge - 8}}
    frame = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    ours, peer = PictureProcessor.from_dict(values)(frame), peer_pixels(values, frame)
    case, wide = f"{height} x {width} to {edge}", rng.random((3, height, width))
    rows = worst("picture processor", PEER, case, {"pixels": ours}, {"pixels": peer}, {"pixels": peer})
    size = (edge, int(rng.integers(10, 200)))
    ours_resized = {p: {"resize": resize_bicubic(wide.astype(p), size)} for p in ("float32", "float64")}
    resized = {p: {"resize": peer_resize(wide.astype(p), size)} for p in ("float32", "float64")}
    return [
        *rows,
        *worst(
            "picture processor", "torch 2.13.0", case, ours_resized["float32"], resized["float32"], resized["float64"],
            ours_resized["float64"],
        ),
    ]  # fmt: skip


def peer_resize(pictures: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """torch's antialiased bicubic, which torchvision's resize calls."""
    import torch
    from torch.nn import functional

    out = functional.interpolate(torch.tensor(pictures)[None], size=size, mode="bicubic", antialias=True)
    return np.asarray(out[0])


def peer_pixels(values: Mapping[str, Any], frame: np.ndarray) -> np.ndarray:
    """transformers' pixels of one frame, fed as neuralset feeds it."""
    skip_torchvision_operators()
    import torch
    from transformers import BitImageProcessor

    picture = torch.tensor(frame).permute(2, 0, 1).float() / 255  # torchvision's ToTensor
    out = BitImageProcessor(**values, do_rescale=False)(images=[picture], return_tensors="pt")["pixel_values"]
    return np.asarray(out[0])


def compare_pipeline(offset: float, duration: float, cache_n_layers: int | None, variant: int) -> list[Row]:
    """File to features against neuralset; its last column is left out where it is a random frame (past the end)."""
    with tempfile.TemporaryDirectory() as name:
        path = make_video(Path(name) / "a.mp4", seconds=3.96)
        folder = str(write_random(Path(name) / "dinov2", seed=3, num_hidden_layers=6, **VARIANTS[variant]))
        peer = neuralset_features(folder, path, offset, duration, cache_n_layers)
        ours = {}
        for precision in ("float32", "float64"):
            model = DinoV2Model.from_pretrained(folder, precision=precision, kernels=our_kernels())
            selection = LayerSelection((2 / 3,), aggregation="mean", cache_n_layers=cache_n_layers)
            frames = still_frames(path, offset=offset, duration=duration)
            ours[precision] = {"features": image_features(model, frames, selection=selection)[0]}
    kept = slice(None, -1) if offset + duration > 3.9 else slice(None)
    trimmed = {p: {"features": o["features"][:, kept]} for p, o in ours.items()}
    named = {"features": peer[:, kept]}
    case = f"from {offset} for {duration} s, cache_n_layers {cache_n_layers}, variant {VARIANTS[variant]}"
    return worst("image pipeline", "neuralset 0.0.2", case, trimmed["float32"], named, trimmed["float64"], floor=1e-4)


def neuralset_features(
    folder: str, path: Path, offset: float, duration: float, cache_n_layers: int | None
) -> np.ndarray:
    """Features of the real extractor."""
    skip_torchvision_operators()
    from neuralset.events.etypes import Video
    from neuralset.extractors.image import HuggingFaceImage
    from neuralset.extractors.video import HuggingFaceVideo

    with patch.object(HuggingFaceImage, "repo_exists", lambda self: True):  # a folder, not a hub name
        image = HuggingFaceImage(
            model_name=folder, layers=2 / 3, token_aggregation="mean", cache_n_layers=cache_n_layers, device="cpu",
            infra={"keep_in_ram": False},
        )  # fmt: skip
        extractor = HuggingFaceVideo(image=image, frequency=2.0)
    event = Video(start=0.0, timeline="t", filepath=str(path), offset=offset, duration=duration, frequency=25.0)
    arrays = list(extractor._get_timed_arrays([event], start=0.0, duration=duration))
    return np.asarray(arrays[0].data).reshape(-1, arrays[0].data.shape[-1])


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Golden states of two models whose positions are resized, the second gated and with registers; the processor's."""
    pixels = np.random.default_rng(4).normal(0, 1, (1, 3, 20, 24)).astype(np.float32)
    config = {"hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2, "image_size": 28, "patch_size": 4}
    values = {"size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}}
    arrays = golden_states(config, pixels)
    for shape in ((45, 64), (60, 40), (20, 24)):
        frame = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
        arrays |= {f"processor/{shape}/frame": frame, f"processor/{shape}/pixels": peer_pixels(values, frame)}
    write_golden(folder, "dinov2", arrays, {"seed": 4, "config": config, "processor": values})
    other = config | {"hidden_size": 16} | VARIANTS[3]
    write_golden(folder, "dinov2_variant", golden_states(other, pixels), {"seed": 4, "config": other})
    return ["dinov2.safetensors", "dinov2_variant.safetensors"]


def golden_states(config: Mapping[str, Any], pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Pixels, every state in both precisions, and the first layer's stages in float32."""
    arrays = {"pixel_values": pixels}
    with tempfile.TemporaryDirectory() as name:
        write_random(name, seed=4, **config)
        for precision in ("float32", "float64"):
            arrays |= {f"{precision}/{key}": array for key, array in run_peer(name, pixels, precision).items()}
    return {n: a for n, a in arrays.items() if not n.startswith("float64/dinov2") and "layer.1" not in n}
