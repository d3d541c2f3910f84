"""The long part of the diagnosis: every mistake in every kit, from all taps and from the output alone."""

import pytest

from tests.oracle.planted_mistakes import SMALL_FIRST, numbers_of, output_of, planted, the_kit
from tests.oracle.test_diagnosis import PAIRS
from tools.mistake_matrix import PAGE, all_kits, mistakes_page, seen_in
from tribe_np.oracle.budget.honest_variants import HELD_OUT, HONEST, HonestVariant
from tribe_np.oracle.diagnose.diagnosing import diagnose
from tribe_np.oracle.diagnose.distances import kit_distances
from tribe_np.oracle.diagnose.mistake_catalogue import applicable
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_runs import run_setup

pytestmark = pytest.mark.oracle
CASES = [(model, case.name) for model in SMALL_FIRST for case in kit_model(model).cases]


@pytest.mark.parametrize(("model", "case"), CASES)
def test_planted_mistakes_are_named_from_all_taps(model: str, case: str) -> None:
    """Where two are the same to every tap, both are; where one is within the bounds, none is."""
    kit = the_kit(model, case)
    wrong = {}
    for mistake in applicable(kit.setup):
        found = diagnose(kit, numbers_of(planted(kit, mistake.id)))
        groups = [one.ids for finding in found.findings for group in finding.groups for one in group]
        if found.findings and ((mistake.id,) not in groups or found.unexplained):
            wrong[mistake.id] = str(found)
    assert wrong == {}


@pytest.mark.parametrize("model", SMALL_FIRST)
def test_planted_mistakes_are_named_from_the_output_alone(model: str) -> None:
    kit = the_kit(model)
    distances = kit_distances(kit)
    unclear = {name for pair in distances.same_output() for name in pair}
    wrong = {}
    for name in distances.moved:
        found = diagnose(kit, output_of(kit, numbers_of(planted(kit, name))))
        is_sure = distances.is_seen(name) and name not in unclear
        if found.named != (name,) if is_sure else not set(found.named) <= {name}:
            wrong[name] = str(found)
    assert wrong == {}


@pytest.mark.parametrize(("model", "one", "other"), PAIRS)
def test_two_mistakes_are_both_named_from_the_output_alone(model: str, one: str, other: str) -> None:
    kit = the_kit(model)
    found = diagnose(kit, output_of(kit, numbers_of(planted(kit, one, other))))
    assert set(found.named) == {one, other}, str(found)


@pytest.mark.parametrize("variant", [*HONEST, *HELD_OUT], ids=lambda variant: variant.name)
@pytest.mark.parametrize("model", SMALL_FIRST)
def test_a_right_port_is_never_accused(model: str, variant: HonestVariant) -> None:
    if not variant.is_available:
        pytest.skip("its kernels need a package that is not there")
    for case in kit_model(model).cases[:4]:
        kit = the_kit(model, case.name)
        with variant.around():
            theirs = dict(run_setup(variant(kit.setup)).taps.arrays)
        streams = {name: theirs[name] for name in theirs if name.endswith(".output")}
        for numbers in (theirs, streams, output_of(kit, theirs)):
            found = diagnose(kit, numbers)
            assert found.findings == (), f"{case.name}: {found}"


def test_the_page_of_mistakes_is_what_the_kits_show() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert mistakes_page(text, seen_in(all_kits())) == text, "run python -m tools.mistake_matrix --write"
