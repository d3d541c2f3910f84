"""A person's head by ridge, and held-out scores beside those of the model unfitted and of linear models of features."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.fitting.banded_ridge import random_shares
from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold, check_folds, contiguous_folds
from tribe_np.analysis.fitting.fir_features import LAGS, row_delays
from tribe_np.analysis.fitting.head_basis import HeadBasis
from tribe_np.analysis.fitting.kernel_ridge import KernelFit
from tribe_np.analysis.fitting.lagged_model import LaggedProducts, LaggedRun, lagged_model
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.penalty_scores import check_score, checked_penalties
from tribe_np.analysis.fitting.ridge import RidgeFit, ridge
from tribe_np.encoder.head_states import head_matrix, subject_layer
from tribe_np.encoder.model import FmriEncoder
from tribe_np.pipeline.fitting.fitted_checkpoint import PersonHead
from tribe_np.pipeline.fitting.person_rows import PersonRows, PersonRun
from tribe_np.pipeline.fitting.trained_person import TrainedPerson, TrainingWish

HEAD, UNFITTED, LAGGED, BANDED = "head", "average", "fir", "banded_fir"
"""The models that are scored: the fitted head, the average subject as it was, ridge and banded ridge on features."""
TRAINED = "trained_"  # before what was trained, head or all: scored beside them
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class FitOptions:
    """How a person is fitted.

    Units    seconds: gap, lags
    """

    name: str
    n_folds: int = 5
    gap: float = 10.0
    share: float = 0.2
    score: str = "r2"
    penalties: tuple[float, ...] | None = None
    linear: bool = True
    lags: tuple[float, ...] = LAGS
    n_shares: int = 8
    seed: int = 0  # of the shares, and of training
    train: TrainingWish | None = None  # beside the ridge; it is then what is written

    def gap_rows(self, tr: float) -> int:
        """Rows that are the gap at least."""
        return math.ceil(self.gap / tr - 1e-6)

    def folds(self, rows: PersonRows, tr: float) -> tuple[ContiguousFold, ...]:
        """Folds of the rows to fit on.

        Raises   ConfigError for too few rows
        """
        return contiguous_folds([len(run.rows) for run in rows.trained], self.n_folds, gap=self.gap_rows(tr))


@dataclass(frozen=True, eq=False)
class PersonFit:
    """A person's head and how well it predicts the rows that were kept out.

    Shapes   r and r2 {model: (V,)} on the kept-out rows
    """

    person: PersonHead
    fit: RidgeFit
    linear: Mapping[str, KernelFit]  # without weights
    r: Mapping[str, np.ndarray]
    r2: Mapping[str, np.ndarray]
    said: tuple[str, ...]
    trained: TrainedPerson | None = None

    def beside(self, trained: TrainedPerson) -> "PersonFit":
        """The same with what was trained, whose head is then the person's."""
        name = f"{TRAINED}{trained.facts['what']}"
        r, r2 = ({HEAD: old[HEAD], name: new} | dict(old) for old, new in ((self.r, trained.r), (self.r2, trained.r2)))
        said = tuple(dict.fromkeys((*self.said, *trained.said)))
        return replace(self, person=trained.head(self.person.name), r=r, r2=r2, said=said, trained=trained)

    @property
    def written(self) -> str:
        """The model whose head is the person's."""
        return HEAD if self.trained is None else f"{TRAINED}{self.trained.facts['what']}"

    def maps(self) -> dict[str, np.ndarray]:
        """r of each model, and the head's penalties, (V,) each."""
        return {f"r_{name}": values for name, values in self.r.items()} | {"penalty": self.fit.penalty}


def check_fit_options(options: FitOptions, *, tr: float, hemodynamic_offset: float) -> None:
    """Refuses what cannot be, before hours of features are made.

    Raises   ConfigError
    """
    check_score(options.score)
    checked_penalties(options.penalties, 1.0)
    check_folds(options.n_folds, options.gap_rows(tr))
    if options.linear:
        row_delays(options.lags, tr=tr, hemodynamic_offset=hemodynamic_offset)


def fit_person(
    encoder: FmriEncoder,
    rows: PersonRows,
    options: FitOptions,
    *,
    tr: float,
    hemodynamic_offset: float,
    step: Callable[[int], object] = lambda n: None,
) -> PersonFit:
    """Ridge of the subject layer on what it reads, with the linear models of features that it is compared with.

    Every model is fitted on the same rows with the same folds, and scored on the same rows, which none of them saw.
    Raises   ConfigError for too few rows and options that cannot be
    """
    folds = options.folds(rows, tr)
    linear = []  # first: products of an hour's rows and a head of the released size need not be there at once
    if options.linear:
        delays = row_delays(options.lags, tr=tr, hemodynamic_offset=hemodynamic_offset)
        linear = _linear(rows, folds, delays, options, step)
    basis = HeadBasis.of(head_matrix(encoder))
    fit = ridge(
        [FitRun(run.name, basis.predictors(run.states), run.measured) for run in rows.trained], folds,
        penalties=options.penalties, score=options.score, step=step,
    )  # fmt: skip
    weights = basis.subject_weights(fit.weights)
    scored = {HEAD: _scores(rows.kept_out, lambda run: fit.predict(basis.predictors(run.states)))}
    unfitted = subject_layer(encoder)
    if unfitted is not None:
        head = head_matrix(encoder)
        old, bias = unfitted
        scored[UNFITTED] = _scores(
            rows.kept_out, lambda run: (run.states if head is None else run.states @ head.T) @ old + bias
        )
    scored |= {name: found for name, _, found in linear}
    of_linear = [f"{name}: {one}" for name, model, _ in linear for one in model.said if one not in fit.said]
    return PersonFit(
        PersonHead(options.name, weights, fit.intercept), fit, {name: model for name, model, _ in linear},
        {m: s.r for m, s in scored.items()}, {m: s.r2 for m, s in scored.items()}, (*rows.said, *fit.said, *of_linear),
    )  # fmt: skip


def _linear(
    rows: PersonRows, folds: Sequence[ContiguousFold], delays: Sequence[int], options: FitOptions,
    step: Callable[[int], object],
) -> list[tuple[str, KernelFit, RunningScores]]:  # fmt: skip
    """Ridge and banded ridge on features with lags; banded only where there are bands."""
    lagged = LaggedProducts.of([LaggedRun(run.features, run.rows, run.measured) for run in rows.trained], delays)
    parts = [lagged.across(run.features, run.rows) for run in rows.kept_out]
    across = {m: np.concatenate([part[m] for part in parts]) for m in lagged.kernels}
    ways: dict[str, np.ndarray | None] = {LAGGED: None}
    if len(lagged.kernels) > 1:
        ways[BANDED] = random_shares(len(lagged.kernels), options.n_shares, seed=options.seed)
    found = []
    for name, shares in ways.items():
        fit = lagged_model(lagged, folds, shares=shares, beside=across, score=options.score, step=step).fit
        assert fit.predicted is not None
        scores, first = RunningScores(fit.predicted.shape[1]), 0
        for run in rows.kept_out:
            for part in _blocks(len(run.rows)):
                scores.add(fit.predicted[first : first + part.stop - part.start], run.measured[part])
                first += part.stop - part.start
        found.append((name, replace(fit, predicted=None), scores))
    return found


def _scores(runs: Sequence[PersonRun], predict: Callable[[PersonRun], np.ndarray]) -> RunningScores:
    """Scores over the rows of runs, a block at a time."""
    scores = RunningScores(runs[0].measured.shape[1])
    for run in runs:
        for part in _blocks(len(run.rows)):
            some = run.part(part)
            scores.add(predict(some), some.measured)
    return scores


def _blocks(n_rows: int) -> list[slice]:
    return [slice(start, min(start + ROWS_AT_ONCE, n_rows)) for start in range(0, n_rows, ROWS_AT_ONCE)]
