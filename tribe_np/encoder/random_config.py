"""A whole config.yaml as upstream dumps it, for random models: every section, in upstream's order, with its tags.

Source   tribev2 7239908 main.TribeExperiment.setup_run (yaml.dump of model_dump), grids.defaults
"""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from tribe_np.timeline.features import RELEASED_LAYERS

FOLDER = "/random/cache"
MAP_INFRA: dict[str, Any] = {
    "folder": FOLDER, "cluster": None, "logs": "{folder}/logs/{user}/%j", "job_name": None, "timeout_min": 720,
    "nodes": 1, "tasks_per_node": 1, "cpus_per_task": 10, "gpus_per_node": None, "mem_gb": None,
    "max_pickle_size_gb": None, "slurm_constraint": None, "slurm_partition": None, "slurm_account": None,
    "slurm_qos": None, "slurm_use_srun": False, "slurm_additional_parameters": None, "conda_env": None,
    "workdir": None, "permissions": 511, "version": "release", "keep_in_ram": True, "max_jobs": 256,
    "min_samples_per_job": 1, "forbid_single_item_computation": False, "mode": "cached",
}  # fmt: skip
LAYERS: dict[str, Any] = {
    "layers": list(RELEASED_LAYERS), "cache_all_layers": False, "cache_n_layers": None,
    "layer_aggregation": "group_mean", "token_aggregation": "mean",
}  # fmt: skip


class UpstreamDumper(yaml.SafeDumper):
    """Writes tuples, ordered mappings and paths with the Python tags of upstream's dump."""

    def ignore_aliases(self, data: Any) -> bool:
        """Equal parts are written out, as in a dump of separate objects."""
        return True


UpstreamDumper.add_representer(
    tuple, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:python/tuple", value)
)
UpstreamDumper.add_representer(
    OrderedDict,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:python/object/apply:collections.OrderedDict", [[list(pair) for pair in value.items()]]
    ),
)
UpstreamDumper.add_representer(
    PurePosixPath,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:python/object/apply:pathlib.PosixPath", list(value.parts)
    ),
)


def dump_config(config: Mapping[str, Any]) -> str:
    """The YAML text, as upstream formats it."""
    return yaml.dump(dict(config), Dumper=UpstreamDumper, indent=4, default_flow_style=False, sort_keys=False)


def experiment_config(modalities: list[str], brain: Mapping[str, Any], n_output_timesteps: int) -> dict[str, Any]:
    """Upstream's whole experiment configuration around a `brain_model_config`."""
    workdir = {
        "copied": ["neuralset", "neuraltrain", "tribev2"], "folder": None, "log_commit": False,
        "includes": ["*.py", "*.txt"], "excludes": ("__pycache__", ".git"),
    }  # fmt: skip
    infra = {key: value for key, value in MAP_INFRA.items() if key in _TASK_KEYS}
    return {
        "infra": infra
        | {"job_name": "random_weights", "gpus_per_node": 1, "workdir": workdir, "version": "1", "mode": "retry"},
        "data": _data(modalities, n_output_timesteps),
        "seed": 33,
        "brain_model_config": dict(brain),
        "loss": {"kwargs": {"reduction": "none"}, "name": "MSELoss"},
        "optim": {
            "optimizer": {"lr": 0.0001, "kwargs": {"weight_decay": 0.0}, "name": "Adam"},
            "scheduler": {"kwargs": {"max_lr": 0.0001, "pct_start": 0.1}, "name": "OneCycleLR"},
            "interval": "step",
            "name": "LightningOptimizer",
        },
        "metrics": [
            {"log_name": "pearson", "dim": 0, "reduction": "mean", "torchmetrics_kwargs": None,
             "name": "OnlinePearsonCorr"},
        ],
        "monitor": "val/pearson", "wandb_config": None, "accelerator": "gpu", "n_epochs": 15, "max_steps": -1,
        "patience": None, "limit_train_batches": None, "accumulate_grad_batches": 1, "enable_progress_bar": True,
        "log_every_n_steps": 5, "fast_dev_run": False, "save_checkpoints": True, "checkpoint_filename": "best",
        "resize_subject_layer": False, "freeze_backbone": False, "average_subjects": False, "checkpoint_path": None,
        "load_checkpoint": True, "test_only": False,
    }  # fmt: skip


_TASK_KEYS = {
    key for key in MAP_INFRA if key not in ("max_jobs", "min_samples_per_job", "forbid_single_item_computation")
}


def _data(modalities: list[str], duration_trs: int) -> dict[str, Any]:
    return {
        "study": _study(),
        "neuro": {
            "event_types": "Fmri", "aggregation": "single", "allow_missing": True, "frequency": 1.0, "offset": 5.0,
            "projection": {
                "mesh": "fsaverage5", "radius": 3.0, "interpolation": "linear", "kind": "ball", "n_samples": None,
                "mask_img": None, "depth": None, "name": "SurfaceProjector",
            },
            "cleaning": {
                "standardize": "zscore_sample", "detrend": True, "high_pass": None, "low_pass": None, "filter": None,
                "ensure_finite": True,
            },
            "padding": None, "input_space": None, "fwhm": None, "infra": dict(MAP_INFRA), "name": "FmriExtractor",
        },
        "text_feature": {
            "model_name": "meta-llama/Llama-3.2-3B", "device": "cpu", **LAYERS, "event_types": "Word",
            "aggregation": "sum", "allow_missing": True, "frequency": 2.0, "infra": dict(MAP_INFRA), "batch_size": 4,
            "contextualized": True, "pretrained": True, "name": "HuggingFaceText",
        },
        "image_feature": _video("facebook/dinov2-large", None)
        | {"image": _image("facebook/dinov2-large") | {"layers": 2 / 3, "layer_aggregation": "mean"}},
        "audio_feature": {
            "model_name": "facebook/w2v-bert-2.0", "device": "cpu", **LAYERS, "event_types": "Audio",
            "aggregation": "sum", "allow_missing": True, "frequency": 2.0, "norm_audio": True,
            "infra": dict(MAP_INFRA), "normalized": True, "layer_type": "transformer", "name": "Wav2VecBert",
        },
        "video_feature": _video("facebook/vjepa2-vitg-fpc64-256", 4.0),
        "subject_id": {
            "event_types": "Event", "aggregation": "first", "allow_missing": True, "frequency": 0.0,
            "event_field": "subject", "treat_missing_as_separate_class": False, "return_one_hot": False,
            "predefined_mapping": None, "name": "LabelEncoder",
        },
        "frequency": 2.0, "features_to_use": modalities, "features_to_mask": [], "n_layers_to_use": None,
        "layers_to_use": list(RELEASED_LAYERS), "layer_aggregation": "group_mean", "duration_trs": duration_trs,
        "overlap_trs_train": 0, "overlap_trs_val": 0, "batch_size": 8, "num_workers": 20, "shuffle_train": True,
        "shuffle_val": True, "stride_drop_incomplete": False, "split_segments_by_time": False,
    }  # fmt: skip


def _image(model_name: str) -> dict[str, Any]:
    infra = MAP_INFRA | {"folder": None, "cpus_per_task": 8, "version": "v5", "keep_in_ram": False, "max_jobs": 128}
    return {
        "model_name": model_name, "device": "cpu", **LAYERS, "event_types": "Image", "aggregation": "single",
        "allow_missing": False, "frequency": 0.0, "batch_size": 4, "imsize": None, "pretrained": True, "infra": infra,
        "name": "HuggingFaceImage",
    }  # fmt: skip


def _video(model_name: str, clip_duration: float | None) -> dict[str, Any]:
    return {
        "event_types": "Video", "aggregation": "sum", "allow_missing": True, "frequency": 2.0,
        "image": _image(model_name), "use_audio": True, "clip_duration": clip_duration, "max_imsize": None,
        "layer_type": "", "num_frames": None, "infra": dict(MAP_INFRA), "name": "HuggingFaceVideo",
    }  # fmt: skip


def _study() -> dict[str, Any]:
    chunk = {"event_type_to_use": None, "min_duration": 30.0, "max_duration": 60.0, "name": "ChunkEvents"}
    cache = {
        "folder": PurePosixPath(FOLDER), "cache_type": "ValidatedParquet", "mode": "cached", "keep_in_ram": False,
        "backend": "Cached",
    }  # fmt: skip
    context = {"infra": None, "sentence_only": False, "max_context_len": 1024, "split_field": ""}
    transforms: OrderedDict[str, Any] = OrderedDict(
        extractaudio={"infra": None, "overwrite": False, "name": "ExtractAudioFromVideo"},
        extractwords={"infra": None, "language": "english", "overwrite": False, "name": "ExtractWordsFromAudio"},
        addtext={"infra": None, "name": "AddText"},
        addsentence={
            "infra": None, "max_unmatched_ratio": 0.05, "override_sentences": False, "name": "AddSentenceToWords"
        },
        addcontext=context | {"name": "AddContextToWords"},
        removemissing={"infra": None, "event_types": "Word", "field": "context", "name": "RemoveMissing"},
        chunksounds={"infra": None, "event_type_to_chunk": "Audio"} | chunk,
        chunkvideos={"infra": cache, "event_type_to_chunk": "Video"} | chunk,
        query={"infra": None, "query": None, "name": "QueryEvents"},
        split={"infra": None, "val_ratio": 0.1, "name": "SplitEvents"},
    )  # fmt: skip
    return {
        "infra": None, "names": ["Algonauts2025Bold", "Wen2017", "Lahner2024Bold", "Lebel2023Bold"], "path": ".",
        "transforms": transforms, "query": None, "studies_to_include": None,
        "infra_timelines": MAP_INFRA | {"cluster": "processpool", "version": "final"}, "name": "MultiStudyLoader",
    }  # fmt: skip
