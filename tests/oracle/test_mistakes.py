"""The registry of mistakes: each has an id of its own, says what it is, and changes a run without changing the kit."""

import numpy as np
import pytest

from tribe_np.oracle.diagnose.mistake_catalogue import FAMILIES, MISTAKES, applicable
from tribe_np.oracle.kit_models.kit_catalogue import MODELS
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import make_kit


def test_ids_are_unique_and_sentences_can_be_read() -> None:
    listed = [mistake for family in FAMILIES for mistake in family]
    assert len({mistake.id for mistake in listed}) == len(listed) == len(MISTAKES)
    for mistake in listed:
        assert mistake.id == mistake.id.lower()
        assert " " not in mistake.id
        for text in (mistake.sentence, mistake.right):
            assert text[-1] not in ".,:", f"{mistake.id}: a sentence is put into another one"
            assert len(text) <= 160, mistake.id


@pytest.mark.parametrize("model", MODELS)
def test_a_mistake_leaves_the_kit_as_it_is(model: str) -> None:
    kit = make_kit(model)
    for mistake in applicable(kit.setup):
        changed = mistake.apply(kit.setup)
        assert changed is not None
        run_setup(changed)
    again = run_setup(kit.setup).taps
    for name in kit.expected.names():
        np.testing.assert_array_equal(again[name], kit.expected[name], err_msg=name)
