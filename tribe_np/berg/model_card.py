"""The model card, in the layout of BERG's cards, and what of it the code relies on: names of models and of areas.

Source   BERG's model card of TRIBE v2, whose title and whose list of valid values spell the name differently
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted

CARD = Path(__file__).with_name("model_card.yaml")
MODEL_IDS = ("fmri-dascoli_2026-tribe_v2", "fmri-multi_study-tribe_v2")
N_VERTICES = 20484  # of both hemispheres of fsaverage5


def checked_id(model_id: str) -> str:
    """The name of the model, in either spelling.

    Raises   ConfigError for any other
    """
    if model_id not in MODEL_IDS:
        raise ConfigError(
            f"model {quoted(model_id)} is unknown; known is TRIBE v2, as {' or '.join(MODEL_IDS)}"
            f"{did_you_mean(str(model_id), MODEL_IDS)}"
        )
    return model_id


@cache
def model_card() -> dict[str, Any]:
    """The card; nobody may change it."""
    card: dict[str, Any] = yaml.safe_load(CARD.read_text(encoding="utf-8"))
    return card


def described(model_id: str) -> dict[str, Any]:
    """A copy of the card, whose description is printed.

    Raises   ConfigError for an unknown model
    """
    card = model_card()
    print(f"{checked_id(model_id)}\n\n{card['description']}")
    return dict(card)


@cache
def areas() -> tuple[str, ...]:
    """The 180 areas of HCP-MMP1 in its authors' order: a name's place is its number in `roi_assignments`."""
    return tuple(model_card()["parameters"]["selection"]["properties"]["roi"]["valid_values"])
