"""Two epochs of upstream's own training of a new person: BrainModule in Lightning's Trainer, in float64.

TribeExperiment._init_module resizes the subject layer, from a checkpoint that we wrote; loss, optimiser, schedule and
the number of steps are BrainModule's and the Trainer's. Order and draws come from NumPy generators, as in `training`.
Needs a checkout of tribev2, and lightning.
"""

import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools.reference.encoder import BUFFERS
from tools.reference.encoder_cases import Case
from tools.reference.encoder_gradients import summary
from tools.reference.measure import Row, write_golden
from tools.reference.training import NAME as STEPS_NAME
from tools.reference.training import rand_from, training_case
from tribe_np.encoder.training.epochs import shuffled_batches
from tribe_np.encoder.training.training_step import with_subject_rows
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.torch_writing import write_torch

SEED, N_WINDOWS, BATCH_SIZE, N_EPOCHS, MAX_LR, DROPOUT = 11, 7, 3, 2, 1e-2, 0.4
FROZEN = {"head": True, "all": False}
NAME = "training_epochs.safetensors"


def stored_case(folder: Path) -> Case:
    """The case of `training` as it lies in its golden file, whatever random weights are now."""
    entries, metadata = read_header(folder / STEPS_NAME)
    about = json.loads(metadata["about"])
    stored = {key: np.array(entry.read()) for key, entry in entries.items()}
    weights = {name.removeprefix("input/"): x for name, x in stored.items() if name.startswith("input/")}
    weights = {name: x if name in BUFFERS else x.astype(np.float32) / 64 for name, x in weights.items()}
    made = training_case()
    features = {m: stored[f"feature/{m}"] for m in made.features}
    return replace(made, config=about["config"], build_args=about["build_args"], state_dict=weights, features=features)


def window(case: Case, number: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Features of one window, and what was measured in it; the last rows of one window are past the end."""
    features = {m: np.roll(x[number % len(x)], number, axis=-1) for m, x in case.features.items()}
    shape = (case.build_args["n_outputs"], case.build_args["n_output_timesteps"])
    measured = np.random.default_rng([SEED, number]).standard_normal(shape).astype(np.float32)
    if number == N_WINDOWS - 1:
        measured[:, 2:] = 0
    return features, measured


def orders() -> Iterator[np.ndarray]:
    """The windows of each step."""
    return shuffled_batches(N_WINDOWS, BATCH_SIZE, N_EPOCHS, np.random.default_rng([SEED, 0]))


def joined(case: Case, numbers: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Features and measured data of a batch."""
    pairs = [window(case, int(number)) for number in numbers]
    return {m: np.stack([x[m] for x, _ in pairs]) for m in case.features}, np.stack([y for _, y in pairs])


class _Loader:
    """Batches of one epoch each time it is gone through; the Trainer counts its steps."""

    def __init__(self, case: Case) -> None:
        self.case, self.orders = case, orders()

    def __len__(self) -> int:
        return -(-N_WINDOWS // BATCH_SIZE)

    def __iter__(self) -> Iterator[Any]:
        import torch

        for _ in range(len(self)):
            features, measured = joined(self.case, next(self.orders))
            batch = {m: torch.from_numpy(x).double() for m, x in features.items()}
            batch["fmri"] = torch.from_numpy(measured).double()
            batch["subject_id"] = torch.zeros(len(measured), 1, dtype=torch.int64)
            yield SimpleNamespace(data=batch)


def upstream_module(case: Case, frozen: bool) -> Any:
    """The BrainModule of TribeExperiment for one new subject, its subject layer resized from the case's checkpoint."""
    import torch
    from exca import ConfDict
    from neuraltrain.losses import base as losses
    from neuraltrain.optimizers import LightningOptimizer
    from tribev2.main import TribeExperiment
    from tribev2.model import FmriEncoder

    from tools.reference.predictions_peer import widen_encoder

    brain = FmriEncoder(**with_subject_rows(case.config, 1, subject_dropout=DROPOUT))
    dims = {m: tuple(pair) for m, pair in case.build_args["feature_dims"].items()}
    schedule = {"name": "OneCycleLR", "kwargs": {"max_lr": MAX_LR, "pct_start": 0.1}}
    adam = {"name": "Adam", "lr": 1e-4, "kwargs": {"weight_decay": 0.0}}
    settings = {"max_steps": -1, "data": {"stride_drop_incomplete": False}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.ckpt"
        write_torch(path, {"state_dict": {f"model.{name}": x for name, x in case.state_dict.items()}})
        experiment = SimpleNamespace(
            load_checkpoint=True, resize_subject_layer=True, freeze_backbone=frozen, metrics=[],
            brain_model_config=brain, loss=losses.MSELoss(kwargs={"reduction": "none"}),
            optim=LightningOptimizer(optimizer=adam, scheduler=schedule), model_dump=lambda: ConfDict(settings),
            _get_checkpoint_path=lambda: path,
        )  # fmt: skip
        model = brain.build(dims, case.build_args["n_outputs"], case.build_args["n_output_timesteps"])
        module = TribeExperiment._init_module(experiment, model)
    widen_encoder(module.model)
    assert next(module.parameters()).dtype == torch.float64
    return module


def run_upstream_epochs(case: Case, *, frozen: bool) -> dict[str, np.ndarray]:
    """Loss, learning rate and beta1 of each step; weights and Adam's state after the last."""
    import lightning.pytorch as pl

    from tools.reference.encoder_peer import default_dtype

    found: dict[str, np.ndarray] = {}

    class Keep(pl.Callback):
        def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
            group = optimizer.param_groups[0]
            found[f"step{trainer.global_step}"] = np.array([np.nan, group["lr"], group["betas"][0]])

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
            found[f"step{trainer.global_step - 1}"][0] = outputs["loss"].item()

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    module = upstream_module(case, frozen)
    with warnings.catch_warnings(), default_dtype(True), rand_from(np.random.default_rng([SEED, 1])):
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            max_epochs=N_EPOCHS, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, callbacks=[Keep()],
        )  # fmt: skip
        trainer.fit(module, train_dataloaders=_Loader(case))
    (optimizer,) = trainer.optimizers
    for name, parameter in module.model.named_parameters():
        found[f"weight/{name}"] = parameter.detach().numpy()
        if parameter in optimizer.state:
            state = optimizer.state[parameter]
            found[f"mean/{name}"], found[f"square/{name}"] = state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()
            found[f"count/{name}"] = np.array([float(state["step"])])
    return found


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes both kinds of training; nothing without a checkout of tribev2."""
    if upstream is None:
        return []
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    sys.path.insert(0, str(upstream))
    case = stored_case(folder)
    stored = {}
    for what, frozen in FROZEN.items():
        stored |= {f"{what}/{name}": x for name, x in summary(run_upstream_epochs(case, frozen=frozen)).items()}
    about = {"peer": "tribev2 BrainModule and TribeExperiment._init_module in lightning's Trainer", "case": STEPS_NAME}
    write_golden(folder, NAME.removesuffix(".safetensors"), stored, about)
    return [NAME]


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; tests/encoder/test_training_epochs.py holds the dump."""
    return []
