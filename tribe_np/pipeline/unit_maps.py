"""The maps of a brain encoder's last units: what each input of its last layer does to every vertex.

| units  | rows                        | what a row is                                                                |
|--------|-----------------------------|------------------------------------------------------------------------------|
| head   | predictor.weights[s] (C, V) | an input of the subject layer, which is an output of the low-rank head       |
| hidden | head.T @ weights[s] (D, V)  | a channel of the last hidden state, through the low-rank head                |

Without a low-rank head the two are one. With it, the released sizes have C = 2048 units over D = 1152 channels, so that
no input drives the units independently: "hidden" holds only what the model can reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import check_surface
from tribe_np.cortex.random_weights import random_models
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ConfigError
from tribe_np.formats.checkpoint import read_checkpoint_config
from tribe_np.pipeline.neuro_projection import space_of
from tribe_np.pipeline.subjects import check_average, one_subject, subject_names, whose_brain
from tribe_np.shown import quoted

UNITS = ("head", "hidden")


@dataclass(frozen=True, eq=False)
class UnitMaps:
    """Maps of units as a series whose rows are units, not moments: its times mean nothing."""

    series: SurfaceSeries
    units: str
    subject: Mapping[str, Any]


def unit_maps(checkpoint: str | Path, *, units: str = "head", subject: int | str | None = None) -> UnitMaps:
    """The maps of the units of a checkpoint folder's last layer, of the average subject or of one.

    Shapes   series.values (C, V) or (D, V) float32
    Raises   CheckpointError, ConfigError; ConfigError too for a checkpoint of the subcortex
    """
    if units not in UNITS:
        raise ConfigError(f"units {quoted(units)} are unknown; known are {', '.join(UNITS)}")
    folder = Path(checkpoint)
    encoder = FmriEncoder.from_pretrained(folder, exact_order=True)
    data = read_checkpoint_config(folder).get("data")
    data = data if isinstance(data, Mapping) else {}
    space = space_of(data, encoder.build_args.n_outputs)
    check_surface(space, folder)
    names = subject_names(data)
    if subject is None:
        check_average(names, encoder)
    pair = encoder.read_out.read_pair()
    row = pair.predictor.n_rows - 1 if subject is None else one_subject(subject, names, encoder)
    maps = np.asarray(pair.predictor.weights[row])[:, : encoder.build_args.n_outputs]
    if units == "hidden" and pair.low_rank_head is not None:
        maps = np.asarray(pair.low_rank_head.weight).T @ maps
    run = {"random_weights": random_models(folder, {})}
    series = SurfaceSeries(maps, space.name, np.arange(len(maps), dtype=float), run=run, origin=str(folder))
    return UnitMaps(series, units, whose_brain(subject, names, encoder, average=subject is None))
