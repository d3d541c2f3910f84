"""Every map of an evaluation by name, with what its numbers mean."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.analysis.evaluation.evaluating import Evaluation, mean_of_subjects
from tribe_np.analysis.evaluation.run_ceilings import NullResult

MEANINGS = {
    "r": "Pearson's r of prediction and truth over rows",
    "mse": "mean of (prediction - truth)^2 over rows, in the units of the values",
    "r2": "1 - sum of (truth - prediction)^2 / sum of (truth - mean of truth)^2 over rows",
}
OF_REPEATS = {
    "pairwise_r": "mean r of each two repetitions: the share of variance of one that returns",
    "reliability": "Spearman-Brown: N r / (1 + (N - 1) r) of the mean pairwise r of N repetitions",
    "explainable_variance": "variance of the mean of z-scored repetitions, without its bias: ev - (1 - ev) / (N - 1)",
    "ceiling": "square root of the reliability: r of a perfect prediction with the mean of repetitions",
    "split_half_reliability": "Spearman-Brown of the mean r of halves of the repetitions",
}
OF_GROUP = {
    "r_group": "r of the prediction and the mean of the z-scored subjects",
    "r_leave_one_out": "r of each subject and the mean of the other z-scored subjects, the median over subjects",
    "share_below": "share of the subjects whose leave-one-out r is below r_group",
}
OF_NULL = {
    "p": "(b + 1) / (n + 1): b of n surrogates of the prediction reach the r",
    "q": "Benjamini-Hochberg q of p over all finite vertices",
    "p_familywise": "the same against the largest r over all vertices of each surrogate",
}
UNITLESS = "none"
NOT_OF_SUBJECTS = tuple(name.partition("_")[2] for name in ("r_of_mean", "r_normalised", *OF_GROUP, *OF_NULL))


@dataclass(frozen=True, eq=False)
class EvaluationMap:
    """A map (n,), what its numbers mean, and whether it is for all formats, or for .npy alone."""

    values: np.ndarray
    means: str
    units: str = UNITLESS
    is_exported: bool = True


def evaluation_maps(made: Evaluation) -> dict[str, EvaluationMap]:
    """Every map that there is."""
    who = _who(len(made.subjects))
    found = {name: EvaluationMap(getattr(made, name), f"{means}{who}") for name, means in MEANINGS.items()}
    found["mse"] = EvaluationMap(made.mse, f"{MEANINGS['mse']}{who}", "those of the values, squared")
    found |= _of_repeats(made) | _of_group(made) | _of_null(made)
    if len(made.subjects) > 1:
        n = made.n_subjects.astype(float)
        found["n_subjects"] = EvaluationMap(n, "how many subjects have an r", is_exported=False)
        names = file_names([one.subject for one in made.subjects])
        for one, name in zip(made.subjects, names, strict=True):
            means = f"{MEANINGS['r']}; subject {one.subject}"
            found[f"r_{name}"] = EvaluationMap(one.scores.r, means, is_exported=False)
        for null, name in zip(made.nulls, names, strict=False):  # the last is of the group
            found |= {
                f"{kind}_{name}": replace(each, is_exported=False)
                for kind, each in _maps_of_null(null).items()
            }  # fmt: skip
    return found


def _who(n: int) -> str:
    return "" if n == 1 else f"; mean over the subjects that have one, of {n}"


def _of_repeats(made: Evaluation) -> dict[str, EvaluationMap]:
    if not made.ceilings:
        return {}
    who = _who(len(made.ceilings))
    found = {
        name: EvaluationMap(mean_of_subjects([getattr(one.ceilings, name) for one in made.ceilings]), f"{means}{who}")
        for name, means in OF_REPEATS.items()
    }
    r_of_mean = mean_of_subjects([one.r_of_mean for one in made.ceilings])
    found["r_of_mean"] = EvaluationMap(r_of_mean, f"r of the prediction and the mean of z-scored repetitions{who}")
    found["r_normalised"] = EvaluationMap(
        mean_of_subjects([one.normalised for one in made.ceilings]),
        f"r_of_mean / ceiling, NaN where the reliability is below {made.options.threshold:g}{who}",
    )
    return found


def _of_group(made: Evaluation) -> dict[str, EvaluationMap]:
    if made.group is None:
        return {}
    found = made.group.found
    maps = {"r_group": found.r_group, "r_leave_one_out": found.median_subject, "share_below": found.share_below}
    return {name: EvaluationMap(values, OF_GROUP[name]) for name, values in maps.items()}


def _of_null(made: Evaluation) -> dict[str, EvaluationMap]:
    if made.null is None:
        return {}
    return _maps_of_null(made.null)


def _maps_of_null(null: NullResult) -> dict[str, EvaluationMap]:
    found = null.found
    maps = {"p": found.p, "q": found.q, "p_familywise": found.p_corrected}
    what = f"; {found.n} {found.kind}, of {null.of}"
    return {name: EvaluationMap(values, f"{OF_NULL[name]}{what}") for name, values in maps.items()}


def file_names(subjects: list[str]) -> list[str]:
    """A name for the file of each subject, each once, and none that makes `r_NAME` or `p_NAME` another map's.

    >>> file_names(["sub-01", "sub 01", "a/b", "group"])
    ['sub-01', 'sub-01-2', 'a-b', 'group-2']
    """
    found: list[str] = []
    for subject in subjects:
        kept = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in subject)[:60]
        name, number = kept, 1
        while name.lower() in {other.lower() for other in (*found, *NOT_OF_SUBJECTS)}:
            number += 1
            name = f"{kept}-{number}"
        found.append(name)
    return found


def exported_names(maps: Mapping[str, EvaluationMap]) -> list[str]:
    """The maps that have a column in the table of regions."""
    return [name for name, one in maps.items() if one.is_exported]
