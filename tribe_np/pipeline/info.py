"""What a checkpoint or extractor folder holds and takes, from headers and configuration alone: no weight is read."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from extractors.catalogue import record_of_type
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.errors import CheckpointError
from tribe_np.formats.checkpoint import Checkpoint, open_checkpoint
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.weights import read_folder, read_json
from tribe_np.machine.memory import gigabytes
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.costs.info_costs import encoder_costs, extractor_costs
from tribe_np.pipeline.fitting.fitted_checkpoint import fitted_names
from tribe_np.pipeline.neuro_projection import space_of
from tribe_np.pipeline.subjects import describe_subjects, shortened, subject_lines, subject_names

ENCODER_LICENCE = "the released facebook/tribev2 weights are CC BY-NC 4.0; this software is Apache-2.0"


def describe(folder: Path, checkpoint: Path | None = None) -> dict[str, Any]:
    """Kind, architecture, parameters, sizes and costs of a model folder; layer groups as `checkpoint` selects them.

    Raises   CheckpointError for a folder that is neither a checkpoint nor an extractor; ConfigError for settings that
             are not implemented
    """
    if not folder.is_dir():
        missing = "no such folder, nor a model of that name in --models or the hub's cache"
        what = "is a file, not a folder" if folder.is_file() else missing
        raise CheckpointError(f"{folder}: {what}; expected a checkpoint (config.yaml) or an extractor (config.json)")
    if (folder / "config.yaml").is_file():
        return _describe_encoder(folder)
    if (folder / "config.json").is_file():
        return _describe_extractor(folder, checkpoint)
    raise CheckpointError(f"{folder}: holds neither config.yaml (brain encoder) nor config.json (extractor)")


def _describe_encoder(folder: Path) -> dict[str, Any]:
    opened = open_checkpoint(folder)
    data = DataConfig.from_dict(opened.config.get("data"))
    build_args = BuildArgs.from_dict(opened.build_args)
    config = opened.config["brain_model_config"]
    space = space_of(opened.config["data"], build_args.n_outputs)
    return {
        "kind": "brain encoder",
        "folder": str(folder),
        "feature_dims": {m: None if d is None else list(d) for m, d in build_args.feature_dims.items()},
        "n_outputs": build_args.n_outputs,
        "columns": space.columns(),
        "space": space.as_dict(),
        "subjects": _subjects(opened),
        "n_output_timesteps": build_args.n_output_timesteps,
        "brain_model_config": _plain(config),
        "segment": {"duration_trs": data.duration_trs, "tr": data.tr, "frequency": data.frequency},
        "hemodynamic_offset": data.hemodynamic_offset,
        "extractors": {
            m: {
                "model_name": e.model_name,
                "layers": list(e.selection.fractions),
                "layer_aggregation": e.selection.aggregation,
                "cache_n_layers": e.selection.cache_n_layers,
            }
            for m, e in data.extractors.items()
        },
        **_sizes(opened.entries),
        **encoder_costs(opened, data),
        "licence": ENCODER_LICENCE,
    }


def _subjects(opened: Checkpoint) -> dict[str, Any]:
    """The subjects by the rows of the predictor, which decide, and the names of config.yaml."""
    config = EncoderConfig.from_dict(opened.config["brain_model_config"])
    shape = opened.weights.at("predictor").shape("weights")
    if len(shape) != 3 or shape[0] < 1:
        raise CheckpointError(f"subject layers: weights must have shape (rows, in, out), got {shape}")
    n_rows = shape[0]
    return describe_subjects(config, n_rows, subject_names(opened.config["data"]), fitted_names(opened.folder))


def _describe_extractor(folder: Path, checkpoint: Path | None) -> dict[str, Any]:
    chosen = (
        {} if checkpoint is None else DataConfig.from_dict(open_checkpoint(checkpoint).config.get("data")).extractors
    )
    config = read_json(folder / "config.json")
    kind = str(config.get("model_type"))
    shown = {k: v for k, v in config.items() if isinstance(v, (int, float, str, bool)) and not k.startswith("_")}
    return {
        "kind": f"extractor ({kind})",
        "folder": str(folder),
        "config": shown,
        **_sizes(read_folder(folder).values()),
        **extractor_costs(folder, chosen),
        "licence": licence(kind),
    }


def licence(model_type: Any) -> str:
    """The licence of a model's released weights, by the `model_type` of its config.json."""
    record = record_of_type(str(model_type))
    return "see the model's own page for its licence" if record is None else record.licence


def _sizes(found: Iterable[TensorEntry]) -> dict[str, Any]:
    entries = list(found)
    return {
        "tensors": len(entries),
        "parameters": sum(math.prod(e.shape) for e in entries),
        "dtypes": sorted({e.dtype for e in entries}),
        "bytes": sum(e.n_bytes for e in entries),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def as_lines(description: Mapping[str, Any], indent: str = "", *, is_arithmetic: bool = False) -> list[str]:
    """A description as indented text."""
    lines = []
    for key, value in description.items():
        if key == "names" and isinstance(value, Mapping):
            lines.append(f"{indent}names: {shortened([f'{name} ({k})' for name, k in value.items()]) or 'none'}")
        elif key == "table":
            lines += [f"{indent}{line}" for line in subject_lines(value)]
        elif isinstance(value, Mapping):
            inner = as_lines(value, indent + "  ", is_arithmetic=key == "flop_per_second_of_stimulus")
            lines += [f"{indent}{key}:", *inner]
        elif key == "bytes" and isinstance(value, int):
            lines.append(f"{indent}bytes: {value} ({value / 1e6:.1f} MB)")
        elif key in ("resident", "streamed") and isinstance(value, int):
            lines.append(f"{indent}{key}: about {gigabytes(value)}")
        elif is_arithmetic and isinstance(value, (int, float)):
            lines.append(f"{indent}{key}: {value / 1e9:.3g} GFLOP")
        elif isinstance(value, list):
            lines.append(f"{indent}{key}: {', '.join(map(str, value))}")
        else:
            lines.append(f"{indent}{key}: {value}")
    return lines
