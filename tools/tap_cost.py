"""What named intermediates cost while nobody listens, and what a trace of summaries holds; docs/taps.md has it.

    python -m tools.tap_cost [--models tiny,encoder,llama]

The calls of a pass are counted, and each kind is timed by itself on a context without listeners: the share of a pass is
too small to be told from two clocks. `encoder` is a window of the released size, `llama` one layer of the released
width on 64 tokens; all weights are random.
"""

import argparse
import sys
import tempfile
import timeit
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from extractors import LlamaModel
from extractors.llama.random import write_random
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import random_state_dict
from tribe_np.nn.context import Context
from tribe_np.oracle import trace
from tribe_np.oracle.kit_models.encoder_kit import BRAIN, BUILD
from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model
from tribe_np.oracle.kits.kit import make_kit

Pass = Callable[[], Any]
CALLS: dict[str, Callable[[Context, np.ndarray], Any]] = {
    "see": lambda ctx, x: ctx.see("query", x),
    "see_table": lambda ctx, x: ctx.see_table("cos", x),
    "at": lambda ctx, x: ctx.at("layers", 3),
    "asks": lambda ctx, x: ctx.asks("logits"),
}
HEADING = "| model | calls a pass | share of the time | a trace of summaries |\n|---|---|---|---|"


@dataclass(frozen=True)
class TapCost:
    """One model: calls of a pass by name, seconds of all of them and of the pass, bytes of its trace of summaries."""

    calls: Counter[str]
    seconds: float
    of_pass: float
    n_names: int
    n_bytes: int

    @property
    def row(self) -> str:
        """The last columns of the table."""
        n, share = sum(self.calls.values()), self.seconds / self.of_pass
        return f"{n} | {share:.1e} of {self.of_pass * 1e3:.1f} ms | {self.n_names} names, {self.n_bytes / 1e6:.2f} MB"


def seconds_of_calls(n_times: int = 20_000) -> dict[str, float]:
    """Seconds of one call of each kind, the fastest of five rounds."""
    ctx, x = Context(), np.zeros(1)
    return {
        name: min(timeit.repeat(lambda call=call: call(ctx, x), number=n_times, repeat=5)) / n_times  # type: ignore[misc]
        for name, call in CALLS.items()
    }


def counted(run: Pass) -> Counter[str]:
    """How often a pass calls each."""
    calls: Counter[str] = Counter()

    def counting(name: str) -> Any:
        real = getattr(Context, name)

        @wraps(real)
        def call(self: Context, *arguments: Any) -> Any:
            calls[name] += 1
            return real(self, *arguments)

        return call

    with ExitStack() as stack:
        for name in CALLS:
            stack.enter_context(patch.object(Context, name, counting(name)))
        run()
    calls["see"] -= calls["see_table"]  # which calls it
    return calls


def cost_of(run: Pass, seconds_a_call: dict[str, float]) -> TapCost:
    """Counts, times and records one pass."""
    calls = counted(run)
    of_pass = min(timeit.repeat(run, number=1, repeat=3))
    with trace(summary=True) as recording:
        run()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "trace.safetensors"
        recording.save(path)
        n_bytes = path.stat().st_size
    seconds = sum(n * seconds_a_call[kind] for kind, n in calls.items())
    return TapCost(calls, seconds, of_pass, len(recording), n_bytes)


def passes(chosen: list[str], folder: Path) -> Iterator[tuple[str, Pass]]:
    """The models that were asked for, each with a pass."""
    if "tiny" in chosen:
        for model in MODELS:
            setup = make_kit(model).setup
            yield f"{model}, tiny", lambda model=model, setup=setup: kit_model(model).run(setup)  # type: ignore[misc]
    if "encoder" in chosen:
        config = kit_model("encoder").released()
        weights = random_state_dict(config[BRAIN], config[BUILD], seed=0)
        encoder = FmriEncoder.from_state_dict(config[BRAIN], config[BUILD], weights)
        dims = config[BUILD]["feature_dims"].items()
        features = {name: np.ones((1, *pair, 200), np.float32) for name, pair in dims}
        yield "encoder, a window as released", lambda: encoder(features)
    if "llama" in chosen:
        sizes = {"hidden_size": 3072, "intermediate_size": 8192, "num_attention_heads": 24, "num_key_value_heads": 8}
        written = write_random(folder, seed=0, n_layers=1, head_dim=128, vocab_size=300, **sizes)
        model, ids = LlamaModel.from_pretrained(written), np.arange(64)[None]
        yield "llama, a layer as released, 64 tokens", lambda: model.hidden_states(ids)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.tap_cost")
    parser.add_argument("--models", default="tiny,encoder,llama")
    chosen = parser.parse_args().models.split(",")
    seconds = seconds_of_calls()
    print(", ".join(f"{name} {1e9 * one:.0f} ns" for name, one in seconds.items()), HEADING, sep="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, run in passes(chosen, Path(folder)):
            print(f"| {name} | {cost_of(run, seconds).row} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
