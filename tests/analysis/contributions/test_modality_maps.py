"""What each modality contributes: known predictions give back what was put in, in blocks or at once."""

import numpy as np
import pytest

from tribe_np.analysis.contributions.modality_maps import ModalitySums
from tribe_np.analysis.contributions.predicted_subsets import modalities
from tribe_np.analysis.contributions.subset_values import Subset, shapley_weights, subsets_of, weighted_sum
from tribe_np.errors import ConfigError, ShapeError

THREE = ("text", "audio", "video")
R, V = 70, 6


def made(seed: int = 0) -> tuple[dict[Subset, np.ndarray], dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Predictions that are a course of each modality, something that takes two of them, and something always there."""
    rng = np.random.default_rng(seed)
    own = {m: rng.normal(size=(R, V)) * (k + 1) for k, m in enumerate(THREE)}
    both, always = rng.normal(size=(R, V)), rng.normal(size=(R, V))
    predictions = {}
    for subset in subsets_of(THREE):
        parts = [own[m] for m in subset] + ([both] if {"text", "video"} <= subset else [])
        predictions[subset] = np.sum([always, *parts], axis=0)
    return predictions, own, both, always


def rms(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt((rows**2).mean(axis=0))
    return found


def test_what_was_put_in_comes_out() -> None:
    predictions, own, both, always = made()
    maps = modalities(predictions)
    values = {"text": own["text"] + both / 2, "audio": own["audio"], "video": own["video"] + both / 2}
    full = predictions[frozenset(THREE)]
    for m in THREE:
        np.testing.assert_allclose(maps.shapley[m], rms(values[m]), rtol=1e-12)
        np.testing.assert_allclose(maps.mean[m], values[m].mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(maps.alone[m], rms(own[m]), rtol=1e-12)
        np.testing.assert_allclose(maps.lost[m], rms(own[m] + (both if m != "audio" else 0)), rtol=1e-12)
        alone = own[m] + always
        expected = [np.corrcoef(alone[:, v], full[:, v])[0, 1] for v in range(V)]
        np.testing.assert_allclose(maps.r_alone[m], expected, rtol=1e-12)
        change = full - always
        shares = [np.cov(values[m][:, v], change[:, v], bias=True)[0, 1] / change[:, v].var() for v in range(V)]
        np.testing.assert_allclose(maps.share[m], shares, rtol=1e-10)
    np.testing.assert_allclose(maps.change, rms(full - always), rtol=1e-12)
    assert (maps.n_rows, maps.n_vertices) == (R, V)


def test_everything_adds_up() -> None:
    predictions, *_ = made(1)
    maps = modalities(predictions)
    change = predictions[frozenset(THREE)] - predictions[frozenset()]
    by_row = sum(weighted_sum(predictions, shapley_weights(m, THREE)) for m in THREE)
    np.testing.assert_allclose(by_row, change, atol=1e-14)
    assert maps.gap < 1e-14
    np.testing.assert_allclose(sum(maps.share.values()), 1, rtol=1e-12)
    np.testing.assert_allclose(sum(maps.mean.values()), change.mean(axis=0), atol=1e-14)


def test_blocks_of_any_size_give_the_same() -> None:
    predictions = {subset: rows.astype(np.float32) for subset, rows in made(2)[0].items()}
    whole = modalities(predictions)
    for size in (1, 7, 33, 64):
        sums = ModalitySums(THREE, V)
        for first in range(0, R, size):
            sums.add({subset: rows[first : first + size] for subset, rows in predictions.items()})
        found = sums.maps()
        for name in ("lost", "alone", "shapley", "share", "mean", "r_alone"):
            for m in THREE:
                np.testing.assert_allclose(getattr(found, name)[m], getattr(whole, name)[m], rtol=1e-10, atol=1e-15)


def test_what_does_nothing_is_exactly_nothing() -> None:
    rng = np.random.default_rng(3)
    rows = {True: rng.normal(size=(R, V)), False: rng.normal(size=(R, V))}
    maps = modalities({s: rows["audio" in s] for s in subsets_of(THREE)})
    for m in ("text", "video"):
        assert not maps.lost[m].any()
        assert not maps.alone[m].any()
        assert maps.shapley[m].max() < 1e-15
    assert maps.strongest.tolist() == [1] * V
    assert maps.r_alone["audio"].tolist() == pytest.approx([1] * V)


def test_what_never_varies_has_no_share_and_no_r() -> None:
    predictions, *_ = made(4)
    for subset, rows in predictions.items():
        rows[:, 2] = 0.1 * len(subset)
    maps = modalities(predictions)
    assert all(np.isnan(maps.r_alone[m]).tolist() == [v == 2 for v in range(V)] for m in THREE)
    assert maps.n_without_r == dict.fromkeys(THREE, 1)
    assert all(np.isnan(maps.share[m][2]) for m in THREE)
    assert [maps.shapley[m][2] for m in THREE] == pytest.approx([0.1] * 3)


def test_what_cannot_be_taken_is_refused() -> None:
    predictions, *_ = made()
    with pytest.raises(ConfigError, match="two modalities or more, got text"):
        ModalitySums(("text",), V)
    gone = (frozenset(), frozenset({"audio", "video"}))
    with pytest.raises(ShapeError, match=r"predictions lack none, audio\+video; every subset"):
        modalities({s: rows for s, rows in predictions.items() if s not in gone})
    with pytest.raises(ShapeError, match=r"the prediction of text\+video has shape \(3, 6\), expected \(70, 6\)"):
        modalities({**predictions, frozenset({"text", "video"}): np.zeros((3, V))})
    with pytest.raises(ShapeError, match="need 2 rows or more, got 1"):
        modalities({s: rows[:1] for s, rows in predictions.items()})
    with pytest.raises(ConfigError, match="two modalities or more, got none"):
        modalities({})
