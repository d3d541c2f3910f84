"""A folder that predict wrote in the place of a stimulus: its events, models and options become the command's."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tribe_np.pipeline.ablation.earlier_run import EarlierRun


def take_from_folder(options: argparse.Namespace) -> "EarlierRun | None":
    """The folder of a prediction stands for its events, models and options; what is given comes first.

    Raises   OutputError
    """
    if not options.stimulus.is_dir():
        return None
    from tribe_np.pipeline.ablation.earlier_run import earlier_run

    found, given = earlier_run(options.stimulus), vars(options)
    options.stimulus = found.events
    if options.checkpoint is None and options.models is None:
        options.checkpoint = found.checkpoint
        for modality, folder in found.models.items():
            given[f"{modality}_model"] = given[f"{modality}_model"] or folder
    for name, value in found.own.items():
        given.setdefault(name, value)
    options.cache = options.cache or found.cache
    options.subject = options.subject or found.subject
    if options.precision == "float32":
        options.precision = found.precision
    return found
