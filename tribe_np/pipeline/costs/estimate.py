"""Memory that each stage of a run will take, from configurations and headers: no weight is read.

Estimates are of what the process takes beyond what it holds already. They count the arrays that are alive together
where a layer needs most. They lie above what was measured at the released widths, by a factor of up to 1.7
(tests/pipeline/costs/test_estimate.py): most with compiled kernels, which keep fewer arrays.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extractors.dinov2.config import DinoV2Config
from extractors.llama.config import LlamaConfig
from extractors.llama.passes import MAX_NODES
from extractors.vjepa2.config import N_VIDEO_FRAMES, VJepa2Config
from extractors.wav2vec_bert.config import Wav2VecBertConfig
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.weights import read_folder, read_json

LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")
LEFT_IN_FILE = (
    "embed_tokens.", "lm_head.", "predictor.", "pooler.", "classifier.", "adapter.", "masked_spec_embed", "mask_token",
)  # fmt: skip
LIBRARIES = 60_000_000
"""Bytes that libraries take when they first compute: compiled kernels, buffers of BLAS."""
BLOCK_SCORES = 2_000_000  # of tribe_np.ops.attention
SCORE_BLOCKS = 6  # blocks of attention scores alive together: raw, biased, exponentials, weights, distances
SOUND_RATE, SOUND_CHANNELS = 44100, 2  # of a common file
AUDIO_TOKENS = 50  # a second: one for two steps of 10 ms


@dataclass(frozen=True)
class WeightSizes:
    """Numbers in a model's files that are read into memory: the largest layer, all layers, and the rest."""

    layer: int
    layers: int
    rest: int

    @classmethod
    def of(cls, entries: Mapping[str, TensorEntry]) -> "WeightSizes":
        """Counted by name: `layers.3.` or `layer.3.` somewhere in it; tables of tokens and unused heads left out."""
        layers: dict[str, int] = {}
        rest = 0
        for name, entry in entries.items():
            size = math.prod(entry.shape)
            number = LAYER.search(name)
            if any(part in name for part in LEFT_IN_FILE):
                continue
            if number:
                layers[number[1]] = layers.get(number[1], 0) + size
            else:
                rest += size
        return cls(max(layers.values(), default=0), sum(layers.values()), rest)


@dataclass(frozen=True)
class Need:
    """What one stage takes, in bytes: weights in memory, and arrays while it computes."""

    stage: str
    weights: int
    work: int

    @property
    def n_bytes(self) -> int:
        """Both, and the libraries."""
        return self.weights + self.work + LIBRARIES


@dataclass(frozen=True)
class Load:
    """How much is computed at once; the defaults are what a run of ordinary length takes."""

    n_tokens: int = MAX_NODES  # of text in one pass
    n_words: int = 0  # whose features are kept
    seconds: float = 60.0  # of sound in one chunk
    n_video_frames: int = N_VIDEO_FRAMES  # of a clip
    picture: tuple[int, int] = (1080, 1920)  # height and width of the film


def extractor_need(folder: Path, stage: str, *, streaming: bool, load: Load, itemsize: int = 4) -> Need:
    """The memory of an extractor in `folder`.

    Raises   CheckpointError, ConfigError for a folder without readable weights or configuration
    """
    sizes = WeightSizes.of(read_folder(folder))
    kept = sizes.rest + (sizes.layer if streaming else sizes.layers)
    return Need(stage, kept * itemsize, _work(folder, load, itemsize))


def extractor_config(folder: Path) -> Any:
    """The configuration of an extractor; None for a kind that is not known, of which the model itself says so.

    Raises   CheckpointError, ConfigError
    """
    values = read_json(folder / "config.json")
    classes: dict[str, Any] = {
        "llama": LlamaConfig, "wav2vec2-bert": Wav2VecBertConfig, "vjepa2": VJepa2Config, "dinov2": DinoV2Config,
        "dinov2_with_registers": DinoV2Config,
    }  # fmt: skip
    found = classes.get(str(values.get("model_type")))
    return None if found is None else found.from_dict(values, origin=folder / "config.json")


def _work(folder: Path, load: Load, itemsize: int) -> int:
    config = extractor_config(folder)
    works: dict[type, Callable[[Any, Load, int], int]] = {
        LlamaConfig: text_work, Wav2VecBertConfig: audio_work, VJepa2Config: video_work, DinoV2Config: image_work
    }  # fmt: skip
    return 0 if config is None else works[type(config)](config, load, itemsize)


def text_work(config: LlamaConfig, load: Load, itemsize: int) -> int:
    """Bytes of a pass: the stream five times and the feed-forward's width four times for every token; a mask."""
    D, M, S = config.model_dim, config.mlp_dim, load.n_tokens
    kept = load.n_words * 4 * D  # two layer groups, while they are put together twice
    return itemsize * (S * (6 * D + 4 * M) + S * S // 4 + scores(config.n_heads, S) + kept)


def audio_work(config: Wav2VecBertConfig, load: Load, itemsize: int) -> int:
    """Bytes of a chunk: its tokens through a feed-forward, or, before, its samples while they are resampled."""
    S = int(load.seconds * AUDIO_TOKENS)
    tokens = itemsize * (S * (6 * config.model_dim + 4 * config.mlp_dim) + 2 * scores(config.n_heads, S))
    samples = int(load.seconds * SOUND_RATE) * SOUND_CHANNELS * 4 * 5
    return max(tokens, samples)


def video_work(config: VJepa2Config, load: Load, itemsize: int) -> int:
    """Bytes of a clip: ten times the stream for every token, its pixels, and the frames that clips share."""
    n_frames = load.n_video_frames
    S = -(-n_frames // config.tubelet_size) * config.grid_size**2
    pixels = n_frames * config.n_channels * config.crop_size**2
    frames = 2 * pixels + 4 * 3 * load.picture[0] * load.picture[1]
    return itemsize * (S * 10 * config.model_dim + 3 * pixels + scores(config.n_heads, S)) + frames


def image_work(config: DinoV2Config, load: Load, itemsize: int) -> int:
    """Bytes of one picture."""
    S = config.grid_size**2 + config.n_first_tokens
    work = S * (8 * config.model_dim + 4 * config.mlp_dim) + scores(config.n_heads, S)
    return itemsize * work + 6 * 3 * load.picture[0] * load.picture[1]


def scores(n_heads: int, n_tokens: int) -> int:
    """Numbers in the blocks of attention scores that are alive together."""
    return SCORE_BLOCKS * min(BLOCK_SCORES, n_heads * n_tokens * n_tokens)


def encoder_weights(
    config: EncoderConfig, build_args: BuildArgs, entries: Iterable[TensorEntry], itemsize: int = 4
) -> Need:
    """The memory of a brain encoder while it is read: all weights, and one map composed of the last two."""
    weights = sum(math.prod(entry.shape) for entry in entries)
    return Need("brain encoder's weights", weights * itemsize, config.hidden * build_args.n_outputs * itemsize)


def encoder_work(
    config: EncoderConfig, build_args: BuildArgs, *, n_windows: int, n_steps: int, itemsize: int = 4
) -> Need:
    """What a brain encoder in memory takes for `n_windows` of `n_steps` steps of the 2 Hz grid at once."""
    inputs = sum(groups * width for groups, width in filter(None, build_args.feature_dims.values()))
    mult = config.encoder.ff_mult if config.encoder is not None else 1
    per_step = 3 * inputs + (8 + 3 * mult) * config.hidden
    work = n_windows * (n_steps * per_step + 3 * build_args.n_output_timesteps * build_args.n_outputs)
    return Need("brain encoder", 0, work * itemsize)
