"""Whether predictions may be compared at all: the same places of the brain, and one model in one version."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError, ShapeError

FEATURE_OPTIONS = ("video_final_norm", "n_video_frames", "video_stride", "context", "compat", "subject")
"""Options of run.json that change what the numbers mean, not only how exactly they are computed."""


def check_same_model(predictions: Sequence[AnySeries], *, anyway: bool = False) -> list[str]:
    """What there is to say of predictions that are taken together.

    A modality that one of them lacks is said, not refused: a film may have no words.
    Raises   ShapeError where vertices or TR differ, whatever `anyway` is; ConfigError where the models differ, unless
             `anyway`
    """
    first = predictions[0]
    said: dict[str, None] = {}
    for other in predictions[1:]:
        _check_same_places(first, other)
        found = _differences(first, other)
        if found and not anyway:
            raise ConfigError(
                f"{first.origin} and {other.origin} differ in {', '.join(found)}: their values cannot be compared; "
                "predict both with the same models, or give --anyway"
            )
        if found:
            said[f"{first.origin} and {other.origin} differ in {', '.join(found)}; taken together as asked"] = None
        said |= dict.fromkeys(_lacking(first, other))
    return list(said)


def _check_same_places(one: AnySeries, other: AnySeries) -> None:
    kind = "vertices" if isinstance(one, SurfaceSeries) else "voxels"
    places = [each.mesh if isinstance(each, SurfaceSeries) else str(each.space) for each in (one, other)]
    if places[0] != places[1]:
        raise ShapeError(
            f"{one.origin} lies on {places[0]} and {other.origin} on {places[1]}; all predictions of a contrast have "
            "the same mesh (tribe-np resample)"
        )
    if not np.array_equal(one.columns, other.columns):
        raise ShapeError(
            f"{one.origin} has {len(one.columns)} {kind} and {other.origin} {len(other.columns)}, or other ones; "
            "predict both with the same --roi"
        )
    if one.tr != other.tr or one.hemodynamic_offset != other.hemodynamic_offset:
        raise ShapeError(
            f"{one.origin} has rows of {one.tr:g} s, {one.hemodynamic_offset:g} s before their BOLD, and "
            f"{other.origin} of {other.tr:g} s and {other.hemodynamic_offset:g} s"
        )


def _differences(one: AnySeries, other: AnySeries) -> list[str]:
    """What of the models differs, by name."""
    found = []
    if digest_of(one.run.get("checkpoint")) != digest_of(other.run.get("checkpoint")):
        found.append("the checkpoint")
    mine, theirs = (_models(series) for series in (one, other))
    found += [f"the {name} model" for name in mine if name in theirs and mine[name] != theirs[name]]
    asked, other_asked = one.run.get("options"), other.run.get("options")
    if isinstance(asked, Mapping) and isinstance(other_asked, Mapping):
        found += [f"the option {name}" for name in FEATURE_OPTIONS if asked.get(name) != other_asked.get(name)]
    return found


def _lacking(one: AnySeries, other: AnySeries) -> list[str]:
    mine, theirs = (set(_models(series)) for series in (one, other))
    return [
        f"{series.origin} has no {name} features, unlike others: a difference may be that of the modality"
        for series, lacks in ((one, theirs - mine), (other, mine - theirs))
        for name in sorted(lacks)
    ]


def _models(series: AnySeries) -> dict[str, str | None]:
    told = series.run.get("models")
    return {str(name): digest_of(model) for name, model in told.items()} if isinstance(told, Mapping) else {}


def digest_of(entry: Any) -> str | None:
    """The SHA-256 of a file or folder that run.json names; None where it names none."""
    digest = entry.get("sha256") if isinstance(entry, Mapping) else None
    return digest if isinstance(digest, str) else None
