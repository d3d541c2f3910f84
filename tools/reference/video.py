"""V-JEPA 2 and its processor against transformers; frames against moviepy; the whole extractor against neuralset."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from extractors import VJepa2Model
from extractors.vjepa2.preprocess import VideoProcessor
from extractors.vjepa2.random import write_random
from tools.reference.hooks import keep_inputs, keep_layer, keep_output
from tools.reference.measure import Row, our_kernels, worst, write_golden
from tools.reference.torch_setup import skip_torchvision_operators
from tools.reference.video_files import CASES, compare_frames, compare_odd_films, compare_pipeline, golden_indices
from tribe_np.oracle import trace

PEER = "transformers 5.23.0"
SHAPES = ((45, 64), (20, 24), (60, 40), (36, 36), (90, 160), (33, 47), (240, 320))
HOOKS = {
    "norm1": "norm1.output", "norm2": "norm2.output", "attention.query": "attention.query",
    "attention.key": "attention.key", "attention.value": "attention.value", "attention.proj": "attention.output",
    "mlp.fc1": "mlp.hidden", "mlp.activation": "mlp.activated", "mlp": "mlp.output", "": "output",
}  # fmt: skip
"""transformers' module inside a layer -> our tap."""


def compare(seed: int) -> list[Row]:
    """Live: model and processor for every seed, frames of one file, and the whole extractor for the first seeds.

    Odd seeds read the model out of the checkpoint of a video classifier.
    """
    rows = [*compare_model(seed), *compare_processor(seed), *compare_frames(seed)]
    rows += compare_odd_films() if seed == 0 else []
    return [*rows, *compare_pipeline(CASES[seed])] if seed < len(CASES) else rows


def random_config(rng: np.random.Generator) -> dict[str, Any]:
    """A tiny encoder; heads whose three rotary parts do and do not fill them."""
    n_heads, head_dim = int(rng.integers(1, 4)), int(rng.choice([4, 8, 12, 22, 26, 32]))
    return {
        "hidden_size": n_heads * head_dim, "num_attention_heads": n_heads, "num_hidden_layers": int(rng.integers(1, 4)),
        "mlp_ratio": float(rng.choice([2.0, 4.0, 48 / 11])), "patch_size": 4, "tubelet_size": int(rng.integers(1, 3)),
        "crop_size": int(rng.choice([8, 12, 16])), "frames_per_clip": 8, "qkv_bias": bool(rng.integers(0, 2)),
        "layer_norm_eps": float(rng.choice([1e-6, 1e-5])),
    }  # fmt: skip


def compare_model(seed: int) -> list[Row]:
    """Every state, and every named intermediate, of one random encoder."""
    rng = np.random.default_rng(seed)
    config = random_config(rng)
    size = config["crop_size"] + int(rng.choice([0, 0, 4, 6]))  # also off the configured grid
    pixels = rng.normal(0, 1, (2, int(rng.integers(1, 9)), 3, size, size)).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="vjepa2_") as folder:
        write_random(folder, seed=seed, **config)
        if seed % 2:
            make_classifier(folder)
        ours = {p: run_ours(folder, pixels, p) for p in ("float32", "float64")}
        peer = {p: run_peer(folder, pixels, p) for p in ("float32", "float64")}
    case = f"seed {seed}: {json.dumps(config)} {pixels.shape}"
    return worst("vjepa2", PEER, case, ours["float32"], peer["float32"], peer["float64"], ours["float64"])


def make_classifier(folder: str) -> None:
    """The folder's model inside a VJEPA2ForVideoClassification, saved as transformers saves it."""
    skip_torchvision_operators()
    from transformers import VJEPA2ForVideoClassification, VJEPA2Model, logging

    logging.set_verbosity_error()
    model = VJEPA2Model.from_pretrained(folder)
    classifier = VJEPA2ForVideoClassification(model.config)
    classifier.vjepa2.load_state_dict(model.state_dict())
    classifier.save_pretrained(folder)


def run_ours(folder: str, pixels: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """Taps and states of our model."""
    model = VJepa2Model.from_pretrained(folder, precision=precision, kernels=our_kernels())
    with trace() as recording:
        raw = model.hidden_states(pixels)
    normed = model.hidden_states(pixels, final_norm=True)[-1]
    return {**recording.arrays, **{f"state {i}": s for i, s in enumerate(raw)}, "last_hidden_state": normed}


def run_peer(folder: str, pixels: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """The same of transformers' model (its default attention has no float32 island, nor has the rest)."""
    import torch

    skip_torchvision_operators()
    from transformers import AutoModel, logging

    logging.set_verbosity_error()  # the predictor's weights are missing on purpose
    model = AutoModel.from_pretrained(folder).eval().to(getattr(torch, precision))
    seen: dict[str, np.ndarray] = {}
    keep_output(model.encoder.embeddings, seen, "vjepa2.encoder.embeddings.patch_embeddings.proj.output")
    for i, layer in enumerate(model.encoder.layer):
        keep_layer(layer, HOOKS, seen, f"vjepa2.encoder.layer.{i}", model.config.num_attention_heads)
        keep_inputs(layer.norm2, seen, f"vjepa2.encoder.layer.{i}.attention.stream")
    with torch.no_grad():
        out = model(torch.tensor(pixels, dtype=model.dtype), skip_predictor=True, output_hidden_states=True)
    states = {f"state {i}": state.numpy() for i, state in enumerate(out.hidden_states)}
    return {**seen, **states, "last_hidden_state": out.last_hidden_state.numpy()}


def compare_processor(seed: int) -> list[Row]:
    """The processor on one random shape, to the bit."""
    rng = np.random.default_rng(seed)
    shape = SHAPES[seed % len(SHAPES)] if seed < len(SHAPES) else tuple(rng.integers(10, 200, 2))
    crop = int(rng.choice([16, 32, 64]))
    frames = rng.integers(0, 256, (3, *shape, 3), dtype=np.uint8)
    ours, peer = VideoProcessor.from_dict({"crop_size": crop})(frames), peer_processor(crop)(frames)
    return worst(
        "video processor", PEER, f"{shape} to {crop}", {"pixels": ours}, {"pixels": peer}, {"pixels": peer}, floor=0
    )


def peer_processor(crop: int, **options: Any) -> Any:
    """transformers' processor as a function of frames."""
    skip_torchvision_operators()
    from transformers.models.vjepa2.video_processing_vjepa2 import VJEPA2VideoProcessor

    processor = VJEPA2VideoProcessor(crop_size=crop, do_rescale=True, **options)
    return lambda frames: processor(videos=[list(frames)], return_tensors="pt")["pixel_values_videos"][0].numpy()


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Golden data of the encoder, its rotary positions, its processor and the frame numbers of six frame rates."""
    write_golden(folder, "vjepa2", *_golden_model())
    write_golden(folder, "vjepa2_rotary", _golden_rotary(), {"head_dim": 64, "grid_size": 16})
    write_golden(folder, "video_processor", _golden_processor(), {"crop_size": 32})
    indices, about = golden_indices()
    write_golden(folder, "video_frame_indices", indices, about)
    return [f"{name}.safetensors" for name in ("vjepa2", "vjepa2_rotary", "video_processor", "video_frame_indices")]


def _golden_model() -> tuple[Mapping[str, np.ndarray], Mapping[str, Any]]:
    config = {
        "hidden_size": 44, "num_attention_heads": 2, "num_hidden_layers": 2, "mlp_ratio": 48 / 11, "patch_size": 4,
        "crop_size": 12, "frames_per_clip": 8,
    }  # fmt: skip
    pixels = np.random.default_rng(1).normal(0, 1, (1, 8, 3, 12, 12)).astype(np.float32)
    arrays = {"pixel_values": pixels}
    with tempfile.TemporaryDirectory(prefix="vjepa2_") as folder:
        write_random(folder, seed=1, **config)
        for precision in ("float32", "float64"):
            arrays |= {f"{precision}/{name}": array for name, array in run_peer(folder, pixels, precision).items()}
    kept = {n: a for n, a in arrays.items() if not n.startswith("float64/vjepa2") and "layer.1" not in n}
    return kept, {"seed": 1, "config": config, "meaning": "weights are extractors.vjepa2.random's for this seed"}


def _golden_rotary() -> Mapping[str, np.ndarray]:
    import torch

    skip_torchvision_operators()
    from transformers import VJEPA2Config
    from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2RopeAttention

    config = VJEPA2Config(hidden_size=64, num_attention_heads=1)
    attention = VJEPA2RopeAttention(config, 64, 1)
    ids = torch.tensor([0, 1, 15, 16, 255, 256, 511, 4000, 8191])
    x = np.random.default_rng(2).normal(0, 1, (1, 1, len(ids), 64))
    out = attention.apply_rotary_embeddings(
        torch.tensor(x), (attention._get_frame_pos(ids), attention._get_height_pos(ids), ids % 16)
    )
    return {"token_ids": ids.numpy(), "x": x, "turned": out.numpy()}


def _golden_processor() -> Mapping[str, np.ndarray]:
    rng = np.random.default_rng(3)
    arrays = {}
    for name, shape in {"down": (45, 64), "up": (20, 24), "portrait": (60, 40), "same": (36, 50)}.items():
        frames = rng.integers(0, 256, (1, *shape, 3), dtype=np.uint8)
        arrays |= {f"{name}/frames": frames, f"{name}/pixels": peer_processor(32)(frames)}
    return arrays
