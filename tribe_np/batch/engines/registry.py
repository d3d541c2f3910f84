"""The engines by the names that `jobs/*.json` has. A new one is one row here, and a class beside the others."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tribe_np.batch.engines.engine import Engine
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from tribe_np.batch.study import Study

ENGINES: dict[str, str] = {}
"""Name: "module:Class" below `tribe_np.batch.engines`. The class has `reopened(study, options) -> Engine`."""


def reopened_engine(name: str, study: "Study", options: Mapping[str, Any]) -> Engine:
    """An engine as an earlier call had it, to ask how its jobs stand, or to send with again.

    Raises   ConfigError for an unknown name; MissingDependencyError, TribeError from the engine
    """
    if name not in ENGINES:
        known = ", ".join(sorted(ENGINES)) or "none"
        raise ConfigError(f"{study.jobs}: names an engine {name!r:.40} that this version does not know ({known})")
    module, _, kind = ENGINES[name].partition(":")
    found: Engine = getattr(import_module(f"tribe_np.batch.engines.{module}"), kind).reopened(study, options)
    return found
