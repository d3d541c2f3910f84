"""Subsets of modalities, absent and zeroed, against neuraltrain's and x-transformers' live parts."""

import pytest

from tests.parity.bounds import stages_within_bounds

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(4))
def test_every_subset_is_theirs(seed: int) -> None:
    from tools.reference.subsets import compare

    assert len(stages_within_bounds(compare(seed))) == 16
