"""What `tribe-np convert` writes, loaded by the reference's own model from nothing but the folder.

tribev2 is not on PyPI: its own class is used where a checkout is on the PYTHONPATH, the same module composed from
neuraltrain's and x-transformers' parts everywhere.
"""

import importlib.util
import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.parity

NO_CHECKOUT = "no checkout of facebookresearch/tribev2 on the PYTHONPATH"
NEEDS_CHECKOUT = pytest.mark.skipif(importlib.util.find_spec("tribev2") is None, reason=NO_CHECKOUT)


def model_of(folder: Path, peer: str) -> Any:
    """The reference's model, untrained, as config.yaml and build_args.json of a converted folder describe it."""
    from tools.reference.encoder_cases import Case
    from tools.reference.encoder_peer import composed, upstream_model
    from tribe_np.formats.config_yaml import read_config_yaml

    brain = read_config_yaml(folder / "config.yaml")["brain_model_config"]
    case = Case(peer, brain, json.loads((folder / "build_args.json").read_text()), {}, {}, None)
    return {"composed": composed, "tribev2": upstream_model}[peer](case)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("peer", ["composed", pytest.param("tribev2", marks=NEEDS_CHECKOUT)])
def test_the_reference_loads_the_converted_folder_strictly(tmp_path: Path, peer: str) -> None:
    import torch
    from safetensors.torch import load_file

    from tribe_np.cli.main import main
    from tribe_np.encoder.random import write_random

    dims = {"video": (2, 7), "text": (2, 5), "image": None, "audio": (3, 4)}
    write_random(tmp_path / "training", seed=5, feature_dims=dims, n_outputs=33, n_output_timesteps=6, hidden=384)
    trained = model_of(tmp_path / "training", peer)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.normal_()
    state = OrderedDict((f"model.{name}", tensor) for name, tensor in trained.state_dict().items())
    build_args = {"feature_dims": dims, "n_outputs": 33, "n_output_timesteps": 6}
    torch.save({"state_dict": state, "model_build_args": build_args}, tmp_path / "training" / "best.ckpt")
    out = tmp_path / "out"
    assert main(["convert", str(tmp_path / "training" / "best.ckpt"), str(out), "--quiet"]) == 0

    loaded = model_of(out, peer)
    loaded.load_state_dict(load_file(out / "model.safetensors"), strict=True)
    expected, found = trained.state_dict(), loaded.state_dict()
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        np.testing.assert_array_equal(found[name].numpy(), tensor.numpy(), strict=True, err_msg=name)
    assert list(loaded.projectors) == ["video", "text", "audio"]  # the order of the features, which decides the columns
