"""An experiment from a design to a folder on the disk, or to arrays: what `tribe-np experiment` does."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.outputs.folder import Prediction, write_prediction
from tribe_np.outputs.whole import check_own_target
from tribe_np.pipeline.dry_run import DryRun, assumed_words, dry_run
from tribe_np.pipeline.early_checks import check_subject
from tribe_np.pipeline.experiments.assembly import MOST_HOURS, Experiment, assemble
from tribe_np.pipeline.experiments.design import Design, read_design
from tribe_np.pipeline.experiments.schedule import Order
from tribe_np.pipeline.experiments.trial_events import TrialEvents
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import duration, number_of
from tribe_np.pipeline.provenance import provenance
from tribe_np.pipeline.run import check_finite, file_identity, run_facts, word_options
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import WordSource
from tribe_np.pipeline.subjects import whose_brain
from tribe_np.shown import shown
from tribe_np.timeline.events import Events

COMMAND = "experiment"
