"""The cases whose gradients are compared take every option of the encoder, where it acts."""

import re
from dataclasses import fields
from typing import Any

import pytest

from tools.reference.encoder_cases import Case, edge_cases, random_case
from tools.reference.option_cases import option_cases
from tribe_np.encoder.config import (
    EncoderConfig,
    MlpConfig,
    SubjectLayersConfig,
    TemporalSmoothingConfig,
    TransformerConfig,
)

PARTS = {
    "model": EncoderConfig, "projector": MlpConfig, "combiner": MlpConfig, "encoder": TransformerConfig,
    "temporal_smoothing": TemporalSmoothingConfig, "subject_layers": SubjectLayersConfig,
    "subjects in front": SubjectLayersConfig,
}  # fmt: skip
WORDS = {"true": True, "false": False, "null": None}
NEVER = {  # (part, option, value): why it cannot act
    ("encoder", "cross_attend", True): "refused: it needs a context",
    ("model", "subject_layers", None): "refused: it is the predictor",
    **{(part, "init_id", True): "training starts from it" for part in ("subject_layers", "subjects in front")},
}


def choices(part: str) -> set[tuple[str, str, Any]]:
    """(part, option, value) of each option that is a choice: flags, names, and null."""
    found = set()
    for field in fields(PARTS[part]):
        check = field.metadata["check"]
        values = [WORDS.get(word, word) for word in re.split(", | or ", check.expected)]
        found |= {(part, field.name, value) for value in values if check.is_good(value)}
    return found


def acting(case: Case) -> set[tuple[str, str, Any]]:
    """The choices of a case, without those of parts that do not run: a projector's norm without hidden layers."""
    config, front = case.config, case.config["projector"]
    parts = {"model": config, "subject_layers": config["subject_layers"]}
    parts["temporal_smoothing"] = config["temporal_smoothing"] or {}
    if front["name"] == "SubjectLayers":
        parts["subjects in front"] = front
    else:
        parts["projector"] = front if front["hidden_sizes"] else {"hidden_sizes": None}
    if not config["linear_baseline"]:
        parts["encoder"], combiner = config["encoder"], config["combiner"] or {"hidden_sizes": None}
        parts["combiner"] = combiner if combiner["hidden_sizes"] else {"hidden_sizes": None}
    return {
        (part, name, value)
        for part, options in parts.items()
        for name, value in options.items()
        if value is None or isinstance(value, (bool, str))
    }


@pytest.fixture(scope="module")
def seen() -> set[tuple[str, str, Any]]:
    return set().union(*map(acting, [*map(random_case, range(24)), *edge_cases(), *option_cases()]))


@pytest.mark.parametrize("part", PARTS)
def test_every_choice_acts_somewhere(part: str, seen: set[tuple[str, str, Any]]) -> None:
    wanted = choices(part) - NEVER.keys() - {(part, "input_size", None)}
    assert wanted
    assert not wanted - seen


def test_the_list_of_choices_is_read_from_the_configuration() -> None:
    assert {("projector", "norm_layer", None), ("projector", "norm_layer", "unit")} < choices("projector")
    assert {("encoder", "causal", True), ("encoder", "causal", False)} < choices("encoder")
    assert {("model", "low_rank_head", None), ("model", "extractor_aggregation", "stack")} < choices("model")
