"""The schedule of a training run: the learning rate rises once and falls once, Adam's beta1 the other way."""

import math
from dataclasses import dataclass

from tribe_np.errors import ConfigError


@dataclass(frozen=True)
class OneCycle:
    """From max_lr / 25 up to max_lr over the first `pct_start` of the steps, then down to almost nothing.

    Upstream's training has max_lr 1e-4 and pct_start 0.1; everything else is torch's default.
    Source   torch 2.13.0 optim.lr_scheduler.OneCycleLR (two phases); tribev2 7239908 grids/defaults.py
    """

    total_steps: int
    max_lr: float = 1e-4
    pct_start: float = 0.1
    anneal: str = "cos"  # or "linear"
    cycles_beta1: bool = True
    least_beta1: float = 0.85
    most_beta1: float = 0.95
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __post_init__(self) -> None:
        """Raises   ConfigError for what makes no schedule."""
        if self.total_steps < 1:
            raise ConfigError(f"a schedule needs at least one step, got {self.total_steps}")
        if not 0 <= self.pct_start <= 1:
            raise ConfigError(f"pct_start must be between 0 and 1, got {self.pct_start}")
        if self.anneal not in ("cos", "linear"):
            raise ConfigError(f'anneal must be "cos" or "linear", got {self.anneal!r}')

    def at(self, step: int) -> tuple[float, float | None]:
        """Learning rate and beta1 of a step, counted from 0; beta1 is None where it stays the optimiser's.

        Numerics torch divides by zero where the rise has a single step (pct_start * total_steps is 1): here that step
                 has max_lr
        Raises   ConfigError for a step after the last
        """
        last, peak = self.total_steps - 1, self.pct_start * self.total_steps - 1
        if not 0 <= step <= last:
            raise ConfigError(f"step {step} of a schedule of {self.total_steps}")
        first_lr = self.max_lr / self.div_factor
        if step <= peak:
            fraction = step / peak if peak > 0 else 1.0
            ends = (first_lr, self.max_lr), (self.most_beta1, self.least_beta1)
        else:
            fraction = (step - peak) / (last - peak) if last > peak else 1.0
            ends = (self.max_lr, first_lr / self.final_div_factor), (self.least_beta1, self.most_beta1)
        lr, beta1 = (self._between(*pair, fraction) for pair in ends)
        return lr, beta1 if self.cycles_beta1 else None

    def _between(self, start: float, end: float, fraction: float) -> float:
        if self.anneal == "linear":
            return (end - start) * fraction + start
        return end + (start - end) / 2.0 * (1 + math.cos(math.pi * fraction))
