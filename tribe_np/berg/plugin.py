"""TRIBE v2 for the package BERG itself: a subclass of its BaseModelInterface, and its place in BERG's registry.

    import berg, tribe_np.berg
    tribe_np.berg.register()
    model = berg.BERG(folder).get_encoding_model("fmri-dascoli_2026-tribe_v2", models="models")

BERG names the error of a wrong selection, stimulus or checkpoint by classes of its own; here each is raised as such,
with the message of ours, which is its cause.
Source   BERG 2.0.0 (and its later repository) berg.interfaces.base_model, berg.core.model_registry, .exceptions
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.berg.encoding import EncodingModel
from tribe_np.berg.model_card import CARD, MODEL_IDS, checked_id, model_card
from tribe_np.errors import ConfigError, MediaError, ShortMemoryError, TribeError
from tribe_np.optional import require

WHY, INSTALL = "a model for BERG", "pip install git+https://github.com/gifale95/BERG.git"


def __getattr__(name: str) -> Any:
    if name != "TribeV2Model":
        raise AttributeError(f"module 'tribe_np.berg.plugin' has no attribute {name!r}")
    return model_class()


@cache
def model_class() -> type[EncodingModel]:
    """`EncodingModel` as a subclass of BERG's interface: the same arguments, BERG's errors.

    Raises   MissingDependencyError without BERG
    """
    interface: Any = _bergs("interfaces.base_model").BaseModelInterface
    errors = _bergs("core.exceptions")

    class TribeV2Model(EncodingModel, interface):  # type: ignore[misc]
        """TRIBE v2 in NumPy: see EncodingModel."""

        describe = interface.describe  # BERG's, which prints the whole card

        def __init__(self, *arguments: Any, **options: Any) -> None:
            with _in_bergs_words(errors, errors.InvalidParameterError):
                super().__init__(*arguments, **options)

        def load_model(self, device: str | None = None) -> None:
            """See EncodingModel."""
            with _in_bergs_words(errors, errors.ModelLoadError):
                super().load_model(device)

        def generate_response(self, stimulus: str | Path, show_progress: bool = True, **words: Any) -> np.ndarray:
            """See EncodingModel."""
            with _in_bergs_words(errors, errors.BERGError):
                return super().generate_response(stimulus, show_progress, **words)

    return TribeV2Model


def _bergs(module: str) -> Any:
    return require(f"berg.{module}", why=WHY, install=INSTALL)


def register(*, replace: bool = False) -> tuple[str, ...]:
    """Puts the model into BERG's registry under both names, and gives them.

    `replace` takes the place of a model that BERG has under one of them, which runs the original in PyTorch.
    Raises   ConfigError where there is one and `replace` is not set; MissingDependencyError without BERG
    """
    registry, made = _bergs("core.model_registry"), model_class()
    known, here = registry.MODEL_REGISTRY, __package__
    for model_id in map(checked_id, MODEL_IDS):
        if model_id in known and known[model_id]["module_path"] != here and not replace:
            raise ConfigError(f"BERG has a model {model_id} of its own; register(replace=True) takes its place")
    card = model_card()
    for model_id in MODEL_IDS:
        registry.register_model(
            model_id=model_id, module_path=here, class_name=made.__name__, modality=card["modality"],
            training_dataset=card["training_dataset"], yaml_path=str(CARD),
        )  # fmt: skip
    return MODEL_IDS


@contextmanager
def _in_bergs_words(errors: Any, otherwise: type[Exception]) -> Iterator[None]:
    """BERG's class for each of our errors, with the message of ours; `otherwise` for one that BERG has no class for."""
    try:
        yield
    except TribeError as error:
        for ours, theirs in (
            (ConfigError, errors.InvalidParameterError),
            (MediaError, errors.StimulusError),
            (ShortMemoryError, errors.ResourceError),
        ):
            if isinstance(error, ours):
                raise theirs(str(error)) from error
        raise otherwise(str(error)) from error
