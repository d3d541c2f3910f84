"""The engines by the names that `jobs/*.json` has. A new one is one row here, and a class beside the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tribe_np.batch.engines.engine import LastingEngine
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from tribe_np.batch.study import Study


@dataclass(frozen=True)
class EngineRecord:
    """An engine: where it is, and how it is called.

    Fields   place: "module:Class" below `tribe_np.batch.engines`; the class has `reopened(study, options)`;
             command: of `tribe-np batch`, that sends with it; outlives_us: its jobs go on when the process that sent
             them has ended, so that `retry` may send some and end
    """

    place: str
    command: str
    outlives_us: bool


ENGINES: dict[str, EngineRecord] = {"slurm": EngineRecord("slurm_engine:SlurmEngine", "submit", outlives_us=True)}


def reopened_engine(name: str, study: "Study", options: Mapping[str, Any]) -> LastingEngine:
    """An engine as an earlier call had it, to ask how its jobs stand, or to send with again where it is a lasting one.

    Raises   ConfigError for an unknown name; MissingDependencyError, TribeError from the engine
    """
    if name not in ENGINES:
        known = ", ".join(sorted(ENGINES)) or "none"
        raise ConfigError(f"{study.jobs}: names an engine {name!r:.40} that this version does not know ({known})")
    module, _, kind = ENGINES[name].place.partition(":")
    found: LastingEngine = getattr(import_module(f"tribe_np.batch.engines.{module}"), kind).reopened(study, options)
    return found
