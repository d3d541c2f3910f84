"""Shapley values and the split, against their definitions over orders and over sets."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.analysis.contributions.subset_values import (
    Subset,
    shapley_weights,
    split_weights,
    subset_name,
    subsets_of,
    weighted_sum,
)

NAMES = ("text", "audio", "video", "image")


def values_of(n: int, seed: int) -> dict[Subset, float]:
    """A value for every subset of n modalities, that of the empty one not zero."""
    rng = np.random.default_rng(seed)
    return {subset: float(rng.normal()) for subset in subsets_of(NAMES[:n])}


def mean_over_orders(values: dict[Subset, float], modality: str, modalities: tuple[str, ...]) -> float:
    """The definition: what a modality adds to those before it, averaged over all orders in which they may come."""
    added = []
    for order in permutations(modalities):
        before = frozenset(order[: order.index(modality)])
        added.append(values[before | {modality}] - values[before])
    return sum(added) / len(added)


@given(st.integers(1, 4), st.integers(0, 1000))
def test_shapley_is_the_mean_over_all_orders(n: int, seed: int) -> None:
    values, names = values_of(n, seed), NAMES[:n]
    for name in names:
        found = weighted_sum(values, shapley_weights(name, names))
        assert found == pytest.approx(mean_over_orders(values, name, names), abs=1e-12)


@given(st.integers(1, 4), st.integers(0, 1000))
def test_all_add_up_to_full_minus_empty(n: int, seed: int) -> None:
    values, names = values_of(n, seed), NAMES[:n]
    whole = values[frozenset(names)] - values[frozenset()]
    assert sum(weighted_sum(values, shapley_weights(m, names)) for m in names) == pytest.approx(whole, abs=1e-12)
    parts = [weighted_sum(values, split_weights(shared, names)) for shared in subsets_of(names)[1:]]
    assert sum(parts) == pytest.approx(whole, abs=1e-12)


@given(st.integers(1, 4), st.integers(0, 1000))
def test_a_shapley_value_is_its_parts_shared_evenly(n: int, seed: int) -> None:
    values, names = values_of(n, seed), NAMES[:n]
    split = {shared: weighted_sum(values, split_weights(shared, names)) for shared in subsets_of(names)[1:]}
    for name in names:
        evenly = sum(part / len(shared) for shared, part in split.items() if name in shared)
        assert weighted_sum(values, shapley_weights(name, names)) == pytest.approx(evenly, abs=1e-12)


def test_the_split_is_that_of_sets() -> None:
    areas = {shared: i + 1.0 for i, shared in enumerate(subsets_of(NAMES[:3])[1:])}  # parts of a Venn diagram
    covered = {s: sum(area for shared, area in areas.items() if shared & s) for s in subsets_of(NAMES[:3])}
    for shared, area in areas.items():
        assert weighted_sum(covered, split_weights(shared, NAMES[:3])) == pytest.approx(area)


def test_a_modality_that_adds_nothing_has_nothing() -> None:
    values = {s: float("audio" in s) * 2 for s in subsets_of(NAMES[:3])}
    assert weighted_sum(values, shapley_weights("text", NAMES[:3])) == 0
    assert weighted_sum(values, shapley_weights("audio", NAMES[:3])) == pytest.approx(2)


def test_seven_subsets_and_the_empty_one_have_names() -> None:
    names = [subset_name(s, NAMES[:3]) for s in subsets_of(NAMES[:3])]
    assert names == ["none", "text", "audio", "video", "text+audio", "text+video", "audio+video", "text+audio+video"]
