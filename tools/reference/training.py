"""A few steps of training by the real model, with the real optimiser and schedule, in float64.

The model is tribev2's FmriEncoderModel in train mode, the optimiser neuraltrain's LightningOptimizer (torch's Adam and
OneCycleLR), the loss BrainModule's formula. What torch.rand would draw comes from a NumPy generator, in the order in
which upstream asks: modalities, steps, subjects.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools.reference.encoder import BUFFERS, packed, quantised
from tools.reference.encoder_cases import Case, make_case
from tools.reference.encoder_gradients import FLOOR, summary
from tools.reference.measure import Row, write_golden
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.encoder.training.training_step import Batch, Trained, Training
from tribe_np.oracle import relative_error

SEED, N_STEPS, TOTAL_STEPS, PCT_START, MAX_LR = 3, 4, 12, 0.25, 1e-2
ABSENT = {2: "audio"}  # step: a modality that its batch lacks
NAME = "training.safetensors"
PEER = "torch 2.13.0 Adam, OneCycleLR and autograd on neuraltrain 0.0.2 + x-transformers 1.27.20"
KINDS: dict[str, Callable[[str], bool]] = {
    "loss, learning rate, beta1": lambda name: name.startswith("step") and "/" not in name,
    "gradients": lambda name: name.startswith("step") and "/" in name,
    "weights": lambda name: name.startswith("weight/"),
    "Adam's state": lambda name: name.startswith(("mean/", "square/", "count/")),
}
Arrays = Mapping[str, np.ndarray]


def training_case(seed: int = 9) -> Case:
    """Three subjects and a row of unseen ones, every dropout that is not inside a layer."""
    case = make_case(
        "training",
        {"hidden": 36, "combiner": None, "low_rank_head": 7, "max_seq_len": 12, "modality_dropout": 0.3,
         "temporal_dropout": 0.1, "encoder": {"heads": 1, "depth": 1, "ff_mult": 1},
         "subject_layers": {"n_subjects": 3, "subject_dropout": 0.4}},
        {"text": (2, 5), "audio": (1, 4), "video": (2, 3)}, seed=seed, n_steps=8, n_bins=4, n_outputs=6, batch=5,
        subject_index=[2, 0, 1, 1, 0],
    )  # fmt: skip
    return quantised(case)


def measured_of(case: Case, step: int) -> np.ndarray:
    """What was measured in a step: some numbers, and a row of a window without data."""
    rng = np.random.default_rng([SEED, step])
    shape = (5, case.build_args["n_outputs"], case.build_args["n_output_timesteps"])
    measured = rng.standard_normal(shape).astype(np.float32)
    measured[step % 5, :, -1] = 0
    return measured


def features_of_step(case: Case, step: int) -> dict[str, np.ndarray]:
    """The case's features, turned so that steps differ; one step lacks a modality."""
    return {m: np.roll(x, step, axis=-1) for m, x in case.features.items() if ABSENT.get(step) != m}


@contextlib.contextmanager
def rand_from(generator: np.random.Generator) -> Iterator[None]:
    """Within it torch.rand draws from the generator."""
    import torch

    real = torch.rand

    def rand(*shape: Any, device: Any = None) -> Any:
        sizes = tuple(shape[0]) if isinstance(shape[0], (tuple, torch.Size)) else shape
        return torch.from_numpy(generator.random(sizes))

    torch.rand = rand
    try:
        yield
    finally:
        torch.rand = real


def run_their_steps(case: Case, build: Any, n_steps: int = N_STEPS, *, double: bool = True) -> dict[str, np.ndarray]:
    """Loss, learning rate, beta1 and gradients of each step; weights and Adam's state after the last."""
    from tools.reference.encoder_peer import default_dtype, loaded

    model, features = loaded(case, build, double=double)
    import torch
    from neuraltrain.optimizers import LightningOptimizer

    model.train()
    config = {"name": "OneCycleLR", "kwargs": {"max_lr": MAX_LR, "pct_start": PCT_START}}
    optim = LightningOptimizer(
        optimizer={"name": "Adam", "lr": 1e-4, "kwargs": {"weight_decay": 0.0}}, scheduler=config
    )
    built = optim.build(list(model.parameters()), total_steps=TOTAL_STEPS)
    optimizer, scheduler = built["optimizer"], built["lr_scheduler"]["scheduler"]
    generator, found, dtype = np.random.default_rng(SEED), {}, torch.float64 if double else torch.float32
    for step in range(n_steps):
        batch = {m: torch.from_numpy(x.copy()).to(dtype) for m, x in features_of_step(case, step).items()}
        batch["subject_id"] = features["subject_id"]
        with default_dtype(double), rand_from(generator):
            predicted = model(SimpleNamespace(data=batch))
        loss = _loss(predicted, torch.from_numpy(measured_of(case, step)).to(dtype))
        optimizer.zero_grad()
        loss.backward()
        group = optimizer.param_groups[0]
        found[f"step{step}"] = np.array([loss.item(), group["lr"], group["betas"][0]])
        gradients = {n: p.grad.numpy() for n, p in model.named_parameters() if p.grad is not None}
        found |= {f"step{step}/{name}": x.copy() for name, x in gradients.items()}
        optimizer.step()
        scheduler.step()
    return found | _after(model, optimizer)


def _loss(predicted: Any, measured: Any) -> Any:
    """The mean squared error over rows (window and TR) that hold something, and vertices."""
    import torch

    rows, wanted = (x.transpose(1, 2).flatten(0, 1) for x in (predicted, measured))
    holds = ~(wanted == 0).all(dim=1)
    return torch.nn.MSELoss(reduction="none")(rows[holds], wanted[holds]).mean()


def _after(model: Any, optimizer: Any) -> Mapping[str, np.ndarray]:
    found = {}
    for name, parameter in model.named_parameters():
        state = optimizer.state[parameter]
        found[f"weight/{name}"] = parameter.detach().numpy()
        found[f"mean/{name}"], found[f"square/{name}"] = state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()
        found[f"count/{name}"] = np.array([float(state["step"])])
    return found


def run_our_steps(case: Case, precision: str, n_steps: int = N_STEPS) -> dict[str, np.ndarray]:
    """Ours, under the same names."""
    training = Training(
        case.config, case.build_args, OneCycle(TOTAL_STEPS, MAX_LR, PCT_START), precision=precision
    )  # fmt: skip
    trained = Trained({n: x if n in BUFFERS else x.astype(precision) for n, x in case.state_dict.items()})
    draws, again, found = np.random.default_rng(SEED), np.random.default_rng(SEED), {}
    for step in range(n_steps):
        batch = Batch(features_of_step(case, step), measured_of(case, step), case.subject_index)
        loss, gradients = training.loss_and_gradients(trained.weights, batch, again)
        found[f"step{step}"] = np.array([loss, *training.schedule.at(step)])
        found |= {f"step{step}/{name}": x for name, x in gradients.items()}
        trained = training.stepped(trained, batch, draws)
    moments = trained.moments
    found |= {f"weight/{name}": x for name, x in trained.weights.items() if name not in BUFFERS}
    found |= {f"mean/{name}": x for name, x in moments.means.items()}
    found |= {f"square/{name}": x for name, x in moments.squares.items()}
    return found | {f"count/{name}": np.array([float(count)]) for name, count in moments.steps.items()}


def compare(seed: int) -> list[Row]:
    """Random weights and data, live: one step in float32, and all of them in float64.

    More steps in float32 would compare rounding: where a gradient is nothing else, a weight moves by the learning rate.
    """
    from tools.reference.encoder_peer import composed

    case = training_case(seed)
    narrow, wide = run_our_steps(case, "float32", 1), run_our_steps(case, "float64")
    theirs32, theirs64 = (run_their_steps(case, composed, 1, double=double) for double in (False, True))
    theirs = run_their_steps(case, composed)
    pairs = (narrow, theirs32), (theirs32, theirs64), (wide, theirs)
    return [
        Row(f"training/{kind}", PEER, case.name, *(_worst(is_one, *pair) for pair in pairs), floor=FLOOR)
        for kind, is_one in KINDS.items()
    ]


def _worst(is_one: Callable[[str], bool], found: Arrays, expected: Arrays) -> float:
    """The largest error of the arrays of one kind."""
    if set(found) != set(expected):
        raise AssertionError(f"names differ: {sorted(set(found) ^ set(expected))}")
    return max(relative_error(found[name], expected[name]) for name in filter(is_one, expected))


def schedules() -> dict[str, np.ndarray]:
    """Learning rates and beta1 of torch's OneCycleLR for some settings: (steps, 2) by "total/pct_start/anneal"."""
    import torch

    found = {}
    for total, pct_start, anneal in ((12, 0.25, "cos"), (50, 0.1, "cos"), (7, 0.3, "linear"), (3, 0.0, "cos")):
        optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        options = {"total_steps": total, "pct_start": pct_start, "anneal_strategy": anneal}
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=MAX_LR, **options)
        rows = []
        for _ in range(total):
            rows.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0]))
            optimizer.step()
            scheduler.step()
        found[f"{total}/{pct_start}/{anneal}"] = np.array(rows)
    return found


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the steps and the schedules; nothing without a checkout of tribev2."""
    if upstream is None:
        return []
    sys.path.insert(0, str(upstream))
    from tools.reference.encoder_peer import upstream_model

    case = training_case()
    stored = summary(run_their_steps(case, upstream_model)) | {f"schedule/{name}": x for name, x in schedules().items()}
    stored |= {f"input/{name}": packed(name, x) for name, x in case.state_dict.items()}
    stored |= {f"feature/{m}": x for m, x in case.features.items()}
    about = {"peer": "tribev2 FmriEncoderModel in train mode, neuraltrain LightningOptimizer", "config": case.config}
    write_golden(folder, NAME.removesuffix(".safetensors"), stored, about | {"build_args": case.build_args})
    return [NAME]
