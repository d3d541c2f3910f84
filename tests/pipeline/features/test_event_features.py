"""Features that stay in the cache's files until a window needs them."""

from pathlib import Path

import numpy as np
import pytest

from tests.strategies import normal
from tribe_np.errors import CheckpointError
from tribe_np.pipeline.features.modality import EventFeatures, event_key
from tribe_np.pipeline.features.source import FeatureItems
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.timeline.events import Event

WORDS = normal(0, 5, 2, 3, dtype=np.float32)  # five words, two groups


def test_a_row_of_an_entry_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.store("k", {"features": WORDS})
    place = cache.place("k", "features")
    assert place is not None
    kept = [EventFeatures(place.row(n), 0.0, float(n), 0.5) for n in range(5)]
    for n, one in enumerate(kept):
        grid = one.grid()
        assert grid.data.tobytes() == WORDS[n].tobytes()
        assert (grid.frequency, grid.start, grid.duration) == (0.0, n, 0.5)
    place.path.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        kept[0].grid()


def test_without_a_cache_the_array_itself_is_kept() -> None:
    assert FeatureCache(None).place("k", "features") is None
    assert np.shares_memory(EventFeatures(WORDS[0], 0.0, 1.0, 0.5).grid().data, WORDS)


def test_looking_for_a_key_reads_nothing(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.store("k", {"features": normal(1, 2, 3, 8, dtype=np.float32)})
    place = cache.place("k", "features")
    assert place is not None
    here, other = (Event("Audio", start, 4.0, filepath="a.wav") for start in (0.0, 4.0))
    items = FeatureItems({event_key(here): EventFeatures(place, 2.0, 0.0, 4.0)})
    assert len(items) == 1
    assert list(items) == [event_key(here)]
    place.path.unlink()
    assert event_key(here) in items
    assert event_key(other) not in items
    with pytest.raises(CheckpointError):
        items[event_key(here)]
