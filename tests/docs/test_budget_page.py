"""docs/budget.md is what the measured data says."""

import json
import re

from tools.budget_page import DATA, PAGE, page
from tribe_np.oracle.budget.bounds import bounds_content, measured_sets
from tribe_np.oracle.budget.half_precision import POINTS
from tribe_np.oracle.budget.honest_variants import HONEST
from tribe_np.oracle.kit_models.kit_catalogue import MODELS

TEXT = PAGE.read_text("utf-8")


def test_the_page_is_made_from_the_data() -> None:
    assert page(TEXT, json.loads(DATA.read_text("utf-8"))) == TEXT, "run python -m tools.budget_page --write"


def test_it_names_every_model_variant_and_point() -> None:
    assert set(re.findall(r"^### (\w+)$", TEXT, flags=re.M)) >= set(MODELS)
    variants = " ".join(re.findall(r"^\| ([^|]+) \|", TEXT, flags=re.M))
    for variant in HONEST:
        assert variant.name.removeprefix("blocks of ") in variants
    assert [variant.name for variant in HONEST] == bounds_content()["made"]["variants"]
    plain = re.sub(r"\s+", " ", TEXT)
    assert all(point.partition(";")[0].partition(" (")[0] in plain for point in POINTS)


def test_the_data_is_whole() -> None:
    sets = measured_sets()
    for model in MODELS:
        for precision in ("float32", "bfloat16", "float16"):
            assert sets[model, "plain", precision]
    for taps in sets.values():
        for tap in taps.values():
            assert all(0 <= error.rms <= error.largest for error in [*tap.accumulated.values(), tap.local])
