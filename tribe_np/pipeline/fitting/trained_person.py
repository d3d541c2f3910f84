"""A person's subject layer, or everything, by upstream's training: epochs of Adam under OneCycle on that person's BOLD.

The subject layer begins as upstream's `resize_subject_layer` makes it: the person's row, and the row of unseen
subjects where the checkpoint drops subjects, are the mean of the rows that were there.
Source   tribev2 7239908 main.TribeExperiment (resize_subject_layer, freeze_backbone), pl_module.BrainModule
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.backend import device_module, to_host
from tribe_np.encoder.config import EncoderConfig, SubjectLayersConfig
from tribe_np.encoder.model import WINDOWS_AT_ONCE, FmriEncoder, parts_of
from tribe_np.encoder.training.epochs import shuffled_batches, trained_over
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.encoder.training.training_settings import TrainingSettings
from tribe_np.encoder.training.training_step import Trained, Training, resized_subject_layer, with_subject_rows
from tribe_np.errors import ConfigError
from tribe_np.formats.checkpoint import LIGHTNING_PREFIX, Checkpoint, open_checkpoint
from tribe_np.formats.weights import FLOATS
from tribe_np.pipeline.fitting.fitted_checkpoint import BIAS, WEIGHTS, PersonHead
from tribe_np.pipeline.fitting.head_rows import HeadRows
from tribe_np.pipeline.fitting.person_rows import PersonRows
from tribe_np.pipeline.fitting.training_windows import PersonWindows, not_finite_columns
from tribe_np.pipeline.model import TribeModel

MOVES = {"head": ("predictor.*",), "all": ("*",)}
"""What is trained: the subject layer (upstream's freeze_backbone), or every weight."""
LOSS = "mean squared error over rows with BOLD and vertices"


@dataclass(frozen=True)
class TrainingWish:
    """What to train, and how otherwise than the checkpoint was; None is as it was."""

    what: str
    n_epochs: int = 1
    batch_size: int | None = None
    max_lr: float | None = None


@dataclass(frozen=True, eq=False)
class PersonTraining:
    """Everything that is decided before a stimulus is looked at."""

    opened: Checkpoint
    config: Mapping[str, Any]  # brain_model_config of one subject
    settings: TrainingSettings
    wish: TrainingWish
    precision: str
    device: Any

    @classmethod
    def of(cls, model: TribeModel, wish: TrainingWish) -> "PersonTraining":
        """Raises   ConfigError for a checkpoint or options that cannot be trained."""
        if wish.what not in MOVES:
            raise ConfigError(f"what is trained is {' or '.join(MOVES)}, not {wish.what!r:.40}")
        if wish.max_lr is not None and not 0 < wish.max_lr < math.inf:
            raise ConfigError(f"max_lr must be above 0, got {wish.max_lr}")
        if wish.n_epochs < 1 or (wish.batch_size is not None and wish.batch_size < 1):
            raise ConfigError("n_epochs and batch_size must be 1 or more")
        opened = open_checkpoint(model.checkpoint)
        layers = EncoderConfig.from_dict(opened.brain_model_config)
        if isinstance(layers.projector, SubjectLayersConfig):
            raise ConfigError(
                f"{opened.folder}: its projector is one layer a subject, which upstream's resize_subject_layer leaves "
                "as it is: it cannot be trained for a new person; the ridge can"
            )
        dropout = layers.predictor.subject_dropout
        config = with_subject_rows(opened.brain_model_config, 1, subject_dropout=dropout)
        made = cls(
            opened, config, TrainingSettings.of(opened.config), wish, model.runtime.precision, model.runtime.device
        )
        made.training(1)
        return made

    def training(self, total_steps: int) -> Training:
        """The training of so many steps.

        Raises   ConfigError
        """
        schedule = self.settings.one_cycle(total_steps, self.wish.max_lr)
        return Training(
            self.config, self.opened.build_args, schedule, self.settings.adam, MOVES[self.wish.what],
            precision=self.precision, device=self.device,
        )  # fmt: skip

    @property
    def batch_size(self) -> int:
        """Windows of a step."""
        return self.wish.batch_size or self.settings.batch_size

    @property
    def n_rows(self) -> int:
        """Of the subject layer: the person's, and that of unseen subjects where there is one."""
        return 1 + int(EncoderConfig.from_dict(self.config).predictor.has_average_row)

    def weights(self) -> dict[str, np.ndarray]:
        """Everything in the checkpoint, as training begins with it: float32, or float64 where that is asked for."""
        dtype = np.float64 if self.precision == "float64" else np.float32
        entries = {entry.name.removeprefix(LIGHTNING_PREFIX): entry for entry in self.opened.entries}
        read = {n: e.read(dtype) if e.dtype in FLOATS else np.array(e.stored()) for n, e in entries.items()}
        return resized_subject_layer(read, self.n_rows)

    def encoder(self, weights: Mapping[str, np.ndarray]) -> FmriEncoder:
        """The model as it is trained, to predict with."""
        return FmriEncoder.from_state_dict(
            self.config, self.opened.build_args, weights, precision=self.precision, device=self.device
        )


@dataclass(frozen=True, eq=False)
class TrainedPerson:
    """What training made, and how well it predicts the rows that were kept out.

    Shapes   r and r2 (V,)
    """

    weights: Mapping[str, np.ndarray]
    not_fitted: np.ndarray  # (V,) booleans
    losses: Sequence[float]  # before each step
    r: np.ndarray
    r2: np.ndarray
    facts: Mapping[str, Any]
    said: tuple[str, ...]

    def head(self, name: str) -> PersonHead:
        """The person's subject layer; columns that were not fitted are NaN."""
        weights = self.weights[WEIGHTS][0].copy()
        bias = self.weights[BIAS][0].copy() if BIAS in self.weights else np.zeros(weights.shape[1], weights.dtype)
        weights[:, self.not_fitted], bias[self.not_fitted] = np.nan, np.nan
        return PersonHead(name, weights, bias)


def train_person(
    model: TribeModel, training: PersonTraining, rows: HeadRows, person: PersonRows, *, seed: int
) -> TrainedPerson:
    """Epochs over the windows of the rows to fit on, scored on those that are kept out.

    Numerics the order of windows and what is left out are drawn from `seed` and nothing else
    Raises   ConfigError for a single step; NotFiniteError when the loss grows without bound
    """
    n_trs = model.encoder.build_args.n_output_timesteps
    windows = PersonWindows.of(rows, person.trained, n_trs, not_finite_columns(person.trained))
    size, n_epochs = training.batch_size, training.wish.n_epochs
    n_steps = n_epochs * math.ceil(len(windows) / size)
    step_plan = training.training(n_steps)
    check_steps(step_plan.schedule, len(windows), size)
    order, draws = (np.random.default_rng([seed, stream]) for stream in range(2))
    with model.progress.stage(f"training ({training.wish.what})", n_epochs * len(windows), "windows") as step:
        trained, losses = trained_over(
            step_plan, Trained(training.weights()), shuffled_batches(len(windows), size, n_epochs, order),
            windows.batch, draws, step,
        )  # fmt: skip
    weights = trained.weights
    n_moved = sum(weights[name].size for name in trained.moments.steps)
    del trained  # what Adam remembers is twice as much as what it moved
    scores = _scores_of(model, training.encoder(weights), rows, person, windows)
    facts = _facts(training, step_plan, windows, seed) | {"n_weights_moved": int(n_moved), "losses": losses}
    present = windows.shown.features_of([windows.measured[0].number])
    absent = [m for m in model.encoder.build_args.feature_dims if m not in present]
    said = list(training.settings.said)
    if absent and training.wish.what == "all":
        said.append(
            f"the stimulus has no {', '.join(absent)}: everything was trained without, and those projectors stayed"
        )
    return TrainedPerson(weights, windows.not_fitted, losses, scores.r, scores.r2, facts, tuple(said))


def check_steps(schedule: OneCycle, n_windows: int, batch_size: int) -> None:
    """Refuses a single step, whose rate is the schedule's last: nothing would be learned.

    Raises   ConfigError
    """
    if schedule.total_steps == 1:
        raise ConfigError(
            f"training: {n_windows} windows in batches of {batch_size} are one step in all, and the only step of "
            f"OneCycle has its last rate, {schedule.at(0)[0]:.1g}: nothing would be learned; give more epochs, or a "
            "smaller batch"
        )


def _scores_of(
    model: TribeModel, encoder: FmriEncoder, rows: HeadRows, person: PersonRows, trained_on: PersonWindows
) -> RunningScores:
    """Scores on the rows that are kept out, each once."""
    n_trs = encoder.build_args.n_output_timesteps
    windows = PersonWindows.of(rows, person.kept_out, n_trs, np.zeros_like(trained_on.not_fitted))
    scores, seen = RunningScores(len(windows.not_fitted)), set[tuple[int, int]]()
    for part in parts_of(len(windows), WINDOWS_AT_ONCE):
        chosen = windows.measured[part]
        features = windows.shown.features_of([window.number for window in chosen])
        placed = {m: model.runtime.place(x) for m, x in features.items()}
        output = to_host(encoder(placed, np.zeros(len(chosen), int)))
        for window, activity in zip(chosen, output, strict=True):
            new = [at for at, row in enumerate(window.rows) if row >= 0 and (id(window.run), row) not in seen]
            if new:
                predicted = np.where(trained_on.not_fitted, np.nan, activity[:, new].T)
                scores.add(predicted, window.run.measured[window.rows[new]])
                seen.update((id(window.run), int(row)) for row in window.rows[new])
    return scores


def _facts(training: PersonTraining, made: Training, windows: PersonWindows, seed: int) -> dict[str, Any]:
    """How it was trained, for fit.json."""
    config = EncoderConfig.from_dict(training.config)
    counted = sum(int((window.rows >= 0).sum()) for window in windows.measured)
    return {
        "what": training.wish.what, "seed": seed, "n_epochs": training.wish.n_epochs,
        "batch_size": training.batch_size, "n_windows": len(windows), "n_rows": counted,
        "n_steps": made.schedule.total_steps, "loss": LOSS,
        "optimizer": {"name": "Adam", **asdict(made.adam)}, "schedule": {"name": "OneCycleLR", **asdict(made.schedule)},
        "modality_dropout": config.modality_dropout, "temporal_dropout": config.temporal_dropout,
        "subject_dropout": config.predictor.subject_dropout or 0.0,
        "precision": training.precision, "device": device_module(training.device).__name__,
    }  # fmt: skip
