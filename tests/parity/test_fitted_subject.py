"""A checkpoint with a fitted subject in the real libraries: loaded strictly, and the subject predicted as here."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import write_random
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.pipeline.fitting.fitted_checkpoint import PersonHead, write_fitted_checkpoint

pytestmark = pytest.mark.parity
NO_CHECKOUT = "no checkout of facebookresearch/tribev2 on the PYTHONPATH"
RANK, N_OUTPUTS = 40, 30


def fitted_case(folder: Path, *, alone: bool, subjects: list[int] | None) -> Any:
    """The written folder as a case: its own configuration, build arguments and weights."""
    from tools.reference.encoder_cases import Case

    random = np.random.default_rng(3)
    dims = {"text": (2, 5), "audio": (1, 4)}
    write_random(
        folder / "source", seed=2, feature_dims=dims, n_outputs=N_OUTPUTS, n_output_timesteps=4, hidden=64, depth=1,
        heads=2, low_rank_head=RANK, max_seq_len=40, brain={"subject_layers": {"n_subjects": 2}},
    )  # fmt: skip
    person = PersonHead("anna", random.normal(size=(RANK, N_OUTPUTS)), random.normal(size=N_OUTPUTS))
    write_fitted_checkpoint(folder / "source", folder / "anna", person, {}, alone=alone)
    opened = open_checkpoint(folder / "anna")
    config = dict(opened.brain_model_config)
    if subjects is None:  # as upstream's from_pretrained does
        config["subject_layers"] = dict(config["subject_layers"], average_subjects=True, n_subjects=0)
    features = {m: random.normal(size=(3, *pair, 8)).astype(np.float32) for m, pair in dims.items()}
    weights = dict(load_file(folder / "anna" / "model.safetensors"))
    index = None if subjects is None else np.array(subjects)
    return Case("fitted subject", config, dict(opened.build_args), weights, features, index)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("alone", "subjects"), [(False, [2, 0, 3]), (False, [2, 2, 2]), (True, None)])
def test_the_real_model_loads_it_strictly_and_predicts_the_person(
    alone: bool, subjects: list[int] | None, tmp_path: Path
) -> None:
    from tools.reference.encoder import compare_case

    rows = compare_case(fitted_case(tmp_path, alone=alone, subjects=subjects))
    assert rows
    assert not [(row.stage, row.float32, row.bound, row.float64) for row in rows if not row.passes()]


@pytest.mark.skipif(importlib.util.find_spec("tribev2") is None, reason=NO_CHECKOUT)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("is_trained", [False, True])
def test_upstreams_from_pretrained_opens_best_ckpt_and_predicts_the_person(
    alone: bool, is_trained: bool, tmp_path: Path
) -> None:
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    import torch
    from tribev2.demo_utils import TribeModel as UpstreamModel

    case = fitted_case(tmp_path, alone=alone, subjects=[0 if alone else 2] * 3)
    if is_trained:
        trained = {name: np.array(x) * np.float32(1.1) for name, x in case.state_dict.items()}
        person = PersonHead("berta", trained["predictor.weights"][0], trained["predictor.bias"][0])
        write_fitted_checkpoint(tmp_path / "anna", tmp_path / "berta", person, {}, alone=alone, trained=trained)
    folder = tmp_path / ("berta" if is_trained else "anna")
    model = UpstreamModel.from_pretrained(
        folder, device="cpu", cache_folder=tmp_path / "cache", config_update={"data.num_workers": 0}
    )
    ours = FmriEncoder.from_pretrained(folder)
    index = None if alone else np.array([0 if is_trained else 2] * 3)
    batch = {m: torch.from_numpy(x) for m, x in case.features.items()} | {"subject_id": torch.zeros(3, 1).long()}
    with torch.inference_mode():
        found = model._model(SimpleNamespace(data=batch)).numpy()
    expected = ours(case.features, index)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
