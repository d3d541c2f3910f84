"""Subjects whose heads are known: BOLD = encoder states x that subject's head + noise, and a checkpoint of the heads.

    python -m tools.made_study PRED --heads --alike 0.5 --out DIR
    tribe-np predict STIMULUS --checkpoint DIR/model --subject sub-01 ...    what sub-01 hears, exactly
    tribe-np fit STIMULUS --truth DIR/sub-01.tsv --name anna ...             finds it again, from the noisy runs

The states are those of the prediction's own stimulus and checkpoint. Of them the first principal components, as
courses of variance 1, are turned at random. A vertex hears `alike` (of the variance) of what all subjects hear there,
which is the average subject of DIR/model, and for the rest what this subject alone hears; the two do not correlate.
What all hear is one course in each of a few networks, and one outside of them: DIR/networks.npz holds the networks'
maps, as `networks --templates` reads them. DIR has the rest of what `made_study` writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tools.made_study import StudyPlan, write_study
from tribe_np import TribeModel
from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.encoder.head_states import head_matrix
from tribe_np.pipeline.earlier_run import earlier_run
from tribe_np.pipeline.fitting.fitted_checkpoint import PersonHead, write_fitted_checkpoint
from tribe_np.pipeline.fitting.head_rows import head_rows
from tribe_np.timeline.events import Events

COMPONENTS, NETWORKS = 12, 4
IN_A_NETWORK = 0.4  # share of the vertices


@dataclass(frozen=True, eq=False)
class KnownHeads:
    """What subjects hear, in a basis of courses of variance 1 that do not correlate.

    Shapes   courses (R, P); basis (C, P) and mean (C,) make them of what the subject layer reads: (z - mean) @ basis;
             common (P, V) and own (subjects, P, V), columns of length 1 at right angles; network (V,), 0 for none
    """

    courses: np.ndarray
    basis: np.ndarray
    mean: np.ndarray
    common: np.ndarray
    own: np.ndarray
    network: np.ndarray
    alike: float

    @classmethod
    def of(cls, z: np.ndarray, n_columns: int, plan: StudyPlan) -> "KnownHeads":
        """Heads on z (R, C), drawn from the plan's seed."""
        rng = np.random.default_rng([plan.seed, 1])
        mean = z.mean(axis=0, dtype=np.float64)
        _, size, directions = np.linalg.svd(z - mean, full_matrices=False)
        turned = np.linalg.qr(rng.standard_normal((COMPONENTS, COMPONENTS)))[0]
        basis = directions[:COMPONENTS].T / size[:COMPONENTS] * len(z) ** 0.5 @ turned
        network = np.where(rng.random(n_columns) < IN_A_NETWORK, rng.integers(1, 1 + NETWORKS, n_columns), 0)
        own = rng.standard_normal((plan.subjects, COMPONENTS, n_columns))
        own[:, : 1 + NETWORKS] = 0
        own /= np.linalg.norm(own, axis=1, keepdims=True)
        common = np.eye(COMPONENTS, 1 + NETWORKS)[:, network]
        return cls((z - mean) @ basis, basis, mean, common, own, network, plan.alike)

    def turned(self, subject: int) -> np.ndarray:
        """The head of a subject, counted from 1, on the courses; 0 is the average subject's, (P, V)."""
        if subject == 0:
            return self.common
        weights: np.ndarray = self.alike**0.5 * self.common + (1 - self.alike) ** 0.5 * self.own[subject - 1]
        return weights

    def heard(self, subject: int) -> np.ndarray:
        """What a subject hears, (R, V), of variance 1."""
        return np.asarray(self.courses @ self.turned(subject), np.float32)

    def person(self, subject: int) -> PersonHead:
        """The subject's head as a checkpoint holds it."""
        weights = self.basis @ self.turned(subject)
        return PersonHead(f"sub-{subject:02}" if subject else "everybody", weights, -self.mean @ weights)

    def networks(self) -> dict[str, np.ndarray]:
        """A map for each network, 1 in it and 0 elsewhere."""
        return {f"network-{k}": np.asarray(self.network == k, np.float32) for k in range(1, 1 + NETWORKS)}


def make_study_of_heads(prediction: Path, out: Path, plan: StudyPlan) -> Path:
    """Writes the study of the stimulus and the checkpoint that a prediction was made of; gives the table of its truth.

    Raises   OutputError, ConfigError, CheckpointError
    """
    earlier = earlier_run(prediction)
    model = TribeModel.from_pretrained(earlier.checkpoint, models=earlier.models, cache_folder=earlier.cache)
    states = head_rows(model, Events.from_tsv(earlier.events)).states
    return heads_of_states(model, states, as_series(prediction), out, plan)


def heads_of_states(model: TribeModel, states: np.ndarray, series: SurfaceSeries, out: Path, plan: StudyPlan) -> Path:
    """The study of states (R, D), the rows of `series`."""
    matrix = head_matrix(model.encoder)
    known = KnownHeads.of(states if matrix is None else states @ matrix.T, series.values.shape[1], plan)
    table = write_study(series, out, plan, known.heard)
    np.savez(out / "networks.npz", **known.networks())
    write_heads(model.checkpoint, out / "model", [known.person(number) for number in range(plan.subjects + 1)])
    return table


def write_heads(checkpoint: Path, folder: Path, heads: Sequence[PersonHead]) -> None:
    """The checkpoint with these heads and no others; the first is the average subject's."""
    with TemporaryDirectory(dir=folder.parent) as made:
        for number, head in enumerate(heads):
            written = folder if number == len(heads) - 1 else Path(made) / str(number)
            write_fitted_checkpoint(checkpoint, written, head, {"known": "a made head"}, alone=number == 0)
            checkpoint = written
