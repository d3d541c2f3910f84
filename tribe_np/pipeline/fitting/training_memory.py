"""What training takes in memory, from the checkpoint's headers: known before anything runs."""

import math

from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.model import WINDOWS_AT_ONCE
from tribe_np.formats.checkpoint import LIGHTNING_PREFIX
from tribe_np.pipeline.costs.estimate import Need
from tribe_np.pipeline.fitting.fitted_checkpoint import BIAS, WEIGHTS
from tribe_np.pipeline.fitting.trained_person import PersonTraining

COPIES = 6  # of each weight that moves: the new one, its gradient, and mean and square of Adam before and after a step
COPIES_BEFORE = 4  # while a gradient is made: the sum of those so far, the last one, mean and square
KEPT = 34  # numbers of the model's width that a layer keeps of each step, for the way back
WAY_BACK = 2.3  # times what the way there keeps: measured at the released size: 7.1 GB, 8.5 estimated


def training_need(training: PersonTraining, *, n_steps: int) -> Need:
    """The memory of training on windows of `n_steps` steps, beyond what the loaded model holds.

    Numerics of a step's two peaks, in Adam and on the way back through the encoder, the larger one
    """
    config = EncoderConfig.from_dict(training.config)
    build_args = BuildArgs.from_dict(training.opened.build_args)
    sizes = {entry.name.removeprefix(LIGHTNING_PREFIX): entry.shape for entry in training.opened.entries}
    n_others = sum(math.prod(shape) for name, shape in sizes.items() if name not in (WEIGHTS, BIAS))
    n_head = sum(training.n_rows * math.prod(sizes[name][1:]) for name in (WEIGHTS, BIAS) if name in sizes)
    n_all, n_moved = n_others + n_head, n_head + (n_others if training.wish.what == "all" else 0)
    depth = 0 if config.encoder is None else config.encoder.depth
    inputs = sum(groups * width for groups, width in filter(None, build_args.feature_dims.values()))
    at_once = min(WINDOWS_AT_ONCE, training.batch_size)
    activity = build_args.n_outputs * (3 * n_steps + 6 * build_args.n_output_timesteps)
    work = at_once * (n_steps * (4 * inputs + (depth + 1) * KEPT * config.hidden) + activity)
    batch = training.batch_size * (n_steps * inputs + 2 * build_args.n_outputs * build_args.n_output_timesteps)
    itemsize = 8 if training.precision == "float64" else 4
    way_back = WAY_BACK if training.wish.what == "all" else 1.0
    peak = max(COPIES * n_moved, COPIES_BEFORE * n_moved + int(way_back * work))
    return Need(f"training ({training.wish.what})", n_all * itemsize, (peak + batch) * itemsize)
