"""The frozen transformers of TRIBE v2 as explicit array operations: LLaMA, Wav2Vec-BERT 2.0, V-JEPA 2, DINOv2.

Public names are the models' classes, loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any


def __getattr__(name: str) -> "Any":
    from extractors.catalogue import RECORDS

    models = {record.model_class: record for record in RECORDS}
    if name == "__all__":
        return sorted(models)
    if name not in models:
        raise AttributeError(f"module 'extractors' has no attribute {name!r}")
    return models[name].model


def __dir__() -> list[str]:
    from extractors.catalogue import RECORDS

    return sorted([*globals(), *(record.model_class for record in RECORDS)])
