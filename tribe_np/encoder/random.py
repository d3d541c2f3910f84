"""Random brain encoders in the real on-disk layout, for tests and the demo; their predictions mean nothing.

Names and shapes are not listed here: the model itself is built from a source of random weights, which keeps a
record of what was asked for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.encoder.config import CLASS_NAMES, BuildArgs, EncoderConfig
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random_config import dump_config, experiment_config
from tribe_np.encoder.transformer import rotary_dim
from tribe_np.formats.safetensors import write_safetensors
from tribe_np.runtime import Runtime

NOTE = "random weights: the predictions mean nothing about any brain"


class RandomWeights:
    """The `Weights` protocol over random numbers; everything taken is recorded under its full name.

    Gains and residual scales lie in 0.7..1.3 and query/key weights are enlarged, so that attention is far from
    uniform and a mistake in any of them shows.
    """

    def __init__(self, config: EncoderConfig, *, seed: int, _prefix: str = "", _taken: Any = None) -> None:
        self._config = config
        self._seed = seed
        self._prefix = _prefix
        self.taken: dict[str, np.ndarray] = {} if _taken is None else _taken

    def at(self, *parts: str | int) -> "RandomWeights":
        """The subtree below a dotted prefix."""
        prefix = self._prefix + "".join(f"{part}." for part in parts)
        return RandomWeights(self._config, seed=self._seed, _prefix=prefix, _taken=self.taken)

    def has(self, name: str) -> bool:
        """No older spellings."""
        return False

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of subject layers, whose row count only a file knows: here it follows the configuration."""
        layers: Any = self._config.predictor if self._prefix.startswith("predictor") else self._config.projector
        return (max(1, layers.n_subjects + int(layers.has_average_row)), -1, -1)

    def take(self, name: str, shape: tuple[int, ...], columns: Any = None) -> np.ndarray:
        """A new tensor, the same for the same seed and name whatever else is taken."""
        full = self._prefix + name
        rng = np.random.default_rng([self._seed, *full.encode()])
        self.taken[full] = np.asarray(self._draw(full, shape, rng), np.float32)
        return self.taken[full] if columns is None else self.taken[full][..., columns]

    def skip(self, name: str, shape: tuple[int, ...]) -> None:
        """A counter, in the dtype that PyTorch gives those."""
        self.taken[self._prefix + name] = np.ones(shape, np.int64)

    def rows(self, name: str, shape: tuple[int, ...]) -> Callable[[Any], np.ndarray]:
        """A function from indices to rows of the tensor."""
        table = self.take(name, shape)
        return lambda indices: np.asarray(table[indices])

    def finish(self, ignore: Mapping[str, str]) -> None:
        """Nothing is left over."""

    def _draw(self, full: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        leaf = full.rpartition(".")[2]
        if full.startswith("encoder.rotary_pos_emb."):
            return self._rotary(leaf)
        smoothing = self._config.temporal_smoothing
        if full == "temporal_smoothing.weight" and smoothing is not None and smoothing.sigma is not None:
            return np.broadcast_to(gaussian_kernel(smoothing.kernel_size, smoothing.sigma), shape)
        if leaf in ("g", "residual_scale", "running_var", "gamma") or (leaf == "weight" and len(shape) == 1):
            return rng.uniform(0.7, 1.3, shape)
        if full == "time_pos_embed" or "relative_attention_bias" in full:
            return rng.standard_normal(shape)
        n_in = shape[-2] if leaf == "weights" else shape[-1]
        enlarged = 2.0 if ".to_q." in full or ".to_k." in full else 1.0
        return rng.standard_normal(shape) * (enlarged / n_in**0.5)

    def _rotary(self, leaf: str) -> np.ndarray:
        assert self._config.encoder is not None
        dim = rotary_dim(self._config.hidden // self._config.encoder.heads)
        even = np.arange(0, dim, 2, dtype=np.float32)
        return 1.0 / 10000.0 ** (even / dim) if leaf == "inv_freq" else (even + 0.4 * dim) / (1.4 * dim)


def gaussian_kernel(kernel_size: int, sigma: float) -> np.ndarray:
    """A sampled Gaussian of sum 1, centred on tap kernel_size // 2.

    Shapes   -> (W,) float32
    Source   tribev2 7239908 model.TemporalSmoothing
    """
    offset = (np.arange(kernel_size) - kernel_size // 2).astype(np.float32)
    kernel = np.exp(np.float32(-0.5) * (offset / np.float32(sigma)) ** 2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def random_state_dict(config: Mapping[str, Any], build_args: Mapping[str, Any], *, seed: int) -> dict[str, np.ndarray]:
    """Random weights of a configuration under upstream's names and in its dtypes: float32, counters int64.

    Raises   ConfigError or CheckpointError for a configuration that cannot be built
    """
    checked = EncoderConfig.from_dict(config)
    weights = RandomWeights(checked, seed=seed)
    FmriEncoder.from_weights(weights, checked, BuildArgs.from_dict(build_args), Runtime(), exact_order=True)
    return weights.taken


def write_random(
    folder: str | Path,
    *,
    seed: int,
    feature_dims: Mapping[str, tuple[int, int] | None],
    n_outputs: int = 20484,
    n_output_timesteps: int = 100,
    hidden: int = 192,
    depth: int = 2,
    heads: int = 6,
    low_rank_head: int | None = 64,
    max_seq_len: int = 1024,
    brain: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Writes config.yaml, model.safetensors and build_args.json of a random model with one (average) subject row.

    `brain` and `data` override single keys of `brain_model_config` and of `data`, mappings key by key.
    Raises   ConfigError for a combination that cannot be built; OSError from the disk
    """
    folder = Path(folder)
    build_args = {
        "feature_dims": {m: None if dims is None else list(dims) for m, dims in feature_dims.items()},
        "n_outputs": n_outputs,
        "n_output_timesteps": n_output_timesteps,
    }
    own: dict[str, Any] = {
        "hidden": hidden, "combiner": None, "low_rank_head": low_rank_head, "max_seq_len": max_seq_len,
        "encoder": {"depth": depth, "heads": heads}, "modality_dropout": 0.3,
        "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1},
    }  # fmt: skip
    model_config = full_brain_config(merged(own, brain or {}))
    config = experiment_config(list(feature_dims), model_config, n_output_timesteps)
    config["data"] = merged(config["data"], data or {})
    state_dict = random_state_dict(model_config, build_args, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(f"# {NOTE} (seed {seed})\n{dump_config(config)}", encoding="utf-8")
    (folder / "build_args.json").write_text(json.dumps(build_args, indent=1) + "\n", encoding="utf-8")
    write_safetensors(folder / "model.safetensors", state_dict, metadata={"note": NOTE})


def full_brain_config(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A `brain_model_config` with every key filled in and named, as upstream dumps it."""
    config = EncoderConfig.from_dict(mapping)
    filled: dict[str, Any] = {}
    for key, value in asdict(config).items():
        if isinstance(value, dict):
            name = CLASS_NAMES[type(getattr(config, key))]
            value = {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()} | {"name": name}
        filled[key] = value
    return filled | {"name": "FmriEncoder"}


def merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with single keys overridden, mappings key by key; one with `=replace=: true` takes the whole place.

    Source   exca 0.5 ConfDict, whose spelling that is
    """
    result = dict(base)
    for key, value in overrides.items():
        if isinstance(value, Mapping) and value.get("=replace="):
            result[key] = {inner: part for inner, part in value.items() if inner != "=replace="}
            continue
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(old, value) if both and old is not None else value
    return result
