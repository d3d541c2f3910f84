"""What may be fed to the brain encoder: features of the modalities that it knows, checked, on its device."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from tribe_np.backend import array_module, to_host
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.errors import NotFiniteError, ShapeError
from tribe_np.protocols import Array
from tribe_np.runtime import Runtime


def checked_features(
    features: Mapping[str, Array], config: EncoderConfig, build_args: BuildArgs, runtime: Runtime
) -> dict[str, Array]:
    """The features of the modalities that are there, in the checkpoint's order, as (B, G, F, T) on the device.

    Raises   ShapeError for features that do not fit; NotFiniteError for NaN or infinity among them
    Warns    for a modality that the model does not know, which is left out
    """
    known = build_args.feature_dims
    arrays = {}
    for modality in _names(features, list(known)):
        arrays[modality] = _placed(modality, features[modality], runtime)
        dims, shape = known[modality], arrays[modality].shape
        if dims is not None and not fits(shape[1], shape[2], dims, config):
            raise ShapeError(
                f"features[{modality!r}] must have {dims[0]} layer groups of width {dims[1]}, "
                f"got {tuple(features[modality].shape)}"
            )
        _refuse_not_finite(modality, arrays[modality])
    _check_together(arrays, config, list(known))
    return arrays


def warn_of_steps(n_steps: int, trained_on: int | None, n_trs: int, *, pool_outputs: bool) -> None:
    """Warns when windows have other lengths than in training: their rows are not one TR apart then."""
    if trained_on is not None and n_steps != trained_on:
        expected = f"the model was trained on {trained_on}"
    elif trained_on is None and pool_outputs and n_steps % n_trs:
        expected = f"{n_trs} TRs do not divide them evenly"
    else:
        return
    warnings.warn(
        f"features have {n_steps} steps, but {expected}; the {n_trs} rows are spread over all of them. "
        "For a stimulus of another length use TribeModel.predict_features, which cuts it into windows",
        stacklevel=3,
    )


def trained_steps(config: Mapping[str, Any]) -> int | None:
    """Steps of a window of 2 Hz features by the `data` section of a config.yaml; None where it does not say."""
    try:
        data = config["data"]
        steps: int = round(data["duration_trs"] / data["neuro"]["frequency"] * data["frequency"])
    except (KeyError, TypeError, ZeroDivisionError, OverflowError, ValueError):
        return None
    return steps


def _names(features: Mapping[str, Array], known: list[str]) -> list[str]:
    """The modalities that are there, in the checkpoint's order."""
    if not isinstance(features, Mapping):
        raise ShapeError(f"features must map modalities to arrays, got {type(features).__name__}")
    unknown = [str(modality) for modality in features if modality not in known]
    if not features:
        raise ShapeError(f"features are empty; give at least one of {', '.join(known)}")
    if unknown:
        message = f"features contain the unknown {', '.join(unknown)[:60]}; this model takes {', '.join(known)}"
        if len(unknown) == len(features):
            raise ShapeError(message)
        warnings.warn(f"{message}; anything unknown is ignored", stacklevel=4)
    return [modality for modality in known if modality in features]


def _placed(modality: str, array: Array, runtime: Runtime) -> Array:
    """One modality's features as (B, G, F, T) in the model's dtype on its device."""
    if not hasattr(array, "ndim") or array.ndim not in (3, 4) or 0 in array.shape:
        shape = getattr(array, "shape", type(array).__name__)
        raise ShapeError(f"features[{modality!r}] must be a filled array (B, G, F, T) or (B, F, T), got {shape}")
    if getattr(array.dtype, "kind", "unknown") not in "fiu":
        raise ShapeError(f"features[{modality!r}] must hold real numbers, got {array.dtype}")
    x = runtime.place(array)
    x = x if x.dtype == runtime.dtype else x.astype(runtime.dtype)
    return x[:, None] if x.ndim == 3 else x


def fits(n_groups: int, width: int, dims: tuple[int, int], config: EncoderConfig) -> bool:
    """Whether groups have the checkpoint's number and width; for their mean any number will do, and joined ones may
    come as one."""
    if config.layer_aggregation == "mean":
        return width == dims[1]
    return (n_groups, width) in (dims, (1, dims[0] * dims[1]))


def _refuse_not_finite(modality: str, x: Array) -> None:
    finite = array_module(x).isfinite(x)
    if not bool(finite.all()):
        window, _, _, step = np.argwhere(~to_host(finite))[0]
        raise NotFiniteError(
            f"features[{modality!r}] hold NaN or infinite values, first in window {window} at step {step}"
        )


def _check_together(arrays: Mapping[str, Array], config: EncoderConfig, known: list[str]) -> None:
    """ShapeError for modalities that do not go together, or one too few."""
    aggregation, first = config.extractor_aggregation, next(iter(arrays.values()))
    same_steps = [x.shape[-1] == first.shape[-1] or aggregation == "stack" for x in arrays.values()]
    if any(x.shape[0] != first.shape[0] for x in arrays.values()) or not all(same_steps):
        shapes = ", ".join(f"{m} {tuple(x.shape)}" for m, x in arrays.items())
        raise ShapeError(f"features must share one batch size and one number of steps, got {shapes}")
    missing = [modality for modality in known if modality not in arrays]
    if missing and aggregation != "cat" and len(known) > 1:
        raise ShapeError(
            f"features lack {', '.join(missing)}: extractor_aggregation {aggregation} needs every modality"
        )
