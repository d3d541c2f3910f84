"""What can be imported from tribe_np.plots and, under upstream's names, from tribe_np itself."""

from importlib import import_module
from pathlib import Path

import pytest

import tribe_np
import tribe_np.plots
from tests.architecture.test_start import imported_by

OF_THE_COMMANDS = {"film", "page", "plot"}  # ours, not upstream's: tribe_np.plots.film, beside tribe-np film


@pytest.mark.parametrize("name", sorted(set(tribe_np.plots.__all__) - OF_THE_COMMANDS))
def test_upstreams_functions_are_importable_from_both(name: str) -> None:
    assert name in tribe_np.__all__
    assert getattr(tribe_np, name) is getattr(tribe_np.plots, name)


@pytest.mark.parametrize("package", ["tribe_np.cortex", "tribe_np.outputs", "tribe_np.plots"])
def test_every_public_name_is_there(package: str) -> None:
    module = import_module(package)
    for name in module.__all__:
        assert name in dir(module)
        assert getattr(module, name) is not None


def test_importing_the_room_imports_nothing_else(tmp_path: Path) -> None:
    assert not imported_by("import tribe_np.plots; dir(tribe_np.plots)", tmp_path) & {"numpy", "scipy", "matplotlib"}
