"""Which kits bounds are measured on: each case of a model, many layers of the small one, and two of full width."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tribe_np.encoder.random import merged
from tribe_np.oracle.budget.bounds import DEEP, EPS, RELEASED, MeasuredTap
from tribe_np.oracle.budget.honest_variants import HONEST, HonestVariant
from tribe_np.oracle.budget.measuring import measured_errors
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kits.kit import Kit, case_of, make_kit, planned_kit, with_expected

MANY_LAYERS: Mapping[str, Mapping[str, Any]] = {
    "encoder": {"brain_model_config": {"encoder": {"depth": 12, "heads": 2}}},
    "llama": {"num_hidden_layers": 28},
    "wav2vec_bert": {"num_hidden_layers": 24},
    "vjepa2": {"num_hidden_layers": 40},
    "dinov2": {"num_hidden_layers": 24},
}
"""What makes a model's small configuration as deep as the released one, or deeper."""
FULL_WIDTH: Mapping[str, Mapping[str, Any]] = {
    "encoder": {"steps": 24},
    "llama": {},
    "wav2vec_bert": {},
    "vjepa2": {"frames": 2},
    "dinov2": {"height": 112, "width": 112},
}
"""Sizes that differ from those of released kits: fewer tokens, since errors grow with widths."""
FULL_LENGTH = ("encoder",)
"""Whose angles are of the step: what float32 makes of 200 of them is more than of 24."""
LARGE: Mapping[str, int] = {"long": 2, RELEASED: 2}
"""Seeds of kits that hold as many numbers as hundreds of small ones, fewer than of those."""
FEW = (HONEST[0], HONEST[3], HONEST[5], HONEST[9], HONEST[12])
"""Variants that tell whether two cases are alike."""
ALIKE, FAR = 2.0, 8.0
"""How much larger, and smaller, an error may be than that of a case whose bounds it shares."""


def bound_kit(model: str, case: str, seed: int) -> Kit:
    """The kit of a case; "deep" has many layers of the small widths, "released" the first two of the released model.

    Raises   ConfigError for an unknown model or case
    """
    record = kit_model(model)
    if case == DEEP and model in MANY_LAYERS:
        config = merged(record.tiny, MANY_LAYERS[model])
        return with_expected(replace(planned_kit(model, config, record.cases[0].sizes, seed=seed), case=case))
    if case == RELEASED and model in FULL_WIDTH:
        sizes = {**record.released_sizes(), **FULL_WIDTH[model]}
        layers = None if model == "encoder" else (0, 2)
        kit = planned_kit(model, record.released(), sizes, seed=seed, layers=layers)
        return with_expected(replace(kit, case=case))
    case_of(model, case)
    return make_kit(model, case, seed=seed)


def bound_kits(model: str, case: str, seed: int) -> Iterator[Kit]:
    """The kits that a case's bounds are made of: `bound_kit`, and where that is short, a layer of the full length."""
    yield bound_kit(model, case, seed)
    if case == RELEASED and model in FULL_LENGTH:
        record = kit_model(model)
        yield with_expected(planned_kit(model, record.released(), record.released_sizes(), seed=seed, layers=(0, 1)))


def bound_cases(model: str) -> list[str]:
    """Every case that bounds are measured for."""
    more = [DEEP] * (model in MANY_LAYERS) + [RELEASED] * (model in FULL_WIDTH)
    return [*(case.name for case in kit_model(model).cases), *more]


def measured_case(
    model: str, case: str, seeds: Iterable[int], variants: Sequence[HonestVariant] = HONEST, precision: str = "float32"
) -> dict[str, MeasuredTap]:
    """The largest errors of honest variants at each tap of a case."""
    kits = (kit for seed in seeds for kit in bound_kits(model, case, seed))
    return measured_errors(kits, variants, precision).taps()


def is_alike(few: Mapping[str, MeasuredTap], full: Mapping[str, MeasuredTap], precision: str) -> bool:
    """Whether a case may have the bounds of another: that has each of its taps, with errors much like its own.

    few   the case's errors with the variants FEW; full the other's with all
    """
    if not set(few) <= set(full) or any(not set(few[name].accumulated) <= set(full[name].accumulated) for name in few):
        return False
    nothing = EPS[precision] / 2  # bounds have a floor: errors below it are alike
    for name, tap in few.items():
        pairs = [(error, full[name].accumulated[layer]) for layer, error in tap.accumulated.items()]
        for own, other in [*pairs, (tap.local, full[name].local)]:
            for small, large in ((own.rms, other.rms), (own.largest, other.largest)):
                if small > ALIKE * large + nothing or large > FAR * small + nothing:
                    return False
    return True


def measured_model(
    model: str, precision: str, seeds: Sequence[int], cases: Sequence[str], tell: Callable[[str], None]
) -> Iterator[tuple[str, dict[str, MeasuredTap] | str]]:
    """(case, its errors, or the name of the case whose errors it shares), one by one."""
    found: dict[str, dict[str, MeasuredTap]] = {}
    for case in cases:
        few = measured_case(model, case, seeds[:2], FEW, precision) if found and case not in LARGE else {}
        alike = [other for other, taps in found.items() if is_alike(few, taps, precision)] if few else []
        tell(f"{model}/{case}/{precision}" + (f" is like {alike[0]}" if alike else ""))
        if alike:
            yield case, alike[0]
            continue
        found[case] = measured_case(model, case, seeds[: LARGE.get(case)], HONEST, precision)
        yield case, found[case]
