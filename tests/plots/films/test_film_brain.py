"""The cortex of a film: patches whose place is known light up there, in every view, in their colours."""

from pathlib import Path

import numpy as np
import pytest

from tests.browser.planted import patch, planted_values
from tests.plots.seen_places import SIDES, box_of, seen_places
from tribe_np.plots.films.film_brain import NAME_HEIGHT
from tribe_np.plots.films.film_planning import FilmPlan, planned
from tribe_np.plots.films.film_text import NIGHT
from tribe_np.plots.films.film_wishes import film_form
from tribe_np.plots.views import views_named

pytestmark = pytest.mark.extras
VIEWS = views_named(["lateral", "medial", "dorsal", "ventral", "anterior", "posterior"])


@pytest.fixture(scope="module")
def plan() -> FilmPlan:
    """Of a film of one row of patches on nothing, and one of a ramp."""
    return planned(
        planted_values(2, patch_row=0, ramp_row=1), film_form(Path("a.mp4"), (1280, 720), None), views=VIEWS,
        align="stimulus", start=None, stop=None, timeline=None, stimulus=None, beside=None, minus=None, names=None,
        parcellation=None, labels=None, surface="half", subjects_dir=None, title=None, colours={"fade": None},
    )  # fmt: skip


def tile(plan: FilmPlan, number: int, seconds: float) -> np.ndarray:
    """What is drawn of a view, (height, width, 3) int, without its name."""
    film_frame = plan.scene.at(seconds, None).astype(int)
    return film_frame[plan.layout.tiles[0][number].window][plan.layout.px(NAME_HEIGHT) :]


def is_brain(picture: np.ndarray) -> np.ndarray:
    """Where there is no night, (height, width)."""
    found: np.ndarray = np.abs(picture - np.array(NIGHT)).max(axis=2) > 40
    return found


@pytest.mark.parametrize("number", range(len(VIEWS)), ids=[view.name for view in VIEWS])
def test_a_patch_lights_its_place_on_a_film(plan: FilmPlan, number: int) -> None:
    view = VIEWS[number]
    picture = tile(plan, number, 0.0)
    redness = picture[..., 0] - picture[..., 2]
    places = seen_places(view, box_of(is_brain(picture)))
    for side, sign in SIDES.items():
        if side not in view.hemispheres:
            assert (sign * redness).max() < 30, f"something of the {side} hemisphere is seen"
            continue
        x, y = np.round(places[patch(view.name.split("_")[0], side)].mean(axis=0)).astype(int)
        around = redness[y - 2 : y + 3, x - 2 : x + 3]
        assert (sign * around > 40).mean() > 0.8, f"the {side} patch is not lit at {x}, {y}"
        assert 0.001 < (sign * redness > 40).mean() < 0.25


def test_the_colours_of_a_ramp_come_in_order_on_a_film(plan: FilmPlan) -> None:
    number = [view.name for view in VIEWS].index("lateral_right")
    picture = tile(plan, number, 1.0)
    left, top, right, bottom = box_of(is_brain(picture))
    row = picture[(top + bottom) // 2, left + 3 : right - 3]
    redness = (row[:, 0] - row[:, 2]) / row.max(axis=1)
    assert redness[: len(row) // 4].max() < 0 < redness[-len(row) // 4 :].min(), "blue behind, red in front"
    middle = redness[len(row) // 4 : -len(row) // 4]
    assert np.corrcoef(np.arange(len(middle)), middle)[0, 1] > 0.95
