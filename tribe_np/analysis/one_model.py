"""Whether predictions may be taken together: what differs beside the stimulus, in model, features, subject, places.

Contrasts and comparisons ask here, so that both refuse, and say, the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.shown import quoted, some_of

OPTIONS = (
    "compat", "context", "context_stride", "n_video_frames", "only", "sentences", "video_final_norm", "video_stride",
)  # fmt: skip
"""Options of run.json that change features; precision, device and kernels change their last digits only."""
WHOLE_DIGEST = 64
OF_MODALITY = " model"
ADVICE = "take predictions of one model, or give --anyway (anyway=True)"
Named = Sequence[tuple[str, AnySeries]]  # what messages call each prediction, and the prediction


def check_one_model(predictions: Named, *, anyway: bool = False, one_place: bool = False) -> list[str]:
    """What was odd: what differs where that was asked for, and what nobody can check.

    A modality that one of them lacks is said, not refused: a film may have no words.
    one_place     also the rows' TR and every vertex or voxel must be one, whatever `anyway` says; otherwise other
                  vertices are a difference like any other, and the caller takes those that all have
    Raises        ShapeError for different meshes or masks, whatever `anyway` says; ConfigError for predictions that
                  differ in more than their stimulus, which names it
    """
    _check_places(predictions, one_place=one_place)
    found = model_differences(predictions)
    if found and not anyway:
        raise ConfigError(f"{found[0]}{_more(found)}; {ADVICE}")
    return [
        *(f"{text}; taken together anyway" for text in found),
        *_lacking(predictions),
        *_versions(predictions),
        *_unknown(predictions),
    ]


def _check_places(predictions: Named, *, one_place: bool) -> None:
    name, first = predictions[0]
    for called, other in predictions[1:]:
        mine, theirs = (one.mesh if isinstance(one, SurfaceSeries) else str(one.space) for one in (first, other))
        if mine != theirs:
            raise ShapeError(
                f"{name} is on {mine}, {called} on {theirs}; tribe-np resample brings surfaces onto one mesh"
            )
        if one_place and not np.array_equal(first.columns, other.columns):
            kind = "vertices" if isinstance(first, SurfaceSeries) else "voxels"
            raise ShapeError(
                f"{name} has {len(first.columns)} {kind} and {called} {len(other.columns)}, or other ones; predict "
                "both with the same --roi"
            )
        if one_place and first.tr != other.tr:
            raise ShapeError(f"{name} has rows of {first.tr:g} s and {called} of {other.tr:g} s; their means differ")


def model_differences(predictions: Named) -> list[str]:
    """A line for everything in which they differ beside their stimulus; what is not said is no difference."""
    of_each = [_facts(series) for _, series in predictions]
    found = []
    for what in dict.fromkeys(name for facts in of_each for name in facts):
        known = [(name, facts[what]) for (name, _), facts in zip(predictions, of_each, strict=True) if what in facts]
        first, value = known[0]
        others = [(name, theirs) for name, theirs in known if theirs != value]
        if others:
            name, theirs = others[0]
            more = f" ({len(others)} of {len(known)} have another than {first})" if len(others) > 1 else ""
            found.append(f"{first} and {name} differ in {what}: {_told(value)} and {_told(theirs)}{more}")
    return found + _vertex_sets(predictions)


def _vertex_sets(predictions: Named) -> list[str]:
    first, mine = predictions[0][0], predictions[0][1].columns
    for name, series in predictions:
        if not np.array_equal(series.columns, mine):
            n_shared = len(np.intersect1d(mine, series.columns))
            return [
                f"{first} and {name} differ in their vertices: {len(mine)} and {len(series.columns)}, {n_shared} of "
                "them shared"
            ]
    return []


def digest_of(entry: Any) -> str | None:
    """The SHA-256 of a file or folder that run.json names; None where it names none."""
    digest = entry.get("sha256") if isinstance(entry, Mapping) else None
    return digest if isinstance(digest, str) else None


def _facts(series: AnySeries) -> dict[str, Any]:
    """What must be one, by its name in a message, as far as run.json tells it."""
    run = series.run
    if not run:
        return {}
    facts: dict[str, Any] = {"kind": "measured data" if "time_axis" in run else "a prediction"}
    if "units" in run:
        facts["units"] = str(run["units"])
    facts["the hemodynamic offset (seconds)"] = series.hemodynamic_offset
    if isinstance(series, SurfaceSeries) and series.numbering is not None:
        facts["the numbering of their vertices"] = series.numbering
    facts["how they were brought onto their mesh"] = _resampling(run.get("resampled"))
    _add_digest(facts, "the checkpoint", run.get("checkpoint"))
    if "features_version" in run:
        facts["the version of their features"] = run["features_version"]
    models = run.get("models")
    for modality, model in models.items() if isinstance(models, Mapping) else ():
        _add_digest(facts, f"the {modality}{OF_MODALITY}", model)
    if "subject" in run:
        facts["the subject"] = _subject(run["subject"])
    told = run.get("options")
    options = told if isinstance(told, Mapping) else {}
    for name in OPTIONS:
        if name in options and not (name == "context_stride" and options.get("context") == "exact"):
            value = options[name]
            facts[f'the option "{name}"'] = sorted(map(str, value)) if isinstance(value, list) else value
    return facts


def _add_digest(facts: dict[str, Any], what: str, told: Any) -> None:
    digest = digest_of(told)
    if digest is not None:
        facts[what] = digest


def _resampling(record: Any) -> Any:
    if not isinstance(record, Mapping):
        return "not resampled"
    return {name: record.get(name) for name in ("from", "to", "method")}


def _subject(told: Any) -> Any:
    return {name: told.get(name) for name in ("kind", "index")} if isinstance(told, Mapping) else told


def _told(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return quoted(" ".join(str(part) for part in value.values() if part is not None))
    is_digest = isinstance(value, str) and len(value) == WHOLE_DIGEST and " " not in value
    return value[:12] if is_digest else quoted(value)


def _more(found: Sequence[str]) -> str:
    """The other differences in short: what, without which."""
    rest = [text.partition(" differ in ")[2].partition(":")[0] for text in found[1:]]
    return f" (also {', '.join(rest)})" if rest else ""


def _lacking(predictions: Named) -> list[str]:
    """Modalities that some stimuli have: a film without words may be compared, but it is to be known."""
    models = [(name, series.run.get("models")) for name, series in predictions]
    known = [(name, set(told)) for name, told in models if isinstance(told, Mapping)]
    every = dict.fromkeys(modality for _, told in known for modality in sorted(told))
    said = []
    for modality in every:
        without = [name for name, told in known if modality not in told]
        if without:
            said.append(
                f"no {modality} features in {len(without)} of {len(predictions)} predictions ({some_of(without)}): "
                "part of their difference to the others is that"
            )
    return said


def _versions(predictions: Named) -> list[str]:
    told = list(dict.fromkeys(str(one.run["tribe_np"]) for _, one in predictions if "tribe_np" in one.run))
    if len(told) < 2:
        return []
    return [
        f"the predictions were made by tribe_np {' and '.join(told[:3])}: what changed between the versions is part of "
        "their difference"
    ]


def _unknown(predictions: Named) -> list[str]:
    """What nobody can check: of arrays among folders everything, of another's run.json what it does not say."""
    without = [name for name, series in predictions if not series.run]
    said = []
    if without and len(without) < len(predictions):
        said.append(f"{some_of(without)}: no run.json says of which model; that it is the same was not checked")
    of_each = [
        (name, _facts(series), isinstance(series.run.get("models"), Mapping))  # then one that it lacks is not unsaid
        for name, series in predictions
        if series.run
    ]
    every = dict.fromkeys(what for _, facts, _ in of_each for what in facts)
    silent: dict[tuple[str, ...], list[str]] = {}
    for name, facts, has_models in of_each:
        unsaid = tuple(what for what in every if what not in facts and not (has_models and what.endswith(OF_MODALITY)))
        if unsaid:
            silent.setdefault(unsaid, []).append(name)
    for unsaid, names in silent.items():
        said.append(
            f"{some_of(names)}: run.json does not say {some_of(unsaid)}; whether that is the same was not checked"
        )
    return said
