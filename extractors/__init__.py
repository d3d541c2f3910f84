"""The frozen transformers of TRIBE v2 as explicit array operations: LLaMA, Wav2Vec-BERT 2.0, V-JEPA 2, DINOv2.

Public names are loaded on first use (PEP 562).
"""

_PUBLIC = {
    "LlamaModel": "extractors.llama.model",
    "Wav2VecBertModel": "extractors.wav2vec_bert.model",
    "VJepa2Model": "extractors.vjepa2.model",
    "DinoV2Model": "extractors.dinov2.model",
}

__all__ = ["DinoV2Model", "LlamaModel", "VJepa2Model", "Wav2VecBertModel"]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'extractors' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
