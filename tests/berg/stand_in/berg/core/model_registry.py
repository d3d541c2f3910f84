"""Stand-in for berg.core.model_registry: a mapping, and a class found through its module's name."""

import importlib

MODEL_REGISTRY = {}


def register_model(model_id, module_path, class_name=None, modality=None, training_dataset=None, yaml_path=None):
    """Keeps where a model's class is."""
    MODEL_REGISTRY[model_id] = {
        "module_path": module_path, "class_name": class_name or model_id, "modality": modality,
        "training_dataset": training_dataset, "yaml_path": yaml_path,
    }  # fmt: skip


def get_model_class(model_id):
    """The class, imported now."""
    if model_id not in MODEL_REGISTRY:
        raise ValueError(f"Model '{model_id}' not found in registry")
    info = MODEL_REGISTRY[model_id]
    return getattr(importlib.import_module(info["module_path"]), info["class_name"])
