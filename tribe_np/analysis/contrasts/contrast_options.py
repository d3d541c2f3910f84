"""What can be asked of a contrast, checked before anything is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.analysis.contrasts.row_glm import HRFS, NOISES
from tribe_np.analysis.contrasts.trial_sources import check_seconds
from tribe_np.analysis.statistics.relabellings import check_most, check_seed
from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted

LEVEL_Q = 0.05


@dataclass(frozen=True)
class ContrastOptions:
    """What can be asked of `contrast`.

    Units    delay, fir: seconds; delay is added to every onset, beyond what the model has learned
    Fields   pair: compare trials of one pair (paired t); by_stimulus: one observation a stimulus, the mean of
             its repetitions, since a repetition is no new stimulus; glm: a model over rows, with hrf (glover, spm),
             noise (ar1, ols) and confounds (a table with a line a row); permute: the most relabellings for p by
             permutation, from `seed`; fir: how far time courses around onsets reach; parcellation: of the regions;
             anyway: take predictions of different models; level: of q
    """

    delay: float = 0.0
    pair: bool = False
    by_stimulus: bool = False
    glm: bool = False
    hrf: str | None = None
    noise: str = "ar1"
    confounds: str | Path | None = None
    permute: int | None = None
    seed: int = 0
    fir: float | None = None
    parcellation: Any = None
    subjects_dir: str | Path | None = None
    anyway: bool = False
    level: float = LEVEL_Q

    def __post_init__(self) -> None:
        check_seconds(self.delay, "--delay")
        if self.fir is not None:
            check_seconds(self.fir, "--fir", least=0)
        if self.hrf is not None and self.hrf not in HRFS:
            raise ConfigError(
                f"--hrf {quoted(self.hrf)} is unknown; known are {', '.join(HRFS)}{did_you_mean(self.hrf, HRFS)}"
            )
        if self.noise not in NOISES:
            raise ConfigError(f"--noise {quoted(self.noise)} is unknown; known are {', '.join(NOISES)}")
        for name, is_given in (("--hrf", self.hrf is not None), ("--confounds", self.confounds is not None)):
            if is_given and not self.glm:
                raise ConfigError(f"{name} is for a model over rows; give --glm too")
        for name, is_given in (
            ("--pair", self.pair),
            ("--by-stimulus", self.by_stimulus),
            ("--permute", self.permute is not None),
        ):
            if is_given and self.glm:
                raise ConfigError(f"{name} is for trials, whose labels are compared; leave it away with --glm")
        if self.pair and self.by_stimulus:
            raise ConfigError("--pair and --by-stimulus both say what an observation is; give one of them")
        if self.permute is not None:
            check_most(self.permute, "--permute")
        check_seed(self.seed, "--seed")
        if not 0 < self.level < 1:
            raise ConfigError(f"the level of q lies between 0 and 1, got {self.level}")
