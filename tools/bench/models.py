"""Models of the released sizes with random weights, for the benchmark: written once, one folder per model.

Weights are normal with standard deviation 0.02, taken from one pool of numbers at random places (drawing billions
would take longer than the benchmark); norm gains lie in 0.7..1.3. Every layer is a file of its own, so that a model
of fewer layers is a folder of links. The brain encoder comes from its own writer. Nothing here means anything.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.formats.safetensors import narrow_bf16

POOL_SIZE, STD = 1 << 24, 0.02
FEATURES = {"text": (2, 3072), "audio": (2, 1024), "video": (2, 1408)}  # released (layer groups, width)
ENCODER = {"hidden": 1152, "depth": 8, "heads": 8, "low_rank_head": 2048}
RESERVE = 2 << 30  # bytes of disk that must stay free

LLAMA: dict[str, Any] = {
    "hidden_size": 3072, "intermediate_size": 8192, "num_attention_heads": 24, "num_key_value_heads": 8,
    "head_dim": 128, "vocab_size": 128256,
}  # fmt: skip
SOUND = {"hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
CLIP = {
    "hidden_size": 1408, "num_attention_heads": 22, "mlp_ratio": 48 / 11, "crop_size": 256, "pred_hidden_size": 384,
    "pred_num_attention_heads": 12, "pred_num_hidden_layers": 12,
}  # fmt: skip
DEPTHS = {"encoder": 8, "llama": 28, "wav2vec_bert": 24, "vjepa2": 40}


class ShapeRecorder:
    """The `Weights` protocol that only notes which tensors a layer asks for, and their shapes."""

    def __init__(self, prefix: str = "", shapes: dict[str, tuple[int, ...]] | None = None) -> None:
        self.prefix = prefix
        self.shapes: dict[str, tuple[int, ...]] = {} if shapes is None else shapes

    def at(self, *parts: str | int) -> "ShapeRecorder":
        """The subtree below a dotted prefix."""
        return ShapeRecorder(self.prefix + "".join(f"{part}." for part in parts), self.shapes)

    def has(self, name: str) -> bool:
        """No older spellings."""
        return False

    def shape(self, name: str) -> tuple[int, ...]:
        """Not known here."""
        raise KeyError(name)

    def take(self, name: str, shape: tuple[int, ...], columns: Any = None) -> np.ndarray:
        """Zeros without memory of their own."""
        self.shapes[self.prefix + name] = tuple(shape)
        return np.broadcast_to(np.float32(0), shape)

    def rows(self, name: str, shape: tuple[int, ...]) -> Callable[[Any], np.ndarray]:
        """As take."""
        table = self.take(name, shape)
        return lambda indices: np.asarray(table[indices])

    def finish(self, ignore: Mapping[str, str]) -> None:
        """Nothing is left over."""


@dataclass(frozen=True)
class Parts:
    """The tensors of one model: `rest` once, `layer(i)` per layer, and what its small writer puts beside them."""

    dtype: str  # "BF16" or "F32"
    rest: dict[str, tuple[int, ...]]
    layer: Callable[[int], dict[str, tuple[int, ...]]]
    write_small: Callable[[Path, int], object]  # config and the like for that many layers


def model_parts(kind: str) -> Parts:
    """What the files of "llama", "wav2vec_bert" or "vjepa2" hold at the released size."""
    return {"llama": _llama, "wav2vec_bert": _wav2vec_bert, "vjepa2": _vjepa2}[kind]()


def _llama() -> Parts:
    from extractors.llama.config import LlamaConfig
    from extractors.llama.model import LlamaLayer
    from extractors.llama.random import write_random

    def small(folder: Path, n_layers: int) -> object:
        # the tokenizer of the tiny model; ids stay below its vocabulary, the table has the released size
        write_random(folder, seed=0, n_layers=1)
        values = json.loads((folder / "config.json").read_text()) | LLAMA | {"num_hidden_layers": n_layers}
        return (folder / "config.json").write_text(json.dumps(values, indent=1))

    config = LlamaConfig.from_dict(
        {"model_type": "llama", "num_hidden_layers": 1, "rms_norm_eps": 1e-5, "rope_theta": 5e5} | LLAMA
    )

    def layer(i: int) -> dict[str, tuple[int, ...]]:
        recorder = ShapeRecorder(f"model.layers.{i}.")
        LlamaLayer.from_weights(recorder, config)
        return recorder.shapes

    D = config.model_dim
    return Parts("BF16", {"model.embed_tokens.weight": (config.vocab_size, D), "model.norm.weight": (D,)}, layer, small)


def _wav2vec_bert() -> Parts:
    from extractors.wav2vec_bert.model import ConformerLayer, FeatureProjection, Wav2VecBertConfig
    from extractors.wav2vec_bert.random import write_random

    config = Wav2VecBertConfig.from_dict({
        "model_type": "wav2vec2-bert", "hidden_size": 1024, "num_hidden_layers": 1, "num_attention_heads": 16,
        "intermediate_size": 4096, "feature_projection_input_dim": 160, "hidden_act": "swish", "layer_norm_eps": 1e-5,
        "position_embeddings_type": "relative_key", "left_max_position_embeddings": 64,
        "right_max_position_embeddings": 8, "conv_depthwise_kernel_size": 31,
    })  # fmt: skip

    def layer(i: int) -> dict[str, tuple[int, ...]]:
        recorder = ShapeRecorder(f"encoder.layers.{i}.")
        ConformerLayer.from_weights(recorder, config)
        return recorder.shapes

    rest = ShapeRecorder()
    FeatureProjection.from_weights(rest.at("feature_projection"), config)
    rest.take("masked_spec_embed", (config.model_dim,))

    def small(folder: Path, n_layers: int) -> object:
        write_random(folder, seed=0, n_layers=1, hidden=32, intermediate=32)
        values = json.loads((folder / "config.json").read_text())
        return (folder / "config.json").write_text(json.dumps(values | SOUND | {"num_hidden_layers": n_layers}))

    return Parts("F32", rest.shapes, layer, small)


def _vjepa2() -> Parts:
    from extractors.vjepa2.model import PatchEmbedding, VJepa2Config, VJepa2Layer
    from extractors.vjepa2.random import TINY, write_random

    config = VJepa2Config.from_dict({"model_type": "vjepa2"} | TINY | CLIP)

    def layer(i: int) -> dict[str, tuple[int, ...]]:
        recorder = ShapeRecorder(f"encoder.layer.{i}.")
        VJepa2Layer.from_weights(recorder, config)
        return recorder.shapes

    rest = ShapeRecorder("encoder.")
    PatchEmbedding.from_weights(rest.at("embeddings", "patch_embeddings", "proj"), config)
    for leaf in ("weight", "bias"):
        rest.take(f"layernorm.{leaf}", (config.model_dim,))

    def small(folder: Path, n_layers: int) -> object:
        write_random(folder, seed=0, num_hidden_layers=1)
        for name in ("config.json", "video_preprocessor_config.json"):
            values = json.loads((folder / name).read_text())
            own = CLIP | {"num_hidden_layers": n_layers} if name == "config.json" else {"crop_size": CLIP["crop_size"]}
            (folder / name).write_text(json.dumps(values | own, indent=1))
        return folder

    return Parts("F32", rest.shapes, layer, small)


def model_folder(work: Path, kind: str, n_layers: int) -> Path:
    """The folder of that model with that many layers, written as far as it is not there yet.

    Raises   ConfigError when the disk is too full
    """
    if kind == "encoder":
        return _encoder_folder(work / kind)
    parts, shards = model_parts(kind), work / kind / "layers"
    shards.mkdir(parents=True, exist_ok=True)
    wanted = {"rest.safetensors": parts.rest} | {f"layer-{i:02d}.safetensors": parts.layer(i) for i in range(n_layers)}
    missing = {name: shapes for name, shapes in wanted.items() if not (shards / name).exists()}
    check_disk(work, sum(n_bytes(shapes, parts.dtype) for shapes in missing.values()), kind)
    pool = draw_pool() if missing else np.empty(0, np.float32)
    for name, shapes in missing.items():
        write_shard(shards / name, shapes, parts.dtype, pool)
    if missing:
        os.sync()  # nothing is written to the disk any more while something is measured
    folder = work / kind / f"{n_layers}-layers"
    if not folder.exists():
        building = folder.with_suffix(".part")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        parts.write_small(building, n_layers)
        (building / "model.safetensors").unlink()
        for name in wanted:
            (building / name).symlink_to(Path("..") / "layers" / name)
        weight_map = {tensor: name for name, shapes in wanted.items() for tensor in shapes}
        index = {"metadata": {}, "weight_map": weight_map}
        (building / "model.safetensors.index.json").write_text(json.dumps(index))
        building.rename(folder)
    return folder


def _encoder_folder(folder: Path) -> Path:
    from tribe_np.encoder.random import write_random

    if not (folder / "model.safetensors").exists():
        check_disk(folder.parent, 710_000_000, "encoder")
        write_random(folder, seed=1, feature_dims=FEATURES, **ENCODER)
        os.sync()
    return folder


def check_disk(folder: Path, needed: int, what: str) -> None:
    """Raises   ConfigError, in one line, when `needed` bytes and a reserve do not fit."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed and free < needed + RESERVE:
        raise ConfigError(
            f"{what} needs {needed / 1e9:.1f} GB in {folder}, where {free / 1e9:.1f} GB are free; "
            "delete a model's folder there, or choose another --work"
        )


def n_bytes(shapes: Mapping[str, tuple[int, ...]], dtype: str) -> int:
    """Size of the tensors in a file."""
    return sum(int(np.prod(shape)) for shape in shapes.values()) * (2 if dtype == "BF16" else 4)


def draw_pool(size: int = POOL_SIZE) -> np.ndarray:
    """The numbers that all weights are taken from."""
    return np.random.default_rng(7).standard_normal(size, np.float32) * np.float32(STD)


def write_shard(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str, pool: np.ndarray) -> None:
    """A safetensors file of random tensors, written piece by piece and then renamed."""
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = n_bytes({name: shape}, dtype)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    encoded = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    encoded += b" " * (-len(encoded) % 8)
    building = path.with_suffix(".part")
    with building.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for name, shape in shapes.items():
            for piece in random_pieces(name, int(np.prod(shape)), pool):
                file.write((narrow_bf16(piece) if dtype == "BF16" else piece).tobytes())
    building.rename(path)


def random_pieces(name: str, size: int, pool: np.ndarray) -> Iterator[np.ndarray]:
    """The flat tensor `name` in pieces: gains around 1 for norms, else the pool from a random place on."""
    rng = np.random.default_rng([7, *name.encode()])
    if "norm" in name and name.endswith("weight"):
        yield rng.uniform(0.7, 1.3, size).astype(np.float32)
        return
    start = int(rng.integers(len(pool)))
    while size > 0:
        piece = pool[start : start + size]
        yield piece
        size, start = size - len(piece), 0
