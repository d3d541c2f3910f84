"""What differs between predictions beside the stimulus: model, features, subject, kind of data, time of the rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_items import ComparedItem
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.shown import quoted

OPTIONS = (
    "compat", "context", "context_stride", "n_video_frames", "only", "sentences", "video_final_norm", "video_stride",
)  # fmt: skip
"""Options of run.json that change features; precision, device and kernels change their last digits only."""
WHOLE_DIGEST = 64
ADVICE = "compare predictions of one model, or give --anyway (anyway=True)"
Fact = tuple[str, Any]  # what is compared in words, and its value


def check_agreement(items: Sequence[ComparedItem], *, anyway: bool = False) -> list[str]:
    """What was odd: what differs where that was asked for, and what nobody can check.

    Raises   ShapeError for different meshes, whatever `anyway` says; ConfigError for predictions that differ in more
             than their stimulus, which names it
    """
    first = items[0]
    for item in items:
        if item.series.mesh != first.series.mesh:
            raise ShapeError(
                f"{first.name} is on {first.series.mesh}, {item.name} on {item.series.mesh}; tribe-np resample brings "
                "them onto one mesh"
            )
    found = model_differences(items)
    if found and not anyway:
        raise ConfigError(f"{found[0]}{_more(found)}; {ADVICE}")
    return [*(f"{text}; compared anyway" for text in found), *_lacking(items), *_versions(items), *_unknown(items)]


def model_differences(items: Sequence[ComparedItem]) -> list[str]:
    """A line for everything in which items differ beside their stimulus; what is not said is no difference."""
    of_items = [_facts(item) for item in items]
    found = []
    for what in dict.fromkeys(name for facts in of_items for name in facts):
        known = [(item, facts[what]) for item, facts in zip(items, of_items, strict=True) if what in facts]
        first, value = known[0]
        other = next(((item, theirs) for item, theirs in known if theirs != value), None)
        if other is not None:
            found.append(f"{first.name} and {other[0].name} differ in {what}: {_told(value)} and {_told(other[1])}")
    return found + _vertex_sets(items)


def _vertex_sets(items: Sequence[ComparedItem]) -> list[str]:
    first = items[0]
    for item in items:
        if not np.array_equal(item.series.columns, first.series.columns):
            mine, theirs = len(first.series.columns), len(item.series.columns)
            n_shared = len(np.intersect1d(first.series.columns, item.series.columns))
            return [
                f"{first.name} and {item.name} differ in their vertices: {mine} and {theirs}, {n_shared} of them shared"
            ]
    return []


def _facts(item: ComparedItem) -> dict[str, Any]:
    """What must be one, by its name in a message, as far as run.json tells it."""
    run = item.series.run
    if not run:
        return {}
    facts: dict[str, Any] = {"kind": "measured data" if "time_axis" in run else "a prediction"}
    if "units" in run:
        facts["units"] = str(run["units"])
    facts["the hemodynamic offset (seconds)"] = item.series.hemodynamic_offset
    if item.series.numbering is not None:
        facts["the numbering of their vertices"] = item.series.numbering
    facts["how they were brought onto their mesh"] = _resampling(run.get("resampled"))
    _add_digest(facts, "the checkpoint", run.get("checkpoint"))
    models = run.get("models")
    for modality, model in models.items() if isinstance(models, Mapping) else ():
        _add_digest(facts, f"the {modality} model", model)
    if "subject" in run:
        facts["the subject"] = _subject(run["subject"])
    told = run.get("options")
    options = told if isinstance(told, Mapping) else {}
    for name in OPTIONS:
        if name in options and not (name == "context_stride" and options.get("context") == "exact"):
            value = options[name]
            facts[f"the option {name}"] = sorted(map(str, value)) if isinstance(value, list) else value
    return facts


def _add_digest(facts: dict[str, Any], what: str, told: Any) -> None:
    digest = told.get("sha256") if isinstance(told, Mapping) else None
    if isinstance(digest, str):
        facts[what] = digest


def _resampling(record: Any) -> Any:
    if not isinstance(record, Mapping):
        return "not resampled"
    return {name: record.get(name) for name in ("from", "to", "method")}


def _subject(told: Any) -> Any:
    return {name: told.get(name) for name in ("kind", "index")} if isinstance(told, Mapping) else told


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return quoted(" ".join(str(part) for part in value.values() if part is not None))
    is_digest = isinstance(value, str) and len(value) == WHOLE_DIGEST and " " not in value
    return value[:12] if is_digest else quoted(value)


def _more(found: Sequence[str]) -> str:
    """The other differences in short: what, without which."""
    rest = [text.partition(" differ in ")[2].partition(":")[0] for text in found[1:]]
    return f" (also {', '.join(rest)})" if rest else ""


def _lacking(items: Sequence[ComparedItem]) -> list[str]:
    """Modalities that some stimuli have: a film without words may be compared, but it is to be known."""
    models = [(item, item.series.run.get("models")) for item in items]
    known = [(item, set(told)) for item, told in models if isinstance(told, Mapping)]
    every = dict.fromkeys(modality for _, told in known for modality in sorted(told))
    said = []
    for modality in every:
        without = [item.name for item, told in known if modality not in told]
        if without:
            said.append(
                f"{len(without)} of {len(items)} stimuli have no {modality} features, such as {without[0]}: part of "
                "their difference to the others is that"
            )
    return said


def _versions(items: Sequence[ComparedItem]) -> list[str]:
    told = list(dict.fromkeys(str(i.series.run["tribe_np"]) for i in items if "tribe_np" in i.series.run))
    return [f"the predictions were made by tribe_np {' and '.join(told[:3])}"] if len(told) > 1 else []


def _unknown(items: Sequence[ComparedItem]) -> list[str]:
    """Arrays among folders: nobody knows of what model they are."""
    without = [item.name for item in items if not item.series.run]
    if not without or len(without) == len(items):
        return []
    return [f"{', '.join(without[:3])}: no run.json says of which model; that it is the same was not checked"]
