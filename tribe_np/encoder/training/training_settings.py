"""How a checkpoint was trained, as its config.yaml says, for training that goes on from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tribe_np.encoder.training.adam import Adam
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.errors import ConfigError

EXPECTED = {("loss",): "MSELoss", ("optim", "optimizer"): "Adam", ("optim", "scheduler"): "OneCycleLR"}
SCHEDULE = {
    "max_lr": "max_lr", "pct_start": "pct_start", "anneal_strategy": "anneal", "cycle_momentum": "cycles_beta1",
    "base_momentum": "least_beta1", "max_momentum": "most_beta1", "div_factor": "div_factor",
    "final_div_factor": "final_div_factor",
}  # fmt: skip
"""Options of torch's OneCycleLR, and what they are called here."""
BATCH_SIZE = 8


@dataclass(frozen=True)
class TrainingSettings:
    """Everything but the model and the windows; upstream's defaults.

    Source   tribev2 7239908 grids/defaults.py
    """

    batch_size: int = BATCH_SIZE
    adam: Adam = field(default_factory=Adam)
    schedule: Mapping[str, Any] = field(default_factory=dict)  # of OneCycle, but for total_steps
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "TrainingSettings":
        """What config.yaml sets, upstream's defaults for the rest; `said` names what is done otherwise here.

        Raises   ConfigError for values that make no schedule
        """
        said = []
        for path, name in EXPECTED.items():
            found = _section(config, path).get("name", name)
            if found != name:
                said.append(f"the checkpoint was trained with {'.'.join(path)} {str(found)[:40]}, here it is {name}")
        adam, schedule = (_section(config, (*path, "kwargs")) for path in list(EXPECTED)[1:])
        known = {ours: schedule[theirs] for theirs, ours in SCHEDULE.items() if theirs in schedule}
        odd = [*(set(adam) - {"weight_decay", "betas", "eps"}), *(set(schedule) - set(SCHEDULE))]
        if odd:
            said.append(f"options of the optimiser that are not used here: {', '.join(sorted(map(str, odd)))[:100]}")
        beta1, beta2 = adam.get("betas", (Adam.beta1, Adam.beta2))
        size = _section(config, ("data",)).get("batch_size", BATCH_SIZE)
        try:
            OneCycle(1, **known).at(0)
            made = Adam(
                float(beta1), float(beta2), float(adam.get("eps", Adam.eps)), float(adam.get("weight_decay", 0))
            )
            return cls(max(1, int(size)), made, known, tuple(said))
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise ConfigError(f"config.yaml: optim or data.batch_size cannot be used: {error}") from error

    def one_cycle(self, total_steps: int, max_lr: float | None = None) -> OneCycle:
        """The schedule of so many steps."""
        chosen = dict(self.schedule) if max_lr is None else {**self.schedule, "max_lr": max_lr}
        return OneCycle(total_steps, **chosen)


def _section(config: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    """The mapping at a path of keys; an empty one where there is none."""
    found: Any = config
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
