"""A quantity known for every subset of the modalities, shared out among them: Shapley values, and the split into
what each alone, each pair and all of them together account for.

Everything is a weighted sum over subsets, so that it holds for a number as for a whole array.
Source   Shapley 1953, "A value for n-person games"; Mood 1971, commonality analysis (the split)
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

Subset = frozenset[str]
Weights = Mapping[Subset, float]
NONE = "none"  # the name of the empty subset


def subsets_of(modalities: Sequence[str]) -> list[Subset]:
    """All subsets, the empty one first, then by size, each in the order of the modalities."""
    sizes = range(len(modalities) + 1)
    return [frozenset(chosen) for size in sizes for chosen in combinations(modalities, size)]


def subset_name(subset: Subset, modalities: Sequence[str]) -> str:
    """The modalities of a subset in their order.

    >>> subset_name(frozenset({"audio", "text"}), ["text", "audio", "video"])
    'text+audio'
    """
    return "+".join(m for m in modalities if m in subset) or NONE


def shapley_weights(modality: str, modalities: Sequence[str]) -> dict[Subset, float]:
    """The weight of each subset's value in the Shapley value of one modality.

    Numerics what the modality adds to a subset S of the others counts |S|! (n - |S| - 1)! / n!; over all modalities
             the values add up to the value of the full subset minus that of the empty one
    """
    n = len(modalities)
    weights: dict[Subset, float] = {}
    for subset in subsets_of([m for m in modalities if m != modality]):
        weight = factorial(len(subset)) * factorial(n - len(subset) - 1) / factorial(n)
        weights[subset | {modality}] = weight
        weights[subset] = -weight
    return weights


def split_weights(shared: Subset, modalities: Sequence[str]) -> dict[Subset, float]:
    """The weight of each subset's value in what exactly the modalities of `shared` have in common.

    Numerics of one modality: full minus the full without it. All parts add up to full minus empty, and a modality's
             Shapley value is the sum of its parts, each divided by the number of its modalities. A part is negative
             where modalities are worth more together than apart
    """
    others = frozenset(modalities) - shared
    order = [m for m in modalities if m in shared]
    return {others | chosen: -((-1.0) ** len(chosen)) for chosen in subsets_of(order)}


def weighted_sum(values: Mapping[Subset, Any], weights: Weights) -> Any:
    """The sum of the values of some subsets, each times its weight."""
    parts = [values[subset] * weight for subset, weight in weights.items()]
    return sum(parts[1:], parts[0])
