"""What an earlier run was made of, from its folder: its events, models and options, so that it can be taken apart.

Features that its cache still holds are not made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import OutputError
from tribe_np.formats.prediction_folder import read_prediction
from tribe_np.pipeline.options import COMPAT_NAMES, Compat, PipelineConfig

NOT_OF_THE_RESULT = ("compat", "kernels", "memory_check")  # own options that are not taken over by their names


@dataclass(frozen=True, eq=False)
class EarlierRun:
    """A prediction folder with what it takes to make its predictions again.

    Shapes   predictions (R, V), a memory map
    Fields   events: its table; models: folders by modality; own: options of PipelineConfig; selection as
             TribeModel.load takes it; cache: a folder, or None where nothing was kept
    """

    events: Path
    predictions: np.ndarray
    checkpoint: str
    models: Mapping[str, Path]
    own: Mapping[str, Any]
    precision: str
    subject: str | None
    selection: Mapping[str, Any] | None
    cache: Path | None


def earlier_run(folder: Path) -> EarlierRun:
    """What run.json says.

    Raises   OutputError for a folder that predict or experiment did not write, or whose models are not there any more
    """
    predictions, _, run = read_prediction(folder)
    try:
        options, checkpoint = run["options"], str(run["checkpoint"]["path"])
        models = {str(m): Path(found["path"]) for m, found in run["models"].items()}
        own = {f.name: options[f.name] for f in fields(PipelineConfig) if f.name not in NOT_OF_THE_RESULT}
        columns = options.get("vertices") or options.get("voxels")
        chosen = None if columns is None else {"voxels" if options.get("voxels") else "vertices": columns}
        cache = None if options["cache"] is None else Path(options["cache"]).parent  # of its features
        found = EarlierRun(
            folder / "events.tsv", predictions, checkpoint, models, {**own, "compat": _compat(options["compat"])},
            str(options["precision"]), options["subject"], chosen, cache,
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise OutputError(
            f"{folder}: run.json does not say what the run was made of, as predict and experiment write it ({error}); "
            "give the stimulus and --checkpoint"
        ) from error
    gone = [str(path) for path in (Path(checkpoint), *models.values()) if not path.exists()]
    if gone:
        raise OutputError(
            f"{folder}: was made with {gone[0]}, which is not there any more; give the stimulus and --checkpoint"
        )
    return found


def _compat(names: list[str]) -> str | None:
    """The option that turns these defects on.

    Raises   ValueError for some of them alone, which no option does
    """
    if not names:
        return None
    for name in COMPAT_NAMES:
        if set(names) == {flag for flag, is_on in vars(Compat.named(name)).items() if is_on}:
            return name
    raise ValueError(f"compat {', '.join(names)}")
