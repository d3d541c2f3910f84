"""Two epochs for a new person against what tribev2's BrainModule did in lightning's Trainer, without either."""

from pathlib import Path

import numpy as np
import pytest

from tests.encoder.test_training import part
from tools.reference.encoder import BUFFERS
from tools.reference.encoder_cases import Case
from tools.reference.encoder_gradients import summary
from tools.reference.training_epochs import DROPOUT, MAX_LR, N_WINDOWS, NAME, SEED, joined, orders, stored_case
from tribe_np.encoder.training.epochs import shuffled_batches, trained_over
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.encoder.training.training_step import (
    Batch,
    Trained,
    Training,
    resized_subject_layer,
    with_subject_rows,
)
from tribe_np.errors import NotFiniteError
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error
from tribe_np.pipeline.fitting.trained_person import MOVES

GOLDEN = Path(__file__).parents[1] / "golden"
BOUND = 1e-6
N_STEPS = 6


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return {key: np.array(entry.read()) for key, entry in read_header(GOLDEN / NAME)[0].items()}


@pytest.fixture(scope="module")
def case() -> Case:
    return stored_case(GOLDEN)


def trained_as_upstream(
    case: Case, what: str, precision: str = "float64", max_lr: float = MAX_LR, seed: int = SEED
) -> tuple[Trained, list[float], Training]:
    config = with_subject_rows(case.config, 1, subject_dropout=DROPOUT)
    schedule = OneCycle(N_STEPS, max_lr=max_lr, pct_start=0.1)
    training = Training(config, case.build_args, schedule, moves=MOVES[what], precision=precision)
    start = resized_subject_layer({n: x.astype(precision) for n, x in case.state_dict.items()}, 2)

    def batch_of(numbers: np.ndarray) -> Batch:
        features, measured = joined(case, numbers)
        return Batch(features, measured, np.zeros(len(measured), int))

    draws = np.random.default_rng([seed, 1])
    return *trained_over(training, Trained(start), orders(), batch_of, draws), training


@pytest.mark.parametrize("what", list(MOVES))
def test_epochs_are_upstreams(what: str, case: Case, golden: dict[str, np.ndarray]) -> None:
    trained, losses, training = trained_as_upstream(case, what)
    stored = part(golden, f"{what}/")
    for step, loss in enumerate(losses):
        np.testing.assert_allclose([loss, *training.schedule.at(step)], stored[f"step{step}"], rtol=BOUND)
    assert len(losses) == N_STEPS
    found = {f"weight/{name}": x for name, x in trained.weights.items() if name not in BUFFERS}
    found |= {f"mean/{name}": x for name, x in trained.moments.means.items()}
    found |= {f"square/{name}": x for name, x in trained.moments.squares.items()}
    found |= {f"count/{name}": np.array([float(x)]) for name, x in trained.moments.steps.items()}
    assert {*found, *(f"step{step}" for step in range(N_STEPS))} == set(stored)
    errors = {name: relative_error(x, stored[name]) for name, x in summary(found).items()}
    assert not {name: error for name, error in errors.items() if error > BOUND}
    frozen = [name for name in trained.weights if f"mean/{name}" not in found and name not in BUFFERS]
    assert bool(frozen) == (what == "head")


def test_float32_stays_near_upstream(case: Case, golden: dict[str, np.ndarray]) -> None:
    """Adam divides by the gradient's own size, so that rounding of a tiny one counts: losses, not single weights."""
    trained, losses, _ = trained_as_upstream(case, "all", "float32")
    np.testing.assert_allclose(losses, [golden[f"all/step{step}"][0] for step in range(N_STEPS)], rtol=2e-5)
    assert all(x.dtype == np.float32 for x in trained.weights.values())


def test_another_draw_is_another_training(case: Case, golden: dict[str, np.ndarray]) -> None:
    _, losses, _ = trained_as_upstream(case, "all", seed=SEED + 1)
    assert abs(losses[1] - golden["all/step1"][0]) > 1e-4


def test_every_window_comes_once_an_epoch() -> None:
    batches = list(shuffled_batches(7, 3, 2, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == [3, 3, 1] * 2
    first, second = np.concatenate(batches[:3]), np.concatenate(batches[3:])
    assert sorted(first) == sorted(second) == list(range(N_WINDOWS))
    assert first.tolist() != second.tolist()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_ends_it(case: Case) -> None:
    with pytest.raises(NotFiniteError):
        trained_as_upstream(case, "all", "float32", max_lr=1e30)
