"""docs/python.md against the code: every option of our own with its default, every key of run.json."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.options import Compat, PipelineConfig

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


def test_every_own_option_is_listed_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `tribe_np\.(\w+)` \| `([^`]*)` \|", PAGE, flags=re.M))
    defaults = PipelineConfig()
    shown = {f.name: repr(getattr(defaults, f.name)).replace("'", '"') for f in fields(PipelineConfig)}
    shown["compat"] = "None"
    assert defaults.compat == Compat()
    assert listed == shown


@pytest.mark.extras
def test_every_key_of_run_json_is_listed(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    given = ("predict", demo.clip, "--out", tmp_path / "out", "--models", demo.models, "--transcript", demo.transcript)
    run = json.loads(command_here(*given, "--json", "--quiet").stdout)
    assert {"date", "cite", "models"} <= set(run)
    assert not {key for key in run if f"`{key}`" not in PAGE}
