"""Kits as `oracle dump` asks for them: of a small model, the released one, or a person's own configuration or model."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_models.kit_model import KitModel, KitRecipe
from tribe_np.oracle.kits.kit import Kit, case_of, is_large, make_kit, only_layers, planned_kit, with_expected
from tribe_np.oracle.kits.kit_files import sha256_of_file
from tribe_np.oracle.kits.lazy_tensors import FileTensor
from tribe_np.shown import quoted

TINY, RELEASED = "tiny", "released"


@dataclass(frozen=True)
class KitWish:
    """What kit is asked for.

    Fields   config "tiny", "released", a configuration file or a model folder; case of the model; layers (first, stop)
             that it holds alone; summary whether it holds summaries of the taps, None: where the weights are many
    """

    model: str
    config: str = TINY
    case: str = "plain"
    seed: int = 0
    layers: tuple[int, int] | None = None
    summary: bool | None = None


def wished_kit(wish: KitWish) -> Kit:
    """The kit, with what is expected.

    Raises   ConfigError, CheckpointError, naming the file
    """
    try:
        kit = _planned(wish)
        return with_expected(kit, summary=is_large(kit) if wish.summary is None else wish.summary)
    except (KeyError, ConfigError, CheckpointError) as error:
        if wish.config in (TINY, RELEASED) or wish.config in str(error):
            raise
        if isinstance(error, KeyError):
            what = f"has no {quoted(error.args[0])}; expected a configuration such as config.json of a {wish.model} kit"
            raise ConfigError(f"{wish.config}: {what}") from error
        raise ConfigError(f"{wish.config}: {error}") from error


def _planned(wish: KitWish) -> Kit:
    if wish.config == TINY:
        return _of_case(wish)
    record = kit_model(wish.model)
    if wish.config == RELEASED:
        if wish.case != "plain":
            raise ConfigError(f"kits of the released model have one case; leave --case {wish.case} out")
        kit = _plan(wish, record.released(), record.released_sizes())
        return replace(kit, case=RELEASED, origin=RELEASED, meaning=(record.released.__doc__ or "").strip().rstrip("."))
    path, case = Path(wish.config), case_of(wish.model, wish.case)
    if os.path.isdir(path):
        return replace(_of_folder(wish, record, path), case=case.name, origin="folder", meaning=case.meaning)
    if not os.path.lexists(path):
        raise ConfigError(f"--config {path}: no such file or folder; expected {TINY}, {RELEASED}, a file or a folder")
    kit = _plan(wish, record.config_of_file(path), case.sizes)
    return replace(kit, case=case.name, origin="config", meaning=case.meaning)


def _of_case(wish: KitWish) -> Kit:
    kit = make_kit(wish.model, wish.case, seed=wish.seed)
    return kit if wish.layers is None else only_layers(kit, *wish.layers)


def _plan(
    wish: KitWish, config: Mapping[str, Any], sizes: Mapping[str, Any],
    own_weights: Callable[[KitRecipe], Mapping[str, Any]] | None = None,
) -> Kit:  # fmt: skip
    return planned_kit(
        wish.model, config, sizes, seed=wish.seed, layers=wish.layers, lazy=True, own_weights=own_weights
    )


def _of_folder(wish: KitWish, record: KitModel, folder: Path) -> Kit:
    config, entries = record.folder_of_model(folder)

    def own(recipe: KitRecipe) -> dict[str, FileTensor]:
        return {name: FileTensor.of(entry) for name, entry in taken_entries(recipe, entries).items()}

    kit = _plan(wish, config, case_of(wish.model, wish.case).sizes, own)
    lazy: Mapping[str, Any] = kit.weights
    used = sorted({tensor.entry.path for tensor in lazy.values()})
    return replace(kit, weight_files={path.name: sha256_of_file(path) for path in used})


def taken_entries(recipe: KitRecipe, entries: Mapping[str, TensorEntry]) -> dict[str, TensorEntry]:
    """The tensors of a folder by the recipe's names, with or without the prefix that files of a model with a head have.

    One that is not there is left out: what a model cannot do without it names itself.
    """
    without = {name.partition(".")[2]: name for name in entries}
    found = {}
    for name in [*(tensor.name for tensor in recipe.weights), *recipe.stored]:
        for there in (name, without.get(name, ""), name.partition(".")[2]):
            if there in entries:
                found[name] = entries[there]
                break
    return found
