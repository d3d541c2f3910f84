"""The still pictures of a page: patches whose place is known light up there."""

import base64
import io
import re

import numpy as np
import pytest

from tests.browser.planted import patch, planted_values
from tests.plots.seen_places import SIDES, box_of, seen_places
from tribe_np.cortex import as_series
from tribe_np.plots.pages.page_layers import PageLayer
from tribe_np.plots.pages.page_pictures import VIEWS_OF_STILL, still_pictures
from tribe_np.plots.views import view_of

pytestmark = pytest.mark.extras


def test_a_patch_lights_its_place_in_a_still_picture() -> None:
    from PIL import Image

    layer = PageLayer(as_series(planted_values(2, patch_row=0, ramp_row=1)), "prediction")
    found = re.findall(r"data:image/webp;base64,([^\"]+)", still_pictures(layer, None, percentile=99))
    assert len(found) == 2
    with Image.open(io.BytesIO(base64.b64decode(found[0]))) as opened:
        views = np.split(np.asarray(opened.convert("RGBA")).astype(int), len(VIEWS_OF_STILL), axis=1)
    for name, picture in zip(VIEWS_OF_STILL, views, strict=True):
        place, side = name.split("_")
        redness = SIDES[side] * (picture[..., 0] - picture[..., 2])
        is_brain = picture[..., 3] > 128
        x, y = np.round(seen_places(view_of(name), box_of(is_brain))[patch(place, side)].mean(axis=0)).astype(int)
        assert (redness[y - 1 : y + 2, x - 1 : x + 2] > 25).all(), f"{name} is not lit at {x}, {y}"
        assert redness[is_brain].min() > -30, "the other hemisphere is not seen"
        assert 0.005 < (redness[is_brain] > 40).mean() < 0.3
